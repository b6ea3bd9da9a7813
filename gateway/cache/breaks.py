"""What a writer leaves in PostgreSQL that cannot reach Redis: while a break is there, nobody serves from a cache.

PostgreSQL is where it has just written, so it can be reached. An instance trusts its cache for `TRUST` seconds after it
began to ask for breaks and there was none; so `TRUST` seconds after a break was committed nobody does. A break must be
renewed: one of an instance that has died is removed by another after `SILENT` seconds, and its owner relies on it only
for `_RENEWED` seconds, which are fewer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from math import inf
from typing import Final, TypeAlias

import asyncpg

from gateway.bus import BusError
from gateway.cache.sql import statement
from gateway.errors import Unavailable

_log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

TRUST: Final = 3.0
SILENT: Final = 15.0
_MARGIN: Final = 0.25
"""Seconds that clocks of two machines may drift apart within `TRUST`."""
_RENEWED: Final = 5.0
_PATIENCE: Final = 20.0
_TIMEOUT: Final = 5.0


class NotTold(Unavailable):
    """A write was committed, and it is not certain that no instance shows the state before it."""

    def __init__(self) -> None:
        super().__init__(
            "PGRSTX97",
            "The write was committed, but not all instances of the gateway could be told of it",
            details="Look before you repeat it.",
        )


class OwnBreak:
    """This instance's break, `wanted` or not. `made` counts how often there was none before."""

    def __init__(self, instance: str, clock: Callable[[], float]) -> None:
        self._instance = instance
        self._clock = clock
        self._since: object = None
        self._silent_at = inf
        self._renewed = -inf
        self._progress = asyncio.Event()
        self.wanted = False
        self.made = 0

    @property
    def holds(self) -> bool:
        """Whether nobody serves from a cache because of it, now."""
        return self._silent_at <= self._clock() < self._renewed + _RENEWED

    async def wait(self, told: Callable[[], bool]) -> None:
        """Return when it holds, or everybody was told after all. Somebody else must `keep` it. Raises NotTold."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not (self.holds or told()):
                    self._progress.clear()
                    left = self._silent_at - self._clock()
                    try:
                        async with asyncio.timeout(left if 0 < left < inf else None):
                            await self._progress.wait()
                    except TimeoutError:
                        continue
        except TimeoutError:
            raise NotTold from None

    def want(self, reason: BusError) -> None:
        """There must be one from now on."""
        if not self.wanted:
            self.wanted = True
            self.made += 1
            _log.warning("a write cannot be told to the other instances (%s): all caches are switched off", reason)

    def stir(self) -> None:
        """Whoever waits looks again."""
        self._progress.set()

    async def renew(self, connection: Connection) -> None:
        """Make it, or say that it still holds."""
        asked = self._clock()
        since = await connection.fetchval(statement("break"), self._instance, timeout=_TIMEOUT)
        if since != self._since:  # a new one, also if somebody has removed the former
            self._since, self._silent_at = since, self._clock() + TRUST + _MARGIN
        self._renewed = asked
        self.stir()

    async def remove(self, connection: Connection) -> None:
        """Take it away, after everybody was told that everything has changed."""
        # Before PostgreSQL is asked: whoever needs a break from here on waits for a new one.
        self.wanted, self._since, self._silent_at = False, None, inf
        await connection.fetchval(statement("unbreak"), self._instance, 0.0, timeout=_TIMEOUT)
        _log.warning("Redis is back; the caches may be used again")


async def remove_abandoned(
    connection: Connection, ages: dict[str, float], reset: Callable[[], Awaitable[None]]
) -> dict[str, float]:
    """Remove the breaks of instances that have been silent for too long, after everybody was told that everything has
    changed; returns the others. Raises BusError."""
    for name in [name for name, age in ages.items() if age >= SILENT]:
        await reset()
        await connection.fetchval(statement("unbreak"), name, SILENT, timeout=_TIMEOUT)
        _log.warning("the instance %s is gone; its break was removed", name)
    return {name: age for name, age in ages.items() if age < SILENT}
