"""From rows to a `Catalog`. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.catalog.caching import CachingFacts, caching
from gateway.catalog.functions import FunctionRow, functions, isolation_level
from gateway.catalog.limits import RequestRates, RowLimits
from gateway.catalog.model import (
    Catalog,
    Column,
    MediaDomain,
    MediaHandler,
    Name,
    Relation,
    RelationKind,
    Representation,
    RoleSettings,
)
from gateway.catalog.provenance import trace_views
from gateway.catalog.relationships import Keys, primary_keys, relationships
from gateway.catalog.rows import ComputedRow, ForeignKey, RelationRow, Row, UniqueKey
from gateway.catalog.trust import Code, analyse, lying_functions

_KINDS = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED,
    "v": RelationKind.VIEW,
    "m": RelationKind.MATERIALIZED_VIEW,
    "f": RelationKind.FOREIGN_TABLE,
}

# The bits of pg_relation_is_updatable.
_UPDATE, _INSERT, _DELETE = 4, 8, 16


@dataclass(frozen=True, slots=True)
class Scope:
    """What a load is about; see `load_catalog`."""

    schemas: tuple[str, ...]
    extra_search_path: tuple[str, ...]
    hoisted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was read from the database, in one snapshot."""

    server_version: int
    schemas: Mapping[str, str | None]
    columns: Sequence[Row]
    enums: Mapping[int, tuple[str, ...]]
    foreign_keys: Sequence[ForeignKey]
    unique_keys: Sequence[UniqueKey]
    functions: Sequence[FunctionRow]
    computed: Sequence[ComputedRow]
    representations: Sequence[Row]
    media_domains: Sequence[Row]
    media_handlers: Sequence[Row]
    role_settings: Sequence[tuple[str, str, str]]
    timezones: frozenset[str]
    code: Code
    limits: RowLimits = field(default_factory=RowLimits)
    rates: RequestRates = field(default_factory=RequestRates)
    caching: CachingFacts | None = None
    records_changes: bool = False


def assemble(facts: Facts, scope: Scope, version: int) -> Catalog:
    """The catalog of one snapshot."""
    exposed_schemas = set(scope.schemas)
    everything = {row.oid: row for row in facts.code.relations}
    exposed = {row.oid: row for row in facts.code.relations if row.schema in exposed_schemas and not row.is_partition}
    keys = Keys(exposed, facts.foreign_keys, facts.unique_keys, _provenance(facts, scope, exposed))
    trust = analyse(facts.code)
    return Catalog(
        schemas={schema: facts.schemas.get(schema) for schema in scope.schemas},
        relations=_relations(facts, exposed, primary_keys(keys), trust.relations),
        relationships=relationships(keys, facts.computed, trust.functions),
        functions=functions(
            facts.functions,
            hoisted=scope.hoisted,
            opaque=trust.functions,
            limits=facts.limits.functions,
            rates=facts.rates.functions,
        ),
        representations=_representations(facts.representations, trust.functions),
        media_handlers=tuple(_media_handlers(facts.media_handlers, everything, trust.functions)),
        media_domains={
            Name(row["schema"], row["name"]): MediaDomain(row["name"].lower(), row["binary"])
            for row in facts.media_domains
        },
        role_settings=_role_settings(facts.role_settings),
        timezones=facts.timezones,
        server_version=facts.server_version,
        opaque_operators=trust.operators,
        opaque_names=trust.names,
        lying_functions=_lying(facts.code),
        caching=caching(facts.caching, facts.code) if facts.caching else None,
        records_changes=facts.records_changes,
        version=version,
    )


def _lying(code: Code) -> dict[str, str]:
    reasons = lying_functions(code.functions, [relation.name for relation in code.relations], code.operators)
    return {f"{each.schema}.{each.name}": reasons[each.oid] for each in code.functions if each.oid in reasons}


def _provenance(
    facts: Facts, scope: Scope, exposed: Mapping[int, RelationRow]
) -> dict[int, dict[tuple[int, int], tuple[int, ...]]]:
    visible = {*scope.schemas, *scope.extra_search_path}
    through = {row.oid for row in facts.code.relations if row.oid in facts.code.views and row.schema in visible}
    return trace_views(facts.code.views, views=[oid for oid in exposed if oid in through], through=through)


def _relations(
    facts: Facts,
    exposed: Mapping[int, RelationRow],
    keys: Mapping[int, tuple[str, ...]],
    opaque: Mapping[int, str],
) -> dict[Name, Relation]:
    columns: dict[int, dict[str, Column]] = defaultdict(dict)
    for row in facts.columns:
        columns[row["relation"]][row["name"]] = _column(row, facts.enums)
    found: dict[Name, Relation] = {}
    for oid, row in exposed.items():
        bits = _event_bits(row)
        name = Name(row.schema, row.name)
        found[name] = Relation(
            name=name,
            kind=_KINDS[row.kind],
            columns=columns.get(oid, {}),
            primary_key=keys.get(oid, ()),
            insertable=bool(bits & _INSERT),
            updatable=bool(bits & _UPDATE),
            deletable=bool(bits & _DELETE),
            description=row.description,
            opaque=opaque.get(oid),
            max_rows=facts.limits.relations.get(oid),
            requests=facts.rates.relations.get(oid),
            oid=oid,
        )
    return found


def _event_bits(row: RelationRow) -> int:
    if row.kind in ("r", "p"):
        return _INSERT | _UPDATE | _DELETE
    return row.event_bits or 0


def _column(row: Row, enums: Mapping[int, tuple[str, ...]]) -> Column:
    return Column(
        name=row["name"],
        type=row["type"],
        base_type=row["base_type"],
        type_name=Name(row["type_schema"], row["type_name"]),
        nullable=row["nullable"],
        default=row["default_expression"],
        generated=row["generated"],
        identity_always=row["identity_always"],
        max_length=row["max_length"],
        enum=enums.get(row["base_oid"], ()),
        description=row["description"],
    )


def _representations(rows: Iterable[Row], opaque: Mapping[int, str]) -> dict[tuple[Name, Name], Representation]:
    found: dict[tuple[Name, Name], Representation] = {}
    for row in rows:
        source = Name(row["source_schema"], row["source_name"])
        target = Name(row["target_schema"], row["target_name"])
        function = Name(row["function_schema"], row["function_name"])
        found[source, target] = Representation(source, target, function, opaque.get(row["function"]), row["function"])
    return found


def _media_handlers(
    rows: Iterable[Row], relations: Mapping[int, RelationRow], opaque: Mapping[int, str]
) -> Iterable[MediaHandler]:
    for row in rows:
        relation = relations.get(row["relation"])
        yield MediaHandler(
            media_type=row["media_type"].lower(),
            function=Name(row["schema"], row["name"]),
            relation=Name(relation.schema, relation.name) if relation else None,
            binary=row["binary"],
            opaque=opaque.get(row["oid"]),
            function_oid=row["oid"],
        )


def _role_settings(rows: Iterable[tuple[str, str, str]]) -> dict[str, RoleSettings]:
    settings: dict[str, list[tuple[str, str]]] = defaultdict(list)
    isolation: dict[str, str] = {}
    for role, name, value in rows:
        if name.lower() == "default_transaction_isolation":
            isolation[role] = isolation_level(value)
        else:
            settings[role].append((name, value))
    return {role: RoleSettings(tuple(settings[role]), isolation.get(role)) for role in {**settings, **isolation}}
