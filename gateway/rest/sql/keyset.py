"""Rows after a position in an order, as SQL.

ORDER BY puts nulls first or last and each term has its own direction, so one row comparison is rarely enough. The
position is compared term by term: beyond in the first term, or equal there and beyond in the second, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = "FALSE"


@dataclass(frozen=True, slots=True)
class Compared:
    """A term of the order. `text` is its expression, `value` the placeholder of the position's value, or None if
    that is null. Terms that are not `nullable` never are."""

    text: str
    value: str | None
    descending: bool
    nulls_first: bool
    nullable: bool

    @property
    def operator(self) -> str:
        return "<" if self.descending else ">"


def after(terms: Sequence[Compared]) -> str:
    """The condition that a row comes after the position; `terms` are not empty."""
    if any(term.nullable for term in terms) or len({term.descending for term in terms}) > 1:
        return _after(terms)
    texts = ", ".join(term.text for term in terms)
    values = ", ".join(str(term.value) for term in terms)
    return f"({texts}) {terms[0].operator} ({values})"  # PostgreSQL can look this up in one index


def _after(terms: Sequence[Compared]) -> str:
    term, *others = terms
    beyond = _beyond(term)
    if not others:
        return beyond
    tied = f"({_same(term)} AND {_after(others)})"
    if beyond == NOTHING:
        return tied
    either = f"({beyond} OR {tied})"
    bound = _bound(term)
    return f"({bound} AND {either})" if bound else either


def _beyond(term: Compared) -> str:
    if term.value is None:
        return f"{term.text} IS NOT NULL" if term.nulls_first else NOTHING
    text = f"{term.text} {term.operator} {term.value}"
    return f"({text} OR {term.text} IS NULL)" if term.nullable and not term.nulls_first else text


def _same(term: Compared) -> str:
    return f"{term.text} IS NULL" if term.value is None else f"{term.text} = {term.value}"


def _bound(term: Compared) -> str:
    """What holds in either case: said once more in a form that an index can serve."""
    if term.value is None or (term.nullable and not term.nulls_first):
        return ""
    return f"{term.text} {term.operator}= {term.value}"


def position(texts: Sequence[str]) -> str:
    """A JSON array of values as text. `concat` prints a value as its type does, whatever casts there are."""
    items = ", ".join(f"CASE WHEN {text} IS NOT NULL THEN pg_catalog.concat({text}) END" for text in texts)
    return f"pg_catalog.json_build_array({items})"
