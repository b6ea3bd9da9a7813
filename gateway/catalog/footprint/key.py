"""Who may share an answer, and for how long: read off its footprint. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta

from gateway.catalog.footprint.model import ALL, Claims, Footprint


class Sharing(enum.Enum):
    ROLE = "shared by role"
    CLAIMS = "by claims"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Callers of one role share an answer if they agree on `claims`. `bound` is how old it may become because it
    depends on the clock, None for as old as one likes; `reason` says why it is shared by nobody."""

    sharing: Sharing
    claims: Claims = frozenset()
    bound: timedelta | None = None
    reason: str | None = None

    def __str__(self) -> str:
        if self.reason is not None:
            return f"never: {self.reason}"
        text = self.sharing.value
        if self.claims is ALL:
            text = "by all claims"
        elif self.claims:
            text += f" {{{', '.join(sorted(self.claims))}}}"
        return text if self.bound is None else f"{text}, for {self.bound.total_seconds():g} s"


def key(footprint: Footprint, clock: timedelta | None = None) -> CacheKey:
    """How answers with this footprint may be kept. `clock` is how old an answer that depends on the clock may be; None
    means that such answers are not kept."""
    reason = _reason(footprint, clock)
    if reason is not None:
        return CacheKey(Sharing.NEVER, reason=reason)
    bounds = [bound for bound in (clock if footprint.clock else None, footprint.bound) if bound is not None]
    sharing = Sharing.CLAIMS if footprint.claims else Sharing.ROLE
    return CacheKey(sharing, footprint.claims, min(bounds, default=None))


def _reason(footprint: Footprint, clock: timedelta | None) -> str | None:
    if footprint.opaque is not None:
        return footprint.opaque
    if footprint.volatile is not None:
        return footprint.volatile
    if footprint.request:
        return "it reads headers, cookies, path or method of the request"
    if footprint.settings:
        return f"it reads the setting {min(footprint.settings)}"
    if footprint.clock and clock is None:
        return "it depends on the clock, and nobody says how old it may be"
    return None
