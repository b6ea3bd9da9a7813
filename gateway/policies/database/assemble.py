"""Catalog rows -> `State`. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from gateway.policies.database.state import (
    Applied,
    ColumnState,
    DefaultGrant,
    ForeignKeyState,
    FunctionState,
    PolicyState,
    RelationState,
    RoleState,
    SequenceState,
    State,
)
from gateway.policies.model import QualifiedName


class Row(Protocol):
    """A row that is looked up by column name: an `asyncpg.Record`, or a dictionary in tests."""

    def __getitem__(self, key: str, /) -> Any: ...


Rows = Sequence[Row]
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the queries of ``sql/`` returned, each under its name."""

    server: Row
    applied: Row | None
    resolved: Mapping[str, int | None]
    relations: Rows
    columns: Rows
    grants: Rows
    policies: Rows
    indexes: Rows
    foreign_keys: Rows
    sequences: Rows
    triggers: Rows
    views: Rows
    functions: Rows
    roles: Rows
    default_grants: Rows
    schemas: Rows


def assemble(facts: Facts) -> State:
    """The `State` that the rows tell of."""
    relations = _relations(facts)
    return State(
        server_version=facts.server["server_version"],
        me=facts.server["me"],
        relations=MappingProxyType({relation.name: relation for relation in relations}),
        functions=MappingProxyType({row["oid"]: _function(row) for row in facts.functions}),
        roles=MappingProxyType({row["name"]: _role(row) for row in facts.roles}),
        resolved=MappingProxyType(dict(facts.resolved)),
        default_grants=tuple(map(_default_grant, facts.default_grants)),
        applied=_applied(facts.applied) if facts.applied is not None else None,
        schema_users=MappingProxyType({row["name"]: frozenset(row["users"]) for row in facts.schemas}),
        built_in_stable=frozenset(facts.server["built_in_stable"]),
    )


def _relations(facts: Facts) -> list[RelationState]:
    serial = {(row["relation"], row["column"]) for row in facts.sequences}
    columns = _by_relation(facts.columns, lambda row: _column(row, (row["relation"], row["name"]) in serial))
    grants = _by_relation(facts.grants, _grant)
    policies = _by_relation(facts.policies, _policy)
    indexes = _by_relation(facts.indexes, lambda row: row)
    foreign_keys = _by_relation(facts.foreign_keys, _foreign_key)
    sequences = _by_relation(facts.sequences, _sequence)
    triggers = _by_relation(facts.triggers, lambda row: str(row["name"]))
    views = {row["view"]: frozenset[int](row["relations"]) for row in facts.views}

    def relation(row: Row) -> RelationState:
        oid: int = row["oid"]
        return RelationState(
            oid=oid,
            name=QualifiedName(row["schema"], row["name"]),
            kind=row["kind"],
            owner=row["owner"],
            row_security=row["row_security"],
            forced=row["forced"],
            columns=MappingProxyType({column.name: column for column in columns[oid]}),
            grants=MappingProxyType(dict(grants[oid])),
            policies=tuple(policies[oid]),
            primary_key=next((tuple(index["columns"]) for index in indexes[oid] if index["primary"]), ()),
            unique_keys=tuple(tuple(i["columns"]) for i in indexes[oid] if i["key"] and not i["primary"]),
            foreign_keys=tuple(foreign_keys[oid]),
            indexes=tuple(tuple(index["columns"]) for index in indexes[oid]),
            sequences=tuple(sequences[oid]),
            triggers=tuple(sorted(triggers[oid])),
            parent=QualifiedName(row["parent_schema"], row["parent_name"]) if row["parent_name"] else None,
            is_partition=row["is_partition"],
            security_invoker=row["security_invoker"],
            view_oids=views.get(oid, frozenset()),
            extension=row["extension"],
            rows=row["rows"],
        )

    return list(map(relation, facts.relations))


def _by_relation(rows: Rows, value: Callable[[Row], _Value]) -> defaultdict[int, list[_Value]]:
    found: defaultdict[int, list[_Value]] = defaultdict(list)
    for row in rows:
        found[row["relation"]].append(value(row))
    return found


def _column(row: Row, serial: bool) -> ColumnState:
    return ColumnState(
        name=row["name"],
        type=row["type"],
        nullable=row["nullable"],
        has_default=row["has_default"],
        generated=row["generated"],
        serial=serial,
    )


def _grant(row: Row) -> tuple[tuple[str, str], frozenset[str] | None]:
    columns = None if row["columns"] is None else frozenset[str](row["columns"])
    return (row["role"], row["privilege"]), columns


def _policy(row: Row) -> PolicyState:
    return PolicyState(
        name=row["name"],
        verb=row["verb"],
        permissive=row["permissive"],
        roles=tuple(sorted(row["roles"])),
        using=row["using"],
        check=row["check"],
    )


def _foreign_key(row: Row) -> ForeignKeyState:
    return ForeignKeyState(row["name"], tuple(row["columns"]), QualifiedName(row["target_schema"], row["target_name"]))


def _sequence(row: Row) -> SequenceState:
    return SequenceState(QualifiedName(row["schema"], row["name"]), row["column"], frozenset(row["users"]))


def _function(row: Row) -> FunctionState:
    return FunctionState(
        oid=row["oid"],
        name=QualifiedName(row["schema"], row["name"]),
        signature=row["signature"],
        kind=row["kind"],
        language=row["language"],
        volatility=row["volatility"],
        security_definer=row["security_definer"],
        search_path=row["search_path"],
        returns_set=row["returns_set"],
        returns=row["returns"],
        is_trigger=row["is_trigger"],
        owner=row["owner"],
        executors=frozenset(row["executors"]),
        extension=row["extension"],
        source=row["source"],
        relation_oids=frozenset(row["relation_oids"]),
        function_oids=frozenset(row["function_oids"]),
    )


def _role(row: Row) -> RoleState:
    return RoleState(
        name=row["name"],
        superuser=row["superuser"],
        bypasses_row_security=row["bypasses_row_security"],
        login=row["login"],
        members=frozenset(row["members"]),
        heirs=frozenset(row["heirs"]),
    )


def _default_grant(row: Row) -> DefaultGrant:
    return DefaultGrant(row["owner"], row["schema"], row["kind"], row["grantee"], frozenset(row["privileges"]))


def _applied(row: Row) -> Applied:
    return Applied(row["number"], row["applied_at"], row["applied_by"], row["digest"], frozenset(row["objects"]))
