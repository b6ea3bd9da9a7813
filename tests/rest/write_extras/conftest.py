"""The brocante behind its gateways, as it was before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.rest.write_extras.brocante import GUARDS, SETTINGS, Brocante
from tests.serving import start_gateway, stop_gateway

NAME = "brocante"


@pytest_asyncio.fixture(scope="session")
async def brocante_running(postgres: EmbeddedPostgres) -> AsyncIterator[Brocante]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'CREATE DATABASE "{NAME}"')
    await administrator.close()
    connection = await asyncpg.connect(postgres.dsn(NAME))
    await connection.execute((Path(__file__).parent / "brocante.sql").read_text(encoding="utf-8"))
    login = postgres.dsn(NAME, user="brocante_login")
    free = await start_gateway(login, **SETTINGS)
    guarded = await start_gateway(login, **SETTINGS, **GUARDS)
    yield Brocante(free, guarded, connection)
    for served in (free, guarded):
        await stop_gateway(served)
    await connection.close()


@pytest_asyncio.fixture
async def brocante(brocante_running: Brocante) -> Brocante:
    await brocante_running.connection.execute("SELECT backroom.reset()")
    return brocante_running
