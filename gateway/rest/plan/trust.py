"""Whether a read may use the fast path: everything it runs must be code that is vouched for (see `catalog.trust`).

What the catalog vouches for is a plain read of a relation. Whatever the request adds (casts, computed fields,
aggregates, functions) is looked at here. When in doubt the answer is no: the slower path is always safe.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.catalog import Catalog, Name
from gateway.rest.grammar.syntax import Condition, Field, Logic
from gateway.rest.plan.draft import Draft

_KEYWORD_CASTS = frozenset({
    "boolean", "smallint", "int", "integer", "bigint", "real", "double precision", "numeric", "decimal", "varchar",
    "character varying", "time", "time without time zone", "time with time zone", "timestamp",
    "timestamp without time zone", "timestamp with time zone", "interval",
})  # fmt: skip
"""Casts that mean PostgreSQL's own types by SQL's grammar. `text`, `uuid` and the like are names: where the search path
has `pg_catalog` at its end, others come before them."""

_NAMED_BY_STATEMENTS = ("json", "jsonb", "text")
"""Types that the gateway's own statements name."""

_REPRESENTED_AS = frozenset({Name("pg_catalog", "text"), Name("pg_catalog", "json")})
"""The other end of each representation. That a domain's cast is opaque says nothing of plain columns of these."""


def opaque_reason(root: Draft, catalog: Catalog) -> str | None:
    """Why the read needs its own transaction, or None if it may use the fast path."""
    for name in _NAMED_BY_STATEMENTS:
        if name in catalog.opaque_names:
            return catalog.opaque_names[name]
    for node in root.walk():
        reason = _node_reason(node, catalog)
        if reason is not None:
            return reason
    return None


def _node_reason(node: Draft, catalog: Catalog) -> str | None:
    if node.relation is None:
        return f"{node.name} is not in the catalog"
    if node.relation.opaque is not None:
        return node.relation.opaque
    if node.relationship is not None and node.relationship.opaque is not None:
        return node.relationship.opaque
    junction = node.relationship.junction if node.relationship else None
    if junction is not None:
        between = catalog.relations.get(junction.table)
        if between is None or between.opaque is not None:
            return between.opaque if between else f"{junction.table} is not in the catalog"
    casts = any(item.cast is not None for item in node.fields)
    paths = any(field.path for field in (*_own_fields(node), *(term.field for term in node.order)))
    operators = node.conditions or node.order or node.relationship or casts or paths or node.aggregates
    if operators and catalog.opaque_operators is not None:
        return catalog.opaque_operators
    for item in node.fields:
        names = [item.aggregate.value] if item.aggregate else []
        for name in (*names, *type_names(item.cast), *type_names(item.aggregate_cast)):
            if name in catalog.opaque_names:
                return catalog.opaque_names[name]
            if name.startswith("_"):
                return f"{name} may be an array type"
    return _field_reason(node, catalog)


def _field_reason(node: Draft, catalog: Catalog) -> str | None:
    assert node.relation is not None
    for name in called_names(node):
        if name in catalog.opaque_names:
            return catalog.opaque_names[name]
    types = {column.type_name for column in node.relation.columns.values()} - _REPRESENTED_AS
    for representation in catalog.representations.values():
        if representation.opaque is not None and types & {representation.source, representation.target}:
            return representation.opaque
    return None


def type_names(cast: str | None) -> list[str]:
    """Every word of a cast that may name a type, as the catalog would have it: `word array` means an array of that
    type. Nothing for casts that are always PostgreSQL's own."""
    if cast is None or cast.lower() in _KEYWORD_CASTS:
        return []
    return [_cut(word) for word in _folded(cast).split()]


def _folded(name: str) -> str:
    """A name without quotes as PostgreSQL reads it: only ASCII letters lose their case."""
    return name.encode().lower().decode()


def _cut(name: str) -> str:
    """PostgreSQL looks at the first 63 bytes of a name, and at no part of a character."""
    return name.encode()[:63].decode(errors="ignore")


def called_names(node: Draft) -> Iterable[str]:
    """Names that are not a column's: computed fields, `count`, or mistakes. PostgreSQL takes them for functions."""
    return map(_cut, _no_columns(node))


def _no_columns(node: Draft) -> Iterable[str]:
    assert node.relation is not None
    known = {*node.relation.columns, "*"}  # not embeds: but for null filters, their names mean columns here too
    yield from (field.name for field in _own_fields(node) if field.name not in known)
    for term in node.order:
        owner = next((child for child in node.children if child.key == term.relation), None)
        if term.relation is not None and (
            owner is None or owner.relation is None or term.field.name not in owner.relation.columns
        ):
            yield term.field.name


def _own_fields(node: Draft) -> Iterable[Field]:
    for item in node.fields:
        yield item.field
    for condition in node.conditions:
        yield from _condition_fields(condition)
    yield from (term.field for term in node.order if term.relation is None)


def _condition_fields(condition: Condition) -> Iterable[Field]:
    if isinstance(condition, Logic):
        for child in condition.children:
            yield from _condition_fields(child)
    else:
        yield condition.field
