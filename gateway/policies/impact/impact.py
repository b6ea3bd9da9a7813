"""Makes the changes, looks who reaches which rows then, and undoes everything."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import asyncpg

from gateway.policies.database import RelationState, State, read_state
from gateway.policies.database.scratch import rolled_back, search
from gateway.policies.explain.identity import Connection
from gateway.policies.impact import statements
from gateway.policies.impact.affected import affected
from gateway.policies.impact.comparing import differences, effect, sampled
from gateway.policies.impact.measuring import Measurer, Reach, Scope, TimeUp
from gateway.policies.impact.model import Budget, Effect, Impact, Sample, Unfinished
from gateway.policies.model import Persona, QualifiedName
from gateway.policies.plan import Application, Loss, enforce, make_plan
from gateway.policies.plan.errors import Locked, StatementFailed

_BEFORE: Final = 0.4
"""The share of the time for looking at how it is now. What takes that long takes as long again afterwards."""
_ANONYMOUS: Final = "anon"
_NOBODY: Final = (
    "No persona is known but anon. Name some under `personas:` in defaults.yaml, such as "
    "`marie: { role: authenticated, sub: 1111… }`."
)

Reaches = Mapping[QualifiedName, Mapping[str, Reach]]


async def impact(
    connection: Connection, application: Application, personas: Iterable[Persona], budget: Budget | None = None
) -> Impact:
    """What `apply` would do to the rows that `personas` reach. Losses are taken as allowed.

    Nothing stays: it is one transaction that is rolled back, of one snapshot. The changes lock their tables against
    everybody else until they are undone: from then on it goes on for no longer than the rest of the budget. The
    connection must not be in a transaction. Raises PolicyError for files that do not fit, else ApplyError.
    """
    budget = budget or Budget()
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        return await _Trial(connection, application, budget, time.monotonic()).impact(personas)
    finally:
        if not connection.is_closed():
            await transaction.rollback()


@dataclass(frozen=True, slots=True)
class _Trial:
    connection: Connection
    application: Application
    budget: Budget
    started: float

    async def impact(self, personas: Iterable[Persona]) -> Impact:
        await self.connection.execute("set local jit = off")
        plan = await make_plan(self.connection, self.application.policy_set, rewrite=self.application.rewrite)
        who, notes = _people(personas, plan.state)
        names = affected(plan)
        before = self._measurer(_BEFORE)
        scopes, samples = await self._scopes(before, [plan.state.relations[name] for name in names])
        old = {scope.relation.name: await before.measure(scope, who) for scope in scopes}
        after = self._measurer(1)
        new = await self._afterwards(after, scopes, old, who) if any(old.values()) else {}
        return Impact(
            tuple(persona.name for persona in who),
            names,
            tuple(await self._effects(plan.state, old, new)),
            samples,
            (*before.unfinished, *after.unfinished),
            timedelta(seconds=time.monotonic() - self.started),
            notes,
        )

    def _measurer(self, share: float) -> Measurer:
        deadline = self.started + share * self.budget.total.total_seconds()
        return Measurer(self.connection, self.application.policy_set.defaults.search_path, deadline)

    async def _scopes(
        self, measurer: Measurer, relations: Sequence[RelationState]
    ) -> tuple[list[Scope], dict[QualifiedName, Sample]]:
        scopes: list[Scope] = []
        samples: dict[QualifiedName, Sample] = {}
        for relation in relations:
            found = await measurer.scope(relation, self.budget.rows)
            if found is not None:
                scope, sample = found
                scopes.append(scope)
                if sample is not None:
                    samples[relation.name] = sample
        return scopes, samples

    async def _afterwards(
        self, measurer: Measurer, scopes: Iterable[Scope], old: Reaches, who: Sequence[Persona]
    ) -> dict[QualifiedName, dict[str, Reach]]:
        """The same once the changes are made. They are undone at the end, and their locks released."""
        found: dict[QualifiedName, dict[str, Reach]] = {}
        async with rolled_back(self.connection):
            state = await self._changed(measurer)
            for scope in scopes:
                name = scope.relation.name
                asked = [persona for persona in who if persona.name in old[name]]
                if state is None:
                    measurer.unfinished.append(Unfinished(name, None, "the time was up when the changes were made"))
                elif asked:
                    found[name] = await measurer.measure(replace(scope, relation=state.relations[name]), asked)
        return found

    async def _changed(self, measurer: Measurer) -> State | None:
        """Make the changes; None if that took too long."""
        path = self.application.policy_set.defaults.search_path
        try:
            await measurer.limit()
            await search(self.connection, path)
            await enforce(self.connection, replace(self.application, expected=None, allow=frozenset(Loss)))
            return await read_state(self.connection, (), path)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as reason:
            raise Locked(f"another session is in the way of trying it: {reason}") from reason
        except (TimeUp, asyncpg.QueryCanceledError):
            return None
        except StatementFailed as reason:
            if isinstance(reason.__cause__, asyncpg.QueryCanceledError):
                return None
            raise

    async def _effects(self, state: State, old: Reaches, new: Reaches) -> list[Effect]:
        found: list[Effect] = []
        for name, reaches in new.items():
            keys = await self._keys(state.relations[name], old[name], reaches)
            effects = (
                effect(persona, name, old[name][persona], reach, keys=keys, samples=self.budget.samples)
                for persona, reach in reaches.items()
            )
            found += [each for each in effects if not each.is_none]
        return found

    async def _keys(
        self, relation: RelationState, old: Mapping[str, Reach], new: Mapping[str, Reach]
    ) -> dict[str, str]:
        """The keys of the rows that are shown as samples."""
        places = {
            place
            for persona, reach in new.items()
            for changed in differences(old[persona], reach)
            for rows in changed.values()
            for place in sampled(rows, self.budget.samples)
        }
        if not places:
            return {}
        columns = relation.primary_key or next(iter(relation.unique_keys), ())
        if not columns:
            return {place: f"row {place.partition(' ')[2]}" for place in places}
        ctids = sorted({place.partition(" ")[2] for place in places})
        rows = await self.connection.fetch(statements.keys(relation, columns), sorted(places), ctids)
        return {
            row["place"]: ", ".join(f"{name}={value}" for name, value in zip(columns, row["values"], strict=True))
            for row in rows
        }


def _people(personas: Iterable[Persona], state: State) -> tuple[tuple[Persona, ...], tuple[str, ...]]:
    found = tuple({persona.name: persona for persona in personas}.values())
    if found or _ANONYMOUS not in state.roles:
        return found, () if found else (_NOBODY,)
    return (Persona(_ANONYMOUS, _ANONYMOUS),), (_NOBODY,)
