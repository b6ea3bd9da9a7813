"""The catalog of a script, without a database for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio

from gateway.catalog import Annotation, Catalog
from gateway.catalog.assemble import Scope, assemble
from gateway.catalog.load import read_facts
from gateway.embedded import EmbeddedPostgres
from tests.catalog.catalog_scripts import LoadScript
from tests.catalog.footprint_scripts import BASE, RunScript, Scripted, scripted


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


@pytest.fixture
def run_script(script_connection: asyncpg.Connection) -> RunScript:
    @asynccontextmanager
    async def run(script: str, *, annotations: Mapping[str, Annotation] | None = None) -> AsyncIterator[Scripted]:
        transaction = script_connection.transaction()
        await transaction.start()
        try:
            await script_connection.execute(BASE)
            await script_connection.execute(script)
            yield await scripted(script_connection, annotations or {})
        finally:
            await transaction.rollback()

    return run
