"""Transactions that lost against others, and were undone as a whole: they may be run again.

Reads and writes of relations are, and batches, whose clients ask for one whole. A function called by name is not: it
may do what no ROLLBACK undoes (send a message, write a file), or raise these codes with a meaning of its own.
"""

from __future__ import annotations

import asyncio
import random
from typing import Final

from gateway.errors import GatewayError

ATTEMPTS: Final = 4
_PAUSE: Final = 0.05
_CODES: Final = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock."""


def is_conflict(error: GatewayError) -> bool:
    """Whether the transaction was undone for the sake of another."""
    return error.code in _CODES


async def pause(attempt: int) -> None:
    """Before the attempt after this one: at random, so that rivals do not meet again."""
    await asyncio.sleep(random.uniform(0, _PAUSE * attempt))  # noqa: S311
