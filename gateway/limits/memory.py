"""Limits of one instance, in its memory: without Redis, and while it is away."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from gateway.limits.gcra import step
from gateway.limits.model import Demand

MOST_KEYS: Final = 50_000
"""About 10 MB."""


def microseconds() -> int:
    """By a clock that nobody sets."""
    return time.monotonic_ns() // 1000


class Memory:
    """TATs by key; at most `limit`. Beyond that those leave that were used least recently, and begin anew."""

    def __init__(self, *, limit: int = MOST_KEYS, clock: Callable[[], int] = microseconds) -> None:
        self._limit = limit
        self._clock = clock
        self._tats: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tats)

    def step(self, keys: Sequence[str], demands: Sequence[Demand], *, charge: bool = False) -> tuple[bool, list[int]]:
        """As `gcra.step`, remembered."""
        tats, now = self._tats, self._clock()
        taken, ahead = step(demands, [tats.get(key) for key in keys], now, charge=charge)
        for key, lead in zip(keys, ahead, strict=True):
            if taken:
                tats[key] = now + lead
            if key in tats:
                tats.move_to_end(key)
        while len(tats) > self._limit:
            tats.popitem(last=False)
        return taken, ahead
