"""A database where users own notes, and where functions misbehave on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from gateway.database import Database
from gateway.embedded import EmbeddedPostgres
from tests.database.database_room import LOGIN, NOTES_EACH, USERS, OpenDatabase


@pytest_asyncio.fixture(scope="session")
async def room(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The name of a database made by `room.sql`; roles `room_…` of the cluster belong to it."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute('CREATE DATABASE "room"')
    await administrator.close()
    connection = await asyncpg.connect(postgres.dsn("room"))
    await connection.execute((Path(__file__).parent / "room.sql").read_text())
    await connection.execute(
        "INSERT INTO notes (owner) SELECT u::text FROM generate_series(1, $1) u, generate_series(1, $2)",
        USERS,
        NOTES_EACH,
    )
    yield "room"
    await connection.close()


@pytest_asyncio.fixture
async def superuser(postgres: EmbeddedPostgres, room: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn(room))
    yield connection
    await connection.close()


@pytest.fixture
def open_database(postgres: EmbeddedPostgres, room: str) -> OpenDatabase:
    """``async with open_database(size=…) as database``."""

    @asynccontextmanager
    async def open_(dsn: str | None = None, **options: Any) -> AsyncIterator[Database]:
        database = Database(dsn or postgres.dsn(room, user=LOGIN), **{"size": 3, **options})
        await database.start()
        try:
            yield database
        finally:
            await database.close(timeout=2)

    return open_
