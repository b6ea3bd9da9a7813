"""HTTP as thin as it can be: many checked reads a second leave little for the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

_END = b"\r\n\r\n"


class Unanswered(Exception):
    """No answer, or half of one: whatever was asked may have been done or not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `token`: whose."""

    method: str
    target: str
    token: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def encoded(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: gateway"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.token is not None:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines).encode() + _END + self.body


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        at = self.head.lower().find(b"\r\n" + name.lower().encode() + b":")
        if at < 0:
            return None
        at += len(name) + 3
        end = self.head.find(b"\r\n", at)
        return self.head[at : end if end >= 0 else None].strip().decode()


class Ask(Protocol):
    """Whoever answers requests: a client, or something between it and the gateway. Raises Unanswered."""

    async def __call__(self, asked: Asked, within: float) -> Reply: ...


class Client:
    """One connection, one request at a time; it opens another when the last was lost."""

    def __init__(self, port: Callable[[], int]) -> None:
        self._port = port
        self._connection: _Connection | None = None

    async def __call__(self, asked: Asked, within: float) -> Reply:
        try:
            async with asyncio.timeout(within):
                if self._connection is None or self._connection.lost:
                    _, self._connection = await asyncio.get_running_loop().create_connection(
                        _Connection, "127.0.0.1", self._port()
                    )
                return await self._connection.exchange(asked)
        except (OSError, TimeoutError, Unanswered) as error:
            self.close()
            raise Unanswered(f"{type(error).__name__}: {error}") from error
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.lost = False
        self._buffer = b""
        self._waiting: asyncio.Future[Reply] | None = None
        self._has_body = True
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    async def exchange(self, asked: Asked) -> Reply:
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._has_body = asked.method != "HEAD"
        self._transport.write(asked.encoded())
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END)
        if end < 0 or self._waiting is None:
            return
        reply = Reply(int(self._buffer[9:12]), self._buffer[:end], b"")
        length = 0
        if self._has_body and reply.status not in (204, 304):
            length = int(reply.header("Content-Length") or -1)
            if length < 0:
                self.connection_lost(Unanswered(f"an answer without a length: {reply.head.decode()}"))
                return
        if len(self._buffer) < end + 4 + length:
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
        if b"\r\nconnection: close" in reply.head.lower():
            self.abort()
        if not self._waiting.done():
            self._waiting.set_result(Reply(reply.status, reply.head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Unanswered(str(exc or "the connection was closed")))

    def abort(self) -> None:
        self.lost = True
        if self._transport is not None:
            self._transport.abort()
