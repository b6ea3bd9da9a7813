"""What of a schema is described: everything, or what the request's role may use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from gateway.catalog import Catalog, Function, Name, Relation


@dataclass(frozen=True, slots=True)
class Visible:
    """`relations` are names within the schema; `functions` pairs a name with the types of its parameters, so that
    overloads are told apart. `path` lists the schemas whose types are named without their schema."""

    relations: frozenset[str]
    functions: frozenset[tuple[str, tuple[Name, ...]]]
    path: frozenset[str]


def read_visible(answer: bytes) -> Visible:
    """The answer of `visible.sql`."""
    found = orjson.loads(answer)
    return Visible(
        relations=frozenset(found["relations"] or ()),
        functions=frozenset(
            (name, tuple(Name(*type_name) for type_name in types or ())) for name, types in found["functions"] or ()
        ),
        path=frozenset(found["path"]),
    )


def shown_relations(catalog: Catalog, schema: str, visible: Visible | None) -> Iterator[Relation]:
    """The schema's relations by name. None shows everything."""
    for name in sorted(catalog.relations):
        if name.schema == schema and (visible is None or name.name in visible.relations):
            yield catalog.relations[name]


def shown_functions(catalog: Catalog, schema: str, visible: Visible | None) -> Iterator[Function]:
    """The schema's functions by name; of overloads the one with the most parameters, as in PostgREST."""
    for name in sorted(catalog.functions):
        if name.schema != schema:
            continue
        overloads = [f for f in catalog.functions[name] if visible is None or _signature(f) in visible.functions]
        if overloads:
            yield overloads[-1]


def _signature(function: Function) -> tuple[str, tuple[Name, ...]]:
    return function.name.name, tuple(parameter.type_name for parameter in function.parameters)
