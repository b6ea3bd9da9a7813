"""Definitions are looked at soon while others compute again what a look would let them share, and seldom otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from gateway.cache import Definitions

TAKES = 0.01


class Idle:
    """A connection that is not asked itself."""

    def terminate(self) -> None:
        pass


class Looks:
    """Counts the looks, of which each takes 10 ms."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.definitions = Definitions(self._connect, self._read, lambda: None)

    async def _connect(self) -> Any:
        return Idle()

    async def _read(self, _connection: object) -> str:
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(TAKES)
        return "same"

    async def wait(self, lost: float) -> float:
        """Seconds until an answer is decided that comes after a look; meanwhile others lose as much each ms."""
        decided = asyncio.Event()
        began = asyncio.get_running_loop().time()
        self.definitions.ask("same", lambda same: decided.set())
        while not decided.is_set():
            self.definitions.lost(lost)
            await asyncio.sleep(0.001)
        return asyncio.get_running_loop().time() - began


@pytest_asyncio.fixture
async def looks() -> AsyncIterator[Looks]:
    looks = Looks()
    looks.definitions.start()
    yield looks
    await looks.definitions.stop()


async def test_the_first_comes_at_once(looks: Looks) -> None:
    assert await looks.wait(0.0) < 10 * TAKES


async def test_while_little_is_lost_there_is_a_long_pause(looks: Looks) -> None:
    await looks.wait(0.0)
    assert await looks.wait(0.0) > 40 * TAKES


async def test_while_much_is_lost_there_is_a_short_one_all_the_same(looks: Looks) -> None:
    await looks.wait(0.0)
    waited = sorted([await looks.wait(1.0) for _ in range(5)])
    assert waited[0] > 9 * TAKES
    assert waited[2] < 35 * TAKES


async def test_what_was_lost_before_a_look_counts_no_more(looks: Looks) -> None:
    await looks.wait(0.0)
    await looks.wait(1.0)
    assert await looks.wait(0.0) > 40 * TAKES
