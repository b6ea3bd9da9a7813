"""One connection on which probes run: its prepared statements, its savepoints, and errors as values."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

from gateway.policies.database import SET_LOCAL
from gateway.policies.model import Persona
from gateway.policies.personas import session_settings
from gateway.policies.testing.results import Seen
from gateway.policies.testing.statements import Statement
from gateway.policies.testing.surroundings import Connection

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement

    Prepared: TypeAlias = PreparedStatement[asyncpg.Record]

_STATEMENTS: Final = 1_000
"""Prepared statements that are kept; each takes the server some 30 kB."""

FAULTS: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
"""They say something about the server or about other sessions, and nothing about a policy."""

_OWNER: Final = ""


class Session:
    """A connection in a transaction that somebody else opens and rolls back.

    Statements are prepared for each role by itself: where there is row security, a plan holds for one role only.
    """

    __slots__ = ("_path", "_prepared", "_role", "connection")

    def __init__(self, connection: Connection, search_path: Sequence[str]) -> None:
        self.connection = connection
        self._path = tuple(search_path)
        self._prepared: OrderedDict[tuple[str, str], Prepared] = OrderedDict()
        self._role = _OWNER

    async def script(self, *commands: str) -> None:
        """Commands without any text from files, in one round trip."""
        await self.connection.execute("; ".join(commands))

    @asynccontextmanager
    async def undone(self, savepoint: str) -> AsyncGenerator[None]:
        """What the body does is undone, also after an error; and so is the identity that it took."""
        await self.script(f"savepoint {savepoint}")
        role = self._role
        try:
            yield
        finally:
            if not self.connection.is_closed():
                await self.script(f"rollback to savepoint {savepoint}", f"release savepoint {savepoint}")
                self._role = role

    async def command(self, sql: str) -> list[asyncpg.Record]:
        """Run a statement that has text from files and is not worth preparing. Raises what asyncpg raises."""
        # Not `execute`, whose protocol would take a second statement, too.
        return await self.connection.fetch(sql)

    async def rows(self, asked: Statement) -> list[asyncpg.Record]:
        """Run one statement as whoever the session is. Raises what asyncpg raises; the transaction is lost then, up
        to the last savepoint."""
        prepared = await self._prepare(asked.sql)
        return await (prepared.fetch() if asked.document is None else prepared.fetch(asked.document))

    async def seen(self, asked: Statement) -> Seen:
        """The same as an observation: what a `select` counted, or how many rows a command changed."""
        try:
            prepared = await self._prepare(asked.sql)
            found = await (prepared.fetch() if asked.document is None else prepared.fetch(asked.document))
        except FAULTS:
            raise
        except asyncpg.PostgresError as error:
            return Seen(sqlstate=error.sqlstate, message=error.message or "")
        return Seen(found[0][0] if found else _affected(prepared.get_statusmsg() or ""))

    async def be_owner(self, claims_of: Persona | None = None) -> None:
        """Keep the connection's own role, past row security or not at all; with the claims of a persona, so that
        functions which ask for them answer."""
        self._role = _OWNER
        await self._set({**session_settings(claims_of, self._path, become=False), "row_security": "off"})

    async def become(self, persona: Persona) -> None:
        """Take the persona's identity until the end of `undone`; nothing is left of another's.

        Raises what asyncpg raises, for a role that is not there or that the connection's role may not take.
        """
        await self._set(session_settings(persona, self._path, become=True))
        self._role = persona.role

    async def _set(self, settings: Mapping[str, str]) -> None:
        await self.rows(Statement(SET_LOCAL, json.dumps(settings)))

    async def _prepare(self, sql: str) -> Prepared:
        key = (self._role, sql)
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = await self.connection.prepare(sql)
            if len(self._prepared) >= _STATEMENTS:
                self._prepared.popitem(last=False)
            self._prepared[key] = prepared
        else:
            self._prepared.move_to_end(key)
        return prepared


def _affected(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
