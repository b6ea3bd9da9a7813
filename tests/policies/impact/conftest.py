"""A laboratory like that of the explanations."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from tests.policies.explain.lab import laboratory as opened
from tests.policies.explain.lab import undone


@pytest_asyncio.fixture(scope="session")
async def impact_laboratory(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    async with opened(postgres, "impact_laboratory") as dsn:
        yield dsn


@pytest_asyncio.fixture
async def lab(impact_laboratory: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in a transaction that is rolled back."""
    async with undone(impact_laboratory) as connection:
        yield connection
