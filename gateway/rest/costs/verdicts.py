"""What was found out about the cost of reads, for a while. Pure but for the clock."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

_LONGEST_VALUES = 1024


class Verdicts:
    """Each holds for `lifetime` seconds, as statistics change. At most `limit` of them, the least recently used leave
    first."""

    def __init__(
        self, *, lifetime: float = 60.0, limit: int = 4096, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lifetime = lifetime
        self._limit = limit
        self._clock = clock
        self._entries: OrderedDict[Hashable, tuple[bool, float, float | None]] = OrderedDict()

    def of(self, key: Hashable) -> bool | None:
        """Whether `key` was said to be cheap; None if nothing was said, or too long ago."""
        found = self._entries.get(key)
        if found is None or found[1] < self._clock():
            return None
        self._entries.move_to_end(key)
        return found[0]

    def cost_of(self, key: Hashable) -> float | None:
        """The cost that was said of `key`."""
        found = self._entries.get(key)
        return None if found is None or found[1] < self._clock() else found[2]

    def say(self, key: Hashable, *, cheap: bool, cost: float | None = None) -> None:
        self._entries[key] = (cheap, self._clock() + self._lifetime, cost)
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)


def worth_keeping(values: Sequence[str]) -> bool:
    """Whether values are short enough to be kept as a part of a key."""
    return sum(map(len, values)) <= _LONGEST_VALUES
