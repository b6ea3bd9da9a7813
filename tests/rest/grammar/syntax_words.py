"""Short words for syntax values, so that tables read as grammar."""

from __future__ import annotations

from gateway.rest.grammar.syntax import (
    Aggregate,
    Comparison,
    Condition,
    EmbedItem,
    Field,
    FieldItem,
    Filter,
    Is,
    Join,
    JsonStep,
    Logic,
    Membership,
    Operation,
    OrderTerm,
    SelectItem,
)

COUNT = Aggregate.COUNT
SUM = Aggregate.SUM
LEFT = Join.LEFT
INNER = Join.INNER


def key(name: str) -> JsonStep:
    return JsonStep(name, is_index=False, as_text=False)


def text_key(name: str) -> JsonStep:
    return JsonStep(name, is_index=False, as_text=True)


def index(digits: str) -> JsonStep:
    return JsonStep(digits, is_index=True, as_text=False)


def text_index(digits: str) -> JsonStep:
    return JsonStep(digits, is_index=True, as_text=True)


def column(
    name: str,
    *path: JsonStep,
    alias: str | None = None,
    cast: str | None = None,
    agg: Aggregate | None = None,
    agg_cast: str | None = None,
) -> FieldItem:
    return FieldItem(Field(name, path), alias, cast, agg, agg_cast)


def embed(
    target: str,
    *items: SelectItem,
    alias: str | None = None,
    hint: str | None = None,
    join: Join | None = None,
    spread: bool = False,
) -> EmbedItem:
    return EmbedItem(target, items, alias, hint, join, spread)


def spread(target: str, *items: SelectItem, hint: str | None = None, join: Join | None = None) -> EmbedItem:
    return EmbedItem(target, items, None, hint, join, spread=True)


def where(name: str, operation: Operation | int, *path: JsonStep, negated: bool = False) -> Filter:
    """A filter; a number is the slot of an `eq`."""
    parsed = Comparison("=", operation) if isinstance(operation, int) else operation
    return Filter(Field(name, path), parsed, negated)


def is_null(name: str, *, negated: bool = False) -> Filter:
    return Filter(Field(name), Is("NULL"), negated)


def among(name: str, slot: int, *, negated: bool = False) -> Filter:
    return Filter(Field(name), Membership(slot), negated)


def all_of(*children: Condition, negated: bool = False) -> Logic:
    return Logic("AND", children, negated)


def any_of(*children: Condition, negated: bool = False) -> Logic:
    return Logic("OR", children, negated)


def by(
    name: str,
    *path: JsonStep,
    relation: str | None = None,
    descending: bool | None = None,
    nulls_first: bool | None = None,
) -> OrderTerm:
    return OrderTerm(Field(name, path), relation, descending, nulls_first)
