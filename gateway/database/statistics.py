"""How a pool does, for operators. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """`size` is the bound, `connected` the sessions there are, `idle` those of them that wait for work, `waiting` the
    requests that wait for a session. The rest are counts since the start; `waited` is in seconds."""

    size: int
    connected: int
    idle: int
    waiting: int
    acquisitions: int
    waited: float
    timeouts: int
    connects: int
    connect_failures: int
    retired: int
    switches: int
    scrubs: int
    cancellations: int
    mismatches: int
