"""A tier is asked while that pays; what it could not do for reasons of its own is not held against it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any, cast

from gateway.bus import Bus
from gateway.cache import Cache, Codec, Coherence, Definitions, Question, Served, Shape, Source

TEXTS: Codec[str] = Codec(str.encode, bytes.decode, len, lambda _: True)
COSTLY, QUICK, TRIP = 0.05, 0.0001, 0.001
"""Seconds that the database and Redis take."""


class Calm:
    """Coherence of a database in which nothing happens. `version` None: the cache is off."""

    def __init__(self) -> None:
        self.version: int | None = 1

    async def stamps(self, names: Sequence[str]) -> tuple[str, ...] | None:
        return self.known(names)

    def known(self, names: Sequence[str]) -> tuple[str, ...] | None:
        return None if self.version is None else tuple("s" for _ in names)


class Box:
    """A Redis."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.values: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes | None:
        self.world.now += TRIP
        return self.values.get(name)

    async def set(self, name: str, value: bytes, *, ttl: float) -> None:
        self.values[name] = value


class Same:
    """Definitions that never change."""

    def ask(self, _definitions: str, decided: Callable[..., None]) -> None:
        decided(True)


class World:
    def __init__(self, memory: int) -> None:
        self.now, self.calm, self.takes = 0.0, Calm(), itertools.repeat(COSTLY)
        coherence, bus = cast("Coherence", self.calm), cast("Bus", cast("Any", Box(self)))
        definitions = cast("Definitions", Same())
        self.cache = Cache(bus, coherence, definitions, TEXTS, memory=memory, largest=1 << 20, clock=lambda: self.now)
        self.shape = Shape("shape", "everybody", "everybody")

    async def ask(self, number: int) -> Served:
        async def compute() -> str:
            self.now += next(self.takes)
            return "answer"

        question = Question(("key", number), ("fact",), 3600.0, 0.0, self.shape, "definitions", "ann")
        served = (await self.cache.answer(question, compute))[1]
        await asyncio.sleep(0)  # for what Redis is to keep
        return served


async def test_the_time_in_which_nothing_may_be_kept_does_not_count() -> None:
    world = World(memory=1 << 20)
    world.calm.version = None
    for _ in range(500):
        assert (await world.ask(1)).why == "off"
    world.calm.version = 1
    assert (await world.ask(1)).stored
    assert (await world.ask(1)).source is Source.MEMORY


async def test_redis_is_asked_where_memory_has_no_room() -> None:
    world = World(memory=1)
    last = [(await world.ask(number % 20)).source for number in range(400)][-20:]
    assert last == [Source.REDIS] * 20


async def test_what_nobody_asks_twice_is_soon_not_kept() -> None:
    world = World(memory=1 << 20)
    last = [await world.ask(number) for number in range(400)][-20:]
    assert [served.why for served in last] == ["cheap"] * 20


async def test_what_was_spent_waiting_is_not_saved() -> None:
    """A quick question that is asked three times, on a database that others keep busy."""
    world = World(memory=1 << 20)
    world.takes = itertools.cycle([COSTLY] * 9 + [QUICK])
    last = [await world.ask(number // 3) for number in range(600)][-20:]
    assert [served.why for served in last] == ["cheap"] * 20
