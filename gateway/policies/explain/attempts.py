"""Lets PostgreSQL do what was asked about, as the persona, and undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from gateway.policies.database.scratch import rolled_back
from gateway.policies.explain.errors import message
from gateway.policies.explain.identity import Connection, act_as, take_claims
from gateway.policies.explain.model import Attempt
from gateway.policies.explain.truth import Truth
from gateway.policies.model import Persona

_DENIED: Final = "42501"
_PRIVILEGE_CHECK: Final = "aclcheck_error"
"""The part of PostgreSQL that refuses for want of a privilege, and not because of a policy."""
_PLAIN: Final = ("select ", "delete ")
"""Statements that compute no defaults and check no constraints."""
_OTHERS: Final = ("08", "40", "53", "55", "57")
"""Classes of errors that say nothing of the statement: connection, conflicts, resources, locks, timeouts."""


class NotAnswered(Exception):
    """Something came between; the message says what."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Who tries. `triggers`: the table has some, which may refuse what policies let through."""

    connection: Connection
    persona: Persona
    search_path: Sequence[str]
    triggers: bool

    async def attempt(self, sql: str, arguments: Sequence[object]) -> Attempt:
        """Raises NotAnswered."""
        try:
            async with rolled_back(self.connection):
                await act_as(self.connection, self.persona, self.search_path)
                rows = await _affected(self.connection, sql, arguments)
        except asyncpg.PostgresError as reason:
            sqlstate = reason.sqlstate or ""
            if sqlstate[:2] in _OTHERS:
                raise NotAnswered(message(reason)) from reason
            outcome = Truth.FALSE if sqlstate == _DENIED else Truth.ERROR
            return Attempt(sql, outcome, sqlstate, message(reason), await self._elsewhere(reason, sql, arguments))
        return Attempt(sql, Truth.TRUE if rows else Truth.FALSE)

    async def _elsewhere(self, reason: asyncpg.PostgresError, sql: str, arguments: Sequence[object]) -> str:
        if reason.sqlstate != _DENIED and await self._owner_meets(reason.sqlstate, sql, arguments):
            return "the owner, past all policies, meets the same error"
        if reason.server_source_function == _PRIVILEGE_CHECK and not sql.startswith(_PLAIN):
            return "a right is missing on something that the table's defaults or constraints use"
        # What the statement itself is denied has no context; what a function inside of it is denied has.
        if self.triggers and getattr(reason, "context", None):
            return "it was raised inside a function, perhaps by a trigger of the table"
        return ""

    async def _owner_meets(self, sqlstate: str | None, sql: str, arguments: Sequence[object]) -> bool:
        try:
            async with rolled_back(self.connection):
                await take_claims(self.connection, self.persona, self.search_path)
                await _affected(self.connection, sql, arguments)
        except asyncpg.PostgresError as reason:
            return reason.sqlstate == sqlstate
        return False


async def _affected(connection: Connection, sql: str, arguments: Sequence[object]) -> int:
    status = await connection.execute(sql, *arguments)
    return int(status.rsplit(" ", 1)[-1])
