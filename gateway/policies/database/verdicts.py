"""PostgreSQL's verdict on expressions of row policies, and its own text of them.

Policies are created, and all is rolled back; but not on the tables themselves, which would lock out everybody. They are
created on temporary copies, many in one subtransaction. Expressions that a copy may not do justice to are looked at one
by one, with a view on the relation itself for the judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import asyncpg

from gateway.policies.database import trials
from gateway.policies.database.scratch import PRINTING, rolled_back, search
from gateway.policies.database.sql import statement
from gateway.policies.database.trials import Subject, Trial
from gateway.policies.model import QualifiedName

_BATCH = 64
_BAD_SYNTAX = "42601"
_WRONG_TYPE = "42804"
# Aggregates, window functions, set-returning functions, wrong types: PostgreSQL names the clause that they are in.
_SAID_OF_THE_CLAUSE = frozenset({"42803", "42P20", "0A000", _WRONG_TYPE})
# Not the expression's fault: connection, resources, transactions, operators of the server.
_NO_VERDICT = ("08", "25", "40", "53", "55", "57", "58", "XX")
_BUSY: Final = "55P03"


class Wanted(NamedTuple):
    """An expression for a policy on `relation`, lexically balanced: no quotation, comment or parenthesis is left open
    or closed too often."""

    relation: QualifiedName
    expression: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why PostgreSQL does not take an expression; `offset` counts its characters from 0, None if it names no place."""

    offset: int | None
    message: str
    hint: str | None
    sqlstate: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Either the text that `pg_get_expr` would print for a policy with the expression, or what is wrong with it."""

    text: str | None
    problem: Refusal | None


class _Case(NamedTuple):
    subject: Subject
    wanted: Wanted


async def judge(
    connection: asyncpg.Connection[asyncpg.Record],
    wanted: Iterable[Wanted],
    search_path: Sequence[str] = ("public", "extensions"),
) -> Mapping[Wanted, Verdict]:
    """A verdict for each of `wanted`, whose names are looked up through `search_path`.

    The connection may be in a transaction, but not in a read-only one; nothing stays. Relations are locked no more
    than reading locks them, but for one case, without waiting (`_on_the_relation`). Takes the right to make temporary
    tables. Raises what asyncpg raises if the fault is not the expression's.
    """
    asked = sorted(set(wanted))
    if not asked:
        return {}
    verdicts = {one: refused for one in asked if (refused := _unsendable(one)) is not None}
    async with rolled_back(connection):
        await search(connection, (*search_path, "pg_temp"))
        await _prove_rights(connection)
        subjects = await _subjects(connection, {one.relation for one in asked if one not in verdicts})
        cases: list[_Case] = []
        for one in asked:
            if one in verdicts:
                continue
            if one.relation in subjects:
                cases.append(_Case(subjects[one.relation], one))
            else:
                verdicts[one] = _refused(None, f'relation "{one.relation}" does not exist', "42P01")
        for batch in _batches(cases):
            verdicts.update(await _judge_together(connection, batch))
    return verdicts


def _unsendable(one: Wanted) -> Verdict | None:
    for offset, character in enumerate(one.expression):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            return _refused(offset, f"the character U+{ord(character):04X} cannot be in SQL", "22021")
    return None


async def _prove_rights(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Raises where nothing temporary can be made, which would look like a fault of every expression."""
    async with rolled_back(connection):
        await connection.execute(f"create temporary view {_name(0)} as select 1 as x")


async def _subjects(
    connection: asyncpg.Connection[asyncpg.Record], names: set[QualifiedName]
) -> dict[QualifiedName, Subject]:
    ordered = sorted(names)
    rows = await connection.fetch(
        statement("subjects"), [name.schema for name in ordered], [name.name for name in ordered]
    )
    subjects = (
        Subject(
            QualifiedName(row["schema"], row["name"]),
            tuple(zip(row["columns"], row["types"], strict=True)),
            row["covered"],
            row["table_text"],
            row["type_text"],
        )
        for row in rows
    )
    return {subject.name: subject for subject in subjects}


