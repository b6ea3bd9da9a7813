"""The arithmetic of leases. Pure.

An instance may trust its memory while its lease is live. Both sides keep time by clocks of their own: the instance by
a clock that only moves forward, the server by its wall clock. The instance counts from the moment *before* it asked,
and stops `grace` earlier than the server, so it stops first unless the server's clock gains more than `grace` in one
term. Leaps of more than a term the server notices itself (lease.lua).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: how long the server counts a lease, how much earlier its holder stops, how often it is renewed.

    All instances of a deployment must have the same: a server that lost its memory waits for `term`.
    """

    term: float = 3.0
    grace: float = 1.0
    renewal: float = 0.5

    def deadline(self, asked_at: float) -> float:
        """Until when a lease that was asked for at `asked_at` may be trusted."""
        return asked_at + self.term - self.grace


TERMS: Final = Terms()
MOST_INSTANCES: Final = 1000
"""Leases there may be at a time. Further instances get none."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An instance's lease as the server sees it: its epoch, and the seconds it has left if it is not renewed."""

    epoch: int
    remaining: float


@dataclass(frozen=True, slots=True)
class Members:
    """Who holds a lease.

    For `unsettled` seconds there may be others that the server has forgotten: it restarted, failed over, was emptied,
    or its clock leapt.
    """

    holdings: Mapping[str, Holding]
    unsettled: float = 0.0


def outstanding(seen: Members, acknowledged: Set[str], now: Members) -> frozenset[str]:
    """The instances that may still trust what they remembered when `seen` was read.

    Not those that acknowledged, whose lease has run out, or that began a new epoch (and so forgot everything).
    """
    return frozenset(
        instance
        for instance, holding in seen.holdings.items()
        if instance not in acknowledged
        and (current := now.holdings.get(instance)) is not None
        and current.epoch == holding.epoch
    )


def read_members(reply: list[bytes | int]) -> Members:
    """The reply of lease.lua to `members`: milliseconds unsettled, then instance, epoch, milliseconds left, ..."""
    unsettled, *rest = reply
    holdings = {_text(rest[at]): Holding(int(rest[at + 1]), int(rest[at + 2]) / 1000) for at in range(0, len(rest), 3)}
    return Members(holdings, int(unsettled) / 1000)


def _text(value: bytes | int) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _steady_clock() -> Callable[[], float]:
    """A clock that also counts while the machine sleeps, which CLOCK_MONOTONIC does not on Linux."""
    if sys.platform == "linux":
        return lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return lambda: time.clock_gettime(time.CLOCK_MONOTONIC)  # time.monotonic() there stops in sleep
    return time.monotonic


steady: Final = _steady_clock()
