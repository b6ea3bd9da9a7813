"""A cluster's primary dies, a slot migrates under load, and what is not covered fails fast."""

from __future__ import annotations

import asyncio
import time

import pytest

from gateway.bus import Bus, BusUnavailable, Connected, Gap, Lost, Message, Reason, Script, State
from gateway.bus.keys import Keys, slot
from tests.bus.arrangements import ClusterOfSix, wait
from tests.bus.conftest import OpenBus
from tests.bus.servers import Server, until

ANCHOR = Keys().anchored("leases")
_BOTH = Script("both", "return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}")


def key(name: str) -> str:
    return Keys().key(name)


async def test_a_slot_migrates_under_load(cluster: ClusterOfSix, opened: OpenBus) -> None:
    """Half of its keys are there, half here (ASK); then all are there (MOVED). Every read finds its value."""
    bus = opened(f"{cluster.url}?connections=3")
    assert await bus.start(patience=5)
    names = [f"{{walk}}:{number}" for number in range(40)]
    for name in names:
        await bus.set(name, name, ttl=None)
    number = slot(key(names[0]))
    source = cluster.owner(key(names[0]))
    target = next(node for node in cluster.nodes[:3] if node is not source)
    target.ask("CLUSTER", "SETSLOT", number, "IMPORTING", cluster.id(source))
    source.ask("CLUSTER", "SETSLOT", number, "MIGRATING", cluster.id(target))
    for name in names[::2]:
        source.ask("MIGRATE", "127.0.0.1", target.port, key(name), 0, 1000)

    async def read_all() -> None:
        values = await asyncio.gather(*(bus.get(name) for name in names * 5))
        assert values == [name.encode() for name in names * 5]

    for _ in range(3):
        await read_all()
    assert await bus.set("{walk}:new", "x", ttl=None)
    assert target.ask("CLUSTER", "COUNTKEYSINSLOT", number) == 21

    # keys on both sides: the server says TRYAGAIN until they are together
    both = asyncio.create_task(bus.run(_BOTH, keys=[names[0], names[1]]))
    reading = asyncio.create_task(read_all())
    await asyncio.sleep(0.03)
    for name in names[1::2]:
        source.ask("MIGRATE", "127.0.0.1", target.port, key(name), 0, 1000)
    await reading
    assert await both == [names[0].encode(), names[1].encode()]
    for node in (target, source, *(other for other in cluster.nodes[:3] if other not in {source, target})):
        node.ask("CLUSTER", "SETSLOT", number, "NODE", cluster.id(target))
    assert await bus.get(names[0]) == names[0].encode()
    sent_on = _errors(bus)
    await read_all()
    assert _errors(bus) == sent_on  # once told, it knows
    assert bus.health.state is State.UP
    assert await bus.mget(names) == [name.encode() for name in names]
    assert await bus.delete(*names) == 40


def _errors(bus: Bus) -> int:
    return sum(node.counts.errors for node in bus.health.nodes)


async def test_a_primary_is_killed(cluster: ClusterOfSix, opened: OpenBus) -> None:
    """The one with the leases and the messages. The others serve on."""
    bus = opened(f"{cluster.url}?timeout=0.3")
    assert await bus.start(patience=5)
    epoch = bus.lease.epoch
    victim = cluster.owner(ANCHOR)
    names = {cluster.owner(key(name)): name for name in "abcdefghijklmn"}
    elsewhere = next(name for node, name in names.items() if node is not victim)
    there = next(name for node, name in names.items() if node is victim)
    await bus.set(there, "1", ttl=None)
    await bus.set(elsewhere, "2", ttl=None)
    async with bus.subscribe("news") as events:
        await events.ready(2)
        await asyncio.sleep(0.2)  # replication
        victim.kill()
        await until(lambda: bus.health.state is State.DOWN)
        began = time.perf_counter()
        for _ in range(100):
            with pytest.raises(BusUnavailable):
                await bus.get(there)
        assert time.perf_counter() - began < 0.1
        assert await bus.get(elsewhere) == b"2"

        await until(lambda: bus.health.state is State.UP, within=15)
        assert await bus.get(there) == b"1"
        await asyncio.wait_for(bus.lease.granted(), 5)
        assert bus.lease.epoch != epoch
        assert (await bus.members()).unsettled > 0
        await events.ready(5)
        await bus.publish("news", "x")
        heard = [await asyncio.wait_for(anext(events), 5) for _ in range(5)]
        assert [type(event) for event in heard[:4]] == [Connected, Lost, Connected, Gap]
        assert heard[4] == Message("news", b"x")
    victim.start()
    wait(lambda: victim.ask("INFO", "replication")["role"] == "slave")


async def test_a_primary_hangs(cluster: ClusterOfSix, opened: OpenBus) -> None:
    bus = opened(f"{cluster.url}?timeout=0.3")
    assert await bus.start(patience=5)
    victim = cluster.owner(ANCHOR, _reachable(cluster))
    victim.pause()
    try:
        with pytest.raises(BusUnavailable) as caught:
            await bus.publish("a", "x")
        assert caught.value.why is Reason.TIMEOUT
        await until(lambda: bus.health.state is State.UP, within=15)
        await asyncio.wait_for(bus.lease.granted(), 5)
        await bus.publish("a", "x")
    finally:
        victim.resume()
    wait(lambda: victim.ask("INFO", "replication")["role"] == "slave")


def _reachable(cluster: ClusterOfSix) -> Server:
    return cluster.nodes[-1]


async def test_no_node_answers(opened: OpenBus) -> None:
    bus = opened("cluster://127.0.0.1:1,127.0.0.1:2?timeout=0.2")
    assert not await bus.start(patience=0.25)
    with pytest.raises(BusUnavailable) as caught:
        await bus.get("a")
    assert caught.value.why is Reason.UNREACHABLE


async def test_a_server_that_is_no_cluster(server: Server, opened: OpenBus) -> None:
    bus = opened(f"cluster://127.0.0.1:{server.port}")
    assert not await bus.start(patience=0.25)
    assert "cluster support disabled" in (bus.health.details or "")
