"""The laboratory: one database a run, on which each test works in a transaction of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.policies.explain.lab import laboratory as opened
from tests.policies.explain.lab import undone

NAME = "policies_laboratory"


@pytest_asyncio.fixture(scope="session")
async def laboratory(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The superuser's connection string of a database with `lab.sql`."""
    async with opened(postgres, NAME) as dsn:
        yield dsn


@pytest_asyncio.fixture
async def lab(laboratory: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in a transaction that is rolled back."""
    async with undone(laboratory) as connection:
        yield connection
