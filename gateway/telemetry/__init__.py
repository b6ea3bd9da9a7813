"""What an operator sees of a running gateway: metrics, readiness, and traces.

`gateway.telemetry.tracing` needs the extra `otel` and is imported only where tracing is on.
"""

from gateway.telemetry.cache import cache_condition
from gateway.telemetry.exposition import Metric, Reading, render
from gateway.telemetry.limits import LimitReadings
from gateway.telemetry.metrics import METRICS, Instruments, LoopDelay, PlanCacheCounts
from gateway.telemetry.readiness import DatabaseWatch
from gateway.telemetry.redis import redis_condition
from gateway.telemetry.workers import Place, Worker, Workers

__all__ = [
    "METRICS",
    "DatabaseWatch",
    "Instruments",
    "LimitReadings",
    "LoopDelay",
    "Metric",
    "Place",
    "PlanCacheCounts",
    "Reading",
    "Worker",
    "Workers",
    "cache_condition",
    "redis_condition",
    "render",
]
