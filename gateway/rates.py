"""Rates of requests, as settings write them: `600/min`, `30/h burst 5`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 1_000_000_000
"""The largest count of a rate."""

_SECOND: Final = 1_000_000
_PERIODS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_RATE: Final = re.compile(r"([0-9]{1,10})/(s|min|h|d)(?: +burst +([0-9]{1,10}))?")


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` units in `seconds`, of which at most `burst` at once (0: as many as `count`).

    `interval` is the time that one unit takes, `capacity` that of a whole burst, both in whole microseconds. Rates
    above one unit a microsecond are slowed to that. Raises ValueError for a rate that is none.
    """

    count: int
    seconds: int
    burst: int = 0
    interval: int = field(init=False, repr=False, compare=False)
    capacity: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (1 <= self.count <= MOST and 1 <= self.seconds <= _PERIODS["d"] and 0 <= self.burst <= self.count):
            raise ValueError("a rate has a count above 0, a period of up to a day, and a burst of up to its count")
        object.__setattr__(self, "burst", self.burst or self.count)
        # Whole numbers, so that Python and Lua agree on each of them; rounded up, so that nobody gets more.
        object.__setattr__(self, "interval", -(-self.seconds * _SECOND // self.count))
        object.__setattr__(self, "capacity", self.interval * self.burst)

    def __str__(self) -> str:
        unit = next((name for name, seconds in _PERIODS.items() if seconds == self.seconds), f"{self.seconds}s")
        burst = f" burst {self.burst}" if self.burst != self.count else ""
        return f"{self.count}/{unit}{burst}"


def read_rate(text: str) -> Rate:
    """`count/s`, `/min`, `/h` or `/d`, then perhaps `burst count`. Raises ValueError for other text."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError("is no rate like 600/min or 600/min burst 50")
    burst = int(match[3]) if match[3] is not None else int(match[1])
    if not 1 <= burst <= int(match[1]) <= MOST:
        raise ValueError(f"must have a count from 1 to {MOST}, and a burst from 1 to the count")
    return Rate(int(match[1]), _PERIODS[match[2]], burst)
