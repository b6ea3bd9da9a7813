"""An expression as a tree of conditions, each of which PostgreSQL can be asked about alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gateway.policies.explain.model import Condition
from gateway.policies.explain.truth import Truth
from gateway.policies.expressions.clauses import Clause, clauses
from gateway.sqltext import NotUnderstood


class Value(NamedTuple):
    """What PostgreSQL made of a condition. `truth` is None if it could not be asked; `message` then says why, or which
    error it raised."""

    truth: Truth | None
    message: str = ""


def pieces(text: str) -> tuple[str, ...]:
    """The SQL of every condition in an expression, the whole first, each text once. Conditions in subqueries are about
    rows of other tables and have no value of their own."""
    return tuple(dict.fromkeys(_sql(text, clause) for clause in _walk(_outline(text))))


def condition(text: str, values: Mapping[str, Value]) -> Condition:
    """The tree, with the value of each of its `pieces`."""
    return _condition(text, _outline(text), values)


def _condition(text: str, clause: Clause, values: Mapping[str, Value]) -> Condition:
    sql = _sql(text, clause)
    parts = tuple(_condition(text, part, values) for part in clause.parts)
    truth, message = values[sql]
    return Condition(clause.kind, " ".join(sql.split()), truth, message, parts)


def _outline(text: str) -> Clause:
    try:
        return clauses(text)
    except NotUnderstood:
        return Clause("leaf", 0, len(text), 0, len(text))


def _walk(clause: Clause) -> Iterator[Clause]:
    yield clause
    for part in clause.parts:
        yield from _walk(part)


def _sql(text: str, clause: Clause) -> str:
    return text[clause.start : clause.end]
