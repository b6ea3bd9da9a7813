"""The tests of a set, run on copies of a database, or in a transaction of the database itself."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.policies.model import PolicySet, Probe
from gateway.policies.testing.clone import Ground, ground
from gateway.policies.testing.mutants import Mutant
from gateway.policies.testing.mutation import Progress, Trial, mutate
from gateway.policies.testing.rehearsal import rehearsal
from gateway.policies.testing.results import Result

_MOST_COPIES: Final = 8


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it, in `seconds`. `note` says why there was no copy of the database, if there was none. Mutants are
    tried only if all tests pass."""

    results: tuple[Result, ...]
    seconds: float
    note: str | None = None
    trials: tuple[Trial, ...] = ()

    @property
    def passed(self) -> bool:
        return all(result.passed for result in self.results)


def matches(keyword: str, *texts: str) -> bool:
    """Whether each word of `keyword` is in one of `texts`, in whatever case."""
    folded = " ".join(texts).casefold()
    return all(word in folded for word in keyword.casefold().split())


def chosen(policy_set: PolicySet, keyword: str | None) -> tuple[Probe, ...]:
    """The probes whose name, persona, table, function or file `keyword` finds; all without one."""
    return tuple(probe for probe in policy_set.probes if keyword is None or matches(keyword, *_described(probe)))


async def run_tests(url: str, policy_set: PolicySet, probes: Sequence[Probe]) -> Report:
    """Try `probes` with the set in force. The database of `url`, which is its owner's, stays as it is.

    Raises PolicyError if the set does not fit the database, an ApplyError if it cannot be put in force, OSError or what
    asyncpg raises otherwise.
    """
    started = time.perf_counter()
    async with ground(url) as copies, rehearsal(copies.connections[0], policy_set) as rehearsed:
        results = await rehearsed.runner.run(probes)
        return _report(copies, results, started)


async def run_mutants(
    url: str, policy_set: PolicySet, progress: Progress, *, keyword: str | None = None, jobs: int | None = None
) -> Report:
    """Run all tests, then try all mutants on them; with `keyword` those that it finds. `jobs` is how many run at the
    same time; one for each processor by default, up to 8. Raises as `run_tests` does."""
    started = time.perf_counter()

    def wanted(mutant: Mutant) -> bool:
        return keyword is None or matches(keyword, str(mutant))

    async with ground(url, jobs or _processors()) as copies:
        mutation = await mutate(copies.connections, policy_set, wanted, progress)
        return _report(copies, mutation.results, started, mutation.trials)


def _processors() -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(available, _MOST_COPIES)


def _report(copies: Ground, results: Sequence[Result], started: float, trials: tuple[Trial, ...] = ()) -> Report:
    ordered = sorted(results, key=lambda result: result.probe.place)
    return Report(tuple(ordered), time.perf_counter() - started, copies.note, trials)


def _described(probe: Probe) -> tuple[str, ...]:
    action = probe.action
    return (probe.name, probe.persona.name, action.verb, str(action.table or action.function), probe.place.file)
