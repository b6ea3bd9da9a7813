"""Reads from PostgreSQL what its code is: everything that a read of the database may run."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import asyncpg

from gateway.catalog.code import (
    CastCode,
    Code,
    ExpressionCode,
    FunctionCode,
    OperatorClassCode,
    OperatorCode,
    StorageCode,
    TypeCode,
)
from gateway.catalog.footprint import Annotation, Footprints, PolicyCode, RoleCode, Rules
from gateway.catalog.model import Name
from gateway.catalog.rows import RelationRow, Row
from gateway.catalog.sql import statement
from gateway.catalog.trust.known import CURRENT_SETTING, DENIED


async def load_footprints(
    connection: asyncpg.Connection[asyncpg.Record], annotations: Mapping[int, Annotation]
) -> Footprints:
    """What everything in the database depends on, in one snapshot; see `Footprints`. The connection must be idle and
    not in a transaction; it is left as it was. Raises what asyncpg raises."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await read_footprints(connection, annotations)


async def read_footprints(
    connection: asyncpg.Connection[asyncpg.Record], annotations: Mapping[int, Annotation]
) -> Footprints:
    """The same in the connection's open transaction, of which some settings are changed."""
    await connection.execute("set local search_path = ''; set local jit = off")
    code, rules = await read_code(connection, []), await read_rules(connection)
    return await asyncio.to_thread(Footprints, code, rules, annotations)


async def read_code(connection: asyncpg.Connection[asyncpg.Record], schemas: Sequence[str]) -> Code:
    """In the connection's open transaction, whose search path must be empty. Comments and updatability of relations
    are read for `schemas` only."""

    async def rows(name: str, *arguments: object) -> Sequence[Row]:
        return await connection.fetch(statement(name), *arguments)

    return Code(
        relations=[_relation(row) for row in await rows("relations", schemas)],
        views={row["view"]: row["tree"] for row in await rows("views")},
        functions=_records(FunctionCode, await rows("code_functions", [*DENIED, CURRENT_SETTING])),
        operators=_records(OperatorCode, await rows("code_operators")),
        types=_records(TypeCode, await rows("code_types")),
        casts=_records(CastCode, await rows("code_casts")),
        opclasses=_records(OperatorClassCode, await rows("code_opclasses")),
        expressions=_records(ExpressionCode, await rows("code_expressions")),
        storage=_records(StorageCode, await rows("code_storage")),
    )


async def read_rules(connection: asyncpg.Connection[asyncpg.Record]) -> Rules:
    """In the connection's open transaction, whose search path must be empty."""
    stable = await connection.fetch(statement("rules_stable"))
    system = await connection.fetch(statement("rules_system"))
    return Rules(
        policies=_records(PolicyCode, await connection.fetch(statement("rules_policies"))),
        roles=_records(RoleCode, await connection.fetch(statement("rules_roles"))),
        stable={row["oid"]: row["name"] for row in stable},
        system={row["oid"]: Name(row["schema"], row["name"]) for row in system},
    )


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


_Record = TypeVar("_Record", bound=_Dataclass)


def _records(kind: type[_Record], rows: Sequence[Row]) -> list[_Record]:
    """Dataclasses whose fields are the columns of the same names."""
    names = [field.name for field in dataclasses.fields(kind)]
    return [kind(*(row[name] for name in names)) for row in rows]


def _relation(row: Row) -> RelationRow:
    return RelationRow(
        oid=row["oid"],
        schema=row["schema"],
        name=row["name"],
        kind=row["kind"],
        is_partition=row["is_partition"],
        description=row["description"],
        event_bits=row["event_bits"],
        columns=dict(zip(row["column_numbers"], row["column_names"], strict=True)),
        row_types=tuple(row["row_types"]),
        row_array=row["row_array"],
        user_types=tuple(row["user_types"]),
        owner=row["owner"],
        row_security=row["row_security"],
        forced=row["forced"],
        invoker=row["invoker"],
    )
