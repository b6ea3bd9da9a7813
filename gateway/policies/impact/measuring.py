"""Which rows personas reach in a relation, as the database is now."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import asyncpg

from gateway.policies.database.scratch import rolled_back, search
from gateway.policies.database.state import RelationState
from gateway.policies.explain.asking import expression_of, is_meant
from gateway.policies.explain.errors import message
from gateway.policies.explain.evaluation import make_conditions
from gateway.policies.explain.identity import Connection, act_as
from gateway.policies.explain.model import Standing
from gateway.policies.explain.standings import read_standing
from gateway.policies.explain.statements import share_rows
from gateway.policies.impact import statements
from gateway.policies.impact.model import REACHED, Reached, Sample, Unfinished
from gateway.policies.model import Persona
from gateway.policies.problems import PolicyError


class TimeUp(Exception):
    """The deadline has passed."""


_NOT_TOLD = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.PostgresConnectionError)
"""Errors that say nothing of policies."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one persona reaches in one relation: rows by their place in it, and columns to read. Of views only the
    number of `shown` rows is known. `errors` are verbs whose policies raise one."""

    rows: Mapping[Reached, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    errors: Mapping[Reached, str] = field(default_factory=lambda: MappingProxyType({}))
    columns: tuple[str, ...] = ()
    shown: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of a relation is looked at: all of it, or a percentage."""

    relation: RelationState
    percentage: float | None = None


