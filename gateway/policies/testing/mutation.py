"""Mutation testing: every mutant is put in force by itself, and some test has to fail."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.policies.database import State, read_state
from gateway.policies.model import PUBLIC, PolicySet, Probe, QualifiedName
from gateway.policies.plan.compiled import ALL
from gateway.policies.testing.equivalence import distinct, proof
from gateway.policies.testing.hints import hint
from gateway.policies.testing.mutants import Mutant, mutants_of
from gateway.policies.testing.reach import Reach
from gateway.policies.testing.rehearsal import Rehearsal, rehearsal
from gateway.policies.testing.results import Result
from gateway.policies.testing.sql import statement
from gateway.policies.testing.surroundings import Connection

_REMEMBERED: Final = 4
"""Probes that killed the last mutants of a policy; they are tried first on the next."""

Progress = Callable[[int, int], None]
"""Is told how many mutants are done, of how many."""


class Fate(enum.StrEnum):
    """EQUIVALENT: nothing is different, so no test can notice."""

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a mutant. `by` is the result that killed it; `note` says why it is equivalent, or what test would
    kill it."""

    mutant: Mutant
    fate: Fate
    by: Result | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Mutation:
    """`results` are those of the tests without any mutant. Unless all passed, there are no trials."""

    results: tuple[Result, ...]
    trials: tuple[Trial, ...] = ()


async def mutate(
    connections: Sequence[Connection], policy_set: PolicySet, wanted: Callable[[Mutant], bool], progress: Progress
) -> Mutation:
    """Run all probes of the set, then try on them all mutants that are `wanted`, spread over `connections`: each to a
    database of its own, which looks afterwards as before."""
    first, *others = connections
    async with rehearsal(first, policy_set) as rehearsed:
        results = tuple(await rehearsed.runner.run(policy_set.probes))
        if not all(result.passed for result in results):
            return Mutation(results)
        work = await _work(rehearsed, policy_set, wanted, progress)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(work.share(rehearsed))
                for connection in others:
                    tasks.create_task(work.rehearse_and_share(connection))
        except BaseExceptionGroup as several:
            # What stops one stops all, and most likely for the same reason.
            raise several.exceptions[0] from None
        return Mutation(results, tuple(sorted(work.trials, key=lambda trial: (trial.mutant.place, str(trial.mutant)))))


async def _work(
    rehearsed: Rehearsal, policy_set: PolicySet, wanted: Callable[[Mutant], bool], progress: Progress
) -> _Work:
    connection, path = rehearsed.session.connection, policy_set.defaults.search_path
    state = await read_state(connection, (), path)
    candidates = filter(wanted, mutants_of(policy_set, rehearsed.plan.compiled, state))
    mutants = await distinct(connection, candidates, path)
    triggers = await connection.fetch(statement("trigger_functions"))
    reach = Reach(state, {row["relation"]: row["functions"] for row in triggers})
    return _Work(policy_set, state, reach, deque(_by_subject(mutants)), len(mutants), progress)


def _by_subject(mutants: Iterable[Mutant]) -> list[list[Mutant]]:
    """The mutants of one policy together, so that what killed one is tried on the next. The longest lists are first,
    for no connection to be left with one of them alone."""
    together: dict[tuple[QualifiedName, str], list[Mutant]] = {}
    for mutant in mutants:
        together.setdefault((mutant.table, mutant.subject), []).append(mutant)
    return sorted(together.values(), key=len, reverse=True)


@dataclass(slots=True)
class _Work:
    """What is left to do, taken by whoever is free."""

    policy_set: PolicySet
    state: State
    reach: Reach
    waiting: deque[list[Mutant]]
    total: int
    progress: Progress
    trials: list[Trial] = field(default_factory=list[Trial])

    async def rehearse_and_share(self, connection: Connection) -> None:
        async with rehearsal(connection, self.policy_set) as rehearsed:
            await self.share(rehearsed)

    async def share(self, rehearsed: Rehearsal) -> None:
        while self.waiting:
            killers: deque[Probe] = deque(maxlen=_REMEMBERED)
            for mutant in self.waiting.popleft():
                self.trials.append(await self._try(rehearsed, mutant, killers))
                self.progress(len(self.trials), self.total)

    async def _try(self, rehearsed: Rehearsal, mutant: Mutant, killers: deque[Probe]) -> Trial:
        session = rehearsed.session
        async with session.undone("passerelle_mutant"):
            await session.be_owner()
            for sql in mutant.statements:
                await session.command(sql)
            for portion in self._portions(mutant, killers):
                results = await rehearsed.runner.run(portion, stop_at_failure=True)
                killer = next((result for result in results if not result.passed), None)
                if killer is not None:
                    killers.appendleft(killer.probe)
                    return Trial(mutant, Fate.KILLED, killer)
        reason = await proof(session, mutant)
        if reason is not None:
            return Trial(mutant, Fate.EQUIVALENT, note=reason)
        relation = self.state.relations[mutant.table]
        note = await hint(session, mutant, self.policy_set.personas.values(), relation.primary_key)
        return Trial(mutant, Fate.SURVIVED, note=note)

    def _portions(self, mutant: Mutant, killers: Iterable[Probe]) -> Iterator[Sequence[Probe]]:
        """The probes that may notice, those that most likely do first."""
        remembered = list({id(probe): probe for probe in killers}.values())
        yield remembered
        tried = {id(probe) for probe in remembered}
        likely: list[Probe] = []
        near: list[Probe] = []
        far: list[Probe] = []
        for probe in self.policy_set.probes:
            if id(probe) in tried:
                continue
            if probe.action.table == mutant.table:
                (likely if _is_about(mutant, probe) else near).append(probe)
            elif self._may_notice(mutant, probe):
                far.append(probe)
        yield from (likely, near, far)

    def _may_notice(self, mutant: Mutant, probe: Probe) -> bool:
        subject = probe.action.table or probe.action.function
        return subject is not None and self.reach.depends(subject, mutant.table)


def _is_about(mutant: Mutant, probe: Probe) -> bool:
    concerned = PUBLIC in mutant.roles or probe.persona.role in mutant.roles
    return concerned and mutant.verb in (probe.action.verb, ALL)
