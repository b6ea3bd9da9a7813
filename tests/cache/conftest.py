"""A small database whose changes are recorded, and instances of the coherence on it."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.bus import Bus, Terms, open_bus, steady
from gateway.cache import Coherence, breaks, coherence, table_fact
from gateway.embedded import EmbeddedPostgres
from gateway.migrations import migrate
from gateway.paths import schema_directory
from tests.bus.servers import Server
from tests.serving import settle_leases

HASTY = Terms(term=0.9, grace=0.3, renewal=0.1)
"""Leases that tests can wait out."""

TABLES = """
create table public.notes (id int primary key, label text);
insert into public.notes values (1, 'first');
create table public.tags (id int primary key);
grant select, insert, update, delete on public.notes, public.tags to authenticator;
"""
TOUCH = "".join(
    f"create trigger touch_{event} after {event} on public.{table} for each statement "
    f"execute function passerelle.touch_v1(); alter table public.{table} enable always trigger touch_{event};"
    for table in ("notes", "tags")
    for event in ("insert", "update", "delete", "truncate")
)
_names = itertools.count(1)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is waited for takes a fraction of its time."""
    monkeypatch.setattr(coherence, "INTERVAL", 0.05)
    monkeypatch.setattr(coherence, "TRUST", 0.6)
    monkeypatch.setattr(coherence, "_ORPHANED", 0.3)
    monkeypatch.setattr(breaks, "TRUST", 0.6)
    monkeypatch.setattr(breaks, "_MARGIN", 0.1)
    monkeypatch.setattr(breaks, "_RENEWED", 1.0)
    monkeypatch.setattr(breaks, "SILENT", 2.0)
    monkeypatch.setattr(breaks, "_PATIENCE", 4.0)


@pytest.fixture
def redis() -> Iterator[Server]:
    """A Redis for one test to break."""
    server = Server(Path(tempfile.mkdtemp(prefix="cache-"))).start()
    yield server
    server.kill()


@pytest_asyncio.fixture(scope="session")
async def noted_template(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database noted_template")
    await migrate(postgres.dsn("noted_template"), schema_directory() / "gateway")
    owner = await asyncpg.connect(postgres.dsn("noted_template"))
    await owner.execute(TABLES + TOUCH)
    await owner.close()
    yield "noted_template"
    await administrator.close()


@pytest_asyncio.fixture
async def noted(postgres: EmbeddedPostgres, noted_template: str) -> AsyncIterator[str]:
    """The name of a database with tables `notes` and `tags`, whose changes are recorded."""
    administrator = await asyncpg.connect(postgres.dsn())
    name = f"noted_{next(_names)}"
    await administrator.execute(f"create database {name} template {noted_template} strategy file_copy")
    yield name
    await administrator.execute(f"drop database {name} with (force)")
    await administrator.close()


@dataclass
class Instance:
    """What coherence one instance has. `connections` are those it has made to PostgreSQL, the last one is in use."""

    bus: Bus
    coherence: Coherence
    connections: list[asyncpg.Connection]


OpenInstance = Callable[..., Awaitable[Instance]]


@pytest_asyncio.fixture
async def instance(postgres: EmbeddedPostgres, noted: str, hasty: None) -> AsyncIterator[OpenInstance]:
    """``await instance(url)``: one that is ready to serve."""
    opened: list[Instance] = []

    async def open_(url: str, *, ready: bool = True) -> Instance:
        connections: list[asyncpg.Connection] = []

        async def connect() -> asyncpg.Connection:
            dsn = postgres.dsn(noted, user="authenticator")
            connections.append(await asyncpg.connect(dsn, statement_cache_size=0, timeout=5))
            return connections[-1]

        if ready and not opened:
            await settle_leases(url)
        bus = open_bus(url, terms=HASTY)
        made = Instance(bus, Coherence(bus, connect, steady), connections)
        opened.append(made)
        await bus.start()
        await made.coherence.start()
        if ready:
            await until(lambda: made.coherence.version is not None)
        return made

    yield open_
    for made in opened:
        await made.coherence.stop()
        await made.bus.stop()


@pytest_asyncio.fixture
async def owner(postgres: EmbeddedPostgres, noted: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn(noted))
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def notes(owner: asyncpg.Connection) -> int:
    """The table's OID."""
    return await owner.fetchval("select 'public.notes'::regclass::oid::int")


async def until(condition: Callable[[], object], patience: float = 10.0) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while not condition():
        assert loop.time() < end, "waited in vain"
        await asyncio.sleep(0.01)


def facts(oid: int) -> tuple[str, str]:
    return ("*", table_fact(oid))
