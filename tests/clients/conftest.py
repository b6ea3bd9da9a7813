"""The reference application behind a gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.clients.reference import PEOPLE, HubLib
from tests.hublib import install_hublib
from tests.serving import asyncpg_database, start_gateway, stop_gateway, token


@pytest_asyncio.fixture
async def hublib(postgres: EmbeddedPostgres, hublib_database: str) -> AsyncIterator[HubLib]:
    """For one test to write to."""
    async with open_hublib(postgres, hublib_database) as hublib:
        yield hublib


@pytest_asyncio.fixture(scope="module")
async def read_hublib(postgres: EmbeddedPostgres) -> AsyncIterator[HubLib]:
    """That tests only read."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database read_by_clients")
    await install_hublib(postgres.dsn("read_by_clients"))
    async with open_hublib(postgres, postgres.dsn("read_by_clients")) as hublib:
        yield hublib
    await administrator.execute("drop database read_by_clients with (force)")
    await administrator.close()


@asynccontextmanager
async def open_hublib(postgres: EmbeddedPostgres, database: str) -> AsyncIterator[HubLib]:
    connection = await asyncpg.connect(database)
    for script in ("expected.sql", "kinds.sql", "keep.sql"):
        await connection.execute((Path(__file__).parent / script).read_text(encoding="utf-8"))
    await connection.close()
    keys = {
        "anon": token("anon"),
        "service": token("service_role"),
        "publishable": "sb_publishable_for_the_tests_of_clients",
        "secret": "sb_secret_for_the_tests_of_clients",
    }
    served = await start_gateway(
        postgres.dsn(asyncpg_database(database), user="authenticator"),
        anon_key=keys["anon"],
        service_key=keys["service"],
        publishable_keys=keys["publishable"],
        secret_keys=keys["secret"],
        require_api_key=True,
        tx_end="commit-allow-override",
        auth_url=postgres.dsn(asyncpg_database(database), user="passerelle_auth"),
        auth_confirm_email=False,
    )
    tokens = {name: token(sub=sub, email=f"{name}@hublib.example") for name, sub in PEOPLE.items()}
    tokens["forged"] = tokens["marie"][:-5] + "forge"
    tokens["expired"] = token(sub=PEOPLE["marie"], exp=1_700_000_000)
    try:
        yield HubLib(served.url, keys, PEOPLE, tokens, database)
    finally:
        await stop_gateway(served)
