"""How the cache does, for operators. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field


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

    off: str | None
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
