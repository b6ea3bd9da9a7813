"""How Redis is, as metrics and in the answer of `/ready`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from gateway.bus import BusHealth, State
from gateway.telemetry.exposition import Metric, Reading

_SERVER: Final = ("server",)

REDIS_METRICS: Final[tuple[Metric, ...]] = (
    Metric("passerelle_redis_up", "gauge", "Whether all of Redis can be reached; only with Redis, like all of these."),
    Metric("passerelle_redis_problem", "gauge", "Always 1, while Redis cannot be reached.", ("reason",)),
    Metric("passerelle_redis_connections", "gauge", "Open connections for calls.", _SERVER),
    Metric("passerelle_redis_round_trip_seconds", "gauge", "The last round trip measured.", _SERVER),
    Metric("passerelle_redis_pending", "gauge", "Calls that wait for their answer.", _SERVER),
    Metric("passerelle_redis_calls_total", "counter", "Calls; those refused were not sent.", ("server", "outcome")),
    Metric("passerelle_redis_errors_total", "counter", "Calls that were answered with an error.", _SERVER),
    Metric("passerelle_redis_timeouts_total", "counter", "Connections given up because no answer came.", _SERVER),
    Metric("passerelle_redis_connects_total", "counter", "Attempts to connect.", ("server", "outcome")),
    Metric("passerelle_redis_losses_total", "counter", "Connections for calls that were lost.", _SERVER),
    Metric("passerelle_redis_hearing", "gauge", "Whether messages of other instances are heard."),
    Metric("passerelle_redis_messages_total", "counter", "Messages heard."),
    Metric("passerelle_redis_hearing_losses_total", "counter", "Losses of the connection that hears messages."),
    Metric("passerelle_redis_lease_live", "gauge", "Whether this process may trust what it remembers."),
    Metric("passerelle_redis_lease_renewals_total", "counter", "Renewals of the lease."),
    Metric("passerelle_redis_lease_interruptions_total", "counter", "Ends of a lease before the process's own."),
)
"""A server's label is its address, or the name of the service of which Sentinels name the master."""

_BEST_TO_WORST: Final = tuple(state.value for state in (State.UP, State.CONNECTING, State.DOWN))


def redis_readings(health: BusHealth) -> Iterator[Reading]:
    """All readings of now."""
    yield Reading("passerelle_redis_up", (), int(health.state is State.UP))
    if health.reason is not None:
        yield Reading("passerelle_redis_problem", (health.reason.value,), 1)
    for node in health.nodes:
        server, counts = node.name, node.counts
        yield Reading("passerelle_redis_connections", (server,), node.connections)
        if node.round_trip is not None:
            yield Reading("passerelle_redis_round_trip_seconds", (server,), node.round_trip)
        yield Reading("passerelle_redis_pending", (server,), node.pending)
        yield Reading("passerelle_redis_calls_total", (server, "sent"), counts.calls)
        yield Reading("passerelle_redis_calls_total", (server, "refused"), counts.refused)
        yield Reading("passerelle_redis_errors_total", (server,), counts.errors)
        yield Reading("passerelle_redis_timeouts_total", (server,), counts.timeouts)
        yield Reading("passerelle_redis_connects_total", (server, "success"), counts.connects)
        yield Reading("passerelle_redis_connects_total", (server, "failure"), counts.failures)
        yield Reading("passerelle_redis_losses_total", (server,), counts.losses)
    yield Reading("passerelle_redis_hearing", (), int(health.hearing.up))
    yield Reading("passerelle_redis_messages_total", (), health.hearing.messages)
    yield Reading("passerelle_redis_hearing_losses_total", (), health.hearing.losses)
    yield Reading("passerelle_redis_lease_live", (), int(health.lease.epoch is not None))
    yield Reading("passerelle_redis_lease_renewals_total", (), health.lease.renewals)
    yield Reading("passerelle_redis_lease_interruptions_total", (), health.lease.interruptions)


def redis_condition(health: BusHealth) -> dict[str, Any]:
    """What `/ready` tells. No details, which may name what is not for everybody; they are in the log."""
    return {
        "state": health.state.value,
        "reason": health.reason.value if health.reason is not None else None,
        "since": datetime.fromtimestamp(health.since, UTC).isoformat(timespec="seconds"),
        "lease": "live" if health.lease.epoch is not None else "none",
    }


def redis_badness(condition: Mapping[str, Any]) -> tuple[int, bool]:
    """How bad a worker's condition is, to tell the worst of all."""
    state = condition.get("state")
    known = _BEST_TO_WORST.index(state) if state in _BEST_TO_WORST else len(_BEST_TO_WORST)
    return known, condition.get("lease") != "live"
