"""One server, reached over a few lanes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.bus.backoff import Backoff
from gateway.bus.connection import Opener
from gateway.bus.errors import Reason
from gateway.bus.lane import Lane, LaneCounts


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """`reason` and `details` say why it is not up; `since` is Unix time; `round_trip` in seconds, when last measured."""

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
        self._lanes = [
            Lane(opener, name=name, timeout=timeout, changed=changed, backoff=backoff) for _ in range(lanes)
        ]

    @property
    def up(self) -> bool:
        return any(lane.up for lane in self._lanes)

    @property
    def reason(self) -> Reason:
        """Why it is not up."""
        return self._lanes[0].reason

    def start(self) -> None:
        for lane in self._lanes:
            lane.start()

    async def stop(self) -> None:
        for lane in self._lanes:
            await lane.stop()

    def lane(self) -> Lane:
        """The lane for the next call: the least busy that is up, or any."""
        best = self._lanes[0]
        for lane in self._lanes:
            if lane.up and (not best.up or lane.pending < best.pending):
                best = lane
        return best

    def give_up(self, reason: Reason) -> None:
        """Drop all connections and make new ones."""
        for lane in self._lanes:
            lane.give_up(reason)

    def status(self) -> NodeStatus:
        best = self.lane()
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
