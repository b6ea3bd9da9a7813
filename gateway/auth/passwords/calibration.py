"""How much a password hash should cost on this machine. Pure, but for the one function that measures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from gateway.auth.passwords.hashes import SALT_BYTES, Cost, make

SECONDS: Final = 0.12
"""What a hash should take: an attacker's guesses become dear, and nobody notices at sign-in."""
MEMORY: Final = 64 * 1024
"""Kibibytes per hash, unless told otherwise (RFC 9106's recommendation where memory is short)."""

_LEAST_MEMORY: Final = 19 * 1024
_ONE_PASS_MEMORY: Final = 46 * 1024
"""Below this, two passes are the least (OWASP Password Storage: 46 MiB once, or 19 MiB twice)."""
_MOST_PASSES: Final = 8
_SLOW: Final = 1.25
_RUNS: Final = 2


def calibrate(measure: Callable[[Cost], float], *, memory: int = MEMORY, seconds: float = SECONDS) -> Cost:
    """The cost whose hashes take about `seconds`, with at most `memory` kibibytes each (19 MiB at the least).

    Memory counts more than passes, so it is only reduced where one pass takes too long. Memory moves in halves and
    passes in whole numbers: alike machines find alike costs. `measure` says how many seconds a cost takes.
    """
    memory = max(memory, _LEAST_MEMORY)
    one = measure(Cost(memory, 1))
    while one > seconds * _SLOW and memory > _LEAST_MEMORY:
        memory = max(memory // 2, _LEAST_MEMORY)
        one = measure(Cost(memory, 1))
    least = 1 if memory >= _ONE_PASS_MEMORY else 2
    return Cost(memory, min(max(round(seconds / one), least), _MOST_PASSES))


def measured(cost: Cost) -> float:
    """Seconds for one hash here and now: the fastest of a few, since other processes start at the same moment."""

    def run() -> float:
        began = time.perf_counter()
        make(b"a password", cost, bytes(SALT_BYTES))
        return time.perf_counter() - began

    return min(run() for _ in range(_RUNS))