@dataclass(slots=True)
class Measurer:
    """Asks until `deadline` (of the monotonic clock); `unfinished` collects what it could not ask."""

    connection: Connection
    search_path: Sequence[str]
    deadline: float
    unfinished: list[Unfinished] = field(default_factory=list[Unfinished])

    async def scope(self, relation: RelationState, most: int) -> tuple[Scope, Sample | None] | None:
        """What to look at, so that it has about `most` rows; None if that could not be found out."""
        try:
            async with rolled_back(self.connection):
                await self.limit()
                if not relation.is_table:
                    return Scope(relation), None
                if await self.connection.fetchval("select row_security_active($1::oid)", relation.oid):
                    reason = "row security is forced on it, and holds for the connected role as well"
                    self.unfinished.append(Unfinished(relation.name, None, reason))
                    return None
                count: int = await self.connection.fetchval(statements.some_rows(relation), most + 1)
                if count <= most:
                    return Scope(relation), None
                count = int(relation.rows)
                if count <= most:  # never analysed, or long ago
                    count = await self.connection.fetchval(statements.all_rows(relation))
                scope = Scope(relation, min(100, 100 * most / count))
                return scope, Sample(await self._size(scope), count)
        except (asyncpg.PostgresError, TimeUp) as reason:
            self._stopped(relation, None, reason)
            return None

    async def _size(self, scope: Scope) -> int:
        await self.connection.fetch(statements.make_rows(scope.relation, scope.percentage))
        return int(await self.connection.fetchval(statements.COUNT_ROWS))

    async def measure(self, scope: Scope, personas: Iterable[Persona]) -> dict[str, Reach]:
        """What each persona reaches, as far as it could be asked."""
        relation, found = scope.relation, dict[str, Reach]()
        try:
            async with rolled_back(self.connection):
                await self.limit()
                await search(self.connection, ())
                if relation.is_table:
                    await self.connection.fetch(statements.make_rows(relation, scope.percentage))
                for group in _by_role(personas).values():
                    found.update(await self._reaches(relation, group))
        except (asyncpg.PostgresError, TimeUp) as reason:
            self._stopped(relation, None, reason)
        return found

    async def _reaches(self, relation: RelationState, group: Sequence[Persona]) -> dict[str, Reach]:
        """Of personas with the same role."""
        found = dict[str, Reach]()
        try:
            standing = await read_standing(self.connection, relation, group[0], self.search_path)
        except PolicyError as refused:
            reason = refused.problems[0].message
            self.unfinished += [Unfinished(relation.name, persona.name, reason) for persona in group]
            return found
        if relation.is_table:
            await self.connection.execute(share_rows(group[0].role))
        for persona in group:
            try:
                found[persona.name] = await self._reach(relation, standing, persona)
            except (asyncpg.PostgresError, TimeUp) as reason:
                self._stopped(relation, persona, reason)
        return found

    async def _reach(self, relation: RelationState, standing: Standing, persona: Persona) -> Reach:
        columns = standing.on_columns.get("select", ()) if standing.enters_schema else ()
        if not relation.is_table:
            return await self._shown(relation, persona, columns)
        asked: dict[Reached, str] = {
            verb: condition(relation, standing, verb) for verb in REACHED if is_granted(standing, verb)
        }
        if not asked:
            return Reach(columns=columns)
        rows, errors = dict[Reached, frozenset[str]](), dict[Reached, str]()
        together = await self._rows(relation, persona, asked)
        for verb, text in asked.items():  # after an error, one by one: what can be told of each verb
            found = together
            if isinstance(found, str):
                found = await self._rows(relation, persona, {"select": asked["select"], verb: text})
            if isinstance(found, str):
                errors[verb] = found
            else:
                rows[verb] = found[verb] & found["select"]
        return Reach(rows, errors, columns)

    async def _rows(
        self, relation: RelationState, persona: Persona, asked: Mapping[Reached, str]
    ) -> dict[Reached, frozenset[str]] | str:
        """The rows for which each condition holds, or the error that one raises."""
        async with rolled_back(self.connection):
            await self.limit()
            await make_conditions(self.connection, relation, [persona.role], list(asked.values()))
            await act_as(self.connection, persona, self.search_path)
            try:
                rows = await self.connection.fetch(statements.read_conditions(len(asked)))
            except _NOT_TOLD:
                raise
            except asyncpg.PostgresError as reason:
                return f"{reason.sqlstate}: {message(reason)}"
        return {verb: frozenset(row[0] for row in rows if row[index]) for index, verb in enumerate(asked, 1)}

    async def _shown(self, relation: RelationState, persona: Persona, columns: tuple[str, ...]) -> Reach:
        if not columns:
            return Reach(shown=0)
        async with rolled_back(self.connection):
            await self.limit()
            await act_as(self.connection, persona, self.search_path)
            try:
                return Reach(columns=columns, shown=await self.connection.fetchval(statements.all_rows(relation)))
            except _NOT_TOLD:
                raise
            except asyncpg.PostgresError as reason:
                return Reach(errors={"select": f"{reason.sqlstate}: {message(reason)}"}, columns=columns)

    async def limit(self) -> None:
        """No statement from here on goes past the deadline. Raises TimeUp."""
        left = int((self.deadline - time.monotonic()) * 1000)
        if left <= 0:
            raise TimeUp
        await self.connection.fetchval("select set_config('statement_timeout', $1, true)", str(left))

    def _stopped(self, relation: RelationState, persona: Persona | None, reason: Exception) -> None:
        if isinstance(reason, asyncpg.PostgresConnectionError):
            raise reason
        late = isinstance(reason, TimeUp | asyncpg.QueryCanceledError)
        said = message(reason) if isinstance(reason, asyncpg.PostgresError) and not late else "the time was up"
        self.unfinished.append(Unfinished(relation.name, persona.name if persona is not None else None, said))


def is_granted(standing: Standing, verb: Reached) -> bool:
    """Whether the role has what a statement needs that names its rows."""
    if not standing.enters_schema or not standing.on_columns.get("select"):
        return False
    return verb in standing.on_table or bool(standing.on_columns.get(verb))


def condition(relation: RelationState, standing: Standing, verb: Reached) -> str:
    """What the policies for a verb ask of an existing row, as one expression."""
    if not standing.filtered:
        return "true"
    policies = [
        (policy.permissive, f"({expression})")
        for policy in relation.policies
        if policy.verb in (verb, "all")
        and is_meant(policy, standing)
        and (expression := expression_of(policy, "using")) is not None
    ]
    permissive = " or ".join(text for is_permissive, text in policies if is_permissive)
    restrictive = [text for is_permissive, text in policies if not is_permissive]
    return " and ".join([f"({permissive or 'false'})", *restrictive])


def _by_role(personas: Iterable[Persona]) -> Mapping[str, list[Persona]]:
    found: defaultdict[str, list[Persona]] = defaultdict(list)
    for persona in personas:
        found[persona.role].append(persona)
    return found
