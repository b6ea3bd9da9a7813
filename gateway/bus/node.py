"""One server, reached over a few lanes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from gateway.bus.backoff import Backoff
from gateway.bus.connection import Opener
from gateway.bus.errors import BusUnavailable, Reason
from gateway.bus.lane import Lane, LaneCounts


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """`reason` and `details` say why it is not up; `since` is Unix time; `round_trip` is in seconds."""

    name: str
    up: bool
    reason: Reason | None
    details: str | None
    since: float
    round_trip: float | None
    connections: int
    pending: int
    counts: LaneCounts


class Node:
    """A server and the lanes to it. It is up while one lane is."""

    def __init__(
        self,
        opener: Opener,
        *,
        name: str,
        lanes: int,
        timeout: float,
        changed: Callable[[], None],
        backoff: Backoff,
    ) -> None:
        self.name = name
        self._changed = changed
        self._came_up = asyncio.Event()
        self._lanes = [
            Lane(opener, name=name, timeout=timeout, changed=self._look, backoff=backoff) for _ in range(lanes)
        ]

    @property
    def up(self) -> bool:
        return any(lane.up for lane in self._lanes)

    @property
    def problem(self) -> BusUnavailable | None:
        """Why it is not up; None if it is."""
        best = self._best()
        return None if best.up else best.unavailable()

    async def until_up(self, patience: float) -> None:
        """Return when it is up, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._came_up.wait()

    def start(self) -> None:
        for lane in self._lanes:
            lane.start()

    async def stop(self, reason: Reason = Reason.STOPPED) -> None:
        for lane in self._lanes:
            await lane.stop(reason)

    def lane(self, key: str | None = None) -> Lane:
        """The lane for a call about `key`: always the same one, so calls about a key keep their order. If that is
        down, another that is up; if none is, the one with the latest news."""
        lane = self._lanes[hash(key) % len(self._lanes) if key is not None else 0]
        return lane if lane.up else self._best()

    def give_up(self, reason: Reason) -> None:
        """Drop all connections and make new ones."""
        for lane in self._lanes:
            lane.give_up(reason)

    def _best(self) -> Lane:
        return max(self._lanes, key=lambda lane: (lane.up, lane.since))

    def _look(self) -> None:
        # A server that stalls one connection stalls all: the others need not find out one timeout after the other.
        stalled = max((lane.since for lane in self._lanes if lane.stalled), default=0.0)
        for lane in self._lanes:
            if lane.up and lane.since < stalled:
                lane.give_up(Reason.TIMEOUT)
        if self.up:
            self._came_up.set()
            for lane in self._lanes:
                lane.hurry()
        else:
            self._came_up.clear()
        self._changed()

    def status(self) -> NodeStatus:
        best = self._best()
        return NodeStatus(
            name=self.name,
            up=best.up,
            reason=None if best.up else best.reason,
            details=None if best.up else best.details,
            since=best.since,
            round_trip=best.round_trip,
            connections=sum(lane.up for lane in self._lanes),
            pending=sum(lane.pending for lane in self._lanes),
            counts=_sum([lane.counts for lane in self._lanes]),
        )


def _sum(counts: list[LaneCounts]) -> LaneCounts:
    total = LaneCounts()
    for one in counts:
        for name in LaneCounts.__slots__:
            setattr(total, name, getattr(total, name) + getattr(one, name))
    return total
