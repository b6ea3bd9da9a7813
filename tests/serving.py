"""Gateways for tests: real ones, on a free port, stopped after the test."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import pytest_asyncio
from yarl import URL

from gateway.app import Gateway
from gateway.bus import Terms, open_bus
from gateway.embedded import EmbeddedPostgres
from gateway.settings import load_settings

SECRET = "a secret for tests, long enough for HS256"
ISSUED_FOR = 3600

Serve = Callable[..., Awaitable["Served"]]


def token(role: str | None = "authenticated", sub: str | None = None, **claims: Any) -> str:
    """A signed token, valid for an hour."""
    payload: dict[str, Any] = {"exp": int(time.time()) + ISSUED_FOR, **claims}
    if role is not None:
        payload["role"] = role
    if sub is not None:
        payload["sub"] = sub
    return jwt.encode(payload, SECRET, algorithm="HS256")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any


@dataclass(frozen=True, slots=True)
class Served:
    """A running gateway and a client for it."""

    gateway: Gateway
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.gateway.url

    async def get(self, path: str, *, method: str = "GET", bearer: str | None = None, **headers: str) -> Answer:
        """A request below `/rest/v1`; `path` goes out as it is. Header names may have `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        url = URL(f"{self.url}/rest/v1{path}", encoded=True)
        async with self.client.request(method, url, headers=sent) as response:
            body = await response.read()
            kind = response.headers.get("Content-Type", "")
            parsed = json.loads(body) if "json" in kind.partition(";")[0] and body else None
            return Answer(response.status, response.headers.copy(), body, parsed)


async def start_gateway(dsn: str, *, parts: Mapping[str, Any] | None = None, **settings: Any) -> Served:
    """A gateway on that database; settings are those of `gateway.settings.Settings`, None leaves one out. `parts` are
    further arguments of `Gateway`."""
    chosen = {
        "database_url": dsn,
        "jwt_secret": SECRET,
        "port": 0,
        "admin_port": "off",
        "log_level": "error",
        "pool_size": 4,
        **settings,
    }
    gateway = Gateway(load_settings({}, options={k: v for k, v in chosen.items() if v is not None}), **(parts or {}))
    await gateway.start()
    return Served(gateway, aiohttp.ClientSession(max_line_size=65536, max_field_size=65536))


async def settle_leases(redis_url: str, prefix: str = "passerelle:") -> None:
    """Let a new Redis, or a new prefix in one, be as after a while: it knows of all leases there can be. Instances that
    start within seconds need not wait until forgotten ones must have run out."""
    bus = open_bus(redis_url, prefix=prefix, terms=Terms(term=0.2, grace=0.0, renewal=0.05))
    await bus.start()
    try:
        async with asyncio.timeout(10):
            await bus.lease.granted()
            await asyncio.sleep((await bus.members()).unsettled)
    finally:
        await bus.stop()


async def stop_gateway(served: Served) -> None:
    await served.client.close()
    await served.gateway.stop()


async def decided(served: Served) -> None:
    """Return when what was answered may be had from the cache."""
    cache = served.gateway.cache
    for _ in range(1000):
        if cache is None or not cache.unsettled:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("answers wait in vain")


@pytest_asyncio.fixture
async def serve(postgres: EmbeddedPostgres) -> AsyncIterator[Serve]:
    """`await serve(dsn, **settings)`: a gateway for one test, connected as the role in `login`.

    The login role defaults to the connection string's own.
    """
    running: list[Served] = []

    async def start(dsn: str, *, login: str | None = None, **settings: Any) -> Served:
        if login is not None:
            dsn = postgres.dsn(asyncpg_database(dsn), user=login)
        served = await start_gateway(dsn, **settings)
        running.append(served)
        return served

    yield start
    for served in running:
        await stop_gateway(served)


def asyncpg_database(dsn: str) -> str:
    """The database name in a connection string."""
    from urllib.parse import urlsplit

    return urlsplit(dsn).path.lstrip("/")
