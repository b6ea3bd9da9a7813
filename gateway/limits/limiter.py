"""The room's shell: limits that all instances share through Redis, or each keeps for itself."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.bus import Bus, BusError, BusUnavailable, Reason, load_script
from gateway.limits.gcra import KEPT_DEBT
from gateway.limits.memory import Memory
from gateway.limits.model import Demand, Limit, Subject, Verdict, verdict

_log = logging.getLogger(__name__)

_SCRIPT: Final = load_script("gateway.limits", "gcra")
_TIMEOUT: Final = 0.25
_PAUSE: Final = 0.5
_MOST_DEBTORS: Final = 10_000
_AT_ONCE: Final = 100
_REFUSED: Final = "refused"


@dataclass(slots=True)
class LimitCounts:
    """Since the start: checks that were allowed, refusals by the kind of each limit that had too few units, and how
    often this instance counted alone because Redis could not, by reason."""

    allowed: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    fallbacks: Counter[str] = field(default_factory=Counter[str])


class Limiter:
    """Takes units of limits for subjects. `bus` None: this instance counts for itself.

    A check of any number of limits is one round trip, and none if it has no demands. While Redis is away, refuses or
    takes longer than `timeout` seconds, this instance counts in its own memory, beginning with nothing used; after a
    timeout it asks again half a second later. What was asked when an answer stayed out may be counted in both places.
    """

    def __init__(
        self,
        bus: Bus | None,
        *,
        memory: Memory | None = None,
        timeout: float = _TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._memory = memory if memory is not None else Memory()
        self._timeout = timeout
        self._clock = clock
        self._pause_until = 0.0
        self._alone = False
        self._debts: defaultdict[Subject, Counter[Limit]] = defaultdict(Counter)
        self._owing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.counts: Final = LimitCounts()

    @property
    def local_keys(self) -> int:
        """How many limits of subjects this instance remembers itself."""
        return len(self._memory)

    async def start(self) -> None:
        """Begin to write charges down."""
        if self._bus is not None:
            self._task = asyncio.create_task(self._collect(self._bus), name="rate limit charges")

    async def stop(self) -> None:
        """Charges that were not written yet are forgiven."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def check(self, subject: Subject, demands: Sequence[Demand]) -> Verdict:
        """Take the units of all demands, or of none if any limit has too few left. The limits have different names."""
        if not demands:
            return Verdict(True, ())
        taken, ahead, local = await self._step(subject, demands)
        found = verdict(demands, taken, ahead, local=local)
        if taken:
            self.counts.allowed += 1
        else:
            self.counts.refused.update(standing.limit.kind for standing in found.standings if standing.refused)
        return found

    def charge(self, subject: Subject, demands: Sequence[Demand]) -> None:
        """Take the units in any case, soon: nobody waits. It may put a limit into debt, of at most ten bursts; until
        that is earned again, checks of it are refused."""
        if self._task is None:
            self._memory.step(_keys(subject, demands), demands, charge=True)
        elif len(self._debts) >= _MOST_DEBTORS and subject not in self._debts:
            self._charge_here(subject, demands, Reason.BUSY)
        else:
            owed = self._debts[subject]
            for limit, units in demands:
                owed[limit] += units
            self._owing.set()

    async def _step(self, subject: Subject, demands: Sequence[Demand]) -> tuple[bool, list[int], bool]:
        """With whether it was counted here alone."""
        keys = _keys(subject, demands)
        if self._bus is not None:
            try:
                return (*await self._ask(self._bus, keys, demands, "take"), False)
            except (BusError, TimeoutError) as error:
                self._fall_back(error)
        return (*self._memory.step(keys, demands), True)

    async def _ask(self, bus: Bus, keys: Sequence[str], demands: Sequence[Demand], verb: str) -> tuple[bool, list[int]]:
        if self._clock() < self._pause_until:
            raise BusUnavailable(Reason.TIMEOUT)
        args: list[str | int] = [verb, KEPT_DEBT]
        for limit, units in demands:
            rate = limit.rate
            args += (rate.interval, rate.capacity, min(units, KEPT_DEBT * rate.burst))
        async with asyncio.timeout(self._timeout):
            answer: list[Any] = await bus.run(_SCRIPT, keys=keys, args=args)
        if self._alone:
            self._alone = False
            _log.info("rate limits are shared through Redis again")
        return answer[0] == 1, answer[1:]

    def _fall_back(self, error: BusError | TimeoutError) -> None:
        """Note why this instance counts alone."""
        if isinstance(error, BusUnavailable):
            reason = error.why.value
        else:
            # Redis is there and does not answer, or not with what is wanted: no reason to wait for it each time.
            self._pause_until = self._clock() + _PAUSE
            reason = Reason.TIMEOUT.value if isinstance(error, TimeoutError) else _REFUSED
        self.counts.fallbacks[reason] += 1
        if not self._alone:
            self._alone = True
            _log.warning("Redis cannot count (%s): each instance keeps rate limits for itself", reason)

    def _charge_here(self, subject: Subject, demands: Sequence[Demand], reason: Reason) -> None:
        self.counts.fallbacks[reason.value] += 1
        self._memory.step(_keys(subject, demands), demands, charge=True)

    async def _collect(self, bus: Bus) -> None:
        while True:
            await self._owing.wait()
            self._owing.clear()
            debts = list(self._debts.items())
            self._debts.clear()
            for first in range(0, len(debts), _AT_ONCE):
                await asyncio.gather(*(self._write_down(bus, *debt) for debt in debts[first : first + _AT_ONCE]))

    async def _write_down(self, bus: Bus, subject: Subject, owed: Counter[Limit]) -> None:
        demands = [Demand(limit, units) for limit, units in owed.items()]
        keys = _keys(subject, demands)
        try:
            await self._ask(bus, keys, demands, "charge")
        except (BusError, TimeoutError) as error:
            self._fall_back(error)
            self._memory.step(keys, demands, charge=True)


def _keys(subject: Subject, demands: Sequence[Demand]) -> list[str]:
    """One for each limit, all in one slot of a cluster."""
    return [f"ratelimit:{{{subject}}}:{limit.name}" for limit, _ in demands]