def _batches(cases: Iterable[_Case]) -> Iterator[list[_Case]]:
    """Few enough for one failure to cost little; in each of them a bare name stands for one relation only."""
    batch: list[_Case] = []
    names: dict[str, Subject] = {}
    for case in cases:
        name = case.subject.name.name
        if len(batch) == _BATCH or names.setdefault(name, case.subject) != case.subject:
            yield batch
            batch, names = [], {name: case.subject}
        batch.append(case)
    if batch:
        yield batch


async def _judge_together(connection: asyncpg.Connection[asyncpg.Record], batch: list[_Case]) -> dict[Wanted, Verdict]:
    """What fails in a batch is found by halving it."""
    try:
        texts = await _texts(connection, batch)
        if not all(case.subject.covered for case in batch):
            await _see(connection, batch)
    except asyncpg.PostgresError as error:
        _raise_faults(error)
        if len(batch) == 1:
            return {batch[0].wanted: await _judge_alone(connection, batch[0])}
        middle = len(batch) // 2
        return {
            **await _judge_together(connection, batch[:middle]),
            **await _judge_together(connection, batch[middle:]),
        }
    return {
        # A whole row is of the copy's type, which may have led to another function.
        case.wanted: await _judge_alone(connection, case) if ".*" in text else Verdict(text, None)
        for case, text in zip(batch, texts, strict=True)
    }


async def _see(connection: asyncpg.Connection[asyncpg.Record], cases: Sequence[_Case]) -> None:
    """Raises if PostgreSQL does not take one of the expressions while there is no copy that its names could lead to."""
    async with rolled_back(connection):
        for number, case in enumerate(cases):
            await connection.fetch(trials.condition(_name(number), case.subject, case.wanted.expression).sql)


async def _judge_alone(connection: asyncpg.Connection[asyncpg.Record], case: _Case) -> Verdict:
    subject, expression = case.subject, case.wanted.expression
    trial = trials.condition(_name(0), subject, expression)
    try:
        meaning = (await _look(connection, trial)).definition
    except asyncpg.PostgresError as error:
        _raise_faults(error)
        return await _explain(connection, case, _refusal(error, trial, expression))
    text = await _text(connection, case)
    if text is None and (plainer := trials.unqualified(subject, expression)) != expression:
        text = await _text_if_it_means(connection, case, plainer, meaning)
    return Verdict(text, None) if text is not None else await _on_the_relation(connection, case)


async def _explain(connection: asyncpg.Connection[asyncpg.Record], case: _Case, refusal: Refusal) -> Verdict:
    """The refusal of a view's condition in words that fit a policy. (Those of a policy have no position.)"""
    subject, expression = case.subject, case.wanted.expression
    if refusal.sqlstate == _WRONG_TYPE:
        trial = trials.value(_name(0), subject, expression)
        try:
            type_ = (await _look(connection, trial)).type
            return _refused(refusal.offset, f"is of type {type_}, not boolean", _WRONG_TYPE)
        except asyncpg.PostgresError as error:
            _raise_faults(error)
            if error.sqlstate == _WRONG_TYPE:
                return Verdict(None, refusal)
    if refusal.sqlstate in _SAID_OF_THE_CLAUSE:
        trial = trials.policy(_name(0), subject.copy, expression)
        try:
            await _texts(connection, [case])
        except asyncpg.PostgresError as error:
            _raise_faults(error)
            if error.sqlstate == refusal.sqlstate:
                return Verdict(None, replace(refusal, message=error.message or refusal.message))
            if error.sqlstate == _BAD_SYNTAX:
                return Verdict(None, _refusal(error, trial, expression))
    return Verdict(None, refusal)


async def _text(connection: asyncpg.Connection[asyncpg.Record], case: _Case) -> str | None:
    """What PostgreSQL prints for a policy on a copy whose rows pass for the relation's; None if it takes none there."""
    if trials.likeness_text(case.subject) in case.wanted.expression:
        return None
    try:
        texts = await _texts(connection, [case], trials.likeness(case.subject))
    except asyncpg.PostgresError as error:
        _raise_faults(error)
        return None
    return trials.without_likeness(case.subject, texts[0])


