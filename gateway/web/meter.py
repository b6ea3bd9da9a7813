"""How long requests take: histograms that cost less than a microsecond to observe."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"})
OTHER_METHOD: Final = "other"
NONE: Final = "none"

Key = tuple[str | None, str | None, str, int]


class Histogram:
    """Counts by bucket, the last one unbounded, and the sum. For one thread."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class RequestMeter:
    """Durations of requests by surface, route template, method and status class.

    All of these come from closed sets: surfaces name routes by templates, and methods that no surface knows count as
    `other`. So what clients send cannot make the number of series grow. `running` counts requests not yet answered.
    """

    __slots__ = ("_series", "running")

    def __init__(self) -> None:
        self._series: dict[Key, Histogram] = {}
        self.running = 0

    def observe(self, surface: str | None, route: str | None, method: str, status: int, seconds: float) -> None:
        """`surface` is a mount's prefix, None where none is mounted; `route` is None if the request got no further
        than its surface."""
        series = self._series.get((surface, route, method, status // 100))
        if series is None:
            known = method if method in METHODS else OTHER_METHOD
            series = self._series.setdefault((surface, route, known, status // 100), Histogram())
        series.counts[bisect_left(BUCKETS, seconds)] += 1
        series.total += seconds

    def series(self) -> Iterator[tuple[tuple[str, str, str, str], Histogram]]:
        """Surface, route, method and status class (`2xx`), each with its histogram."""
        for (surface, route, method, status), series in self._series.items():
            yield (NONE if surface is None else surface or "/", route or NONE, method, f"{status}xx"), series
