"""Metrics as values, and their rendering in Prometheus's text format (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured. `labels` are names; their values come from closed sets, never from requests.

    `buckets` are the upper bounds of a histogram, ascending and without infinity.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """Observations of a histogram: how many fell into each bucket (the last is the one without a bound), and their
    sum."""

    counts: Sequence[int]
    total: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one metric. `labels` are the values of its labels, in order."""

    metric: str
    labels: tuple[str, ...]
    value: float | Distribution


Readings: TypeAlias = Mapping[str | None, Sequence[Reading]]
"""Readings by worker; the key None stands for the only process, which needs no label."""


def render(metrics: Iterable[Metric], readings: Readings) -> bytes:
    """The page that Prometheus scrapes. Readings of several workers are told apart by the label `worker`."""
    lines: list[str] = []
    for metric in metrics:
        samples = [
            line
            for worker, own in readings.items()
            for reading in own
            if reading.metric == metric.name
            for line in _samples(metric, reading, worker)
        ]
        if samples:
            lines += (f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}", *samples)
    return "".join(f"{line}\n" for line in lines).encode()


def encode(readings: Sequence[Reading]) -> bytes:
    """Readings as JSON, for another worker to `decode`."""
    return orjson.dumps(readings)


def decode(sent: bytes) -> list[Reading]:
    """What `encode` made. Raises ValueError, KeyError or TypeError for anything else."""
    items: list[dict[str, Any]] = orjson.loads(sent)
    if type(items) is not list:
        raise TypeError("readings are a list")
    return [Reading(item["metric"], tuple(item["labels"]), _value(item["value"])) for item in items]


def _value(sent: float | dict[str, Any]) -> float | Distribution:
    return Distribution(sent["counts"], sent["total"]) if isinstance(sent, dict) else sent


def _samples(metric: Metric, reading: Reading, worker: str | None) -> list[str]:
    labels = list(zip(metric.labels, reading.labels, strict=True))
    if worker is not None:
        labels.append(("worker", worker))
    value = reading.value
    if not isinstance(value, Distribution):
        return [_line(metric.name, labels, value)]
    lines: list[str] = []
    seen = 0
    for bound, count in zip((*map(str, metric.buckets), "+Inf"), value.counts, strict=True):
        seen += count
        lines.append(_line(f"{metric.name}_bucket", [*labels, ("le", bound)], seen))
    lines.append(_line(f"{metric.name}_sum", labels, value.total))
    lines.append(_line(f"{metric.name}_count", labels, seen))
    return lines


def _line(name: str, labels: Sequence[tuple[str, str]], value: float) -> str:
    if not labels:
        return f"{name} {value!r}"
    inner = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels)
    return f"{name}{{{inner}}} {value!r}"
