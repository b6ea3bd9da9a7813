"""Requests as bytes, for what no client would send."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class RawAnswer:
    status: int
    head: bytes
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def send(url: str, request: bytes) -> RawAnswer:
    """The answer to these bytes, sent to the server at `url` on a connection of their own."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request)
    try:
        received = await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
    head, _, body = received.partition(b"\r\n\r\n")
    return RawAnswer(int(head.split(b" ", 2)[1]), head, body)


async def get(url: str, target: bytes, *headers: bytes, method: bytes = b"GET") -> RawAnswer:
    """A request for `target`, whose bytes go out as they are."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close", *headers]
    return await send(url, b"\r\n".join(lines) + b"\r\n\r\n")
