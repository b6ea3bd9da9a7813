"""The catalog of a script, without a database for each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from gateway.catalog import Catalog
from gateway.catalog.assemble import Scope, assemble
from gateway.catalog.load import read_facts
from gateway.embedded import EmbeddedPostgres
from tests.catalog.catalog_scripts import LoadScript


@pytest_asyncio.fixture(scope="module")
async def script_connection(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn())
    yield connection
    await connection.close()


@pytest.fixture
def load_script(script_connection: asyncpg.Connection) -> LoadScript:
    async def load(script: str, *, schemas: tuple[str, ...] = ("public",), extra: tuple[str, ...] = ()) -> Catalog:
        scope = Scope(schemas, extra, ("statement_timeout",))
        transaction = script_connection.transaction()
        await transaction.start()
        try:
            await script_connection.execute(script)
            return assemble(await read_facts(script_connection, scope), scope, 1)
        finally:
            await transaction.rollback()

    return load