async def _text_if_it_means(
    connection: asyncpg.Connection[asyncpg.Record], case: _Case, expression: str, meaning: str
) -> str | None:
    """The text of `expression` if PostgreSQL prints the same view for it as for the case's own."""
    try:
        seen = await _look(connection, trials.condition(_name(0), case.subject, expression))
    except asyncpg.PostgresError as error:
        _raise_faults(error)
        return None
    if seen.definition != meaning:
        return None
    return await _text(connection, case._replace(wanted=case.wanted._replace(expression=expression)))


async def _on_the_relation(connection: asyncpg.Connection[asyncpg.Record], case: _Case) -> Verdict:
    """The last resort: a policy on the relation itself, under its exclusive lock for a moment if that is free now."""
    subject, expression = case.subject, case.wanted.expression
    trial = trials.policy(_name(0), subject.identifier, expression)
    try:
        async with rolled_back(connection):
            await connection.execute(f"lock table only {subject.identifier} in access exclusive mode nowait")
            await connection.fetch(trial.sql)
            return Verdict((await _printed(connection, 1))[0], None)
    except asyncpg.PostgresError as error:
        if error.sqlstate != _BUSY:
            _raise_faults(error)
            return Verdict(None, _refusal(error, trial, expression))
        return _refused(
            None,
            f'can be tried only on "{subject.name}" itself, which is in use',
            _BUSY,
            "Try again, or name columns without a schema and do without the row as a whole.",
        )


async def _texts(
    connection: asyncpg.Connection[asyncpg.Record], cases: Sequence[_Case], *preparations: str
) -> list[str]:
    """What PostgreSQL prints for policies on copies of the relations. Raises at the first that it does not take."""
    async with rolled_back(connection):
        copies = {case.subject.name: trials.copy(case.subject) for case in cases}
        await connection.execute("; ".join((*copies.values(), *preparations)))
        for number, case in enumerate(cases):
            # `fetch`, because `execute` without arguments is the simple protocol.
            await connection.fetch(trials.policy(_name(number), case.subject.copy, case.wanted.expression).sql)
        return await _printed(connection, len(cases))


async def _printed(connection: asyncpg.Connection[asyncpg.Record], count: int) -> list[str]:
    await search(connection, PRINTING)
    names = [_name(number) for number in range(count)]
    rows = await connection.fetch(statement("trial_policies"), names)
    texts: dict[str, str] = {row["name"]: row["text"] for row in rows}
    return [texts[name] for name in names]


class _View(NamedTuple):
    definition: str
    type: str


async def _look(connection: asyncpg.Connection[asyncpg.Record], trial: Trial) -> _View:
    """The view `_name(0)` that `trial` makes. Raises if PostgreSQL does not take it."""
    async with rolled_back(connection):
        await connection.fetch(trial.sql)
        await search(connection, PRINTING)
        row = await connection.fetchrow(statement("trial_view"), _name(0))
        assert row is not None
        return _View(row["definition"], row["type"])


def _name(number: int) -> str:
    return f"passerelle_trial_{number}"


def _raise_faults(error: asyncpg.PostgresError) -> None:
    if (error.sqlstate or "XX").startswith(_NO_VERDICT):
        raise error


def _refused(offset: int | None, message: str, sqlstate: str, hint: str | None = None) -> Verdict:
    return Verdict(None, Refusal(offset, message, hint, sqlstate))


def _refusal(error: asyncpg.PostgresError, trial: Trial, expression: str) -> Refusal:
    """`error` as one of `expression`. What PostgreSQL finds behind it, is at its end."""
    position = int(error.position) - 1 - trial.start if error.position else None
    return Refusal(
        offset=min(position, len(expression)) if position is not None and position >= 0 else None,
        message=error.message or str(error),
        hint=error.hint or error.detail,
        sqlstate=error.sqlstate or "",
    )
