"""Work in a transaction that leaves no trace."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from gateway.database import quote_identifier
from gateway.policies.database.sql import statement

PRINTING: Final = ("pg_catalog", "pg_temp")
"""The search path for what PostgreSQL prints: as with an empty one, names outside pg_catalog have their schema. With an
empty one, though, a temporary table called `date` stands in front of the type."""


SET_LOCAL: Final = statement("settings")
"""Makes settings for the rest of the transaction, from a JSON object ($1), in its order. Answers one row."""

_SNAPSHOT: Final = "begin isolation level repeatable read read only"
_numbers = itertools.count(1)


@asynccontextmanager
async def rolled_back(
    connection: asyncpg.Connection[asyncpg.Record], *, snapshot: bool = False
) -> AsyncGenerator[None]:
    """What the body does is undone, also after an error: objects, locks and local settings. It runs in a transaction,
    or in a subtransaction of the one that is open. `snapshot` asks for one that reads a single snapshot only.

    Not through asyncpg's transactions: those keep their savepoints until the end, and this runs thousands; and one that
    is cancelled as it begins stays open.
    """
    if connection.is_in_transaction():
        # A name of its own: a savepoint that was cancelled as it was made may stand behind this one.
        savepoint = f"passerelle_{next(_numbers)}"
        await connection.execute(f"savepoint {savepoint}")
        end = f"rollback to savepoint {savepoint}; release savepoint {savepoint}"
        try:
            yield
        finally:
            await connection.execute(end)
        return
    try:
        await connection.execute(_SNAPSHOT if snapshot else "begin")
        yield
    finally:
        await connection.execute("rollback")


@asynccontextmanager
async def kept(connection: asyncpg.Connection[asyncpg.Record]) -> AsyncGenerator[None]:
    """What the body does is undone if it raises, and kept otherwise; the transaction that must be open goes on."""
    savepoint = f"passerelle_{next(_numbers)}"
    await connection.execute(f"savepoint {savepoint}")
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await connection.execute(f"rollback to savepoint {savepoint}; release savepoint {savepoint}")
        raise
    await connection.execute(f"release savepoint {savepoint}")


async def search(connection: asyncpg.Connection[asyncpg.Record], schemas: Iterable[str]) -> None:
    """Looks names up in `schemas`, until the transaction or subtransaction is rolled back."""
    path = ", ".join(map(quote_identifier, schemas))
    await connection.fetchval("select pg_catalog.set_config('search_path', $1, true)", path)
