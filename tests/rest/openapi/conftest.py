"""Documents of the schema `library`, for several roles."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from gateway.catalog import Catalog, load_catalog
from gateway.database import Caller, Database, TransactionMode
from gateway.embedded import EmbeddedPostgres
from gateway.identity import Identity
from gateway.rest.openapi import OpenApi, OpenApiRules
from gateway.rest.request import Rules, read_request
from tests.rest.openapi.described import Describe

_SCHEMAS = ("library", "archive")
_PATH = '"library", "shared"'


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="session")
async def library(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The name of a database made by `library.sql`."""
    async with _connection(postgres.dsn()) as administrator:
        await administrator.execute('CREATE DATABASE "openapi_library"')
    async with _connection(postgres.dsn("openapi_library")) as connection:
        await connection.execute((Path(__file__).parent / "library.sql").read_text())
    yield "openapi_library"


@pytest_asyncio.fixture
async def owner(postgres: EmbeddedPostgres, library: str) -> AsyncIterator[asyncpg.Connection]:
    async with _connection(postgres.dsn(library)) as connection:
        yield connection


@pytest_asyncio.fixture(scope="session")
async def catalog(postgres: EmbeddedPostgres, library: str) -> Catalog:
    async with _connection(postgres.dsn(library)) as connection:
        return await load_catalog(connection, schemas=_SCHEMAS, extra_search_path=("shared",), version=1)


@pytest_asyncio.fixture
async def callers(postgres: EmbeddedPostgres, library: str) -> AsyncIterator[Database]:
    database = Database(postgres.dsn(library, user="openapi_login"), size=2)
    await database.start()
    yield database
    await database.close(timeout=2)


@pytest.fixture
def describe(callers: Database, catalog: Catalog) -> Describe:
    """The document for a role. `openapi` is the one to ask if several documents come from one."""

    async def ask(
        role: str = "openapi_clerk",
        openapi: OpenApi | None = None,
        *,
        schema: str = "library",
        accept: str | None = None,
        prefer: tuple[str, ...] = (),
        of: Catalog | None = None,
        **rules: Any,
    ) -> dict[str, Any]:
        openapi = openapi or OpenApi(OpenApiRules(**rules))
        headers = {"Accept-Profile": schema, **({"Accept": accept} if accept else {})}
        asked = read_request("GET", "/", "", headers=headers, prefer=prefer, rules=Rules(_SCHEMAS))
        caller = Caller(Identity(role, json.dumps({"role": role}), anonymous=False), _PATH)
        async with callers.transaction(caller, None, TransactionMode(read_only=True)) as transaction:
            body, kind = await openapi.document(transaction, asked, of or catalog)
        assert kind == "application/openapi+json; charset=utf-8"
        return json.loads(body)

    return ask
