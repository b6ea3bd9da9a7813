"""Listening and stopping: nobody is cut off who can be served in time, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import socket
import stat
import time
from pathlib import Path

import pytest
from aiohttp import web

from gateway.web import HttpLimits, HttpServer, Request, fast_response
from tests.web.serving import Serve, parse

GET = b"GET /rest/v1/x HTTP/1.1\r\nHost: a\r\n\r\n"


class Application:
    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        return fast_response(200, {}, b"hello")

    def refuse(self, failure: BaseException, request: Request) -> web.StreamResponse:
        raise RuntimeError("a fault while refusing") from failure


async def test_running_requests_end_idle_ones_close_new_ones_are_refused(serve: Serve) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def handle(request: Request) -> web.StreamResponse:
        begun.set()
        await release.wait()
        return fast_response(200, {}, b"done")

    running = await serve(handle)
    idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", running.port)
    busy = asyncio.create_task(running.raw(GET))
    await asyncio.wait_for(begun.wait(), 5)
    stopping = asyncio.create_task(running.server.stop(drain=10))
    assert await asyncio.wait_for(idle_reader.read(), 5) == b""
    idle_writer.close()
    with pytest.raises(OSError, match=r".*"):
        await asyncio.open_connection("127.0.0.1", running.port)
    assert not stopping.done()
    release.set()
    assert parse(await asyncio.wait_for(busy, 5)).body == b"done"
    await asyncio.wait_for(stopping, 5)


async def test_a_request_that_does_not_end_is_cancelled(serve: Serve) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def handle(request: Request) -> web.StreamResponse:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return fast_response(200)

    running = await serve(handle)
    busy = asyncio.create_task(running.raw(GET))
    await asyncio.wait_for(begun.wait(), 5)
    started = time.monotonic()
    await running.server.stop(drain=0.4)
    assert 0.2 <= time.monotonic() - started < 2.5
    await asyncio.wait_for(cancelled.wait(), 1)
    assert await busy == b""


async def test_stopping_twice_and_before_starting() -> None:
    server = HttpServer(Application())
    await server.stop(drain=1)
    await server.listen_tcp("127.0.0.1", 0)
    await server.stop(drain=1)
    await server.stop(drain=1)


async def test_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HttpServer(Application())
        with pytest.raises(OSError, match="in use"):
            await server.listen_tcp("127.0.0.1", taken.getsockname()[1])
        await server.stop(drain=0.1)


async def test_two_servers_share_a_port() -> None:
    first, second = HttpServer(Application()), HttpServer(Application())
    port = await first.listen_tcp("127.0.0.1", 0, reuse_port=True)
    assert await second.listen_tcp("127.0.0.1", port, reuse_port=True) == port
    await first.stop(drain=0.1)
    await second.stop(drain=0.1)


async def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))  # left behind by a crash
    server = HttpServer(Application())
    await server.listen_unix(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(GET)
    assert b"hello" in await asyncio.wait_for(reader.read(1000), 5)
    writer.close()
    await server.stop(drain=1)


async def test_a_unix_socket_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(FileExistsError):
        await HttpServer(Application()).listen_unix(path)
    assert path.read_text() == "data"


async def test_idle_connections_are_closed() -> None:
    server = HttpServer(Application(), HttpLimits(keepalive=0.2))
    port = await server.listen_tcp("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await server.stop(drain=0.1)


async def test_a_sender_that_never_stops_is_cut_off(serve: Serve) -> None:
    async def handle(request: Request) -> web.StreamResponse:
        return fast_response(200)

    running = await serve(handle)
    _, writer = await asyncio.open_connection("127.0.0.1", running.port)
    started = time.monotonic()

    async def send_on() -> None:
        while time.monotonic() - started < 10:
            writer.write(b"GET /" + b"z" * 100_000)
            await writer.drain()
            await asyncio.sleep(0.01)

    with pytest.raises(ConnectionError):
        await send_on()
    assert time.monotonic() - started < 6
    writer.close()
