"""The atelier behind its gateways, as it was before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.rest.writes.asking import SETTINGS, Atelier
from tests.serving import start_gateway, stop_gateway

NAME = "atelier"


@pytest_asyncio.fixture(scope="session")
async def atelier_running(postgres: EmbeddedPostgres) -> AsyncIterator[Atelier]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'CREATE DATABASE "{NAME}"')
    await administrator.close()
    connection = await asyncpg.connect(postgres.dsn(NAME))
    await connection.execute((Path(__file__).parent / "atelier.sql").read_text(encoding="utf-8"))
    login = postgres.dsn(NAME, user="atelier_login")
    commits = await start_gateway(login, **SETTINGS, tx_end="commit-allow-override")
    undoes = await start_gateway(login, **SETTINGS, tx_end="rollback-allow-override")
    yield Atelier(commits, undoes, connection)
    for served in (commits, undoes):
        await stop_gateway(served)
    await connection.close()


@pytest_asyncio.fixture
async def atelier(atelier_running: Atelier) -> Atelier:
    await atelier_running.connection.execute("SELECT backroom.reset()")
    return atelier_running
