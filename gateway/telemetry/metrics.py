"""Which metrics there are, and how each is read. `docs/operations.md` lists them; a test compares the two."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from gateway.bus import BusHealth
from gateway.cache import CacheReport
from gateway.catalog import KeeperStatus
from gateway.database import PoolStatistics
from gateway.identity import TokenCacheCounts
from gateway.telemetry.cache import CACHE_METRICS, cache_readings
from gateway.telemetry.exposition import Distribution, Metric, Reading
from gateway.telemetry.limits import LIMIT_METRICS, LimitReadings
from gateway.telemetry.process import process_readings
from gateway.telemetry.redis import REDIS_METRICS, redis_readings
from gateway.web import BUCKETS, Histogram, RequestMeter

_REQUEST_LABELS: Final = ("surface", "route", "method", "status")

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        "passerelle_request_duration_seconds", "histogram", "Time until the answer was made.", _REQUEST_LABELS, BUCKETS
    ),
    Metric("passerelle_requests_running", "gauge", "Requests not yet answered."),
    Metric("passerelle_log_lines_dropped_total", "counter", "Access log lines that found the buffer full."),
    Metric("pgrst_schema_cache_loads_total", "counter", "Loads of the catalog.", ("status",)),
    Metric("pgrst_schema_cache_query_time_seconds", "gauge", "Duration of the last load of the catalog."),
    Metric("passerelle_catalog_listening", "gauge", "Whether the connection that hears of changes is up."),
    Metric("pgrst_db_pool_max", "gauge", "The most connections of the pool."),
    Metric("pgrst_db_pool_available", "gauge", "Idle connections."),
    Metric("pgrst_db_pool_waiting", "gauge", "Requests that wait for a connection."),
    Metric("pgrst_db_pool_timeouts_total", "counter", "Requests that waited for a connection in vain."),
    Metric("passerelle_database_connections", "gauge", "Open connections.", ("state",)),
    Metric("passerelle_database_connects_total", "counter", "Attempts to connect.", ("outcome",)),
    Metric("passerelle_database_retired_total", "counter", "Connections that were ended or replaced."),
    Metric("passerelle_database_acquisitions_total", "counter", "Connections given to requests."),
    Metric("passerelle_database_wait_seconds_total", "counter", "Time that requests waited for connections."),
    Metric("passerelle_database_identity_switches_total", "counter", "Connections that changed to another identity."),
    Metric("passerelle_database_scrubs_total", "counter", "Connections cleaned after code that is not vouched for."),
    Metric("passerelle_database_identity_mismatches_total", "counter", "Answers discarded for a wrong identity."),
    Metric("passerelle_database_cancellations_total", "counter", "Statements cancelled, mostly by clients leaving."),
    Metric("passerelle_plan_cache_requests_total", "counter", "Lookups of statements by shape.", ("outcome",)),
    Metric("passerelle_plan_cache_size", "gauge", "Shapes whose statements are kept."),
    Metric("pgrst_jwt_cache_requests_total", "counter", "Lookups of verified tokens."),
    Metric("pgrst_jwt_cache_hits_total", "counter", "Tokens that were verified before."),
    Metric("pgrst_jwt_cache_evictions_total", "counter", "Tokens forgotten for want of room."),
    *REDIS_METRICS,
    *CACHE_METRICS,
    *LIMIT_METRICS,
    Metric(
        "passerelle_event_loop_delay_seconds", "histogram", "How late a timer runs, tried twice a second.", (), BUCKETS
    ),
    Metric("process_cpu_seconds_total", "counter", "Processor time of this process."),
    Metric("process_resident_memory_bytes", "gauge", "Memory of this process (Linux)."),
    Metric("process_open_fds", "gauge", "Open file descriptors (Linux)."),
    Metric("process_max_fds", "gauge", "The most file descriptors that may be open."),
    Metric("process_start_time_seconds", "gauge", "When this process started, as Unix time (Linux)."),
    Metric("passerelle_worker_up", "gauge", "Whether a worker answered this scrape; only with several workers."),
    Metric("passerelle_build_info", "gauge", "Always 1; the labels tell.", ("version", "python")),
)
"""In the order of the page. The names `pgrst_…` and their meaning are PostgREST's (docs: "Metrics")."""


@dataclass(frozen=True, slots=True)
class PlanCacheCounts:
    hits: int
    misses: int
    size: int


