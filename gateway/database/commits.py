"""What a transaction changed: asked of the database just before COMMIT, told to whoever must know before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol

import asyncpg

from gateway.database import wire

_SETTING: Final = "passerelle.taken"

_LEAVE_READING: Final = wire.script(["RELEASE SAVEPOINT passerelle_reading"])
_BEFORE: Final = wire.script(
    [
        # What is deferred to the end of the transaction may write, too, and once more defer what that leads to.
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET LOCAL ROLE none",
    ]
) + wire.parse(
    "",
    f"SELECT 1 WHERE pg_catalog.set_config('{_SETTING}', "
    "pg_catalog.concat($1::pg_catalog.text, passerelle.take_touches_v1()), false) IS NULL",
)
_COMMIT: Final = wire.EXECUTE + wire.script(["COMMIT"])

TAKEN: Final = f"SELECT pg_catalog.current_setting('{_SETTING}', true)"

ONCE_MORE: Final = wire.script(["BEGIN", "SET LOCAL statement_timeout = 0"])
"""Before `TAKEN` on a session whose answer to it was lost: it may have been given a time limit."""


def take_and_commit(token: str, *, reading: bool) -> bytes:
    """What commits in the same round trip as `TAKEN`, which the session remembers beyond the end of its transaction;
    it begins with `token` if, and only if, this transaction was committed. `reading`: a turn that only reads is open,
    in which nothing deferred could write."""
    return (_LEAVE_READING if reading else b"") + _BEFORE + wire.bind("", (token,)) + _COMMIT


class CommitWatch(Protocol):
    """Whoever remembers what was in the database."""

    async def committed(self, relations: Sequence[int]) -> None:
        """A transaction that changed these relations (OIDs) was committed; it is acknowledged when this returns."""
        ...

    def uncertain(self) -> None:
        """A transaction may have been committed, and nobody knows which relations it changed. Must return at once."""
        ...

    def finish(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin what must come to its end, even if nobody waits for it any more."""
        ...


def read_taken(text: str | None, token: str) -> list[int] | None:
    """The OIDs behind the token, in an array as PostgreSQL prints it; None if it is not there."""
    if text is None or not text.startswith(token):
        return None
    return [int(oid) for oid in text[len(token) :].strip("{}").split(",") if oid]


def is_certain(error: BaseException) -> bool:
    """Whether a transaction is known not to have been committed when its COMMIT failed so. A server that shuts down may
    have done it already."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "57")[:2] not in {"08", "57", "58", "XX"}
