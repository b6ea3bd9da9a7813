"""The boolean structure of an expression: OR, AND and NOT as a tree of spans over its own text. Pure.

The precedence is PostgreSQL's: OR binds weaker than AND, AND weaker than NOT, NOT weaker than all else. So a text
splits at each OR outside brackets, then at each AND that does not belong to a BETWEEN; what remains is a leaf.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.policies.expressions.syntax import Syntax, syntax
from gateway.sqltext import NotUnderstood

Kind = Literal["or", "and", "not", "leaf"]

_CONDITION_ENDS = frozenset({
    "where", "on", "using", "join", "group", "having", "window", "order", "limit", "offset", "fetch", "for", "union",
    "intersect", "except", "returning", ",", ")", "]",
})  # fmt: skip
_JOIN_KINDS = frozenset({"inner", "left", "right", "full", "cross", "natural"})


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition that stands at `start` up to `end` of the text; `outer_start` up to `outer_end` has the
    parentheses around it, too.

    `parts` are the operands: two or more of OR and AND, one of NOT, none of a leaf. `inner` are the conditions inside
    a leaf's subqueries, in the order of the text: those of WHERE, of FILTER and of JOIN … ON."""

    kind: Kind
    start: int
    end: int
    outer_start: int
    outer_end: int
    parts: tuple[Clause, ...] = ()
    inner: tuple[Clause, ...] = ()


def clauses(text: str) -> Clause:
    """The tree of an expression. Raises `NotUnderstood`, with the offset, for what is no expression."""
    return read_clauses(syntax(text))


def read_clauses(found: Syntax) -> Clause:
    """The same of what the lexer has read."""
    try:
        return _tree(found, 0, len(found.tokens))
    except RecursionError:
        raise NotUnderstood("is nested too deeply", 0) from None


def walk(clause: Clause) -> Iterator[Clause]:
    """The clause and all below it, those in subqueries too, in the order of the text."""
    yield clause
    for below in (*clause.parts, *clause.inner):
        yield from walk(below)


def _tree(found: Syntax, first: int, end: int) -> Clause:
    """The clause of the tokens from `first` up to `end`."""
    outer_first, outer_end = first, end
    while _is_wrapped(found, first, end):
        first, end = first + 1, end - 1
    if first >= end:
        raise NotUnderstood("lacks a condition", _offset(found, first))
    kind, parts = _parts(found, first, end)
    inner = tuple(_inner(found, first, end)) if kind == "leaf" else ()
    spans = (found.tokens[index] for index in (first, end - 1, outer_first, outer_end - 1))
    start, last, outer_start, outer_last = spans
    return Clause(kind, start.start, last.end, outer_start.start, outer_last.end, parts, inner)


def _is_wrapped(found: Syntax, first: int, end: int) -> bool:
    """Whether parentheses hold all of it, and one condition: neither a row nor a query."""
    if found.key(first) != "(" or found.closing[first] != end - 1 or found.is_query(first + 1, end - 2):
        return False
    return "," not in (found.key(index) for index in found.level(first + 1, end - 1))


def _parts(found: Syntax, first: int, end: int) -> tuple[Kind, tuple[Clause, ...]]:
    operators: dict[str, list[int]] = {"or": [], "and": []}
    between = 0
    for index in found.level(first, end):
        key = found.key(index)
        if key == "between":
            between += 1
        elif key == "and" and between:
            between -= 1
        elif key in ("or", "and"):
            operators[key].append(index)
    for kind in ("or", "and"):
        if cuts := operators[kind]:
            edges = zip([first, *(cut + 1 for cut in cuts)], [*cuts, end], strict=True)
            return kind, tuple(_tree(found, *edge) for edge in edges)
    if found.key(first) == "not":
        return "not", (_tree(found, first + 1, end),)
    return "leaf", ()


def _inner(found: Syntax, first: int, end: int) -> Iterator[Clause]:
    index = first
    while index < end:
        key = found.key(index)
        index += 1
        if key == "where" or (key == "on" and _joins(found, index - 1)):
            start, index = index, _condition_end(found, index)
            yield _tree(found, start, index)


def _joins(found: Syntax, on: int) -> bool:
    """Whether ON belongs to a JOIN, and not to DISTINCT ON or to `… ON ERROR` of a JSON function."""
    if found.key(on - 1) == "distinct":
        return False
    index = on - 1
    while index >= 0 and found.key(index) not in ("(", "[", "select"):
        if found.key(index) == "join":
            return True
        index = found.opening.get(index, index) - 1
    return False


def _condition_end(found: Syntax, first: int) -> int:
    index = first
    while index < len(found.tokens) and not _ends_condition(found, index):
        index = found.after(index)
    return index


def _ends_condition(found: Syntax, index: int) -> bool:
    key = found.key(index)
    if key in _CONDITION_ENDS:
        return key != "group" or found.key(index - 1) != "within"
    return key in _JOIN_KINDS and found.key(index + 1) in ("join", "outer", *_JOIN_KINDS)


def _offset(found: Syntax, index: int) -> int:
    return found.tokens[index].start if index < len(found.tokens) else len(found.text)
