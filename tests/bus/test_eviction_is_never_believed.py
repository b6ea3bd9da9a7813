"""A full server that evicts whatever it likes, the key of the leases too."""

from __future__ import annotations

import asyncio
import random

import pytest

from gateway.bus import Bus, BusUnavailable, Reason, State
from tests.bus.arrangements import wait
from tests.bus.conftest import OpenBus
from tests.bus.servers import Server, until

_REGISTRY = "passerelle:v1:bus:{passerelle:bus}:leases"
_ROOM = 3_000_000
_VALUE = b"x" * 20_000


def fill_up_to(server: Server, policy: str) -> None:
    used = int(server.ask("INFO", "memory")["used_memory"])
    server.ask("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", used + _ROOM)


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random"])
async def test_whoever_believes_is_known(policy: str, server: Server, opened: OpenBus) -> None:
    """While values are written without a break: an epoch that was live before and after the members were read is
    among them, or they are unsettled for at least as long as it may stay live. A value is the one written, or gone."""
    holders = [opened(server.url) for _ in range(2)]
    observer, writer = opened(server.url), opened(server.url)
    for bus in (*holders, observer, writer):
        await bus.start(patience=5)
    fill_up_to(server, policy)
    dice = random.Random(1)
    checked = forgotten = gone = 0

    async def write() -> None:
        nonlocal gone
        for number in range(6000):
            await writer.set(f"n{number}", b"%d:" % number + _VALUE, ttl=None)
            earlier = dice.randrange(number + 1)
            value = await writer.get(f"n{earlier}")
            gone += value is None
            assert value is None or value.startswith(b"%d:" % earlier)

    task = asyncio.create_task(write())
    while not task.done():
        before = [bus.lease.epoch for bus in holders]
        members = await observer.members()
        forgotten += members.unsettled > 0
        for bus, epoch in zip(holders, before, strict=True):
            if epoch is not None and bus.lease.epoch == epoch:
                checked += 1
                known = members.holdings.get(bus.instance)
                if known is None or known.epoch != epoch:
                    assert members.unsettled >= bus.lease._deadline - bus.lease._clock()
        await asyncio.sleep(0.002)
    await task
    assert gone > 1000
    assert checked > 50
    if policy == "allkeys-random":
        assert forgotten > 0
        assert any(bus.health.lease.interruptions for bus in holders)
    server.ask("CONFIG", "SET", "maxmemory", "0")
    await asyncio.gather(*(asyncio.wait_for(bus.lease.granted(), 5) for bus in holders))


@pytest.mark.parametrize(
    ("policy", "ttl", "refused"),
    [("noeviction", 60, True), ("volatile-lru", None, True), ("volatile-lru", 60, False), ("allkeys-lru", None, False)],
)
async def test_what_is_refused_when_memory_is_full(
    policy: str, ttl: float | None, refused: bool, server: Server, opened: OpenBus
) -> None:
    """What docs/redis.md says of each policy. Reads and deletes go on."""
    bus = opened(server.url)
    await bus.start(patience=5)
    fill_up_to(server, policy)

    async def fill(times: int) -> None:
        for number in range(times):
            await bus.set(f"n{number}", _VALUE, ttl=ttl)

    if not refused:
        await fill(400)
        assert int(server.ask("INFO", "stats")["evicted_keys"]) > 100
        if policy.startswith("volatile"):
            assert server.ask("EXISTS", _REGISTRY) == 1
        return
    with pytest.raises(BusUnavailable) as caught:
        await fill(400)
    assert caught.value.why is Reason.OUT_OF_MEMORY
    assert await bus.get("n0") == _VALUE
    assert bus.health.state is State.UP
    assert await bus.delete(*(f"n{number}" for number in range(100))) > 0
    await fill(10)


async def test_an_evicted_lease_begins_anew(server: Server, opened: OpenBus) -> None:
    bus: Bus = opened(server.url)
    await bus.start(patience=5)
    epoch = bus.lease.epoch
    server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "1")  # it evicts all there is
    wait(lambda: server.ask("EXISTS", _REGISTRY) == 0)
    server.ask("CONFIG", "SET", "maxmemory", "0")
    await until(lambda: bus.lease.live and bus.lease.epoch != epoch)
    assert (await bus.members()).unsettled > 0
