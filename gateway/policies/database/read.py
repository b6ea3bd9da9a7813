"""Reads a `State` from PostgreSQL: a few set-based queries in one snapshot, then pure assembly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import asyncpg

from gateway.policies.database.assemble import Facts, assemble
from gateway.policies.database.scratch import PRINTING, rolled_back, search
from gateway.policies.database.sql import statement
from gateway.policies.database.state import State

_TABLES = (
    "relations",
    "columns",
    "grants",
    "policies",
    "indexes",
    "foreign_keys",
    "sequences",
    "triggers",
    "views",
    "functions",
    "roles",
    "default_grants",
    "schemas",
)
# What a signature can be refused for: its own text, names in it, schemas that may not be looked into.
_BAD_SIGNATURE = ("0A", "22", "3D", "3F", "42")


async def read_state(
    connection: asyncpg.Connection[asyncpg.Record],
    signatures: Iterable[str] = (),
    search_path: Sequence[str] = ("public", "extensions"),
) -> State:
    """One consistent snapshot. If the connection is in a transaction, it is read there; nothing of it is changed.

    `signatures` are functions as files name them, looked up through `search_path`; one that PostgreSQL cannot read is
    not found. Raises what asyncpg raises. Assembly runs in a thread, so that requests go on being served.
    """
    async with rolled_back(connection, snapshot=True):
        await connection.execute("set local jit = off")
        resolved = await _resolve(connection, list(dict.fromkeys(signatures)), search_path)
        await search(connection, PRINTING)
        server = await connection.fetchrow(statement("server"))
        assert server is not None
        facts = Facts(
            server=server,
            applied=await connection.fetchrow(statement("applied")) if server["audited"] else None,
            resolved=resolved,
            **{name: await connection.fetch(statement(name)) for name in _TABLES},
        )
    return await asyncio.to_thread(assemble, facts)


async def _resolve(
    connection: asyncpg.Connection[asyncpg.Record], signatures: list[str], search_path: Sequence[str]
) -> dict[str, int | None]:
    """All at once; or, if PostgreSQL refuses to read one of them, one by one."""
    readable = [signature for signature in signatures if _can_be_sent(signature)]
    found: dict[str, int | None] = dict.fromkeys(signatures)
    for asked in (readable, *([signature] for signature in readable)):
        try:
            async with rolled_back(connection):
                await search(connection, search_path)
                rows = await connection.fetch(statement("resolved"), asked)
        except asyncpg.PostgresError as error:
            if not (error.sqlstate or "").startswith(_BAD_SIGNATURE):
                raise
            continue
        found.update((row["signature"], row["oid"]) for row in rows)
        if asked is readable:
            break
    return found


def _can_be_sent(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
