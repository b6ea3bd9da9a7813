"""What kept answers depend on, as the database is now, and the triggers that follow from it. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

from gateway.policies.database import State
from gateway.policies.database.scratch import PRINTING, rolled_back, search
from gateway.policies.database.sql import statement
from gateway.policies.model import PUBLIC, PolicySet, QualifiedName
from gateway.policies.plan.compiled import Compiled, CompiledTable
from gateway.policies.plan.touches import Kept, Touchable, Touches, touches, trigger_names

if TYPE_CHECKING:
    from gateway.catalog import Annotation, Footprints

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_MISSING: Final = (
    "`cache` is noted, and has no effect: this database has no functions that record changes for it. "
    "Run passerelle migrate, then apply again."
)


async def read_touches(connection: Connection, policy_set: PolicySet, compiled: Compiled, state: State) -> Touches:
    """For the `cache:` rules of a set that fits the database. If the connection is in a transaction, it is read there.
    Raises what asyncpg raises."""
    async with rolled_back(connection, snapshot=True):
        await search(connection, PRINTING)
        tables = [_touchable(row) for row in await connection.fetch(statement("touchables"), trigger_names())]
        if not keeps_answers(compiled):
            return touches([], tables)
        if not await connection.fetchval(statement("has_touches")):
            return Touches(notes=(_MISSING,))
        footprints = await _footprints(connection, vouched(policy_set, state))
    # In a thread, so that requests go on being served.
    return await asyncio.to_thread(lambda: touches(_kept(policy_set, compiled, footprints), tables))


def keeps_answers(compiled: Compiled) -> bool:
    """Whether there is a `cache:` rule."""
    rules = [*(table.rules for table in compiled.tables), *(each.rules for each in compiled.functions if each.rules)]
    return any(each.cache is not None for each in rules)


def vouched(policy_set: PolicySet, state: State) -> dict[int, Annotation]:
    """What the files say in `reads:`, by OID of the function."""
    from gateway.catalog import Annotation, Name  # noqa: PLC0415 - sqlglot is slow to import

    return {
        oid: Annotation(frozenset(Name(*name) for name in reads.tables), reads.claims, reads.clock)
        for rules in policy_set.functions
        if (reads := rules.reads) is not None and (oid := state.resolved.get(rules.signature)) is not None
    }


async def _footprints(connection: Connection, annotations: dict[int, Annotation]) -> Footprints:
    from gateway.catalog import read_footprints  # noqa: PLC0415 - sqlglot is slow to import

    return await read_footprints(connection, annotations)


def _kept(policy_set: PolicySet, compiled: Compiled, footprints: Footprints) -> Iterator[Kept]:
    roles = policy_set.defaults.roles
    for table in compiled.tables:
        if table.rules.cache is not None:
            readers = [role for role in roles if _may_read(table, role)]
            found = {role: footprints.of_relation(table.relation.oid, role) for role in readers}
            yield Kept(str(table.relation.name), table.rules.cache.clock, found)
    for each in compiled.functions:
        if each.rules is not None and each.rules.cache is not None:
            callers = roles if PUBLIC in each.execute else sorted(each.execute)
            found = {role: footprints.of_function(each.function.oid, role) for role in callers}
            yield Kept(each.function.signature, each.rules.cache.clock, found)


def _may_read(table: CompiledTable, role: str) -> bool:
    return any((holder, "select") in table.grants for holder in (role, PUBLIC))


def _touchable(row: asyncpg.Record) -> Touchable:
    return Touchable(
        QualifiedName(row["schema"], row["name"]),
        row["owner"],
        row["mine"],
        row["whole"],
        frozenset(row["present"]),
        frozenset(row["sound"]),
    )
