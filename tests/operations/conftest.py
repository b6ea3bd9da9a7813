"""A small database, gateways with an admin port, and `passerelle serve` as a process."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from gateway.embedded import EmbeddedPostgres
from gateway.embedded.process import free_port
from tests.cli.command import Command, Spawn
from tests.cli.conftest import port, spawn
from tests.serving import Served, serve, start_gateway, stop_gateway

__all__ = ["port", "serve", "spawn"]

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


@dataclass(frozen=True, slots=True)
class Deployment:
    """`passerelle serve` on ports of its own; `directory` is where its processes make theirs."""

    spawn: Spawn
    dsn: str
    port: int
    admin_port: int
    directory: Path

    def start(self, workers: int, **variables: str) -> Command:
        """A process that answers requests."""
        environment = {
            "PASSERELLE_DATABASE_URL": self.dsn,
            "PASSERELLE_ANON_ROLE": "operations_anon",
            "PASSERELLE_EXTRA_SEARCH_PATH": "public",
            "PASSERELLE_PORT": str(self.port),
            "PASSERELLE_ADMIN_PORT": str(self.admin_port),
            "PASSERELLE_ADMIN_TOKEN": "let-me-in",
            "PASSERELLE_POOL_SIZE": "2",
            "TMPDIR": str(self.directory),
            **variables,
        }
        served = self.spawn("serve", "--workers", str(workers), environment=environment)
        served.wait_for("Listening on")
        return served

    def ask(self, path: str, method: str = "GET", *, admin: bool = False, **headers: str) -> tuple[int, str]:
        """Each request on a connection of its own, so that any worker may get it. Names may have `_` for `-`."""
        url = f"http://127.0.0.1:{self.admin_port if admin else self.port}{path}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=sent), timeout=5) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def scrape(self) -> Values:
        return parse(self.ask("/metrics", admin=True)[1])


@pytest.fixture
def deployment(spawn: Spawn, dsn: str, port: int, tmp_path: Path) -> Deployment:
    return Deployment(spawn, dsn, port, free_port(), tmp_path)


def children(process: Command) -> list[int]:
    pid = process.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
