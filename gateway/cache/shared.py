"""The tier in Redis: entries that all instances share."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from math import inf
from typing import Final

import orjson

from gateway.bus import Bus, BusError

_MOST_WRITES: Final = 64
"""That are under way at once; further ones are left out."""
_FORM: Final = 1
PATIENCE: Final = 0.2
"""Seconds that a read waits for Redis at most. PostgreSQL may be quicker, and knows everything."""
REST: Final = 1.0
"""Seconds that Redis is left alone after that."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What Redis has: `body`, the facts from before it was computed, and how old it is in seconds, by the wall clocks
    of those who wrote and read it."""

    body: bytes
    stamps: tuple[str, ...]
    age: float


class Shared:
    """Entries by name. What cannot be had or kept is left out in silence: nothing depends on it."""

    def __init__(self, bus: Bus, largest: int) -> None:
        self._bus = bus
        self._largest = largest
        self._writes: set[asyncio.Task[None]] = set()
        self._rests_until = -inf
        self.left_out = 0

    async def get(self, name: str) -> Kept | None:
        """The entry, whether it still holds or not."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._bus.get(name)
        except TimeoutError:
            self._rests_until = loop.time() + REST
            return None
        except BusError:
            return None
        return None if found is None else _read(found)

    def put(self, name: str, body: bytes, stamps: tuple[str, ...], ttl: float) -> None:
        """Keep an entry for `ttl` seconds, soon."""
        if len(body) > self._largest or len(self._writes) >= _MOST_WRITES:
            self.left_out += 1
            return
        head = orjson.dumps([_FORM, stamps, time.time()])
        task = asyncio.get_running_loop().create_task(self._put(name, head + b"\n" + body, ttl), name="cache write")
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    @property
    def writing(self) -> int:
        """How many entries are on their way."""
        return len(self._writes)

    async def stop(self) -> None:
        """End what is being written."""
        for task in tuple(self._writes):
            task.cancel()
        if self._writes:
            await asyncio.wait(self._writes)

    async def _put(self, name: str, value: bytes, ttl: float) -> None:
        try:
            await self._bus.set(name, value, ttl=ttl)
        except BusError:
            self.left_out += 1


def _read(found: bytes) -> Kept | None:
    head, newline, body = found.partition(b"\n")
    try:
        form, stamps, stored = orjson.loads(head)
    except ValueError:
        return None
    if not newline or form != _FORM:
        return None
    return Kept(body, tuple(stamps), max(0.0, time.time() - stored))
