"""Providers on this machine, and a client that may reach them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from gateway.auth.providers import ProviderClient, Reach
from tests.auth.github_server import GitHubServer
from tests.auth.oidc_server import OidcServer

HERE = Reach(private_addresses=True, plain_http=True)


@pytest_asyncio.fixture
async def oidc() -> AsyncIterator[OidcServer]:
    async with OidcServer() as server:
        yield server


@pytest_asyncio.fixture
async def github() -> AsyncIterator[GitHubServer]:
    async with GitHubServer() as server:
        yield server


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ProviderClient]:
    made = ProviderClient(HERE, timeout=5, largest=64 * 1024)
    await made.start()
    yield made
    await made.stop()
