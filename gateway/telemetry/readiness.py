"""Whether the database answers, asked no more often than it must be."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from gateway.errors import GatewayError

_log = logging.getLogger(__name__)

FRESH: Final = 1.0
"""Seconds that an answer of the database counts as recent."""

PATIENCE: Final = 2.0
"""Seconds that the database gets to answer."""


class DatabaseWatch:
    """Remembers when the database was last reached. Probes that come together share one attempt."""

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        """`ping` reaches the database, or raises OSError, TimeoutError or a GatewayError."""
        self._ping = ping
        self._reached: float | None = None
        self._attempt: asyncio.Task[bool] | None = None

    async def reachable(self) -> bool:
        """Whether the database answered within the last second, or does now."""
        if self._reached is not None and time.monotonic() - self._reached < FRESH:
            return True
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._try(), name="database probe")
        return await asyncio.shield(self._attempt)

    async def _try(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._ping()
        except (GatewayError, OSError, TimeoutError) as error:
            _log.debug("the database cannot be reached: %s", error)
            return False
        self._reached = time.monotonic()
        return True
