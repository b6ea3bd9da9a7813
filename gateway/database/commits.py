"""What a transaction changed: asked of the database just before COMMIT, told to whoever must know before the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import asyncpg

from gateway.database import wire

_TAKEN: Final = "passerelle.taken"

TAKE_AND_COMMIT: Final = wire.script(
    [
        # What is deferred to the end of the transaction may write, too.
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET LOCAL ROLE none",
        f"SELECT 1 WHERE pg_catalog.set_config('{_TAKEN}', passerelle.take_touches_v1()::text, false) IS NULL",
        "COMMIT",
    ]
)
"""Commits in the same round trip as `TAKEN`, which the session remembers beyond the end of its transaction."""

LEAVE_READING: Final = wire.script(["RELEASE SAVEPOINT passerelle_reading"])
"""Goes before that where the last turn only read (`settings.turn_commands`): what was changed is taken by a DELETE."""

TAKEN: Final = f"SELECT pg_catalog.current_setting('{_TAKEN}')"


class CommitWatch(Protocol):
    """Whoever remembers what was in the database."""

    async def committed(self, relations: Sequence[int]) -> None:
        """A transaction that changed these relations (OIDs) was committed; it is acknowledged when this returns."""
        ...

    def uncertain(self) -> None:
        """A transaction may have been committed, and nobody knows which relations it changed. Must return at once."""
        ...


def read_taken(text: str) -> list[int]:
    """The OIDs in an array as PostgreSQL prints it."""
    return [int(oid) for oid in text.strip("{}").split(",") if oid]


def is_certain(error: BaseException) -> bool:
    """Whether a transaction is known not to have been committed when its COMMIT failed so. A server that shuts down may
    have done it already."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "57")[:2] not in {"08", "57", "58", "XX"}