@dataclass(frozen=True, slots=True)
class Instruments:
    """Where the readings of one process come from. All are counters kept anyway; reading them costs the scrape only."""

    meter: RequestMeter
    loop_delay: Histogram
    pool: Callable[[], PoolStatistics]
    catalog: Callable[[], KeeperStatus]
    tokens: Callable[[], TokenCacheCounts]
    plans: Callable[[], PlanCacheCounts]
    redis: Callable[[], BusHealth | None]
    cache: Callable[[], CacheReport | None]
    limits: Callable[[], LimitReadings]
    dropped_lines: Callable[[], int]

    def read(self) -> list[Reading]:
        """All readings of now."""
        redis, cache = self.redis(), self.cache()
        return [
            *self._requests(),
            *_catalog(self.catalog()),
            *_pool(self.pool()),
            *_caches(self.plans(), self.tokens()),
            *(redis_readings(redis) if redis is not None else ()),
            *(cache_readings(cache) if cache is not None else ()),
            *self.limits().read(),
            Reading("passerelle_event_loop_delay_seconds", (), _distribution(self.loop_delay)),
            *process_readings(),
            Reading("passerelle_build_info", (metadata.version("passerelle"), platform.python_version()), 1),
        ]

    def _requests(self) -> Iterator[Reading]:
        for labels, histogram in self.meter.series():
            yield Reading("passerelle_request_duration_seconds", labels, _distribution(histogram))
        yield Reading("passerelle_requests_running", (), self.meter.running)
        yield Reading("passerelle_log_lines_dropped_total", (), self.dropped_lines())


class LoopDelay:
    """Observes how late the event loop runs its timers: the time that other requests add to one."""

    _INTERVAL: Final = 0.5

    def __init__(self) -> None:
        self.histogram = Histogram()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._INTERVAL, self._observe, loop.time() + self._INTERVAL)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _observe(self, due: float) -> None:
        self.histogram.observe(max(0.0, asyncio.get_running_loop().time() - due))
        self.start()


def _distribution(histogram: Histogram) -> Distribution:
    return Distribution(tuple(histogram.counts), histogram.total)


def _catalog(status: KeeperStatus) -> Iterator[Reading]:
    yield Reading("pgrst_schema_cache_loads_total", ("SUCCESS",), status.loads)
    yield Reading("pgrst_schema_cache_loads_total", ("FAIL",), status.failures)
    yield Reading("pgrst_schema_cache_query_time_seconds", (), status.seconds)
    yield Reading("passerelle_catalog_listening", (), int(status.connected))


def _pool(pool: PoolStatistics) -> Iterator[Reading]:
    yield Reading("pgrst_db_pool_max", (), pool.size)
    yield Reading("pgrst_db_pool_available", (), pool.idle)
    yield Reading("pgrst_db_pool_waiting", (), pool.waiting)
    yield Reading("pgrst_db_pool_timeouts_total", (), pool.timeouts)
    yield Reading("passerelle_database_connections", ("idle",), pool.idle)
    yield Reading("passerelle_database_connections", ("busy",), pool.connected - pool.idle)
    yield Reading("passerelle_database_connects_total", ("success",), pool.connects)
    yield Reading("passerelle_database_connects_total", ("failure",), pool.connect_failures)
    yield Reading("passerelle_database_retired_total", (), pool.retired)
    yield Reading("passerelle_database_acquisitions_total", (), pool.acquisitions)
    yield Reading("passerelle_database_wait_seconds_total", (), pool.waited)
    yield Reading("passerelle_database_identity_switches_total", (), pool.switches)
    yield Reading("passerelle_database_scrubs_total", (), pool.scrubs)
    yield Reading("passerelle_database_identity_mismatches_total", (), pool.mismatches)
    yield Reading("passerelle_database_cancellations_total", (), pool.cancellations)


def _caches(plans: PlanCacheCounts, tokens: TokenCacheCounts) -> Iterator[Reading]:
    yield Reading("passerelle_plan_cache_requests_total", ("hit",), plans.hits)
    yield Reading("passerelle_plan_cache_requests_total", ("miss",), plans.misses)
    yield Reading("passerelle_plan_cache_size", (), plans.size)
    yield Reading("pgrst_jwt_cache_requests_total", (), tokens.requests)
    yield Reading("pgrst_jwt_cache_hits_total", (), tokens.hits)
    yield Reading("pgrst_jwt_cache_evictions_total", (), tokens.evictions)
