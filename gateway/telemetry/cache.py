"""How the cache does, as metrics and in the answer of `/ready`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.cache import CacheReport
from gateway.telemetry.exposition import Metric, Reading

CACHE_METRICS: Final[tuple[Metric, ...]] = (
    Metric("passerelle_cache_on", "gauge", "Whether answers are served from it; only with Redis, like all of these."),
    Metric("passerelle_cache_problem", "gauge", "Always 1, while nothing is served from it.", ("reason",)),
    Metric("passerelle_cache_reads_total", "counter", "Reads it was asked for, by what came of it.", ("outcome",)),
    Metric("passerelle_cache_entries", "gauge", "Answers in memory, also those that no longer hold."),
    Metric("passerelle_cache_bytes", "gauge", "What they take."),
    Metric("passerelle_cache_evictions_total", "counter", "Answers that made room for others."),
    Metric("passerelle_cache_changes_total", "counter", "Changes of tables, by who knew of them.", ("origin",)),
    Metric("passerelle_cache_breaks_total", "counter", "Times that all caches went off because Redis was away."),
    Metric("passerelle_cache_resets_total", "counter", "Times that all answers were given up."),
)
"""Outcomes: hits in `memory` and in `redis`; `miss`; `changed`, kept and overtaken by a write; `request`, the client
wanted it fresh; `bypass`, not asked for the answer; `stale`, served past its time while the database was away. Origins:
`told` by this process after its own writes, `heard` from all processes, `found` in records of other programs."""


def cache_readings(report: CacheReport) -> Iterator[Reading]:
    """All readings of now."""
    yield Reading("passerelle_cache_on", (), int(report.off is None))
    if report.off is not None:
        yield Reading("passerelle_cache_problem", (report.off.reason.value,), 1)
    for outcome, count in report.hits.items():
        yield Reading("passerelle_cache_reads_total", (outcome,), count)
    yield Reading("passerelle_cache_entries", (), report.entries)
    yield Reading("passerelle_cache_bytes", (), report.bytes)
    yield Reading("passerelle_cache_evictions_total", (), report.evictions)
    yield Reading("passerelle_cache_changes_total", ("told",), report.changes_told)
    yield Reading("passerelle_cache_changes_total", ("heard",), report.changes_heard)
    yield Reading("passerelle_cache_changes_total", ("found",), report.changes_found)
    yield Reading("passerelle_cache_breaks_total", (), report.breaks)
    yield Reading("passerelle_cache_resets_total", (), report.resets)


def cache_condition(report: CacheReport) -> dict[str, Any]:
    """What `/ready` tells. No words, which may name what is not for everybody; `GET /cache` has them."""
    off = report.off
    return {"state": "on" if off is None else "off", "reason": off.reason.value if off is not None else None}


def cache_badness(condition: Mapping[str, Any]) -> bool:
    """How bad a worker's condition is, to tell the worst of all."""
    return condition.get("state") != "on"
