"""The same calls over TCP, a Unix socket, an ACL user, TLS, Sentinels and a cluster."""

from __future__ import annotations

import asyncio

import pytest

from gateway.bus import BusRefused, Connected, Message, Script, State
from tests.bus.conftest import OpenBus

_ADD = Script("add", "return {redis.call('GET', KEYS[1]), ARGV[1], #KEYS}")


async def test_values_scripts_streams_messages_and_the_lease(url: str, opened: OpenBus) -> None:
    bus = opened(url)
    assert await bus.start(patience=5)
    assert bus.health.state is State.UP

    assert await bus.get("nothing") is None
    assert await bus.set("one", b"\x00\xff", ttl=None)
    assert await bus.set("two", "2", ttl=30)
    assert not await bus.set("two", "3", ttl=30, only_new=True)
    names = ["one", "two", "none", *(f"none{number}" for number in range(20)), "two"]
    assert await bus.mget(names) == [b"\x00\xff", b"2", *[None] * 21, b"2"]
    assert await bus.mget([]) == []
    assert await bus.set("short", "x", ttl=0.02)
    await asyncio.sleep(0.05)
    assert await bus.get("short") is None
    assert await bus.delete("one", "two", "none") == 2

    await bus.set("{k}:a", "v", ttl=5)
    for _ in range(2):  # unknown to the server, then known
        assert await bus.run(_ADD, keys=["{k}:a", "{k}:b"], args=[7]) == [b"v", b"7", 2]
    with pytest.raises(ValueError, match="hash tag"):
        await bus.run(_ADD, keys=["a", "b"])
    with pytest.raises(BusRefused):
        await bus.run(Script("bad", "return redis.call('HGETALL', KEYS[1])"), keys=["{k}:a"])

    await bus.delete("log")
    ids = [await bus.append("log", str(number), keep=100) for number in range(3)]
    page = await bus.read("log", after=ids[0], limit=1)
    assert ([(entry.id, entry.payload) for entry in page.entries], page.complete) == ([(ids[1], b"1")], True)
    assert not (await bus.read("log", after="1-1")).complete

    async with bus.subscribe("news", "other") as events:
        await events.ready(2)
        await bus.publish("news", b"\x00hello")
        assert [await anext(events), await anext(events)] == [Connected(), Message("news", b"\x00hello")]

    members = await bus.members()
    assert members.holdings[bus.instance].epoch == bus.lease.epoch
    assert 0 < await bus.ping() < 1


async def test_messages_reach_other_instances(url: str, opened: OpenBus) -> None:
    buses = [opened(url) for _ in range(3)]
    for bus in buses:
        await bus.start(patience=5)
    streams = [bus.subscribe("all") for bus in buses]
    for stream in streams:
        await stream.ready(2)
    for number, bus in enumerate(buses):
        await bus.publish("all", str(number))
    for stream in streams:
        heard = [await asyncio.wait_for(anext(stream), 2) for _ in range(4)]
        assert heard[0] == Connected()
        assert {event.payload for event in heard[1:] if isinstance(event, Message)} == {b"0", b"1", b"2"}
        stream.close()
    assert {bus.instance for bus in buses} <= set((await buses[0].members()).holdings)


async def test_facts_are_agreed_on(url: str, opened: OpenBus) -> None:
    buses = [opened(url) for _ in range(3)]
    for bus in buses:
        assert await bus.start(patience=5)
    for bus in buses:
        await bus.facts.learn({"one": bus.instance, "two": "2"})
    assert len({bus.facts.known(["one", "two"]) for bus in buses}) == 1
    await buses[1].facts.tell({"one": "changed"})
    assert {bus.facts.known(["one", "two"]) for bus in buses} == {("changed", "2")}
