"""Raw bytes over a socket: what no client library would send."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any
from urllib.parse import urlsplit

COMMON: dict[str, Any] = {"anon_role": "attack_anon", "pool_size": 2}


class Wire:
    """One TCP connection to a gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, url: str) -> Wire:
        address = urlsplit(url)
        return cls(*await asyncio.open_connection(address.hostname, address.port))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, *, timeout: float = 5.0, head: bool = False) -> tuple[int, dict[str, str], bytes]:  # noqa: ASYNC109
        """One final response: status, headers by lower-case name, body."""
        async with asyncio.timeout(timeout):
            raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = raw.split("\r\n")
            status = int(lines[0].split(" ")[1])
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
            length = 0 if head or status in (204, 304) else int(headers.get("content-length", 0))
            return status, headers, await self.reader.readexactly(length)

    async def rest(self, *, timeout: float = 5.0) -> bytes:  # noqa: ASYNC109
        """Whatever comes until the server closes."""
        async with asyncio.timeout(timeout):
            return await self.reader.read()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """A request with `Host`, and with `Content-Length` if there is a body and no header that frames it."""
    lines = [f"{method} {target} HTTP/1.1", "Host: attacked", *headers]
    if body and not any(re.match("(?i)content-length|transfer-encoding", header) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
