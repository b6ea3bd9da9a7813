"""Asks PostgreSQL what conditions are on a row, as a persona: with their rights, and under their row security."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from gateway.policies.database.scratch import rolled_back, search
from gateway.policies.database.state import RelationState
from gateway.policies.explain import statements
from gateway.policies.explain.errors import message
from gateway.policies.explain.identity import Connection, act_as
from gateway.policies.explain.tree import Value
from gateway.policies.explain.truth import Truth
from gateway.policies.model import Persona

_AT_ONCE: Final = 500
_LOST: Final = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError)
_UNANSWERED: Final = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks about which relation; `search_path` is that of requests."""

    connection: Connection
    relation: RelationState
    persona: Persona
    search_path: Sequence[str]

    async def values(self, number: int, conditions: Sequence[str]) -> dict[str, Value]:
        """What each condition is on the row of that number. Asked together, and one by one if that raises an error."""
        found: dict[str, Value] = {}
        for start in range(0, len(conditions), _AT_ONCE):
            portion = conditions[start : start + _AT_ONCE]
            together = await self._values(number, portion)
            if together is None:
                found.update([(sql, await self._value(number, sql)) for sql in portion])
            else:
                found.update(zip(portion, together, strict=True))
        return found

    async def _values(self, number: int, conditions: Sequence[str]) -> list[Value] | None:
        try:
            async with rolled_back(self.connection):
                await make_conditions(self.connection, self.relation, [self.persona.role], conditions)
                await act_as(self.connection, self.persona, self.search_path)
                row = await self.connection.fetchrow(statements.read_conditions(len(conditions)), number)
        except _LOST:
            raise
        except asyncpg.PostgresError:
            return None
        assert row is not None
        return [Value(_truth(value)) for value in row]

    async def _value(self, number: int, condition: str) -> Value:
        async with rolled_back(self.connection):
            try:
                await make_conditions(self.connection, self.relation, [self.persona.role], [condition])
            except _LOST:
                raise
            except asyncpg.PostgresError as reason:
                return Value(None, f"has no value of its own: {message(reason)}")
            await act_as(self.connection, self.persona, self.search_path)
            try:
                row = await self.connection.fetchrow(statements.read_conditions(1), number)
            except _LOST:
                raise
            except _UNANSWERED as reason:
                return Value(None, f"was not answered: {message(reason)}")
            except asyncpg.PostgresError as reason:
                return Value(Truth.ERROR, f"{reason.sqlstate}: {message(reason)}")
        assert row is not None
        return Value(_truth(row[0]))


async def make_conditions(
    connection: Connection, relation: RelationState, roles: Collection[str], conditions: Sequence[str]
) -> None:
    """The view of conditions over rows that `roles` may read, for them to read. Their texts are read with an empty
    search path, as PostgreSQL printed them."""
    await search(connection, ())
    # By the extended protocol, which takes no second statement.
    await connection.fetch(statements.make_conditions(relation, conditions))
    for role in roles:
        await connection.execute(statements.share_conditions(role))


def _truth(value: bool | None) -> Truth:
    return Truth.NULL if value is None else Truth.TRUE if value else Truth.FALSE
