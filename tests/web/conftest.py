"""`serve`: a dispatcher on a real socket."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest_asyncio

from gateway.web import (
    AccessLog,
    CorsPolicy,
    Dispatcher,
    FailureLog,
    Health,
    HttpLimits,
    HttpServer,
    JsonAccessLog,
    Mounts,
    PostgrestErrors,
)
from tests.web.serving import Handle, Running, Serve, Surface, json_logger


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(handle, cors=…, limits=…, level=…, trace_header=…)` serves it at /rest/v1 until the test ends.

    `direct` takes the access log that puts JSON together by hand.
    """
    servers: list[HttpServer] = []

    async def start(
        *surfaces: Handle | Surface,
        cors: CorsPolicy | None = None,
        limits: HttpLimits | None = None,
        level: str = "info",
        trace_header: str | None = None,
        direct: bool = False,
    ) -> Running:
        log = io.StringIO()
        logger = json_logger(log)
        render = PostgrestErrors()
        mounted = [surface if isinstance(surface, Surface) else Surface(surface) for surface in surfaces]
        mounts = Mounts([*mounted, Health(render)])

        def write(line: bytes) -> None:
            log.write(line.decode())

        access = JsonAccessLog(write, level) if direct else AccessLog(logger, level)
        dispatcher = Dispatcher(mounts, cors or CorsPolicy(), render, access, FailureLog(logger), trace_header)
        server = HttpServer(dispatcher, limits)
        servers.append(server)
        return Running(server, await server.listen_tcp("127.0.0.1", 0), log)

    yield start
    for server in servers:
        await server.stop(drain=0.2)
