from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.hublib import install_hublib
from tests.schema.hublib_people import Application


@pytest.fixture
async def app(hublib_database: str) -> AsyncIterator[Application]:
    """On a database of its own: for tests of errors, of time passing, and of several connections."""
    connection = await asyncpg.connect(hublib_database)
    await connection.execute("set timezone to 'UTC'")
    yield Application(connection)
    await connection.close()


@pytest.fixture
async def shared(shared_database: str) -> AsyncIterator[Application]:
    """On a database for all, in one transaction that is undone; quick, but a failed statement ends it."""
    connection = await asyncpg.connect(shared_database)
    await connection.execute("set timezone to 'UTC'")
    transaction = connection.transaction()
    await transaction.start()
    yield Application(connection)
    await transaction.rollback()
    await connection.close()


@pytest_asyncio.fixture(scope="session")
async def shared_database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database hublib_shared")
    await install_hublib(postgres.dsn("hublib_shared"))
    yield postgres.dsn("hublib_shared")
    await administrator.execute("drop database hublib_shared with (force)")
    await administrator.close()
