"""How the bus is, for readiness and metrics."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum

from gateway.bus.errors import Reason
from gateway.bus.node import NodeStatus
from gateway.bus.topology import Topology


class State(Enum):
    """Whether calls can be expected to work."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class HearingStatus:
    """How subscriptions are; counts since the start."""

    up: bool
    reason: Reason | None
    channels: int
    messages: int
    losses: int


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """`interruptions` counts epochs that ended; `problem` says why the last renewal failed, if it did."""

    epoch: int | None
    problem: str | None
    renewals: int
    interruptions: int


@dataclass(frozen=True, slots=True)
class BusHealth:
    """`since` is Unix time. In a cluster the state is `UP` only while every primary can be reached; calls to those that
    can be reached work regardless."""

    state: State
    reason: Reason | None
    details: str | None
    since: float
    round_trip: float | None
    nodes: tuple[NodeStatus, ...]
    hearing: HearingStatus
    lease: LeaseStatus


class StateWatch:
    """Remembers since when the bus is up or not."""

    def __init__(self) -> None:
        self.state = State.CONNECTING
        self.since = time.time()

    def look(self, topology: Topology) -> None:
        """Call it whenever something about the servers changed."""
        problem = topology.problem
        if problem is None:
            state = State.UP
        elif self.state is State.CONNECTING and problem.why is Reason.CONNECTING:
            state = State.CONNECTING
        else:
            state = State.DOWN
        if state is not self.state:
            self.state, self.since = state, time.time()
