"""Scrolls to be read: a database of its own for what goes beyond PostgREST on reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.rest.extras.scrolls import NAME, Scrolls, start


@pytest_asyncio.fixture(scope="session")
async def scrolls(postgres: EmbeddedPostgres) -> AsyncIterator[Scrolls]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'CREATE DATABASE "{NAME}"')
    await administrator.close()
    connection = await asyncpg.connect(postgres.dsn(NAME))
    await connection.execute((Path(__file__).parent / "scrolls.sql").read_text(encoding="utf-8"))
    found = Scrolls(postgres, connection, await start(postgres))
    yield found
    await found.close()
    await connection.close()
