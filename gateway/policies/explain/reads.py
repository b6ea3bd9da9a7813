"""What reads of relations come to for a persona: may they, which policies hold, how much is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import asyncpg

from gateway.policies.database.scratch import rolled_back
from gateway.policies.database.state import PolicyState, RelationState, State
from gateway.policies.explain import asking, statements
from gateway.policies.explain.errors import message
from gateway.policies.explain.explaining import Manner, undone
from gateway.policies.explain.identity import Connection, act_as
from gateway.policies.explain.model import Privilege, Standing
from gateway.policies.explain.sql import statement
from gateway.policies.explain.standings import read_standing
from gateway.policies.model import Persona, QualifiedName
from gateway.policies.problems import Place, PolicyError


@dataclass(frozen=True, slots=True)
class Touched:
    """A relation that a read touches, in which part of it (`how`), and the columns it needs; None for all."""

    relation: QualifiedName
    columns: frozenset[str] | None
    how: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """Rows, None if they could not be counted; `reason` says why."""

    rows: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """`standing` is None if the connected role may not become the one that reads, then nothing else is known.

    `policies` are those for select that are meant for the role, with their places. `visible` of `total` rows are left
    by them. `behind` are the relations that a view reads, with the rights of its owner or of its reader.
    """

    touched: Touched
    relation: RelationState
    role: str
    standing: Standing | None = None
    privilege: Privilege | None = None
    unfiltered: str = ""
    policies: tuple[tuple[PolicyState, Place | None], ...] = ()
    visible: Count | None = None
    total: Count | None = None
    behind: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Calling:
    """A function that a read calls. `runs_as` is whose rights hold inside, None for the caller's."""

    signature: str
    held: bool
    runs_as: str | None


async def explain_reads(
    connection: Connection, touched: Iterable[Touched], persona: Persona, state: State, manner: Manner
) -> tuple[Reading, ...]:
    """Of each relation once, in the order given. Counting a relation takes no longer than the manner's timeout; nothing
    is changed. Relations that `state` does not know are left out."""
    found: list[Reading] = []
    async with undone(connection, manner.timeout):
        reader = _Reader(connection, persona, state, manner)
        for each in _merged(touched):
            relation = state.relations.get(each.relation)
            if relation is not None:
                found.append(await reader.reading(each, relation, persona.role, frozenset()))
    return tuple(found)


async def explain_calls(
    connection: Connection, names: Iterable[QualifiedName], persona: Persona, state: State
) -> tuple[Calling, ...]:
    """Of each function of these names."""
    wanted = frozenset(names)
    return tuple(
        [
            Calling(
                function.signature,
                bool(await connection.fetchval(statement("may_call"), persona.role, function.oid)),
                function.owner if function.security_definer else None,
            )
            for function in sorted(state.functions.values(), key=lambda function: function.signature)
            if function.name in wanted
        ]
    )


def _merged(touched: Iterable[Touched]) -> Iterator[Touched]:
    """Each relation once, with all the columns that any part of the read needs."""
    merged: dict[QualifiedName, Touched] = {}
    for each in touched:
        known = merged.get(each.relation)
        if known is None:
            merged[each.relation] = each
            continue
        columns = known.columns | each.columns if known.columns is not None and each.columns is not None else None
        how = known.how if each.how in known.how.split(", ") else ", ".join(filter(None, (known.how, each.how)))
        merged[each.relation] = replace(known, columns=columns, how=how)
    yield from merged.values()


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: Connection
    persona: Persona
    state: State
    manner: Manner

    async def reading(
        self, touched: Touched, relation: RelationState, role: str, seen: frozenset[QualifiedName]
    ) -> Reading:
        reading = Reading(touched, relation, role)
        try:
            persona = replace(self.persona, role=role)
            standing = await read_standing(self.connection, relation, persona, self.manner.search_path)
        except PolicyError:
            return reading
        is_view = relation.kind in ("v", "m")
        wanted = relation.columns.keys() if touched.columns is None else touched.columns & relation.columns.keys()
        privilege = asking.reading(relation, standing, wanted)
        places = (self.manner.places or {}).get(relation.name, {})
        policies = [
            (policy, places.get(policy.name))
            for policy in relation.policies
            if policy.verb in ("select", "all") and standing.filtered and asking.is_meant(policy, standing)
        ]
        if role != self.persona.role:  # the rows are those that the view shows
            visible = total = None
        else:
            visible = await self._count(relation, persona) if standing.on_columns.get("select") else None
            total = await self._count(relation, None)
        return replace(
            reading,
            standing=standing,
            privilege=privilege,
            unfiltered="" if is_view else asking.unfiltered(relation, standing),
            policies=tuple(policies),
            visible=visible,
            total=total,
            behind=await self._behind(relation, role, seen | {relation.name}) if is_view else (),
        )

    async def _behind(self, view: RelationState, role: str, seen: frozenset[QualifiedName]) -> tuple[Reading, ...]:
        if view.kind == "m":
            return ()  # it holds what its owner saw when it was refreshed
        reads_as = role if view.security_invoker else view.owner
        behind = [relation for relation in self.state.relations.values() if relation.oid in view.view_oids]
        return tuple(
            [
                await self.reading(Touched(relation.name, frozenset(), "behind the view"), relation, reads_as, seen)
                for relation in sorted(behind, key=lambda relation: relation.name)
                if relation.name not in seen
            ]
        )

    async def _count(self, relation: RelationState, persona: Persona | None) -> Count:
        """As a persona, or as the connected role past row security."""
        try:
            async with rolled_back(self.connection):
                if persona is not None:
                    await act_as(self.connection, persona, self.manner.search_path)
                else:
                    await self.connection.execute("set local row_security = off")
                return Count(await self.connection.fetchval(statements.count(relation)))
        except asyncpg.QueryCanceledError:
            return Count(None, f"not counted within {self.manner.timeout.total_seconds():g} s")
        except asyncpg.PostgresConnectionError:
            raise
        except asyncpg.PostgresError as reason:
            return Count(None, f"{reason.sqlstate}: {message(reason)}")
