"""A provider's document, fetched once for all who need it at the same time, and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from gateway.auth.providers.errors import ProviderError, ProviderUnavailable

T = TypeVar("T")

LIFETIME: Final = 3600.0
PAUSE: Final = 60.0
_RECOVERY: Final = 2.0
"""Seconds in which nobody tries again what has just failed: whoever waited meanwhile is told at once."""


class Cached(Generic[T]):
    """What `fetch` returns, for `lifetime` seconds of `clock`. `fetch` is never under way twice."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[T]],
        clock: Callable[[], float],
        *,
        lifetime: float = LIFETIME,
        pause: float = PAUSE,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lifetime = lifetime
        self._pause = pause
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._fetched_at = float("-inf")
        self._failed_at = float("-inf")
        self._asked_at = float("-inf")

    async def get(self) -> T:
        """The value, fetched if there is none or it is too old. Raises ProviderError."""
        if (value := self._fresh()) is not None:
            return value
        async with self._lock:
            return value if (value := self._fresh()) is not None else await self._renew()

    async def newer(self) -> T:
        """A value that was fetched again, unless that was done or tried in the last `pause` seconds. Raises
        ProviderError."""
        value = await self.get()
        async with self._lock:
            if self._clock() - max(self._fetched_at, self._asked_at) < self._pause:
                return value if self._value is None else self._value  # somebody else may have just done it
            self._asked_at = self._clock()
            return await self._renew()

    def _fresh(self) -> T | None:
        return self._value if self._clock() - self._fetched_at < self._lifetime else None

    async def _renew(self) -> T:
        if self._clock() - self._failed_at < _RECOVERY:
            raise ProviderUnavailable("it failed a moment ago")
        try:
            value = await self._fetch()
        except ProviderError:
            self._failed_at = self._clock()
            raise
        self._value, self._fetched_at = value, self._clock()
        return value
