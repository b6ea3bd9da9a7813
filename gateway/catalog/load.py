"""Reads a `Catalog` from PostgreSQL: a few set-based queries in one snapshot, then pure assembly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from gateway.catalog.assemble import Facts, Scope, assemble
from gateway.catalog.caching import CachingFacts
from gateway.catalog.functions import Argument, FunctionRow
from gateway.catalog.limits import RequestRates, RowLimits
from gateway.catalog.load_code import read_code, read_rules
from gateway.catalog.marks import read_definitions
from gateway.catalog.model import Catalog, Name
from gateway.catalog.rows import ComputedRow, ForeignKey, Row, UniqueKey
from gateway.catalog.sql import statement
from gateway.rates import Rate

DEFAULT_HOISTED = ("statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation")


async def load_catalog(
    connection: asyncpg.Connection[asyncpg.Record],
    *,
    schemas: Sequence[str],
    extra_search_path: Sequence[str],
    hoisted: Sequence[str] = DEFAULT_HOISTED,
    version: int,
    caching: bool = False,
) -> Catalog:
    """One consistent snapshot of what `schemas` expose, as the connection's role may read the system catalogs.

    `extra_search_path` says through which other schemas' views keys are traced; `hoisted` are regular expressions
    for the function settings that the gateway applies itself; `version` is copied; `caching` asks for `caching`,
    too. The connection must be idle and not in a transaction; it is left as it was. Raises what asyncpg raises.
    Assembly runs in a thread, so that requests go on being served.
    """
    scope = Scope(tuple(schemas), tuple(extra_search_path), tuple(hoisted))
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        facts = await read_facts(connection, scope, caching=caching)
    return await asyncio.to_thread(assemble, facts, scope, version)


async def read_facts(connection: asyncpg.Connection[asyncpg.Record], scope: Scope, *, caching: bool = False) -> Facts:
    """All rows that `assemble` needs, read in the connection's open transaction. With an empty search path PostgreSQL
    prints every name outside pg_catalog with its schema, and nothing can stand in front of pg_catalog."""
    await connection.execute("set local search_path = ''; set local jit = off")
    return await _Reader(connection, list(scope.schemas)).facts(caching=caching)


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: asyncpg.Connection[asyncpg.Record]
    schemas: list[str]

    async def rows(self, name: str, *, exposed: bool = False) -> Sequence[Row]:
        arguments = (self.schemas,) if exposed else ()
        return await self.connection.fetch(statement(name), *arguments)

    async def facts(self, *, caching: bool) -> Facts:
        recorded = caching and await self.rows("has_touches")
        records_changes = bool(recorded and recorded[0]["recorded"])
        cached = await self.caching() if records_changes else None
        keys = await self.rows("keys")
        return Facts(
            server_version=int(await self.connection.fetchval("select current_setting('server_version_num')")),
            schemas={row["name"]: row["description"] for row in await self.rows("schemas", exposed=True)},
            columns=await self.rows("columns", exposed=True),
            enums={row["type"]: tuple(row["labels"]) for row in await self.rows("enums")},
            foreign_keys=[_foreign_key(row) for row in keys if row["kind"] == "f"],
            unique_keys=[
                UniqueKey(row["relation"], tuple(row["columns"]), row["kind"] == "p")
                for row in keys
                if row["kind"] != "f"
            ],
            functions=[_function(row) for row in await self.rows("functions", exposed=True)],
            computed=[_computed(row) for row in await self.rows("computed")],
            representations=await self.rows("representations"),
            media_domains=await self.rows("media_domains"),
            media_handlers=await self.rows("media_handlers", exposed=True),
            role_settings=[(row["role"], row["name"], row["value"]) for row in await self.rows("role_settings")],
            timezones=frozenset(row["name"] for row in await self.rows("timezones")),
            code=await read_code(self.connection, self.schemas),
            limits=await self.limits(),
            rates=await self.rates(),
            caching=cached,
            records_changes=records_changes,
        )

    async def limits(self) -> RowLimits:
        """Those of the policy files in force; none where the database has no record of any, or does not show it."""
        if not await self.connection.fetchval(statement("has_policy_rules")):
            return RowLimits()
        rows = await self.rows("row_limits")
        return RowLimits(
            {row["oid"]: row["max_rows"] for row in rows if not row["is_function"]},
            {row["oid"]: row["max_rows"] for row in rows if row["is_function"]},
        )

    async def rates(self) -> RequestRates:
        """The same of requests."""
        if not await self.connection.fetchval(statement("has_policy_rules")):
            return RequestRates()
        rows = await self.rows("request_rates")
        found = {(row["is_function"], row["oid"]): Rate(row["count"], row["per"]) for row in rows}
        return RequestRates(
            {oid: rate for (is_function, oid), rate in found.items() if not is_function},
            {oid: rate for (is_function, oid), rate in found.items() if is_function},
        )

    async def caching(self) -> CachingFacts | None:
        """None where no file in force has a `cache:` rule."""
        # First of all, so that the counts in it are never newer than what is read.
        definitions = await read_definitions(self.connection)
        terms = await self.rows("cache_terms")
        if all(row["ttl"] is None for row in terms):
            return None
        tracked = frozenset(row["oid"] for row in await self.rows("tracked"))
        return CachingFacts(definitions, terms, tracked, await read_rules(self.connection))


def _foreign_key(row: Row) -> ForeignKey:
    pairs = tuple(zip(row["columns"], row["target_columns"], strict=True))
    return ForeignKey(row["name"], row["relation"], row["target"], pairs)


def _computed(row: Row) -> ComputedRow:
    return ComputedRow(row["oid"], row["schema"], row["name"], row["origin"], row["target"], row["single_row"])


def _function(row: Row) -> FunctionRow:
    types: Sequence[str] = row["argument_types"]
    names: Sequence[str] = row["argument_names"] or [""] * len(types)
    modes: Sequence[str] = row["argument_modes"] or ["i"] * len(types)
    if row["variadic"] and not row["argument_modes"]:
        modes = [*modes[:-1], "v"]
    type_names = map(Name, row["argument_type_schemas"], row["argument_type_names"])
    return FunctionRow(
        oid=row["oid"],
        name=Name(row["schema"], row["name"]),
        arguments=tuple(map(Argument, names, modes, types, type_names)),
        defaults=row["defaults"],
        variadic=row["variadic"],
        setof=row["setof"],
        volatility=row["volatility"],
        settings=tuple(row["settings"] or ()),
        rows=row["rows"],
        description=row["description"],
        return_type=Name(row["return_schema"], row["return_name"]),
        return_kind=row["return_kind"],
        row=Name(row["row_schema"], row["row_name"]) if row["row_name"] else None,
        row_kind=row["row_kind"],
        fields=tuple(zip(row["field_names"], row["field_types"], strict=True)),
    )
