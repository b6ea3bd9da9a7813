"""A served application and a client that can send anything, HTTP or not."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from gateway.web import HttpServer, PostgrestErrors, Request

Handle = Callable[[Request], Awaitable[web.StreamResponse]]


@dataclass
class Answer:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) == 1, f"{name}: {values}"
        return values[0]

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def __contains__(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key, _ in self.headers)

    @property
    def json(self) -> Any:
        assert self["Content-Type"] == "application/json; charset=utf-8"
        return json.loads(self.body)


@dataclass
class Surface:
    """A surface that does as it is told."""

    handle: Handle
    prefix: str = "/rest/v1"
    render_error: PostgrestErrors = field(default_factory=PostgrestErrors)


@dataclass
class Running:
    server: HttpServer
    port: int
    log: io.StringIO

    async def raw(self, data: bytes, *, shut: bool = False) -> bytes:
        """Everything the server says until it closes or falls silent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            await writer.drain()
            if shut:
                writer.write_eof()
            received = b""
            while True:
                try:
                    chunk = await asyncio.wait_for(reader.read(65536), 0.3 if received else 5)
                except TimeoutError:
                    return received
                if not chunk:
                    return received
                received += chunk
        finally:
            writer.close()

    async def ask(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        fields = {"Host": "gateway.test", "Connection": "close", **(headers or {})}
        if body:
            fields["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return parse(await self.raw(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def parse(received: bytes) -> Answer:
    head, separator, body = received.partition(b"\r\n\r\n")
    assert separator, received
    status_line, *lines = head.decode("latin-1").split("\r\n")
    _, status, reason = status_line.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Answer(int(status), reason, headers, body)


def json_logger(out: io.StringIO) -> Any:
    """What `configure_logging` sets up, on a stream of the test's own and without touching the process."""
    return structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )


Serve = Callable[..., Awaitable[Running]]
