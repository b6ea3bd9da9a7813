"""Databases and gateways to be attacked. Roles of their own, since roles belong to the cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.attack.wire import COMMON
from tests.serving import Served, serve, start_gateway, stop_gateway

__all__ = ["serve"]

_FOLDER = Path(__file__).parent


@pytest_asyncio.fixture(scope="session")
async def attack_roles(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute(
        """
        CREATE ROLE attack_login LOGIN NOINHERIT;
        CREATE ROLE attack_anon NOLOGIN;
        CREATE ROLE attack_member NOLOGIN;
        GRANT attack_anon, attack_member TO attack_login;
        """
    )
    await connection.close()


@pytest_asyncio.fixture
async def target_dsn(attack_roles: None, database: str) -> str:
    """The superuser's connection string of a database with the objects of `target.sql`."""
    await _run(database, "target.sql")
    return database


@pytest_asyncio.fixture
async def hide(attack_roles: None, postgres: EmbeddedPostgres, database: str) -> Callable[[str], Awaitable[str]]:
    """`await hide(file)`: the gateway's connection string of a database with that file of `hiding/`."""

    async def run(file: str) -> str:
        await _run(database, "hiding/spy.sql")
        await _run(database, f"hiding/{file}")
        return login(postgres, database)

    return run


@pytest_asyncio.fixture
async def target(postgres: EmbeddedPostgres, target_dsn: str) -> AsyncIterator[Served]:
    served = await start_gateway(login(postgres, target_dsn), **COMMON)
    yield served
    await stop_gateway(served)


def login(postgres: EmbeddedPostgres, dsn: str) -> str:
    from tests.serving import asyncpg_database

    return postgres.dsn(asyncpg_database(dsn), user="attack_login")


async def _run(dsn: str, file: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute((_FOLDER / file).read_text(encoding="utf-8"))
    await connection.close()
