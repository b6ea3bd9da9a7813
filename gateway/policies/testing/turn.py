"""The probes of one persona, after rows were given and looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from gateway.policies.model import Persona, Probe
from gateway.policies.testing.known import Alike, Known, KnownRow, alike, is_found_by_key, needs_count
from gateway.policies.testing.order import Turn
from gateway.policies.testing.results import (
    Observation,
    Result,
    Seen,
    broken,
    has_failure,
    is_plain_refusal,
    is_tried_blind,
    verdict,
)
from gateway.policies.testing.session import FAULTS, Session
from gateway.policies.testing.statements import Statement, blind, count_each, count_known, direct
from gateway.policies.testing.surroundings import Surroundings

_TURN = "passerelle_turn"
_COUNTS = "passerelle_counts"
_PROBE = "passerelle_probe"


@dataclass(slots=True)
class TurnRunner:
    """With `stop_at_failure` nothing more is tried after a failure."""

    session: Session
    surroundings: Surroundings
    known: Known
    stop_at_failure: bool
    _counts: dict[int, Seen] = field(default_factory=dict[int, Seen])
    _results: list[Result] = field(default_factory=list[Result])

    async def run(self, turn: Turn) -> list[Result]:
        """One result for each probe, in no particular order."""
        async with self.session.undone(_TURN):
            await self._take(turn)
        return self._results

    async def _take(self, turn: Turn) -> None:
        probes = [probe for probe in turn.probes if not self._refuse(probe)]
        await self._count(turn.persona, [probe for probe in probes if needs_count(probe)])
        try:
            # What a constraint says at the end of the transaction, it says at once.
            await self.session.script("set constraints all immediate")
            await self.session.become(turn.persona)
        except FAULTS:
            raise
        except asyncpg.PostgresError as error:
            reason = f"nobody can be tried as {turn.persona}: {error.message} ({error.sqlstate})"
            self._results += [broken(probe, reason) for probe in probes]
            return
        await self.session.script(f"savepoint {_PROBE}")
        left = await self._select_together(probes)
        for probe in left:
            if self._is_over():
                return
            self._results.append(await self._try(probe))

    def _is_over(self) -> bool:
        return self.stop_at_failure and has_failure(self._results)

    def _refuse(self, probe: Probe) -> bool:
        """Note what makes a probe impossible, before anything is tried."""
        problem = self._problem(probe)
        if problem is not None:
            self._results.append(broken(probe, problem))
        return problem is not None

    def _problem(self, probe: Probe) -> str | None:
        action, relation = probe.action, self.surroundings.relation(probe.action)
        if action.verb == "call":
            if self.surroundings.function(action) is None:
                return f"there is no function {action.function} with exactly these arguments, or more than one"
            return None
        if relation is None:
            return f"there is no table {action.table}"
        if action.verb == "select" and is_found_by_key(probe):
            hidden = relation.unreadable(probe.persona.role, action.key)
            if hidden:
                return (
                    f"{probe.persona.role} may not read {', '.join(hidden)}, by which the row is found: use another key"
                )
        return self.known.problem(probe)

    async def _count(self, persona: Persona, probes: Sequence[Probe]) -> None:
        """How many rows conditions hold for, as the owner with the persona's claims."""
        if not probes:
            return
        async with self.session.undone(_COUNTS):
            await self.session.be_owner(persona)
            await self.session.script(f"savepoint {_PROBE}")
            for probe in probes:
                self._counts[id(probe)] = await self._seen(count_known(probe.action))

    async def _select_together(self, probes: Sequence[Probe]) -> list[Probe]:
        """Ask for the rows of many keys at once, which is the same as one by one unless there is an error. Returns the
        probes that are left."""
        together: dict[Alike, list[Probe]] = {}
        left: list[Probe] = []
        for probe in probes:
            if probe.action.verb == "select" and is_found_by_key(probe) and not probe.action.columns:
                together.setdefault(alike(probe), []).append(probe)
            else:
                left.append(probe)
        for kind, alikes in together.items():
            try:
                rows = await self.session.rows(count_each(kind.table, [probe.action.key for probe in alikes]))
            except FAULTS:
                raise
            except asyncpg.PostgresError:
                left = [*alikes, *left]
            else:
                for probe, row in zip(alikes, rows, strict=True):
                    self._results.append(verdict(probe, Observation(Seen(row[0]), known=self._known(probe))))
            await self._undo()
        return left

    async def _try(self, probe: Probe) -> Result:
        counted = self._counts.get(id(probe))
        if counted is not None and counted.rows is None:
            return broken(probe, f"the owner cannot count its rows: {counted}")
        relation = self.surroundings.relation(probe.action)
        is_blind = is_tried_blind(probe) and relation is not None and relation.located
        directly = None
        if not is_blind or not is_plain_refusal(probe.expected):
            unchanging = relation.unchanging(probe.persona.role, probe.action.key) if relation else None
            function = self.surroundings.function(probe.action)
            directly = await self._seen(direct(probe.action, unchanging=unchanging, function=function))
        blindly = await self._blind(probe) if is_blind else None
        return verdict(probe, Observation(directly, blindly, self._known(probe)))

    async def _blind(self, probe: Probe) -> Seen | None:
        """What comes of the row that is refused least; None if there is no row."""
        seen = None
        for row in self.known.rows(probe) or ():
            assert row.cursor is not None
            seen = await self._seen(blind(probe.action, row.cursor, self._values(probe, row)))
            if not seen.refused:
                break
        return seen

    def _values(self, probe: Probe, row: KnownRow) -> dict[str, object]:
        relation = self.surroundings.relation(probe.action)
        assert relation is not None
        if probe.action.values:
            return dict(probe.action.values)
        unchanging = relation.unchanging(probe.persona.role, probe.action.key)
        return {unchanging: row.values[unchanging]} if unchanging is not None else {}

    def _known(self, probe: Probe) -> int | None:
        rows = self.known.rows(probe)
        if rows is not None:
            return len(rows)
        counted = self._counts.get(id(probe))
        return counted.rows if counted is not None else None

    async def _seen(self, asked: Statement) -> Seen:
        seen = await self.session.seen(asked)
        await self._undo()
        return seen

    async def _undo(self) -> None:
        await self.session.script(f"rollback to savepoint {_PROBE}")
