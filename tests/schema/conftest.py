from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.schema.hublib_people import Application


@pytest.fixture
async def app(hublib_database: str) -> AsyncIterator[Application]:
    connection = await asyncpg.connect(hublib_database)
    await connection.execute("set timezone to 'UTC'")
    yield Application(connection)
    await connection.close()
