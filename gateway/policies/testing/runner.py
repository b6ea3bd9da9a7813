"""Runs probes on a connection, each as if it were the only one.

What is given is inserted behind savepoints that the next group rolls back to, as far as it is given other rows. An
identity is taken behind a savepoint of its own, and after each statement of a probe the transaction goes back to the
moment before it: no row, setting or role is left for the next, whatever functions do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from gateway.policies.model import NewRow, Probe
from gateway.policies.testing.known import LOOKUP, find_known
from gateway.policies.testing.order import Group, groups, row_identity
from gateway.policies.testing.results import Result, broken, has_failure
from gateway.policies.testing.session import FAULTS, Session
from gateway.policies.testing.statements import insertion
from gateway.policies.testing.surroundings import Surroundings
from gateway.policies.testing.turn import TurnRunner

_GROUP: Final = "passerelle_group"


class NotGiven(Exception):
    """The owner could not insert a given row."""


@dataclass(slots=True)
class Runner:
    """Probes on `session`, whose connection is in a transaction as the owner."""

    session: Session
    surroundings: Surroundings
    _given: list[str] = field(default_factory=list[str])

    async def run(self, probes: Iterable[Probe], *, stop_at_failure: bool = False) -> list[Result]:
        """The result of each probe, in no particular order; nothing of it stays in the transaction.

        With `stop_at_failure` nothing more is tried after a failure. Raises FAULTS.
        """
        results: list[Result] = []
        self._given.clear()
        async with self.session.undone("passerelle_run"):
            await self.session.be_owner()
            for group in groups(probes):
                results += (found := await self._group(group, stop_at_failure=stop_at_failure))
                if stop_at_failure and has_failure(found):
                    break
        return results

    async def _group(self, group: Group, *, stop_at_failure: bool) -> list[Result]:
        probes = [probe for turn in group.turns for probe in turn.probes]
        try:
            await self._give(group.given)
        except NotGiven as reason:
            return [broken(probe, str(reason)) for probe in probes]
        results: list[Result] = []
        async with self.session.undone(_GROUP):
            # Triggers of given rows may have changed settings.
            await self.session.be_owner()
            await self.session.script(f"savepoint {LOOKUP}")
            known = await find_known(self.session, self.surroundings, probes)
            for turn in group.turns:
                runner = TurnRunner(self.session, self.surroundings, known, stop_at_failure=stop_at_failure)
                results += (found := await runner.run(turn))
                if stop_at_failure and has_failure(found):
                    break
        return results

    async def _give(self, rows: Sequence[NewRow]) -> None:
        """Insert `rows`; those that the group before began with are there already."""
        wanted = [row_identity(row) for row in rows]
        common = 0
        for present, needed in zip(self._given, wanted, strict=False):
            if present != needed:
                break
            common += 1
        await self._take_back(common)
        for row, identity in zip(rows[common:], wanted[common:], strict=True):
            await self.session.script(f"savepoint {_savepoint(len(self._given))}")
            self._given.append(identity)
            try:
                await self.session.rows(insertion(row))
            except FAULTS:
                raise
            except asyncpg.PostgresError as error:
                await self._take_back(len(self._given) - 1)
                raise NotGiven(
                    f"the row given at {row.place} cannot be inserted into {row.table}: {error.message} "
                    f"({error.sqlstate})"
                ) from error

    async def _take_back(self, kept: int) -> None:
        if kept < len(self._given):
            name = _savepoint(kept)
            await self.session.script(f"rollback to savepoint {name}", f"release savepoint {name}")
            del self._given[kept:]


def _savepoint(number: int) -> str:
    return f"passerelle_given_{number}"
