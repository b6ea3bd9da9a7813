"""A small database, gateways with an admin port, and `passerelle serve` as a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from gateway.embedded import EmbeddedPostgres
from tests.cli.conftest import port, spawn
from tests.serving import Served, start_gateway, stop_gateway

__all__ = ["port", "spawn"]

LOGIN = "operations_login"
SETTINGS: dict[str, Any] = {"anon_role": "operations_anon", "extra_search_path": "public", "admin_host": "127.0.0.1"}

Watch = Callable[..., Awaitable[Served]]
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest_asyncio.fixture
async def dsn(postgres: EmbeddedPostgres, database: str) -> str:
    """The login role's connection string of a database with `schema.sql` in it."""
    connection = await asyncpg.connect(database)
    await connection.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
    await connection.close()
    return database.replace("//postgres", f"//{LOGIN}")


@pytest_asyncio.fixture
async def watch() -> AsyncIterator[Watch]:
    """`await watch(dsn, **settings)`: a gateway with an admin port, stopped after the test."""
    running: list[Served] = []

    async def start(dsn: str, **settings: Any) -> Served:
        served = await start_gateway(dsn, **{**SETTINGS, "admin_port": free_port(), **settings})
        running.append(served)
        return served

    yield start
    for served in running:
        await stop_gateway(served)


@pytest.fixture
def admin_port() -> int:
    return free_port()


def free_port() -> int:
    from gateway.embedded.process import free_port as find

    return find()


async def scrape(url: str) -> Values:
    """All samples of a page of metrics, as Prometheus's own parser reads it."""
    async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as response:
        assert response.status == 200
        return parse(await response.text())


def parse(page: str) -> Values:
    found: Values = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"twice: {key}"
            found[key] = sample.value
    return found


def of(values: Values, name: str, **labels: str) -> float:
    """The sum of the samples of that name which have at least these labels."""
    wanted = labels.items()
    return sum(value for (found, has), value in values.items() if found == name and has >= set(wanted))
