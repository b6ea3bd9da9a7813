"""A limit is one limit, however many instances and requests there are at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gateway.bus import Bus
from gateway.embedded import EmbeddedValkey
from gateway.limits import Demand, Limit, Limiter, Rate, Subject, user
from tests.bus.arrangements import ClusterOfSix
from tests.bus.conftest import OpenBus, cluster, standing
from tests.bus.servers import Server
from tests.serving import Served, token

__all__ = ["cluster", "standing"]

Make = Callable[..., Limiter]


async def two(url: str, opened: OpenBus, make: Make, **options: Any) -> list[Limiter]:
    buses: list[Bus] = [opened(url, **options) for _ in range(2)]
    for bus in buses:
        assert await bus.start(patience=5)
    limiters = [make(bus, timeout=30) for bus in buses]
    for each in limiters:
        await each.start()
    return limiters


async def test_of_a_thousand_at_once(valkey: EmbeddedValkey, opened: OpenBus, limiter: Make, prefix: str) -> None:
    limiters = await two(valkey.url, opened, limiter, prefix=prefix)
    hundred = Limit("hundred", Rate(100, 86400), "test")
    ample = Limit("ample", Rate(200, 86400), "test")
    verdicts = await asyncio.gather(
        *(limiters[number % 2].check(user("x"), [Demand(ample), Demand(hundred)]) for number in range(1000))
    )
    assert Counter(each.allowed for each in verdicts) == {True: 100, False: 900}
    assert {each.local for each in verdicts} == {False}
    assert sorted(each.standings[1].remaining for each in verdicts if each.allowed) == list(range(100))
    # the 900 that were refused took nothing of the other limit
    assert (await limiters[0].check(user("x"), [Demand(ample, 100)])).allowed
    assert not (await limiters[1].check(user("x"), [Demand(ample)])).allowed
    assert [each.counts.allowed for each in limiters] != [0, 0]
    assert sum((each.counts.refused for each in limiters), Counter()) == {"test": 901}
    assert not any(each.counts.fallbacks for each in limiters)


async def test_with_the_rights_that_the_documentation_gives(standing: Server, opened: OpenBus, limiter: Make) -> None:
    bus = opened(f"redis://gate:p%25w%3A%2F%40@127.0.0.1:{standing.port}/0")
    assert await bus.start(patience=5)
    demands = [Demand(Limit(name, Rate(2, 86400), "test")) for name in ("a", "b")]
    first = limiter(bus)
    assert [(await first.check(user("x"), demands)).allowed for _ in range(3)] == [True, True, False]
    assert not first.counts.fallbacks


async def test_in_a_cluster(cluster: ClusterOfSix, opened: OpenBus, limiter: Make) -> None:
    limiters = await two(cluster.url, opened, limiter)
    demands = [Demand(Limit(name, Rate(10, 86400), "test")) for name in ("a", "b", "public.{c}", "}{")]
    for number in range(8):
        subject = user(f"}}{number}{{")
        verdicts = await asyncio.gather(*(limiters[at % 2].check(subject, demands) for at in range(30)))
        assert sum(each.allowed for each in verdicts) == 10
    assert not any(each.counts.fallbacks for each in limiters)


async def test_charges_of_one_instance_bind_the_other(
    valkey: EmbeddedValkey, opened: OpenBus, limiter: Make, prefix: str
) -> None:
    first, second = await two(valkey.url, opened, limiter, prefix=prefix)
    rows = Limit("rows", Rate(100, 86400), "rows")
    for _ in range(50):
        first.charge(Subject("x"), [Demand(rows, 3)])
    for _ in range(200):
        verdict = await second.check(Subject("x"), [Demand(rows)])
        if not verdict.allowed:
            break
        await asyncio.sleep(0.01)
    assert not verdict.allowed
    assert verdict.retry_after is not None
    assert verdict.retry_after > 50 * 864, "more than was there: a debt"


async def test_over_http(gateway: Callable[..., Any]) -> None:
    served: list[Served] = [await gateway(rate_limits="reads=20/d"), await gateway(rate_limits="reads=20/d")]
    bearer = token(sub="11111111-1111-4111-8111-111111111111")
    answers = await asyncio.gather(*(served[at % 2].get("/books?limit=1", bearer=bearer) for at in range(60)))
    assert Counter(each.status for each in answers) == {200: 20, 429: 40}


@pytest.mark.parametrize("sub", ["}", "{", "a}{b", "", "\x00\r\n", "é" * 5000, "../../x", "*", "\ud800", "x" * 100_000])
async def test_whatever_a_sub_says(
    valkey: EmbeddedValkey, opened: OpenBus, limiter: Make, prefix: str, store: Any, sub: str
) -> None:
    first, second = await two(valkey.url, opened, limiter, prefix=prefix)
    demands = [Demand(Limit(name, Rate(1, 86400), "test")) for name in ("a", "b")]
    assert (await first.check(user(sub), demands)).allowed
    assert not (await second.check(user(sub), demands)).allowed
    assert (await second.check(user(sub + "x"), demands)).allowed
    keys = [key for key in store.scan_iter(f"{prefix}*") if "ratelimit" in key]
    assert len(keys) == 4
    assert all(len(key) < 100 and key.isascii() and key.count("{") == key.count("}") == 1 for key in keys)
