"""Several who ask the same at once wait for one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Flight(Generic[Value]):
    """An answer under way, with the facts from before it began, and those who wait for it."""

    __slots__ = ("stamps", "task", "waiting")

    def __init__(self, stamps: tuple[str, ...]) -> None:
        self.stamps = stamps
        self.task: asyncio.Task[None] | None = None
        self.waiting: set[asyncio.Future[Value]] = set()

    async def join(self) -> Value:
        """The answer. Whoever is the last to leave before it is there gives it up."""
        future: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        try:
            return await future
        finally:
            self.waiting.discard(future)
            if not self.waiting and self.task is not None:
                self.task.cancel()

    def land(self, value: Value) -> None:
        """Give it to everybody."""
        for future in self._left():
            future.set_result(value)

    def fail(self, error: BaseException) -> None:
        """Tell everybody that there will be none."""
        for future in self._left():
            future.set_exception(error)

    def _left(self) -> list[asyncio.Future[Value]]:
        self.task = None
        return [future for future in self.waiting if not future.done()]


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
        nobody waits for it any more, whoever asked first."""
        flight = self._flights.get(key)
        shared = flight is not None and flight.stamps == stamps
        if flight is None or not shared:
            flight = self._flights[key] = Flight(stamps)
            flight.task = asyncio.create_task(self._fly(key, flight, compute), name="cache flight")
        try:
            return await flight.join(), shared
        finally:
            if not flight.waiting:
                self._remove(key, flight)  # or somebody might still join it

    async def _fly(self, key: Hashable, flight: Flight[Value], compute: Callable[[], Awaitable[Value]]) -> None:
        try:
            value = await compute()
        except BaseException as error:
            self._remove(key, flight)
            flight.fail(error)
            if not isinstance(error, Exception):
                raise
        else:
            self._remove(key, flight)
            flight.land(value)

    def _remove(self, key: Hashable, flight: Flight[Value]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
