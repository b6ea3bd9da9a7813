"""The generic cell rate algorithm, as gcra.lua has it. Pure.

A limit remembers one number, the *theoretical arrival time* (TAT): when all that was taken will have been earned. Each
unit moves it on by an interval, and may be taken while it stays within a burst of the clock. So units come back one by
one and not all at the end of a window, and of whoever is idle nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.limits.model import Demand

KEPT_DEBT: Final = 10
"""How many bursts a TAT may be ahead of the clock. What is charged beyond that is forgiven, so that nobody waits longer
than ten times the time in which a burst comes back."""


def step(
    demands: Sequence[Demand], tats: Sequence[int | None], now: int, *, charge: bool = False
) -> tuple[bool, list[int]]:
    """Whether the units are taken, of all limits or of none, and how far each TAT is ahead of `now` after that.

    `tats` are what is remembered of each limit, in microseconds like `now`, None for nothing. With `charge` the units
    are taken in any case. What is to be remembered then is `now` and what is returned, added.
    """
    found: list[int] = []
    after: list[int] = []
    taken = True
    for (limit, units), tat in zip(demands, tats, strict=True):
        rate = limit.rate
        lead = max(0, min((tat or 0) - now, KEPT_DEBT * rate.capacity))
        found.append(lead)
        after.append(min(lead + rate.interval * units, KEPT_DEBT * rate.capacity))
        taken = taken and (charge or lead + rate.interval * units <= rate.capacity)
    return taken, after if taken else found
