"""Copies of a database to try things on, dropped afterwards.

Each run holds an advisory lock whose number is part of its copies' names. A run that was killed holds it no longer, so
the next one knows its copies and drops them.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from gateway.database import quote_identifier
from gateway.policies.testing.sql import statement
from gateway.policies.testing.surroundings import Connection

_PREFIX: Final = "passerelle_test_"
_LOCK_CLASS: Final = 1_883_790_957
_LARGEST: Final = 2**31 - 1
_MAINTENANCE: Final = ("postgres", "template1")
_LARGE: Final = 1_000_000_000
"""Bytes of a database that is not copied any more."""
_PATIENCE: Final = 100
"""How many times to look whether our own session has left the database, every few milliseconds."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Connections as the owner: each to a copy of its own, or, if `note` says why there is none, one to the database
    itself."""

    connections: tuple[Connection, ...]
    note: str | None = None


class NotCopied(Exception):
    """The database cannot be copied; the message says why, in words that follow "because"."""


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    owner: str
    me: str
    pid: int
    settings: tuple[str, ...]


@asynccontextmanager
async def ground(url: str, copies: int = 1) -> AsyncGenerator[Ground]:
    """Copies of the database of `url`, or that database where copying is not possible.

    Raises OSError or what asyncpg raises when the database cannot be reached.
    """
    async with contextlib.AsyncExitStack() as stack:
        try:
            found = Ground(await stack.enter_async_context(_copies(url, copies)))
        except NotCopied as reason:
            found = Ground((await stack.enter_async_context(_connected(url)),), str(reason))
        yield found


@asynccontextmanager
async def _copies(url: str, count: int) -> AsyncGenerator[tuple[Connection, ...]]:
    source = await _source(url)
    number = secrets.randbelow(_LARGEST)
    names = [f"{_PREFIX}{number}_{index}" for index in range(count)]
    async with _maintenance(url, source.name) as connection:
        await _drop_leftovers(connection)
        await connection.execute("select pg_advisory_lock($1::int, $2::int)", _LOCK_CLASS, number)
        await _left(connection, source.pid)
        try:
            for name in names:
                await _copy(connection, source, name)
            async with contextlib.AsyncExitStack() as stack:
                yield tuple([await stack.enter_async_context(_connected(url, name, source)) for name in names])
        finally:
            # A second Ctrl-C must not keep copies alive; if it does, the next run drops them.
            await asyncio.shield(_drop(connection, names))


async def _source(url: str) -> _Source:
    async with _connected(url) as connection:
        row = await connection.fetchrow(statement("source"))
        assert row is not None
        if row["others"]:
            raise NotCopied("others are connected to it")
        if row["bytes"] > _LARGE:
            raise NotCopied(f"it has {row['bytes'] / 1e9:.1f} GB")
        return _Source(row["name"], row["owner"], row["me"], row["pid"], tuple(row["settings"]))


@asynccontextmanager
async def _maintenance(url: str, source: str) -> AsyncGenerator[Connection]:
    """A connection to another database of the server: one that is copied must have none."""
    reason = "no other database of the server can be connected to"
    for name in _MAINTENANCE:
        if name == source:
            continue
        try:
            connection = await asyncpg.connect(url, database=name, statement_cache_size=0)
        except (asyncpg.PostgresError, OSError) as error:
            reason = str(error)
            continue
        try:
            yield connection
        finally:
            await connection.close()
        return
    raise NotCopied(reason)


@asynccontextmanager
async def _connected(url: str, name: str | None = None, source: _Source | None = None) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(url, database=name, statement_cache_size=0)
    try:
        for setting in source.settings if source is not None else ():
            key, _, value = setting.partition("=")
            with contextlib.suppress(asyncpg.PostgresError):
                await connection.execute("select set_config($1, $2, false)", key, value)
        yield connection
    finally:
        await connection.close()


async def _left(connection: Connection, pid: int) -> None:
    """Wait until the server has noticed that our own session is over; CREATE DATABASE would look again only after a
    tenth of a second."""
    for _ in range(_PATIENCE):
        if not await connection.fetchval("select exists (select from pg_stat_activity where pid = $1)", pid):
            return
        await asyncio.sleep(0.002)


async def _copy(connection: Connection, source: _Source, name: str) -> None:
    owner = f" owner {quote_identifier(source.owner)}" if source.owner != source.me else ""
    try:
        # The other strategy makes the whole server write everything out, twice.
        await connection.execute(
            f"create database {quote_identifier(name)} template {quote_identifier(source.name)} strategy wal_log{owner}"
        )
    except asyncpg.PostgresError as error:
        raise NotCopied(error.message or str(error)) from error


async def _drop_leftovers(connection: Connection) -> None:
    for row in await connection.fetch(statement("leftovers"), _LOCK_CLASS):
        # Another run may have been quicker.
        with contextlib.suppress(asyncpg.PostgresError):
            await _drop_one(connection, row["name"])


async def _drop(connection: Connection, names: list[str]) -> None:
    for name in names:
        await _drop_one(connection, name)


async def _drop_one(connection: Connection, name: str) -> None:
    await connection.execute(f"drop database if exists {quote_identifier(name)} with (force)")
