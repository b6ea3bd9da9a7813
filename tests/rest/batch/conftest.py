"""A shop with the gateway's own objects, and a gateway before it; emptied before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from gateway.migrations import migrate
from gateway.paths import schema_directory
from tests.rest.batch.shop import Shop
from tests.serving import Served, serve, start_gateway, stop_gateway

__all__ = ["serve"]

NAME = "batch_shop"
TABLES = "public.orders, public.lines, public.stock, public.pledges, public.texts, public.calls, archive.orders"


@pytest_asyncio.fixture(scope="session")
async def shop_dsn(postgres: EmbeddedPostgres) -> str:
    """The superuser's connection string."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'create database "{NAME}"')
    await administrator.close()
    dsn = postgres.dsn(NAME)
    await migrate(dsn, schema_directory() / "gateway")
    connection = await asyncpg.connect(dsn)
    # A role that other tests have made before is kept as it is by the migration.
    await connection.execute("alter role authenticated set statement_timeout = '8s'")
    await connection.execute((Path(__file__).parent / "shop.sql").read_text(encoding="utf-8"))
    await connection.close()
    return dsn


@pytest_asyncio.fixture(scope="session")
async def shop_gateway(postgres: EmbeddedPostgres, shop_dsn: str) -> AsyncIterator[Served]:
    served = await start_gateway(postgres.dsn(NAME, user="authenticator"), schemas="public,archive")
    yield served
    await stop_gateway(served)


@pytest_asyncio.fixture
async def shop(shop_gateway: Served, shop_dsn: str) -> AsyncIterator[Shop]:
    connection = await asyncpg.connect(shop_dsn)
    await connection.execute(f"truncate {TABLES}, passerelle.idempotency_keys restart identity cascade")
    await connection.execute("insert into public.stock values ('pen', 5), ('ink', 1)")
    yield Shop(shop_gateway, connection, shop_dsn)
    await connection.close()
