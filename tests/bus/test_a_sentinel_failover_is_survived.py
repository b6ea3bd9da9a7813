"""Sentinels put another server in charge: after a crash, by hand, and one that lagged behind."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from gateway.bus import Bus, BusUnavailable, Connected, Gap, Lost, Members, Message, Reason, State
from tests.bus.arrangements import SERVICE, SentinelTrio, wait
from tests.bus.conftest import OpenBus
from tests.bus.servers import Server, until


@pytest.fixture
def settled(trio: SentinelTrio) -> SentinelTrio:
    """The trio, put right after the test before."""
    trio.repair()
    return trio


async def test_the_master_is_killed(settled: SentinelTrio, opened: OpenBus) -> None:
    trio = settled
    bus = opened(f"{trio.url}?timeout=0.3")
    assert await bus.start(patience=5)
    epoch = bus.lease.epoch
    await bus.set("kept", "1", ttl=None)
    async with bus.subscribe("a") as events:
        await events.ready(2)
        former = trio.master()
        wait(lambda: _acknowledged(trio, former))
        former.kill()
        await until(lambda: bus.health.state is State.DOWN)
        with pytest.raises(BusUnavailable):
            await bus.set("kept", "2", ttl=None)
        took = await until(lambda: bus.health.state is State.UP)
        assert took < 8
        assert trio.master() is not former
        assert await bus.get("kept") == b"1"
        assert await bus.set("kept", "2", ttl=None)
        await asyncio.wait_for(bus.lease.granted(), 5)
        assert bus.lease.epoch != epoch
        assert (await bus.members()).unsettled > 0
        await events.ready(5)
        await bus.publish("a", "x")
        heard = [await asyncio.wait_for(anext(events), 5) for _ in range(5)]
        assert [type(event) for event in heard[1:4]] == [Lost, Connected, Gap]
        assert heard[4] == Message("a", b"x")

        # the former master comes back believing that it is one; nothing goes there
        former.start()
        await bus.set("kept", "3", ttl=None)
        assert former.ask("INFO", "replication")["role"] == "master"
        assert trio.master().ask("GET", "passerelle:v1:kept") == "3"


def _acknowledged(trio: SentinelTrio, master: Server) -> bool:
    other = next(server for server in trio.servers if server is not master)
    return other.ask("GET", "passerelle:v1:kept") == "1"


async def test_a_replica_that_lagged_takes_over(settled: SentinelTrio, opened: OpenBus) -> None:
    """It knows an old state of the leases, and says that it may not know all."""
    bus, observer = opened(f"{settled.url}?timeout=0.3"), opened(f"{settled.url}?timeout=0.3")
    former = settled.master()
    replica = next(server for server in settled.servers if server is not former)
    await observer.start(patience=5)
    replica.pause()
    await bus.start(patience=5)  # the replica never hears of this lease
    assert bus.instance in (await observer.members()).holdings
    former.kill()
    replica.resume()
    await until(lambda: observer.health.state is State.UP)
    members = await _members(observer)
    assert members.unsettled > 0
    await until(lambda: bus.lease.live)


async def test_a_failover_by_hand_drops_connections_to_the_former_master(
    settled: SentinelTrio, opened: OpenBus
) -> None:
    bus = opened(settled.url)
    await bus.start(patience=5)
    former = settled.master()
    settled.sentinels[0].ask("SENTINEL", "FAILOVER", SERVICE)
    await until(lambda: settled.master() is not former)
    await until(lambda: _writes_to(settled.master(), bus))
    await until(lambda: _clients(former) == 0)


async def _writes_to(server: Server, bus: Bus) -> bool:
    value = secrets.token_hex(4)
    try:
        await bus.set("where", value, ttl=None)
    except BusUnavailable:
        return False
    return server.ask("GET", "passerelle:v1:where") == value


async def _members(bus: Bus) -> Members:
    """The members as soon as they can be read."""
    while True:
        try:
            return await bus.members()
        except BusUnavailable:
            await asyncio.sleep(0.01)


def _clients(server: Server) -> int:
    """Connections that are neither a Sentinel's nor replication, nor the one that asks."""
    listed = [line for line in str(server.ask("CLIENT", "LIST", "TYPE", "normal")).splitlines() if line]
    return sum("name=sentinel" not in line and "cmd=client" not in line for line in listed)


async def test_no_sentinel_answers(opened: OpenBus) -> None:
    bus = opened("sentinel://127.0.0.1:1,127.0.0.1:2/mymaster?timeout=0.2")
    assert not await bus.start(patience=0.25)
    with pytest.raises(BusUnavailable) as caught:
        await bus.get("a")
    assert caught.value.why is Reason.NO_MASTER


async def test_sentinels_do_not_know_the_service(trio: SentinelTrio, opened: OpenBus) -> None:
    bus = opened(trio.url.replace(SERVICE, "another"))
    assert not await bus.start(patience=0.25)
    assert bus.health.reason is Reason.NO_MASTER
    assert bus.health.details == "No master found for 'another'"


async def test_one_sentinel_is_enough(trio: SentinelTrio, opened: OpenBus) -> None:
    port = trio.sentinels[2].port
    bus = opened(f"sentinel://127.0.0.1:1,127.0.0.1:{port}/{SERVICE}?timeout=0.5")
    assert await bus.start(patience=5)
