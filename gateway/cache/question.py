"""What is asked, as far as a cache must know. Values only."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass

from gateway.cache.worth import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Two questions with equal `key` have the same answer while nothing changes in what `facts` stand for.

    The key therefore holds everything else that decides the answer: statement, parameters, role, the claims that are
    read, the formats of the session, and the definitions in the database. `ttl` is how old an answer may become,
    `stale_if_error` how much older it may be in place of an answer that cannot be had; both in seconds. `definitions`
    are those of the key, and `owner` is who asks, with all claims: at the same time only they share an answer (see the
    module `definitions`). `weight` is how many bytes the key takes at most.
    """

    key: Hashable
    facts: tuple[str, ...]
    ttl: float
    stale_if_error: float
    shape: Shape
    definitions: str
    owner: str
    weight: int = 0

    def digest(self) -> str:
        """The key as a name for Redis."""
        return f"cache:{hashlib.blake2b(repr(self.key).encode(), digest_size=20).hexdigest()}"
