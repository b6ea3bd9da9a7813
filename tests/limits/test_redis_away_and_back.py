"""Without Redis each instance counts for itself, and shares again as soon as it can."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.bus import State
from gateway.limits import Demand, Limit, Limiter, Rate, user
from gateway.limits.memory import Memory
from tests.bus.conftest import OpenBus
from tests.bus.servers import Server, until

Make = Callable[..., Limiter]

ANA = user("ana")
TEN = [Demand(Limit("ten", Rate(10, 86400), "test"))]


async def passed(limiter: Limiter, times: int) -> int:
    return sum([(await limiter.check(ANA, TEN)).allowed for _ in range(times)])


async def test_killed(server: Server, opened: OpenBus, limiter: Make, caplog: pytest.LogCaptureFixture) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    first = limiter(bus)
    await first.start()
    assert await passed(first, 12) == 10
    server.kill()
    await until(lambda: bus.health.state is State.DOWN)
    assert (await first.check(ANA, TEN)).local
    assert await passed(first, 12) == 9, "it begins anew and counts"
    assert sum(first.counts.fallbacks.values()) == 13
    assert set(first.counts.fallbacks) <= {"lost", "unreachable"}
    assert first.local_keys == 1
    first.charge(ANA, [Demand(Limit("other", Rate(1, 86400), "test"), 5)])
    await until(lambda: first.local_keys == 2)
    assert [record.message for record in caplog.records if "keeps rate limits for itself" in record.message] != []
    assert sum("keeps rate limits for itself" in record.message for record in caplog.records) == 1

    server.start()
    await until(lambda: bus.health.state is State.UP)
    counted = first.counts.fallbacks.total()
    assert await passed(first, 12) == 10, "the server forgot"
    assert first.counts.fallbacks.total() == counted


async def test_paused(server: Server, opened: OpenBus, limiter: Make) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    first = limiter(bus, timeout=0.1)
    assert await passed(first, 10) == 10
    server.pause()
    began = time.monotonic()
    assert await passed(first, 30) == 10
    assert time.monotonic() - began < 1, "not a timeout for each"
    assert first.counts.fallbacks["timeout"] == 30
    server.resume()

    async def shared() -> bool:
        return not (await first.check(ANA, TEN)).local

    await until(shared)
    assert await passed(first, 5) == 0, "the server has not forgotten"


async def test_a_server_that_refuses(server: Server, opened: OpenBus, limiter: Make) -> None:
    """An ACL without EVAL, or a full memory."""
    bus = opened(server.url)
    await bus.start(patience=5)
    first = limiter(bus)
    server.ask("ACL", "SETUSER", "default", "-evalsha", "-eval")
    assert await passed(first, 12) == 10
    assert first.counts.fallbacks.total() == 12
    server.ask("ACL", "SETUSER", "default", "+@all")

    async def shared() -> bool:
        return not (await first.check(ANA, TEN)).local

    await until(shared)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    assert (await first.check(user("bea"), TEN)).local
    assert first.counts.fallbacks["out_of_memory"] >= 1
    server.ask("CONFIG", "SET", "maxmemory", "0")


async def test_the_server_forgets_its_scripts(server: Server, opened: OpenBus, limiter: Make) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    first = limiter(bus)
    assert await passed(first, 4) == 4
    server.ask("SCRIPT", "FLUSH")
    assert await passed(first, 10) == 6
    assert not first.counts.fallbacks


async def test_without_redis_at_all(limiter: Make) -> None:
    alone = limiter(None)
    await alone.start()
    assert await passed(alone, 12) == 10
    alone.charge(user("bea"), [Demand(TEN[0].limit, 15)])
    assert not (await alone.check(user("bea"), TEN)).allowed
    assert not alone.counts.fallbacks, "that is how it was set up"


async def test_many_callers_do_not_fill_the_memory(limiter: Make) -> None:
    alone = limiter(None, memory=Memory(limit=100))
    for number in range(1000):
        assert (await alone.check(user(str(number)), TEN)).allowed
    assert alone.local_keys == 100


async def test_a_caller_that_leaves_harms_nobody(server: Server, opened: OpenBus, limiter: Make) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    first = limiter(bus, timeout=5)
    leaving = [asyncio.create_task(first.check(ANA, TEN)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    assert await passed(first, 10) in range(5, 11)
    assert not first.counts.fallbacks


async def test_nothing_asked_is_no_round_trip(server: Server, opened: OpenBus, limiter: Make) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    first = limiter(bus)
    server.kill()
    assert (await first.check(ANA, [])).allowed
    assert not first.counts.fallbacks


def test_the_queue_of_charges_is_bounded(limiter: Any) -> None:
    """Beyond it they are counted here."""

    class Never:
        pass

    async def run() -> None:
        first = Limiter(Never(), memory=Memory())  # type: ignore[arg-type]
        first._task = asyncio.create_task(asyncio.sleep(60))  # nobody collects
        for number in range(10_050):
            first.charge(user(str(number)), TEN)
        assert (len(first._debts), first.local_keys, first.counts.fallbacks["busy"]) == (10_000, 50, 50)
        await first.stop()

    asyncio.run(run())
