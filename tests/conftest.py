"""What every test may use: a real PostgreSQL, a real Valkey, and databases of its own.

One cluster a run (one a worker under pytest-xdist), without durability. Roles belong to the cluster: a test that
creates some gives them names of its own.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, EmbeddedValkey, remove_directory

_names = itertools.count(1)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """A place the servers' account can reach, which pytest's own temporary directories are not under root."""
    directory = Path(tempfile.mkdtemp(prefix="passerelle-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_directory: Path) -> Iterator[EmbeddedPostgres]:
    """The run's PostgreSQL. `.dsn(database, user=…)` works for every role, over a trusted Unix socket."""
    directory = server_directory / "postgres"
    with EmbeddedPostgres(directory, durability=False) as cluster:
        yield cluster
    remove_directory(directory)


@pytest.fixture(scope="session")
def valkey(server_directory: Path) -> Iterator[EmbeddedValkey]:
    """The run's Valkey; `.url`. Tests share it: use keys of your own."""
    directory = server_directory / "valkey"
    with EmbeddedValkey(directory, durability=False) as server:
        yield server
    remove_directory(directory)


@pytest_asyncio.fixture(scope="session")
async def _administrator(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn())
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def database(postgres: EmbeddedPostgres, _administrator: asyncpg.Connection) -> AsyncIterator[str]:
    """The superuser's connection string of an empty database, dropped after the test."""
    name = await _clone(_administrator, "template1")
    yield postgres.dsn(name)
    await _drop(_administrator, name)


@pytest_asyncio.fixture
async def hublib_database(
    postgres: EmbeddedPostgres, _administrator: asyncpg.Connection, _hublib_template: str
) -> AsyncIterator[str]:
    """The owner's connection string of a database with the gateway's objects, the reference application and its
    policies."""
    name = await _clone(_administrator, _hublib_template)
    yield postgres.dsn(name)
    await _drop(_administrator, name)


@pytest_asyncio.fixture(scope="session")
async def _hublib_template(postgres: EmbeddedPostgres, _administrator: asyncpg.Connection) -> str:
    from tests.hublib import install_hublib

    name = await _clone(_administrator, "template1")
    await install_hublib(postgres.dsn(name))
    return name


async def _clone(administrator: asyncpg.Connection, template: str) -> str:
    name = f"test_{next(_names)}"
    await administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return name


async def _drop(administrator: asyncpg.Connection, name: str) -> None:
    await administrator.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
