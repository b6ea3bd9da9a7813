"""Servers to break: Valkey processes on loopback that tests kill, pause, and fail over."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway.embedded.account import Account
from gateway.embedded.binaries import find_valkey
from gateway.embedded.process import ServerProcess, free_port

_HANDSHAKE = b"\x16"


class Server:
    """A server with a configuration of its own; `arguments` go on the command line."""

    def __init__(self, directory: Path, lines: Sequence[str] = (), *, port: int | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = port or free_port()
        self.lines = list(lines)
        self.arguments: list[str] = []
        self._account = Account(os.geteuid(), os.getegid())
        self._process: ServerProcess | None = None

    def start(self, *extra: str, wait: bool = True) -> Self:
        file = self.directory / "server.conf"
        common = ["bind 127.0.0.1", f"port {self.port}", f'dir "{self.directory}"', 'save ""', "daemonize no"]
        if not (self.arguments and file.exists()):  # a Sentinel keeps its state there
            file.write_text("\n".join([*common[: 3 if self.arguments else 5], *self.lines, *extra]) + "\n")
        program = find_valkey(self._account)
        self._process = ServerProcess(
            [program, file, *self.arguments],
            account=self._account,
            directory=self.directory,
            log=self.directory / "log",
            stop_signal=signal.SIGTERM,
        )
        if wait:
            self._process.wait_until(self._answers, timeout=10)
        return self

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def stop(self) -> None:
        if self._process is not None:
            self.resume()
            self._process.stop()

    def kill(self) -> None:
        assert self._process is not None
        if self._process.running:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.stop()

    def pause(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        if self._process.running:
            os.kill(self._process.pid, signal.SIGCONT)

    def ask(self, *command: Any, **options: Any) -> Any:
        """One command over a connection of its own."""
        client = redis.Redis(
            host="127.0.0.1",
            port=self.port,
            decode_responses=True,
            socket_timeout=5,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            **options,
        )
        try:
            return client.execute_command(*command)
        finally:
            client.close()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        try:
            self.ask("PING")
        except redis.AuthenticationError:
            return True
        except redis.RedisError:
            return False
        return True


class Proxy:
    """A TCP proxy in front of a port, with TLS if given a context. It can refuse, freeze and drop."""

    def __init__(self, target: int, *, tls: ssl.SSLContext | None = None) -> None:
        self.target = target
        self.port = free_port()
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._flows: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.accepted = 0

    async def start(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        return self

    def drop(self) -> None:
        """Reset the connections there are."""
        for writer in self._writers:
            writer.transport.abort()

    async def cut(self) -> None:
        """Drop all and refuse new ones."""
        assert self._server is not None
        self._server.close()
        self.drop()
        await asyncio.sleep(0)

    async def reopen(self) -> None:
        """Accept connections again after `cut`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)

    def freeze(self) -> None:
        """Hold back everything from now on, in both directions, without closing anything."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    async def stop(self) -> None:
        self.thaw()
        await self.cut()
        for flow in self._flows:
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._flows.add(task)
        self._writers.add(writer)
        try:
            await self._open.wait()
            behind, front = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(front)
            try:
                await asyncio.gather(self._pump(reader, front), self._pump(behind, writer))
            finally:
                self._writers.discard(front)
                front.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._flows.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._open.wait()
                target.write(data)
                await target.drain()
        finally:
            target.close()


class EitherProxy(Proxy):
    """Takes TLS and plain text on the same port: what servers without TLS may announce to each other, and to clients
    that speak TLS."""

    def __init__(self, target: int, *, tls: ssl.SSLContext) -> None:
        super().__init__(target, tls=tls)
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accepting: asyncio.Task[None] | None = None

    async def start(self) -> Self:
        self._listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())
        return self

    async def cut(self) -> None:
        assert self._accepting is not None
        self._accepting.cancel()
        self._listener.close()
        self.drop()
        await asyncio.sleep(0)

    async def _accept(self) -> None:
        while True:
            client, _ = await asyncio.get_running_loop().sock_accept(self._listener)
            self._flows.add(task := asyncio.create_task(self._begin(client)))
            task.add_done_callback(self._flows.discard)

    async def _begin(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        some = asyncio.Event()
        loop.add_reader(client, some.set)
        try:
            await some.wait()
        finally:
            loop.remove_reader(client)
        tls = self._tls if client.recv(1, socket.MSG_PEEK) == _HANDSHAKE else None
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, client, ssl=tls)
        await self._serve(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


async def until(condition: Callable[[], Any] | Callable[[], Awaitable[Any]], *, within: float = 10.0) -> float:
    """Wait for it; returns the seconds it took."""
    began = time.monotonic()
    while True:
        result = condition()
        if isinstance(result, Awaitable):
            result = await result
        if result:
            return time.monotonic() - began
        if time.monotonic() - began > within:
            raise AssertionError(f"not within {within} s")
        await asyncio.sleep(0.01)
