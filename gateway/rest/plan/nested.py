"""The body of a nested insert resolved against the catalog: rows of several relations, and what links them.

A key that is no column names a relationship as `select` does (`lines`, `lines!order_fk`); so does a column of a
foreign key whose value is an object. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

from gateway.catalog import Cardinality, Catalog, Name, Relation, Relationship
from gateway.rest.errors import RestError, unknown_column
from gateway.rest.exact_json import Json
from gateway.rest.own_errors import at, linked_column, nested_bounds, nested_shape, not_writable
from gateway.rest.plan.relationships import find_relationship
from gateway.rest.plan.write import WrittenColumn, written_columns

DEEPEST = 10
"""Levels of rows below the root."""

_JSON_TYPES = frozenset({"json", "jsonb"})
_REFERENCING = frozenset({Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE})


@dataclass(frozen=True, slots=True)
class NestedRow:
    """`path` is its place in the body, `parent` the index of its parent's row. `values` are those of the body; the
    columns `absent` refer to a parent that the body says is null."""

    path: str
    parent: int
    values: Mapping[str, Json]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """All rows of a body that were nested the same way. `parents` are written before them, and their keys go into
    these rows; `children` after them, and take theirs. `relationship` leads here, None at the root; `junction` is the
    relation between, with the columns that it gets from both sides."""

    relation: Relation
    relationship: Relationship | None
    path: str
    rows: tuple[NestedRow, ...]
    columns: tuple[WrittenColumn, ...]
    parents: tuple[Level, ...] = ()
    children: tuple[Level, ...] = ()
    junction: tuple[Relation, tuple[WrittenColumn, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Nested:
    """A nested insert. `answered` are the root's columns that its answer needs; `defaults`: what a row leaves out takes
    its column's default even if other rows have it. `one_by_one` writes each row by a statement of its own, which is
    slower and tells exactly which one was refused."""

    root: Level
    answered: tuple[str, ...]
    defaults: bool = False
    one_by_one: bool = False


class _Object(NamedTuple):
    path: str
    parent: int
    members: Mapping[str, Json]


_Below = dict[str, tuple[Relationship, list[_Object]]]
"""What is nested in the rows of a level, by key."""


@dataclass(slots=True)
class _Draft:
    """A row being read: `linked` are the columns that its nested parents set, with the key that says so."""

    path: str
    parent: int
    values: dict[str, Json] = field(default_factory=dict[str, Json])
    linked: dict[str, str] = field(default_factory=dict[str, str])
    absent: list[str] = field(default_factory=list[str])

    @property
    def columns(self) -> frozenset[str]:
        return frozenset((*self.values, *self.linked, *self.absent))


@dataclass(frozen=True, slots=True)
class NestedRules:
    """`columns` are the root's keys to take, None for all. `uneven`: rows of a level may differ in their columns."""

    max_rows: int
    columns: frozenset[str] | None = None
    uneven: bool = False


def nested_rows(
    catalog: Catalog, relation: Relation, body: Sequence[Mapping[str, Json]], rules: NestedRules, *, single: bool
) -> Level:
    """The rows of `body`; `single`: it is one object and no array. Raises PGRST102, PGRST201, PGRST204, PGRSTX10 to
    PGRSTX13, naming the place in the body."""
    _check_rows(len(body), rules.max_rows)
    objects = [_Object("" if single else f"[{index}]", 0, row) for index, row in enumerate(body)]
    return _Reader(catalog, rules).level(relation, None, "", objects, depth=0)


