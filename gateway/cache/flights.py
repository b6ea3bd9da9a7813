"""Several who ask the same at once wait for one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Flight(Generic[Value]):
    """An answer under way, with the facts from before it began."""

    __slots__ = ("stamps", "task", "waiting")

    def __init__(self, stamps: tuple[str, ...], task: asyncio.Task[Value]) -> None:
        self.stamps = stamps
        self.task = task
        self.waiting = 0


class Flights(Generic[Value]):
    """By key. Whoever comes later may share an answer only if the facts are still those from before it began: a write
    may have been acknowledged in between."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[Value]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    async def share(
        self, key: Hashable, stamps: tuple[str, ...], compute: Callable[[], Awaitable[Value]]
    ) -> tuple[Value, bool]:
        """The answer, and whether somebody else had asked for it. Raises what `compute` raises. It is cancelled when
        nobody waits for it any more."""
        flight = self._flights.get(key)
        shared = flight is not None and flight.stamps == stamps and not flight.task.done()
        if flight is None or not shared:
            flight = self._begin(key, stamps, compute)
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task), shared
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._remove(key, flight)  # or somebody might still join it
                flight.task.cancel()

    def _begin(self, key: Hashable, stamps: tuple[str, ...], compute: Callable[[], Awaitable[Value]]) -> Flight[Value]:
        task = asyncio.create_task(_run(compute), name="cache flight")
        flight = self._flights[key] = Flight(stamps, task)
        task.add_done_callback(lambda _: self._end(key, flight))
        return flight

    def _remove(self, key: Hashable, flight: Flight[Value]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _end(self, key: Hashable, flight: Flight[Value]) -> None:
        self._remove(key, flight)
        if not flight.task.cancelled():
            flight.task.exception()  # nobody may be left to hear of it


async def _run(compute: Callable[[], Awaitable[Value]]) -> Value:
    return await compute()
