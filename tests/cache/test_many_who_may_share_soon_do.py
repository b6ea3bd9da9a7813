"""While it is not certain who may share an answer, those who ask at the same time do not put it off for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from gateway.bus import Bus
from gateway.cache import Cache, Codec, Coherence, Definitions, Question, Served, Shape, Source

TEXTS: Codec[str] = Codec(str.encode, bytes.decode, len, lambda _: True)
CHANGED = (Source.MISS, Source.CHANGED)


class Facts:
    """Coherence without a database: `fact` is what every answer depends on."""

    version = 1
    fact = "before"

    async def stamps(self, names: Sequence[str]) -> tuple[str, ...]:
        return self.known(names)

    def known(self, names: Sequence[str]) -> tuple[str, ...]:
        return (self.fact,) * len(names)


class Looks:
    """Definitions that a test looks at: each decision that is waited for, in order."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[bool], None]] = []

    def ask(self, _definitions: str, decided: Callable[[bool], None]) -> None:
        self.waiting.append(decided)

    def lost(self, _seconds: float) -> None:
        pass

    def decide(self, same: bool) -> None:
        self.waiting.pop(0)(same)


class Nobody:
    async def get(self, _name: str) -> None:
        return None

    async def set(self, _name: str, _value: bytes, *, ttl: float) -> None:
        return None


class World:
    def __init__(self) -> None:
        self.now, self.facts, self.looks = 0.0, Facts(), Looks()
        coherence, definitions = cast("Coherence", self.facts), cast("Definitions", self.looks)
        bus = cast("Bus", cast("Any", Nobody()))
        self.cache = Cache(bus, coherence, definitions, TEXTS, memory=1 << 20, largest=1 << 20, clock=lambda: self.now)
        self.shape = Shape("shape", "shared by role", "shared by role")

    async def ask(self, owner: str) -> Served:
        async def compute() -> str:
            self.now += 0.01
            return f"answer for {owner}"

        question = Question("key", ("fact",), 3600.0, 0.0, self.shape, "definitions", owner)
        value, served = await self.cache.answer(question, compute)
        assert value == f"answer for {owner}" or not self.looks.waiting, "nobody gets another's before it is decided"
        return served


@pytest.fixture
def world() -> World:
    return World()


async def test_the_first_answer_is_shared_once_that_is_decided(world: World) -> None:
    for owner in ("ann", "bob", "cid", "bob"):
        assert (await world.ask(owner)).source in CHANGED
    world.looks.decide(same=True)
    assert not world.looks.waiting
    for owner in ("ann", "bob", "cid"):
        assert (await world.ask(owner)).source is Source.MEMORY


async def test_one_that_may_not_be_shared_makes_room(world: World) -> None:
    await world.ask("ann")
    world.looks.decide(same=False)
    assert (await world.ask("bob")).stored


async def test_one_that_a_write_has_overtaken_makes_room(world: World) -> None:
    await world.ask("ann")
    world.facts.fact, world.facts.version = "after", 2
    assert (await world.ask("bob")).stored


async def test_a_decision_that_never_comes_is_not_waited_for(world: World) -> None:
    await world.ask("ann")
    world.now += 4
    assert not (await world.ask("bob")).stored
    world.now += 2
    assert (await world.ask("bob")).stored
