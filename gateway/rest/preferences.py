"""The `Prefer` header (RFC 7240; PostgREST docs: "Prefer Header")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_KNOWN: dict[str, frozenset[str]] = {
    "resolution": frozenset({"merge-duplicates", "ignore-duplicates"}),
    "return": frozenset({"minimal", "headers-only", "representation"}),
    "count": frozenset({"exact", "planned", "estimated"}),
    "tx": frozenset({"commit", "rollback"}),
    "missing": frozenset({"default", "null"}),
    "handling": frozenset({"strict", "lenient"}),
    "nested": frozenset({"insert"}),
    "update": frozenset({"by-key"}),
    "operations": frozenset({"apply"}),
}
_MOST_DIGITS = 18
_REMEMBERED = 512
"""Characters of a header that may be kept with its reading."""
_APPLIED_ORDER = (
    *("resolution", "missing", "return", "count", "tx", "handling", "timezone", "max-affected"),
    *("nested", "update", "operations"),
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the client prefers; None where it said nothing. `invalid` are the preferences nobody understands.
    `nested`, `by_key` and `operations` are this gateway's own (docs/writes.md)."""

    resolution: str | None = None
    returns: str | None = None
    count: str | None = None
    tx: str | None = None
    missing: str | None = None
    handling: str | None = None
    timezone: str | None = None
    max_affected: int | None = None
    invalid: tuple[str, ...] = ()
    nested: bool = False
    by_key: bool = False
    operations: bool = False

    @property
    def strict(self) -> bool:
        return self.handling == "strict"


NONE = Preferences()


def read_preferences(headers: Sequence[str]) -> Preferences:
    """Preferences from all `Prefer` headers of a request. The first of a kind wins."""
    if not headers:
        return NONE
    header = ", ".join(headers)
    return _remembered(header) if len(header) <= _REMEMBERED else _read(header)


@lru_cache(maxsize=512)
def _remembered(header: str) -> Preferences:
    return _read(header)


def _read(header: str) -> Preferences:
    chosen: dict[str, str] = {}
    invalid: list[str] = []
    for token in (part.strip() for part in header.split(",")):
        name, _, value = token.partition("=")
        if value in _KNOWN.get(name, ()) or (name == "timezone" and value):
            chosen.setdefault(name, value)
        elif name == "max-affected":
            if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
                chosen.setdefault(name, value)
        elif token:
            invalid.append(token)
    limit = chosen.get("max-affected")
    return Preferences(
        chosen.get("resolution"),
        chosen.get("return"),
        chosen.get("count"),
        chosen.get("tx"),
        chosen.get("missing"),
        chosen.get("handling"),
        chosen.get("timezone"),
        int(limit) if limit is not None else None,
        tuple(invalid),
        nested="nested" in chosen,
        by_key="update" in chosen,
        operations="operations" in chosen,
    )


def applied(honoured: dict[str, str | None]) -> str | None:
    """`Preference-Applied` for the preferences that were honoured, in PostgREST's order; None if there are none."""
    parts = [f"{name}={honoured[name]}" for name in _APPLIED_ORDER if honoured.get(name) is not None]
    return ", ".join(parts) or None
