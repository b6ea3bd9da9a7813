"""What a read reaches, by the names that a request can bring about: what its answer depends on follows from them.

The counterpart of `trust`, which asks whether all of it is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.catalog import Catalog, Name
from gateway.rest.plan.draft import Draft
from gateway.rest.plan.trust import called_names, type_names

_TIMELESS = frozenset({
    "bool", "boolean", "bytea", "bigint", "char", "character varying", "decimal", "double precision", "float4",
    "float8", "int", "int2", "int4", "int8", "integer", "json", "jsonb", "numeric", "real", "smallint", "text", "uuid",
    "varchar",
})  # fmt: skip
"""Casts to these do not read the clock; one of the text `now` to a time does."""


@dataclass(frozen=True, slots=True)
class Uses:
    """`relations` are those that the request names, `junctions` those between them; `names` are functions and types
    that are called or cast to by an unqualified name, `functions` (OIDs) computed relationships. `operators`: something
    is compared, ordered or joined. `clock`: something is cast to what may be a time."""

    relations: frozenset[Name]
    junctions: frozenset[Name]
    names: frozenset[str]
    functions: frozenset[int | None]
    operators: bool
    clock: bool


def uses(root: Draft, catalog: Catalog, *, derived: bool) -> Uses:
    """What the read of `root` uses; `derived` roots are results of something else, which is not told here."""
    nodes = list(root.walk())
    relationships = [node.relationship for node in nodes if node.relationship is not None]
    casts = [cast for node in nodes for item in node.fields for cast in (item.cast, item.aggregate_cast) if cast]
    return Uses(
        relations=frozenset(node.name for node in (nodes[1:] if derived else nodes)),
        junctions=frozenset(each.junction.table for each in relationships if each.junction is not None),
        names=frozenset(_names(nodes, catalog)),
        functions=frozenset(each.function_oid for each in relationships if each.function is not None),
        operators=len(nodes) > 1 or any(_operates(node) for node in nodes),
        clock=not all(cast.lower() in _TIMELESS for cast in casts),
    )


def _operates(node: Draft) -> bool:
    fields = [*node.fields, *node.order]
    return bool(node.conditions or fields)


def _names(nodes: Iterable[Draft], catalog: Catalog) -> Iterator[str]:
    for node in nodes:
        if node.relation is not None:
            yield from called_names(node)
        for item in node.fields:
            yield from type_names(item.cast)
            yield from type_names(item.aggregate_cast)
            if item.aggregate is not None:
                yield item.aggregate.value
        types = {column.type_name for column in node.relation.columns.values()} if node.relation else set[Name]()
        for representation in catalog.representations.values():
            if types & {representation.source, representation.target}:
                yield representation.function.name
    # Types that the gateway's own statements name.
    yield from ("json", "jsonb", "text")
