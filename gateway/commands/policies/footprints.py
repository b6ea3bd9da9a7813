"""`passerelle policies footprint`: what decides the rows of each table, and who may share an answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from gateway.commands.console import fail
from gateway.commands.policies.opening import Opened, connected, read_or_exit

if TYPE_CHECKING:
    from gateway.catalog import Footprint, Footprints
    from gateway.policies import PolicySet
    from gateway.policies.database import RelationState, State


@dataclass(frozen=True, slots=True)
class Entry:
    """The footprint of one thing: what a role reads of a relation, a policy, or a function as a role calls it."""

    subject: str
    what: str
    footprint: Footprint
    clock: timedelta | None

    @property
    def key(self) -> str:
        from gateway.catalog import key

        return str(key(self.footprint, self.clock))


def run_footprint(opened: Opened, *, table: str | None, as_json: bool) -> None:
    """Show the footprints of the set's tables and functions, as the database has them; of `table` alone if given."""
    policy_set = read_or_exit(opened.folder)
    entries = asyncio.run(_entries(opened, policy_set))
    if table is not None:
        entries = [entry for entry in entries if table in (entry.subject, entry.subject.partition(".")[2])]
        if not entries:
            fail(f"the files name no table {table} that the database has")
    if as_json:
        typer.echo(json.dumps([_document(entry) for entry in entries], indent=2, ensure_ascii=False))
        return
    shown = ""
    for entry in entries:
        if entry.subject != shown:
            shown = entry.subject
            typer.secho(shown, bold=True)
        typer.echo(f"  {entry.what}: {entry.key}")
        for line in _details(entry.footprint):
            typer.echo(f"      {line}")


async def _entries(opened: Opened, policy_set: PolicySet) -> list[Entry]:
    from gateway.catalog import load_footprints
    from gateway.policies.database import read_state
    from gateway.policies.plan import vouched

    signatures = [rules.signature for rules in policy_set.functions]
    async with connected(opened.owner) as connection:
        state = await read_state(connection, signatures, policy_set.defaults.search_path)
        footprints = await load_footprints(connection, vouched(policy_set, state))
    return [*_of_tables(policy_set, state, footprints), *_of_functions(policy_set, state, footprints)]


def _of_tables(policy_set: PolicySet, state: State, footprints: Footprints) -> Iterator[Entry]:
    for rules in policy_set.tables:
        relation = state.relations.get(rules.table)
        if relation is None:
            continue
        clock = rules.cache.clock if rules.cache is not None else None
        for role in policy_set.defaults.roles:
            if _reads(relation, role):
                yield Entry(str(rules.table), f"read by {role}", footprints.of_relation(relation.oid, role), clock)
        for policy in relation.policies:
            found = footprints.of_policy(relation.oid, policy.name)
            yield Entry(str(rules.table), f"policy {policy.name}", found, clock)


def _reads(relation: RelationState, role: str) -> bool:
    return any((holder, "select") in relation.grants for holder in (role, "public"))


def _of_functions(policy_set: PolicySet, state: State, footprints: Footprints) -> Iterator[Entry]:
    for rules in policy_set.functions:
        oid = state.resolved.get(rules.signature)
        if oid is not None:
            clock = rules.cache.clock if rules.cache is not None else None
            for role in sorted(rules.execute):
                found = footprints.of_function(oid, None if role == "public" else role)
                yield Entry(state.functions[oid].signature, f"called by {role}", found, clock)


def _details(footprint: Footprint) -> Iterator[str]:
    if footprint.tables:
        yield f"tables: {', '.join(sorted(map(str, footprint.tables)))}"
    if footprint.functions:
        yield f"functions: {', '.join(sorted(map(str, footprint.functions)))}"
    claims = footprint.claims
    if claims:
        yield f"claims: {', '.join(sorted(claims)) if isinstance(claims, frozenset) else claims.value}"
    if footprint.clock:
        yield "reads the clock"
    if footprint.settings:
        yield f"settings: {', '.join(sorted(footprint.settings))}"


def _document(entry: Entry) -> dict[str, Any]:
    found = entry.footprint
    return {
        "subject": entry.subject,
        "what": entry.what,
        "key": entry.key,
        "tables": sorted(map(str, found.tables)),
        "columns": sorted(f"{table}.{column}" for table, column in found.columns),
        "functions": sorted(map(str, found.functions)),
        "claims": sorted(found.claims) if isinstance(found.claims, frozenset) else found.claims.value,
        "clock": found.clock,
        "bound": found.bound.total_seconds() if found.bound is not None else None,
        "settings": sorted(found.settings),
        "request": found.request,
        "volatile": found.volatile,
        "opaque": found.opaque,
    }
