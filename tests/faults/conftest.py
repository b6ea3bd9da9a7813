"""Gateways in front of one ledger, which is as it was before each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, remove_directory
from tests.faults.bank import BODY_TIMEOUT, LARGEST_BODY, LEDGER, SETTINGS, Bank
from tests.serving import serve, start_gateway, stop_gateway

__all__ = ["serve"]

NAME = "ledger"


@pytest_asyncio.fixture(scope="session")
async def ledger(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """The superuser's connection to the ledger."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f'CREATE DATABASE "{NAME}"')
    await administrator.close()
    connection = await asyncpg.connect(postgres.dsn(NAME))
    await connection.execute(LEDGER.read_text(encoding="utf-8"))
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="session")
async def plain_bank(postgres: EmbeddedPostgres, ledger: asyncpg.Connection) -> AsyncIterator[Bank]:
    served = await start_gateway(postgres.dsn(NAME, user="fault_login"), **SETTINGS)
    yield Bank(served, ledger)
    await stop_gateway(served)


@pytest_asyncio.fixture(scope="session")
async def strict_bank(postgres: EmbeddedPostgres, ledger: asyncpg.Connection) -> AsyncIterator[Bank]:
    limits = {"max_body_bytes": LARGEST_BODY, "body_timeout": BODY_TIMEOUT}
    served = await start_gateway(postgres.dsn(NAME, user="fault_login"), **SETTINGS, **limits)
    yield Bank(served, ledger)
    await stop_gateway(served)


@pytest_asyncio.fixture
async def bank(plain_bank: Bank) -> Bank:
    await plain_bank.connection.execute("SELECT bank.reset()")
    return plain_bank


@pytest_asyncio.fixture
async def small(strict_bank: Bank) -> Bank:
    """A gateway that takes few bytes and waits for them a short time only."""
    await strict_bank.connection.execute("SELECT bank.reset()")
    return strict_bank


@pytest.fixture
def own_cluster(server_directory: Path) -> Iterator[EmbeddedPostgres]:
    """A cluster to stop and to kill, which keeps what it has committed."""
    directory = server_directory / "ledger"
    durable = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    with EmbeddedPostgres(directory, durability=False, max_connections=30, settings=durable) as cluster:
        yield cluster
    remove_directory(directory)
