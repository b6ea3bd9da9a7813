"""From keys and view columns to relationships between relations. Pure.

The rules are PostgREST's (docs: "Resource Embedding"): foreign keys give many-to-one, or one-to-one when their columns
are exactly a primary key or unique constraint; views inherit the keys whose columns they all show; two many-to-one
relationships within one table's primary key make many-to-many; functions from row to rows are computed relationships.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.catalog.model import Cardinality, Junction, Name, Relationship
from gateway.catalog.provenance import Provenance
from gateway.catalog.rows import ComputedRow, ForeignKey, RelationRow, UniqueKey

Pairs = tuple[tuple[str, str], ...]

# The order in which PostgREST lists candidates of an ambiguous embed.
_ORDER = {
    Cardinality.ONE_TO_MANY: 0,
    Cardinality.MANY_TO_ONE: 1,
    Cardinality.ONE_TO_ONE: 2,
    Cardinality.MANY_TO_MANY: 3,
}
_INVERSE = {Cardinality.MANY_TO_ONE: Cardinality.ONE_TO_MANY, Cardinality.ONE_TO_ONE: Cardinality.ONE_TO_ONE}


@dataclass(frozen=True, slots=True)
class Keys:
    """What relationships are made of. `relations` are the exposed ones by OID; keys may be of any relation."""

    relations: Mapping[int, RelationRow]
    foreign: Sequence[ForeignKey]
    unique: Sequence[UniqueKey]
    provenance: Provenance


def primary_keys(keys: Keys) -> dict[int, tuple[str, ...]]:
    """Primary key columns by exposed relation: a table's own in alphabetical order; a view's are those of every base
    table whose key it shows whole, the first view column where one is shown several times."""
    base = {key.relation: key.columns for key in keys.unique if key.primary}
    found: dict[int, tuple[str, ...]] = {}
    for oid, relation in keys.relations.items():
        if relation.kind in ("v", "m"):
            columns = _view_key(relation, keys.provenance.get(oid, {}), base)
        else:
            columns = tuple(sorted(relation.columns[number] for number in base.get(oid, ())))
        if columns:
            found[oid] = columns
    return found


def _view_key(
    view: RelationRow, shown: Mapping[tuple[int, int], tuple[int, ...]], base: Mapping[int, tuple[int, ...]]
) -> tuple[str, ...]:
    columns: list[str] = []
    for table in dict.fromkeys(table for table, _ in shown):
        key = base.get(table, ())
        if key and all((table, number) in shown for number in key):
            columns += [view.columns[shown[table, number][0]] for number in key]
    return tuple(columns)


def relationships(
    keys: Keys, computed: Iterable[ComputedRow], opaque: Mapping[int, str]
) -> dict[Name, tuple[Relationship, ...]]:
    """All relationships between exposed relations by origin, in a stable order. `opaque` says of functions, by
    OID, why they are."""
    referencing = list(_referencing(keys))
    detected = [
        *referencing,
        *(_inverted(relationship) for relationship in referencing),
        *_many_to_many(referencing, keys, primary_keys(keys)),
    ]
    by_pair: dict[tuple[Name, Name], list[Relationship]] = defaultdict(list)
    for relationship in detected:
        by_pair[relationship.origin, relationship.target].append(relationship)
    for function, relationship in _computed(keys.relations, computed, opaque):
        by_pair[relationship.origin, function] = [relationship]

    by_origin: dict[Name, list[Relationship]] = defaultdict(list)
    for (origin, _), found in by_pair.items():
        by_origin[origin] += found
    return {origin: tuple(sorted(found, key=_sort_key)) for origin, found in by_origin.items()}


def _referencing(keys: Keys) -> Iterator[Relationship]:
    """Foreign keys seen from the referencing side, for tables and for every view that shows their columns."""
    unique = {(key.relation, frozenset(key.columns)) for key in keys.unique}
    viewers: dict[int, list[int]] = defaultdict(list)
    for view, shown in keys.provenance.items():
        if view in keys.relations:
            for table in {table for table, _ in shown}:
                viewers[table].append(view)

    def sides(table: int, columns: Sequence[int]) -> Iterator[tuple[RelationRow, tuple[str, ...], bool]]:
        if table in keys.relations:
            relation = keys.relations[table]
            yield relation, tuple(relation.columns[number] for number in columns), False
        for view in viewers.get(table, ()):
            shown = keys.provenance[view]
            variants = [shown.get((table, number), ()) for number in columns]
            for variant in itertools.product(*variants):
                relation = keys.relations[view]
                yield relation, tuple(relation.columns[number] for number in variant), True

    for key in keys.foreign:
        one_to_one = (key.relation, frozenset(column for column, _ in key.pairs)) in unique
        targets = list(sides(key.target, [number for _, number in key.pairs]))
        for origin, columns, origin_is_view in sides(key.relation, [number for number, _ in key.pairs]):
            for target, target_columns, target_is_view in targets:
                yield Relationship(
                    origin=Name(origin.schema, origin.name),
                    target=Name(target.schema, target.name),
                    cardinality=Cardinality.ONE_TO_ONE if one_to_one else Cardinality.MANY_TO_ONE,
                    constraint=key.name,
                    columns=tuple(zip(columns, target_columns, strict=True)),
                    is_self=origin.oid == target.oid,
                    origin_is_view=origin_is_view,
                    target_is_view=target_is_view,
                )


def _inverted(relationship: Relationship) -> Relationship:
    return Relationship(
        origin=relationship.target,
        target=relationship.origin,
        cardinality=_INVERSE[relationship.cardinality],
        constraint=relationship.constraint,
        columns=_swapped(relationship.columns),
        inverse=True,
        is_self=relationship.is_self,
        origin_is_view=relationship.target_is_view,
        target_is_view=relationship.origin_is_view,
    )


def _swapped(pairs: Pairs) -> Pairs:
    return tuple((second, first) for first, second in pairs)


def _many_to_many(
    referencing: Sequence[Relationship], keys: Keys, primary: Mapping[int, tuple[str, ...]]
) -> Iterator[Relationship]:
    """Pairs of different many-to-one relationships of one junction whose columns all belong to its primary key."""
    key_columns = {
        Name(relation.schema, relation.name): frozenset(primary[oid])
        for oid, relation in keys.relations.items()
        if oid in primary
    }
    legs: dict[Name, list[Relationship]] = defaultdict(list)
    for relationship in referencing:
        if relationship.cardinality is Cardinality.MANY_TO_ONE:
            key = key_columns.get(relationship.origin, frozenset[str]())
            if key.issuperset(column for column, _ in relationship.columns):
                legs[relationship.origin].append(relationship)
    for junction, found in legs.items():
        for near, far in itertools.permutations(found, 2):
            if near.constraint != far.constraint:
                yield Relationship(
                    origin=near.target,
                    target=far.target,
                    cardinality=Cardinality.MANY_TO_MANY,
                    constraint=near.constraint,
                    junction=Junction(
                        table=junction,
                        origin_constraint=near.constraint,
                        target_constraint=far.constraint,
                        origin_columns=_swapped(near.columns),
                        target_columns=_swapped(far.columns),
                    ),
                    is_self=near.target == far.target,
                    origin_is_view=near.target_is_view,
                    target_is_view=far.target_is_view,
                )


def _computed(
    relations: Mapping[int, RelationRow], computed: Iterable[ComputedRow], opaque: Mapping[int, str]
) -> Iterator[tuple[Name, Relationship]]:
    for row in computed:
        origin, target = relations.get(row.origin), relations.get(row.target)
        if origin is None or target is None:
            continue
        function = Name(row.schema, row.name)
        yield (
            function,
            Relationship(
                origin=Name(origin.schema, origin.name),
                target=Name(target.schema, target.name),
                cardinality=Cardinality.MANY_TO_ONE if row.single_row else Cardinality.ONE_TO_MANY,
                constraint=row.name,
                function=function,
                single_row=row.single_row,
                is_self=row.origin == row.target,
                origin_is_view=origin.kind in ("v", "m"),
                target_is_view=target.kind in ("v", "m"),
                opaque=opaque.get(row.oid),
                function_oid=row.oid,
            ),
        )


def _sort_key(relationship: Relationship) -> tuple[object, ...]:
    junction = relationship.junction
    return (
        relationship.function is not None,
        relationship.target,
        relationship.is_self,
        _ORDER[relationship.cardinality],
        junction.table if junction else ("", ""),
        relationship.constraint,
        junction.target_constraint if junction else "",
        relationship.columns or (junction.origin_columns + junction.target_columns if junction else ()),
    )
