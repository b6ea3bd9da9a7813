"""A small library behind gateways with limits, and limiters on a Valkey of the run's own or on one to break."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
import redis

from gateway.bus import Bus
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
from gateway.limits import Limiter
from gateway.migrations import migrate
from gateway.paths import schema_directory
from gateway.policies import Application, apply_set, read_set
from gateway.policies.plan import Loss
from tests.bus.conftest import opened, places, server
from tests.serving import Serve, Served, serve

__all__ = ["opened", "places", "serve", "server"]

NAME = "limits"
_prefixes = itertools.count(1)

Start = Callable[..., "AsyncIterator[Served]"]


@pytest_asyncio.fixture(scope="session")
async def library(postgres: EmbeddedPostgres) -> str:
    """The gateway's connection string of a database with two tables and functions that have limits by policy files."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'create database "{NAME}"')
    await administrator.close()
    dsn = postgres.dsn(NAME)
    await migrate(dsn, schema_directory() / "gateway")
    here = Path(__file__).parent
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute((here / "library.sql").read_text(encoding="utf-8"))
        await apply_set(connection, Application(read_set(here / "policies"), "tests", allow=list(Loss)))
    finally:
        await connection.close()
    return postgres.dsn(NAME, user="authenticator")


@pytest.fixture
def prefix() -> str:
    """Keys of this test's own in the run's Valkey."""
    return f"limits{next(_prefixes)}:"


@pytest.fixture
def store(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(valkey.url, decode_responses=True)
    yield client
    client.close()


@pytest_asyncio.fixture
async def gateway(serve: Serve, library: str, valkey: EmbeddedValkey, prefix: str) -> Callable[..., object]:
    """`await gateway(rate_limits=…)`: one more instance; those of a test share Redis."""

    async def start(**settings: object) -> Served:
        served = await serve(library, **{"redis_url": valkey.url, "redis_prefix": prefix, **settings})
        if served.gateway.bus is not None:
            await served.gateway.bus.lease.granted()
        return served

    return start


@pytest_asyncio.fixture
async def limiter() -> AsyncIterator[Callable[[Bus | None], Limiter]]:
    """Makes limiters, which are stopped after the test."""
    made: list[Limiter] = []

    def make(bus: Bus | None, **options: object) -> Limiter:
        made.append(Limiter(bus, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        await each.stop()
