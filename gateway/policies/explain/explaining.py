"""Why a persona may or may not do something with a row: asked step by step, and then simply tried."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from gateway.policies.database.read import read_state
from gateway.policies.database.scratch import rolled_back, search
from gateway.policies.database.state import RelationState, State
from gateway.policies.explain import asking, statements
from gateway.policies.explain.attempts import Attempts, NotAnswered
from gateway.policies.explain.evaluation import Asker
from gateway.policies.explain.identity import Connection
from gateway.policies.explain.model import Explanation, Image, Outcome, Question, Standing
from gateway.policies.explain.places import Places
from gateway.policies.explain.rows import (
    EXISTING,
    NEW,
    Found,
    NewRow,
    Write,
    find_rows,
    make_new_row,
    make_row,
    make_values,
)
from gateway.policies.explain.standings import read_standing
from gateway.policies.explain.tree import Value, condition, pieces
from gateway.policies.model import PolicySet
from gateway.policies.plan import Application, Loss, enforce
from gateway.policies.problems import PolicyError, error

_LONGEST_NAME: Final = 5
_NUMBERS: Final[Mapping[Image, int]] = {"existing": EXISTING, "new": NEW}


@dataclass(frozen=True, slots=True)
class Manner:
    """How to explain. `search_path` is that of requests; `places` are shown beside policies; up to `most` rows are
    explained; no statement takes longer than `timeout`."""

    search_path: Sequence[str] = ("public", "extensions")
    places: Places | None = None
    most: int = 1
    timeout: timedelta = timedelta(seconds=10)


async def explain(
    connection: Connection, question: Question, state: State, manner: Manner | None = None
) -> tuple[Explanation, ...]:
    """One explanation for each row found, one for a row to insert. `state` is what the database enforces now.

    Everything runs in a transaction, or a subtransaction of the one that is open, that is rolled back; attempts to
    write fire triggers in it. Raises PolicyError for a question that makes no sense here.
    """
    manner = manner or Manner()
    relation = _table(question, state)
    async with undone(connection, manner.timeout):
        standing = await read_standing(connection, relation, question.persona, manner.search_path)
        explainer = _Explainer(connection, question, relation, standing, manner)
        if question.verb == "insert":
            return (await explainer.explain(None),)
        rows = await find_rows(connection, relation, question, manner.search_path, manner.most + 1)
        explained = [await explainer.explain(row) for row in rows[: manner.most]]
    if len(rows) > manner.most:
        explained[-1] = replace(explained[-1], notes=(*explained[-1].notes, "further rows match"))
    return tuple(explained)


async def explain_as_applied(
    connection: Connection, question: Question, policy_set: PolicySet, manner: Manner | None = None
) -> tuple[Explanation, ...]:
    """The same as it would be if the set were applied: it is, in the transaction that is rolled back. Until then, the
    tables that change are locked. Raises PolicyError and ApplyError, too."""
    async with as_applied(connection, policy_set, manner or Manner()) as state:
        return await explain(connection, question, state, manner)


@asynccontextmanager
async def as_applied(connection: Connection, policy_set: PolicySet, manner: Manner) -> AsyncGenerator[State]:
    """What the database enforces while the set is applied to it, until all is undone."""
    async with undone(connection, manner.timeout):
        await search(connection, policy_set.defaults.search_path)
        await enforce(connection, Application(policy_set, "explain", allow=frozenset(Loss)))
        yield await read_state(connection, (), manner.search_path)


@asynccontextmanager
async def undone(connection: Connection, longest: timedelta) -> AsyncGenerator[None]:
    """What runs here leaves no trace, and no statement of it takes longer than `longest`. Names are looked up with an
    empty search path."""
    if connection.is_in_transaction():
        async with rolled_back(connection):
            await _limit(connection, longest)
            yield
        return
    # One snapshot and one time for all that is asked.
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        await _limit(connection, longest)
        yield
    finally:
        if not connection.is_closed():
            await transaction.rollback()


async def _limit(connection: Connection, longest: timedelta) -> None:
    milliseconds = str(max(1, int(longest.total_seconds() * 1000)))
    await connection.fetchval(
        "select num_nulls(set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true))",
        milliseconds,
    )
    await search(connection, ())


def _table(question: Question, state: State) -> RelationState:
    relation = state.relations.get(question.table)
    subject = str(question.table)
    if relation is None:
        raise PolicyError([error("P703", f"there is no table {subject}", subject=subject)])
    if not relation.is_table:
        behind = sorted(str(each.name) for each in state.relations.values() if each.oid in relation.view_oids)
        fix = f"Ask about the table behind it: {', '.join(behind)}." if behind else "Ask about a table."
        raise PolicyError(
            [error("P708", f"{subject} is no table: it has no rows of its own", subject=subject, fix=fix)]
        )
    unknown = sorted({*question.key, *question.values} - relation.columns.keys())
    if unknown:
        fix = f"It has: {', '.join(relation.columns)}."
        raise PolicyError([error("P709", f"{subject} has no column {unknown[0]}", subject=subject, fix=fix)])
    return relation


@dataclass(frozen=True, slots=True)
class _Explainer:
    connection: Connection
    question: Question
    relation: RelationState
    standing: Standing
    manner: Manner

    async def explain(self, found: Found | None) -> Explanation:
        async with rolled_back(self.connection):
            await make_row(self.connection, self.relation, self.question.persona.role, found)
            await make_values(self.connection, self.relation, self.question)
            new = await self._new_row(found)
            guessed = new is not None and bool(new.notes) and self.standing.triggers
            outcome = replace(await self._outcome(found, reading_back=False), guessed=guessed)
            read = None
            if self.question.verb == "insert":
                read = replace(await self._outcome(found, reading_back=True), guessed=guessed)
        return Explanation(
            self.question,
            self.standing,
            self._named(found),
            found.image if found is not None else None,
            new.image if new is not None else None,
            asking.unfiltered(self.relation, self.standing),
            outcome,
            read,
            new.notes if new is not None else (),
        )

    def _named(self, found: Found | None) -> Mapping[str, Any]:
        """What to call the row: its primary key, or else what it was asked for by."""
        if found is None:
            return {}
        columns = self.relation.primary_key or tuple(self.question.key) or tuple(self.relation.columns)
        return {column: found.image[column] for column in columns[:_LONGEST_NAME]}

    async def _new_row(self, found: Found | None) -> NewRow | None:
        if self.question.verb not in ("insert", "update"):
            return None
        place = (found.place, found.part) if found is not None else ()
        write = Write(self._statement(statements.locate(())), place)
        return await make_new_row(self.connection, self.relation, self.question, self.manner.search_path, write)

    async def _outcome(self, found: Found | None, *, reading_back: bool) -> Outcome:
        verb = self.question.verb
        asked = asking.steps_of(verb, reading_back=reading_back) if self.standing.filtered else ()
        values = await self._values(asked)
        places = (self.manner.places or {}).get(self.relation.name, {})
        steps = tuple(
            asking.step(
                self.relation,
                self.standing,
                each,
                conditions=lambda text, image: condition(text, values[image]),
                places=places,
            )
            for each in asked
        )
        written = self.question.values
        needed = asking.privileges(self.relation, self.standing, verb, written, reading_back=reading_back)
        outcome = Outcome(needed, steps)
        return await self._tried(outcome, found, reading_back=reading_back) if self.question.attempt else outcome

    async def _values(self, asked: Sequence[asking.Asked]) -> Mapping[Image, Mapping[str, Value]]:
        wanted: dict[Image, dict[str, None]] = {"existing": {}, "new": {}}
        for text, image in asking.expressions(self.relation, self.standing, asked):
            wanted[image].update(dict.fromkeys(pieces(text)))
        asker = Asker(self.connection, self.relation, self.question.persona, self.manner.search_path)
        return {image: await asker.values(_NUMBERS[image], tuple(sql)) for image, sql in wanted.items()}

    # -- trying it ----------------------------------------------------------------------------------------------------

    async def _tried(self, outcome: Outcome, found: Found | None, *, reading_back: bool) -> Outcome:
        attempts = Attempts(
            self.connection, self.question.persona, self.manner.search_path, triggers=self.standing.triggers
        )
        key = self._key()
        if found is not None and key is None:
            return replace(outcome, not_tried=f"{self.standing.role} may read no columns that single out this row")
        place = (found.place, found.part) if found is not None and not key else ()
        sql = self._statement(statements.locate(key or ()))
        if reading_back:
            sql = statements.returning(sql, self._readable())
        try:
            return replace(outcome, attempt=await attempts.attempt(sql, place))
        except NotAnswered as reason:
            return replace(outcome, not_tried=str(reason))

    def _key(self) -> tuple[str, ...] | None:
        """By which columns the role may look for a row: () for its place in the table, None if it has no way."""
        readable = self.standing.on_columns.get("select", ())
        if "select" in self.standing.on_table or not readable:  # without any, an attempt fails either way
            return ()
        return next((key for key in self._keys() if set(key) <= set(readable)), None)

    def _keys(self) -> Iterator[tuple[str, ...]]:
        if self.relation.primary_key:
            yield self.relation.primary_key
        for key in self.relation.unique_keys:
            if not any(self.relation.columns[column].nullable for column in key):
                yield key

    def _statement(self, located: str) -> str:
        match self.question.verb:
            case "select":
                return statements.select(self.relation, located)
            case "insert":
                return statements.insert(self.relation, self.question.values)
            case "update":
                return statements.update(self.relation, located, self.question.values, self._itself())
            case "delete":
                return statements.delete(self.relation, located)

    def _itself(self) -> str:
        """The column that an update without values sets to itself: one that the role may update, if there is any.
        Columns without a default come first, because those with one may be identities, which nobody may set."""
        columns = [column for column in self.relation.columns.values() if not column.generated]
        held = self.standing.on_columns.get("update", ())
        return min(columns, key=lambda column: (column.name not in held, column.has_default)).name

    def _readable(self) -> str:
        readable = self.standing.on_columns.get("select", ())
        return readable[0] if readable else next(iter(self.relation.columns))
