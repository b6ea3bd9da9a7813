"""The médiathèque behind two gateways: one that may use the fast path, one that may not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.rest.hostility import SECONDS
from tests.rest.mediatheque import SETTINGS, Mediatheque
from tests.serving import serve, start_gateway, stop_gateway

__all__ = ["serve"]

NAME = "mediatheque"


@pytest_asyncio.fixture(scope="session")
async def mediatheque_dsn(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The superuser's connection string of the library's database, made once a run."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'CREATE DATABASE "{NAME}"')
    await administrator.close()
    connection = await asyncpg.connect(postgres.dsn(NAME))
    await connection.execute((Path(__file__).parent / "mediatheque.sql").read_text(encoding="utf-8"))
    await connection.close()
    yield postgres.dsn(NAME)


@pytest_asyncio.fixture(scope="session")
async def mediatheque(postgres: EmbeddedPostgres, mediatheque_dsn: str) -> AsyncIterator[Mediatheque]:
    login = postgres.dsn(NAME, user="rest_login")
    fast = await start_gateway(login, **SETTINGS)
    careful = await start_gateway(login, **SETTINGS, pre_request="api.nothing")
    yield Mediatheque(fast, careful, mediatheque_dsn)
    for served in (fast, careful):
        await stop_gateway(served)


@pytest_asyncio.fixture
async def unharmed(mediatheque: Mediatheque) -> AsyncIterator[None]:
    """After each test the server answers as before, and the canary lives."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SECONDS
    for served in (mediatheque.fast, mediatheque.careful):
        answer = await served.get("/books?select=id&order=id&limit=1")
        assert (answer.status, answer.json) == (200, [{"id": 1}])
    connection = await asyncpg.connect(mediatheque.dsn)
    try:
        assert await connection.fetchval("SELECT state FROM internal.canary WHERE id = 1") == "alive"
        assert await connection.fetchval("SELECT count(*) FROM api.books") == 5
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename ~ '^pwned'") == 0
    finally:
        await connection.close()
