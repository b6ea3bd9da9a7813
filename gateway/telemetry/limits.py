"""Metrics of rate limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.limits import LimitCounts
from gateway.telemetry.exposition import Metric, Reading

LIMIT_METRICS: Final[tuple[Metric, ...]] = (
    Metric("passerelle_rate_limit_allowed_total", "counter", "Requests within all of their rate limits."),
    Metric("passerelle_rate_limit_refused_total", "counter", "Requests refused, by the kind of the limit.", ("limit",)),
    Metric(
        "passerelle_rate_limit_fallbacks_total",
        "counter",
        "Requests and charges that this instance counted alone.",
        ("reason",),
    ),
    Metric("passerelle_rate_limit_local_keys", "gauge", "Limits of callers that this instance remembers itself."),
)
_KINDS: Final = ("reads", "writes", "anonymous", "rows", "cost", "table", "function")
_REASONS: Final = ("lost", "refused", "timeout", "unreachable")
"""The usual labels, which are there from the start: an increase can be seen only from a first reading."""


@dataclass(frozen=True, slots=True)
class LimitReadings:
    """What the limiter counted."""

    counts: LimitCounts
    local_keys: int

    def read(self) -> Iterator[Reading]:
        counts = self.counts
        yield Reading("passerelle_rate_limit_allowed_total", (), counts.allowed)
        for kind in dict.fromkeys((*_KINDS, *counts.refused)):
            yield Reading("passerelle_rate_limit_refused_total", (kind,), counts.refused[kind])
        for reason in dict.fromkeys((*_REASONS, *counts.fallbacks)):
            yield Reading("passerelle_rate_limit_fallbacks_total", (reason,), counts.fallbacks[reason])
        yield Reading("passerelle_rate_limit_local_keys", (), self.local_keys)
