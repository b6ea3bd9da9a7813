"""Reading by cursor: an order that no two rows share, and the position in it (docs/pagination.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from gateway.catalog import Name, Relation
from gateway.rest.grammar.query import After, ShapePart
from gateway.rest.grammar.syntax import Field, OrderTerm
from gateway.rest.plan.model import Key, Keyset, Ordering
from gateway.rest.read_errors import cursor_of_another_query, cursor_unusable


def complete(order: tuple[OrderTerm, ...], relation: Relation | None) -> tuple[OrderTerm, ...]:
    """`order` with the primary key at its end, so that each row has its own place. What is added runs in the
    direction of the last term, for an index that serves both. Raises PGRSTX52 if there is no key."""
    key = relation.primary_key if relation else ()
    if not key:
        raise cursor_unusable("The table or view has no primary key, which tells rows of equal order apart.")
    descending = order[-1].descending if order else None
    ordered = {term.field.name for term in order if term.relation is None and not term.field.path}
    added = (OrderTerm(Field(name), None, descending or None) for name in key if name not in ordered)
    return (*order, *added)


_MOST_TERMS = 32
"""As many as an index may have columns. Comparisons nest, a level for each term."""


def keyset(order: tuple[Ordering, ...], after: After, relation: Relation | None) -> Keyset:
    """The comparisons of a complete order with the position asked for. Raises PGRSTX51 if that has another
    number of values, PGRSTX52 for too many."""
    if len(order) > _MOST_TERMS:
        raise cursor_unusable(f"The order has more than {_MOST_TERMS} columns, those of the primary key included.")
    if after.slots is not None and len(after.slots) != len(order):
        raise cursor_of_another_query()
    return Keyset(tuple(_key(term, relation) for term in order), after.slots)


def _key(term: Ordering, relation: Relation | None) -> Key:
    descending = term.descending is True
    nulls_first = descending if term.nulls_first is None else term.nulls_first
    return Key(term.column, term.join, descending, nulls_first, nullable=not _required(term, relation))


def _required(term: Ordering, relation: Relation | None) -> bool:
    """Whether the term is never null: a plain column of a table that says so. Views do not say."""
    if relation is None or term.join is not None or term.column.path:
        return False
    column = relation.columns.get(term.column.name)
    return column is not None and not column.nullable


def digest(relation: Name, keys: Keyset, shape: Iterable[ShapePart]) -> str:
    """What a cursor belongs to: the table, the order and the filters, these in any order and without their values.
    The same in every process."""
    filters = sorted(repr(part) for part in shape if part[0] in ("filter", "logic"))
    text = repr((tuple(relation), keys.keys, filters))
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
