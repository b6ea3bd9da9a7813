"""What a client wishes of caches: Cache-Control in requests (RFC 9111, 5.2.1). Pure."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class Wish(Enum):
    """ANY: an answer that was kept will do. FRESH: one from the database, which may be kept. NEITHER: nor may it be
    kept. Answers are never out of date, so `max-age` and the like change nothing."""

    ANY = "any"
    FRESH = "no-cache"
    NEITHER = "no-store"


@lru_cache(maxsize=64)
def wish_of(cache_control: str) -> Wish:
    """The wish of a Cache-Control header."""
    directives = {part.strip().lower() for part in cache_control.split(",")}
    if "no-store" in directives:
        return Wish.NEITHER
    return Wish.FRESH if "no-cache" in directives else Wish.ANY
