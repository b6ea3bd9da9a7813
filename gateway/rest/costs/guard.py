"""The ceilings, asked before a read runs. It awaits nothing but the EXPLAIN that it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from gateway.database import Caller
from gateway.rest.costs.costing import Costing
from gateway.rest.costs.plan import read_plan_json
from gateway.rest.costs.verdicts import Verdicts, worth_keeping
from gateway.rest.read_errors import too_costly
from gateway.rest.sql.arguments import Statement

EVERY_ROLE: Final = "*"
HEADROOM: Final = 2.0
"""How far below the ceiling the worst case must be: filters have a cost too, and so have counts."""

Explain = Callable[[str, Sequence[str]], Awaitable[bytes]]


class CostGuard:
    """The most that one read may cost, by role; `*` stands for all roles that are not named.

    A value decides what a read costs: `limit=1` and `limit=1000000` have the same shape. So a shape passes without a
    look only if it is cheap at its worst, and any other read only with the very values that were looked at. Both
    are remembered for an identity, because policies make a read cheaper for one than for another.
    """

    def __init__(self, ceilings: Mapping[str, int], verdicts: Verdicts | None = None) -> None:
        self._ceilings = dict(ceilings)
        self._verdicts = verdicts or Verdicts()

    def ceiling(self, role: str) -> int | None:
        return self._ceilings.get(role, self._ceilings.get(EVERY_ROLE))

    def is_cheap(self, caller: Caller, costing: Costing, values: Sequence[str]) -> bool:
        """Whether nothing needs to be asked."""
        if self.ceiling(caller.identity.role) is None:
            return True
        said, shape = self._verdicts, (caller, costing)
        return said.of(shape) is True or said.of((*shape, tuple(values))) is True

    def known(self, caller: Caller, costing: Costing, values: Sequence[str]) -> float | None:
        """The cost of a read that passed: with the very values, or else of its shape at its worst, which is then below
        half of the ceiling. None where nobody looked, as there is no ceiling, or it is forgotten."""
        if self.ceiling(caller.identity.role) is None:
            return None
        said, shape = self._verdicts, (caller, costing)
        exact = said.cost_of((*shape, tuple(values)))
        return exact if exact is not None else said.cost_of(shape)

    async def check(self, caller: Caller, costing: Costing, values: Sequence[str], explain: Explain) -> None:
        """Raises PGRSTX60 for a read that costs more than its role may spend."""
        ceiling = self.ceiling(caller.identity.role)
        if ceiling is None or self.is_cheap(caller, costing, values):
            return
        said, shape = self._verdicts, (caller, costing)
        if costing.worst is not None and said.of(shape) is None:
            worst = await _cost(explain, costing.worst, values)
            cheap = worst * HEADROOM <= ceiling
            said.say(shape, cheap=cheap, cost=worst if cheap else None)
            if cheap:
                return
        found = read_plan_json(await explain(costing.actual.text, costing.actual.bind(values)), costing.named)
        if found.cost > ceiling:
            raise too_costly(found.cost, ceiling, caller.identity.role, found.details, found.hint)
        if worth_keeping(values):
            said.say((*shape, tuple(values)), cheap=True, cost=found.cost)


async def _cost(explain: Explain, statement: Statement, values: Sequence[str]) -> float:
    return read_plan_json(await explain(statement.text, statement.bind(values))).cost
