"""The header Cache-Status (RFC 9211). Pure."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class Source(Enum):
    """Where an answer came from; the values are what the header says of it."""

    MEMORY = "hit; detail=memory"
    REDIS = "hit; detail=redis"
    MISS = "fwd=miss"
    CHANGED = "fwd=stale"
    REQUEST = "fwd=request"
    BYPASS = "fwd=bypass"
    STALE = "hit; fwd=stale; detail=database-away"


class Served(NamedTuple):
    """How a question was answered. `ttl` is how many seconds the answer may still be served, negative if it should not
    be any more; `stored` says that it was kept, `collapsed` that several asked at once; `sharing` who shares it. `why`
    is one word for a BYPASS; what it means in full is told to operators only, since it names what policies read."""

    source: Source
    ttl: float | None = None
    stored: bool = False
    collapsed: bool = False
    sharing: str | None = None
    why: str | None = None


NAME: Final = "Cache-Status"
_CACHE: Final = "passerelle"
_FROM_MEMORY: Final = f"{_CACHE}; {Source.MEMORY.value}; ttl="


def header(served: Served) -> tuple[str, str]:
    """The header for an answer."""
    if served.source is Source.MEMORY and served.ttl is not None:
        # Nearly all of the time, and then it has no more to say.
        return NAME, f'{_FROM_MEMORY}{int(served.ttl)}; key="{served.sharing}"'
    parts = [_CACHE, served.source.value]
    if served.ttl is not None:
        parts.append(f"ttl={int(served.ttl)}")
    if served.stored:
        parts.append("stored")
    if served.collapsed:
        parts.append("collapsed")
    if served.sharing is not None:
        parts.append(f'key="{served.sharing}"')
    if served.why is not None:
        parts.append(f"detail={served.why}")
    return NAME, "; ".join(parts)