class _Reader:
    def __init__(self, catalog: Catalog, rules: NestedRules) -> None:
        self._catalog = catalog
        self._rules = rules
        self._rows = 0

    def level(
        self, relation: Relation, relationship: Relationship | None, path: str, objects: Sequence[_Object], depth: int
    ) -> Level:
        self._count(len(objects), depth)
        below: _Below = {}
        chosen = self._rules.columns if relationship is None else None
        drafts = [self._row(relation, item, index, below, chosen) for index, item in enumerate(objects)]
        taken = _check_links(relationship, drafts)
        columns = self._columns(relation, drafts, taken, chosen)
        levels = [self._below(found, key, path, items, depth) for key, (found, items) in below.items()]
        return Level(
            relation,
            relationship,
            path,
            tuple(NestedRow(row.path, row.parent, row.values, tuple(row.absent)) for row in drafts),
            columns,
            tuple(level for level in levels if level.relationship and refers(level.relationship)),
            tuple(level for level in levels if level.relationship and not refers(level.relationship)),
        )

    def _count(self, rows: int, depth: int) -> None:
        self._rows += rows
        if depth > DEEPEST:
            raise nested_bounds(f"Rows may be nested {DEEPEST} levels deep.")
        _check_rows(self._rows, self._rules.max_rows)

    def _below(self, relationship: Relationship, key: str, path: str, objects: Sequence[_Object], depth: int) -> Level:
        relation = self._known(relationship.target, key, path)
        level = self.level(relation, relationship, _join(path, key), objects, depth + 1)
        if relationship.junction is None:
            return level
        self._count(len(objects), depth)
        between = self._known(relationship.junction.table, key, path)
        pairs = (*relationship.junction.origin_columns, *relationship.junction.target_columns)
        names = sorted({there for _, there in pairs})
        columns = _plain(written_columns(between, names, self._catalog), between, names)
        return replace(level, junction=(between, columns))

    def _known(self, name: Name, key: str, path: str) -> Relation:
        relation = self._catalog.relations.get(name)
        if relation is None:
            raise not_writable(key, path)
        return relation

    # -- rows -------------------------------------------------------------------------------------------------------

    def _row(
        self, relation: Relation, item: _Object, index: int, below: _Below, chosen: frozenset[str] | None
    ) -> _Draft:
        """Reads one object; what is nested in it goes `below`."""
        row = _Draft(item.path, item.parent)
        for key, value in item.members.items():
            if chosen is not None and key not in chosen:
                continue
            if key in below and not _is_value(relation, key, value):
                relationship = below[key][0]
            else:
                relationship = self._relationship(relation, key, value, item.path)
            if relationship is None:
                row.values[key] = value
                continue
            if isinstance(value, list):
                _check_rows(len(value), self._rules.max_rows)  # before any of them costs anything
            objects = _objects(relationship, value, _join(item.path, key), index)
            below.setdefault(key, (relationship, []))[1].extend(objects)
            if refers(relationship):
                own = [column for column, _ in relationship.columns]
                row.linked.update(dict.fromkeys(own, key) if objects else {})
                row.absent += [] if objects else own
        return row

    def _relationship(self, relation: Relation, key: str, value: Json, path: str) -> Relationship | None:
        """The relationship that `key` names; None if it is a column whose value this is."""
        if _is_value(relation, key, value):
            return None
        target, _, hint = key.partition("!")
        place = _join(path, key)
        try:
            found = find_relationship(self._catalog, relation.name, target, hint or None)
        except RestError as error:
            if key in relation.columns and error.code == "PGRST200":
                return None
            raise _located(error, key, relation, place) from None
        if key in relation.columns and not refers(found):
            return None
        if found.function is not None:
            raise not_writable(key, place)
        return found

    # -- columns ----------------------------------------------------------------------------------------------------

    def _columns(
        self, relation: Relation, rows: Sequence[_Draft], taken: frozenset[str], chosen: frozenset[str] | None
    ) -> tuple[WrittenColumn, ...]:
        """The columns of a level. Raises PGRST102 if rows differ and may not."""
        union = taken.union(*(row.columns for row in rows))
        if chosen is not None:
            union |= {key for key in sorted(chosen) if self._relationship(relation, key, None, "") is None}
        elif not self._rules.uneven:
            for row in rows:
                _check_even(row, union - taken)
        linked = taken.union(*(row.linked for row in rows))
        return _plain(written_columns(relation, sorted(union), self._catalog), relation, linked)


def _check_rows(rows: int, most: int) -> None:
    if rows > most:
        raise nested_bounds(f"At most {most} rows may be inserted at once.")


def refers(relationship: Relationship) -> bool:
    """Whether the origin's rows refer to the target's, which must be there before them."""
    return relationship.cardinality in _REFERENCING and not relationship.inverse


def _check_links(relationship: Relationship | None, rows: Sequence[_Draft]) -> frozenset[str]:
    """The columns that the relationship to the parent sets. Raises PGRSTX12 for columns that the body sets, too."""
    from_parent = relationship is not None and not refers(relationship) and relationship.junction is None
    taken = frozenset(own for _, own in relationship.columns) if relationship and from_parent else frozenset[str]()
    for row in rows:
        for column in row.values:
            if column in taken or column in row.linked:
                raise linked_column(column, _join(row.path, column))
    return taken


def _check_even(row: _Draft, columns: frozenset[str]) -> None:
    missing = columns - row.columns
    if missing:
        details = at(row.path, f"Missing: {', '.join(sorted(missing))}.")
        raise RestError(400, "PGRST102", "All object keys must match", details=details)


def _is_value(relation: Relation, key: str, value: Json) -> bool:
    column = relation.columns.get(key)
    return column is not None and (not isinstance(value, dict) or column.base_type in _JSON_TYPES)


def _objects(relationship: Relationship, value: Json, path: str, parent: int) -> list[_Object]:
    if value is None:
        return []
    if relationship.to_one:
        if not isinstance(value, dict):
            raise nested_shape(path, "an object or null")
        return [_Object(path, parent, value)]
    if not isinstance(value, list):
        raise nested_shape(path, "an array of objects, or null")
    objects: list[_Object] = []
    for index, member in enumerate(cast("list[Json]", value)):
        if not isinstance(member, dict):
            raise nested_shape(f"{path}[{index}]", "an object")
        objects.append(_Object(f"{path}[{index}]", parent, member))
    return objects


def _plain(columns: Iterable[WrittenColumn], relation: Relation, linked: Collection[str]) -> tuple[WrittenColumn, ...]:
    """The columns; those `linked` get keys from PostgreSQL, which are in no representation of the domain."""
    return tuple(
        replace(column, type=relation.columns[column.name].type, parse=None) if column.name in linked else column
        for column in columns
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _located(error: RestError, key: str, relation: Relation, place: str) -> RestError:
    if error.code == "PGRST200":
        unknown = unknown_column(key, relation.name.name)
        return RestError(unknown.status, unknown.code, unknown.message, details=at(place), hint=error.hint)
    hint = f"{at(place)} {error.hint}"  # the details are the candidates
    return RestError(error.status, error.code, error.message, details=error.details, hint=hint)
