"""How the cache does, for operators. Values only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why nothing is served from a cache: a closed set, fit for labels."""

    NO_REDIS = "no_redis"
    """Nothing can be kept coherent."""
    DISABLED = "disabled"
    """The settings say so."""
    NO_RULES = "no_rules"
    """Policy files in force have no `cache:` rule, or changes are not recorded."""
    STARTING = "starting"
    """PostgreSQL has not been asked yet."""
    LEASE = "lease"
    """Redis has given no lease, so changes may be missed."""
    REDIS = "redis"
    """Redis failed while changes were looked for."""
    DATABASE = "database"
    """PostgreSQL does not tell what was changed."""
    BREAK = "break"
    """An instance writes and cannot tell the others."""


@dataclass(frozen=True, slots=True)
class Off:
    """`words` say it in full, for operators only: they may name servers."""

    reason: Reason
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class ShapeReport:
    """One shape: what it is, who shares its answers or why nobody does, counts since the start (`refused` went past the
    cache), the average time of the database in seconds, and whether each tier is worth asking now."""

    name: str
    sharing: str
    memory_hits: int
    redis_hits: int
    computed: int
    refused: int
    seconds: float
    memory_pays: bool
    redis_pays: bool


@dataclass(frozen=True, slots=True)
class CacheReport:
    """`off` says why nothing is served from it now, None if it is. The rest are counts since the start."""

    off: Off | None
    entries: int
    bytes: int
    evictions: int
    hits: dict[str, int] = field(default_factory=dict[str, int])
    changes_told: int = 0
    changes_heard: int = 0
    changes_found: int = 0
    breaks: int = 0
    resets: int = 0
    shapes: tuple[ShapeReport, ...] = ()


def document(report: CacheReport) -> dict[str, Any]:
    """JSON values for whoever may read `CacheReport.off` in full."""
    off = report.off
    return {
        "state": "on" if off is None else "off",
        "reason": off.reason.value if off is not None else None,
        "details": off.words if off is not None else None,
        "entries": report.entries,
        "bytes": report.bytes,
        "evictions": report.evictions,
        "reads": report.hits,
        "changes": {"told": report.changes_told, "heard": report.changes_heard, "found": report.changes_found},
        "breaks": report.breaks,
        "resets": report.resets,
        "shapes": [asdict(shape) for shape in report.shapes],
    }
