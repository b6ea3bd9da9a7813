"""Databases of each PostgreSQL version that this machine has."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, remove_directory

_SYSTEM = sorted(Path("/usr/lib/postgresql").glob("1[5-8]/bin"))
_names = itertools.count(1)


@pytest.fixture(
    scope="session", params=[None, *_SYSTEM], ids=["wheel", *(f"system-{path.parent.name}" for path in _SYSTEM)]
)
def cluster(request: pytest.FixtureRequest, server_directory: Path) -> Iterator[EmbeddedPostgres]:
    """The run's own PostgreSQL, or one of another version."""
    if request.param is None:
        yield request.getfixturevalue("postgres")
        return
    directory = server_directory / f"postgres-{request.param.parent.name}"
    with EmbeddedPostgres(directory, port=None, durability=False, programs=request.param) as cluster:
        yield cluster
    remove_directory(directory)


@pytest_asyncio.fixture
async def empty_dsn(cluster: EmbeddedPostgres) -> AsyncIterator[str]:
    """The superuser's connection string of an empty database."""
    administrator = await asyncpg.connect(cluster.dsn())
    name = f"policy_state_{next(_names)}"
    await administrator.execute(f'create database "{name}" strategy file_copy')
    yield cluster.dsn(name)
    await administrator.execute(f'drop database "{name}" with (force)')
    await administrator.close()


@pytest_asyncio.fixture
async def superuser(empty_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(empty_dsn)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def tables(superuser: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A superuser where the tables of `expressions.sql` are. Nothing may be left of what is tried on them."""
    await superuser.execute((Path(__file__).parent / "expressions.sql").read_text("utf-8"))
    yield superuser
    assert await superuser.fetchval("select count(*) from pg_class where relpersistence = 't'") == 0
    assert await superuser.fetchval("select count(*) from pg_policy") == 0


@pytest_asyncio.fixture
async def role(superuser: asyncpg.Connection) -> AsyncIterator[str]:
    """A login role that has nothing."""
    name = f"policy_state_{secrets.token_hex(6)}"
    await superuser.execute(f"create role {name} login")
    yield name
    await superuser.execute(f"drop owned by {name}; drop role {name}")
