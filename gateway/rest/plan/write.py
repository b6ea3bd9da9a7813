"""Inserts, updates and deletes resolved against the catalog (PostgREST docs: "Insert", "Update", "Upsert")."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.catalog import Catalog, Name, Relation
from gateway.rest.errors import put_filters, put_mismatch, unknown_column
from gateway.rest.grammar.query import Clauses
from gateway.rest.grammar.syntax import Comparison, Condition, Filter
from gateway.rest.own_errors import no_update_key, nothing_to_update, update_key_missing
from gateway.rest.plan.columns import Columns
from gateway.rest.plan.model import Embed, Predicate, ReadTree
from gateway.rest.plan.operations import ColumnOperation, column_operation
from gateway.rest.plan.tree import own_predicate

_JSON = Name("pg_catalog", "json")


class WriteKind(enum.Enum):
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class WrittenColumn:
    """A column that the body fills. `type` is what PostgreSQL reads from the JSON; `parse` is a function from json
    to the column's domain; `default` the column's default expression, as the catalog prints it. What is read is the
    operand of `operation`, if there is one. `partial`: not every row of the body has the column."""

    name: str
    type: str
    parse: Name | None = None
    default: str | None = None
    operation: ColumnOperation | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """ON CONFLICT on `columns`: the row given wins (`update`), or the row there is."""

    columns: tuple[str, ...]
    update: bool


@dataclass(frozen=True, slots=True)
class Write:
    """One statement. `body` is the slot of the JSON text. `where` are conditions on the rows to change; with `put` on
    the row given. `returning` are the columns to answer with, `*` for all, empty for none. `defaults`: a key missing
    in a row means the column's default. `match` are the columns by which the rows of the body find theirs in an
    update; empty for an update that sets all its rows to the same."""

    kind: WriteKind
    relation: Relation
    columns: tuple[WrittenColumn, ...] = ()
    body: int | None = None
    is_object: bool = False
    where: tuple[Predicate, ...] = ()
    conflict: Conflict | None = None
    put: bool = False
    returning: tuple[str, ...] = ()
    defaults: bool = False
    match: tuple[str, ...] = ()

    @property
    def assigned(self) -> tuple[WrittenColumn, ...]:
        """The columns that an update sets."""
        return tuple(column for column in self.columns if column.name not in self.match)


def written_columns(relation: Relation, keys: Sequence[str], catalog: Catalog) -> tuple[WrittenColumn, ...]:
    """The columns that a body's keys name. Raises PGRST204."""
    found: list[WrittenColumn] = []
    for key in keys:
        column = relation.columns.get(key)
        if column is None:
            raise unknown_column(key, relation.name.name)
        representation = catalog.representations.get((_JSON, column.type_name))
        kind = "json" if representation else column.type
        function = representation.function if representation else None
        found.append(WrittenColumn(key, kind, function, column.default))
    return tuple(found)


def operating(
    columns: Iterable[WrittenColumn], operations: Mapping[str, str], relation: Relation
) -> tuple[WrittenColumn, ...]:
    """The columns with their operations (column -> name). Raises PGRSTX32."""
    return tuple(
        _operating(column, relation, operations[column.name]) if column.name in operations else column
        for column in columns
    )


def _operating(column: WrittenColumn, relation: Relation, name: str) -> WrittenColumn:
    operation, kind = column_operation(name, relation.columns[column.name])
    return replace(column, type=kind, parse=None, operation=operation)


def matching(write: Write, key: Sequence[str], common: frozenset[str]) -> Write:
    """The update `write` made by `key`: each row of the body changes the row it names, and in it the columns that it
    has. `common` are the keys that all rows have. Raises PGRSTX20, PGRSTX21, PGRSTX22, PGRST204."""
    if not key:
        raise no_update_key(write.relation.name.name)
    for name in key:
        if name not in write.relation.columns:
            raise unknown_column(name, write.relation.name.name)
    missing = [name for name in key if name not in common]
    if missing:
        raise update_key_missing(missing)
    columns = tuple(replace(column, partial=column.name not in common) for column in write.columns)
    matched = replace(write, columns=columns, match=tuple(key), defaults=False)
    if not matched.assigned:
        raise nothing_to_update(key)
    return matched


def root_conditions(clauses: Clauses, relation: Relation, catalog: Catalog) -> tuple[Predicate, ...]:
    """The conditions that select the rows to change: a name in them is always a column's."""
    columns = Columns(catalog, relation)
    return tuple(own_predicate(condition, columns) for path, condition in clauses.conditions if not path)


def check_put(clauses: Clauses, relation: Relation, keys: Collection[str]) -> None:
    """PUT names one row: each column of the primary key with `eq`, and nothing else (conditions on embeds are about
    what is shown of it). Raises PGRST105; PGRST115 if the body's keys leave out a part of the primary key."""
    named = [_put_column(condition) for path, condition in clauses.conditions if not path]
    if not relation.primary_key or None in named or set(named) != set(relation.primary_key):
        raise put_filters()
    if not set(relation.primary_key) <= set(keys):
        raise put_mismatch()


def _put_column(condition: Condition) -> str | None:
    match condition:
        case Filter(field, Comparison("=", _, None), False) if not field.path:
            return field.name
        case _:
            return None


def returned_columns(tree: ReadTree, relation: Relation) -> tuple[str, ...]:
    """What RETURNING must have for the read over the written rows, and for Location."""
    root = tree.root
    names = {output.column.name for output in root.outputs if output.join is None}
    if "*" in names or any(embed.relationship.function is not None for embed in root.embeds):
        return ("*",)
    for embed in root.embeds:
        names.update(_needs(embed))
    names.update(term.column.name for term in root.order if term.join is None)
    names.update(relation.primary_key)
    return tuple(sorted(names))


def _needs(embed: Embed) -> set[str]:
    junction = embed.relationship.junction
    pairs = junction.origin_columns if junction else embed.relationship.columns
    return {own for own, _ in pairs}
