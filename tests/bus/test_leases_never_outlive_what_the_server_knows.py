"""Leases: while one is live, its epoch is among the members, or the members are unsettled."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from gateway.bus import Bus, BusError, BusUnavailable, Lease, Members, Terms, open_bus
from tests.bus.conftest import HASTY, OpenBus
from tests.bus.servers import Proxy, Server, until

ROOT = Path(__file__).parents[2]
PATIENT = Terms(term=9.0, grace=3.0, renewal=0.1)
"""Leases that do not run out while this process waits for its turn."""
REGISTRY = "passerelle:v1:bus:{passerelle:bus}:leases"


async def test_a_lease_lasts_and_is_given_back(server: Server, opened: OpenBus) -> None:
    terms = Terms(term=2.4, grace=0.8, renewal=0.1)  # also where this process gets no processor for a second
    one, two = opened(server.url, terms=terms), opened(server.url, terms=terms)
    assert await one.start(patience=5)
    assert await two.start(patience=5)
    for _ in range(10):
        await asyncio.sleep(0.3)
        members = await one.members()
        assert {name: holding.epoch for name, holding in members.holdings.items()} == {one.instance: 1, two.instance: 1}
        assert all(0 < holding.remaining <= terms.term for holding in members.holdings.values())
        assert (one.lease.epoch, two.lease.epoch) == (1, 1)
    assert members.unsettled == 0
    await two.stop()
    assert set((await one.members()).holdings) == {one.instance}


@pytest.mark.parametrize("how", ["flushed", "evicted", "restarted", "promoted"])
async def test_a_server_that_forgets_says_so(how: str, server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    await until(lambda: _settled(bus))
    if how == "flushed":
        server.ask("FLUSHALL")
    elif how == "evicted":
        server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        used = server.ask("INFO", "memory")["used_memory"]
        server.ask("CONFIG", "SET", "maxmemory", used - 50_000)
        server.ask("CONFIG", "SET", "maxmemory", used + 5_000_000)
    elif how == "restarted":
        server.kill()
        server.start()
        await until(lambda: bus.health.lease.epoch != 1)
    else:  # the same process, but not the same history
        server.ask("REPLICAOF", "127.0.0.1", "1")
        server.ask("REPLICAOF", "NO", "ONE")
    await until(lambda: (bus.lease.epoch or 0) > 1)
    assert (await bus.members()).unsettled > 0


async def _settled(bus: Bus) -> bool:
    try:
        return (await bus.members()).unsettled == 0
    except BusError:
        return False


async def test_leaps_of_the_servers_clock(server: Server, opened: OpenBus) -> None:
    """Leaping forward is, to the script, as if it was used last a while ago."""
    bus = opened(server.url)
    await bus.start(patience=5)
    for leap, unsettled in [(-0.2, False), (0.2, False), (-3.0, True), (3.0, True)]:
        assert ((await _after(leap, bus, server)).unsettled > 0) is unsettled, leap


async def _after(leap: float, bus: Bus, server: Server) -> Members:
    """The members right after a leap, when this machine took no leap of its own in between."""
    while True:
        await until(lambda: _settled(bus))
        began = time.monotonic()
        if await _settled(bus):
            server.ask("HINCRBY", REGISTRY, "last", round(-leap * 1000))
            members = await bus.members()
            if time.monotonic() - began < 0.5:
                return members


async def test_the_holder_stops_before_the_server_does(server: Server, proxy: Proxy, opened: OpenBus) -> None:
    """Whatever the pace of this machine: compared are deadlines, not when somebody looked."""
    holder, observer = opened(f"redis://127.0.0.1:{proxy.port}?timeout=0.3"), opened(server.url)
    await holder.start(patience=5)
    await observer.start(patience=5)
    compared = 0
    for _ in range(50):
        stops, now = holder.lease._deadline, holder.lease._clock()
        members = await observer.members()
        if now < stops:
            assert stops < now + members.holdings[holder.instance].remaining
            compared += 1
        await asyncio.sleep(0.02)
    assert compared > 10
    epoch = holder.lease.epoch
    proxy.freeze()
    await until(lambda: _gone(observer, holder))
    assert not holder.lease.live
    proxy.thaw()
    await until(lambda: holder.lease.live)
    assert holder.lease.epoch != epoch


async def _gone(observer: Bus, holder: Bus) -> bool:
    return holder.instance not in (await observer.members()).holdings


async def test_not_hearing_ends_the_epoch_at_once(server: Server, opened: OpenBus) -> None:
    """The connection of the subscriptions alone is lost; calls work on."""
    bus = opened(server.url, terms=PATIENT)
    await bus.start(patience=5)
    lives: list[int | None] = []
    subscription = bus.listen("x", hear=lambda _: lives.append(bus.lease.epoch))
    await subscription.ready(2)
    server.ask("CLIENT", "KILL", "TYPE", "pubsub")
    await until(lambda: bus.lease.epoch == 2)
    assert lives[:2] == [1, None]  # Connected under epoch 1, Lost under none
    assert bus.health.nodes[0].counts.losses == 0


async def test_renouncing_begins_a_new_epoch(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url, terms=PATIENT)
    await bus.start(patience=5)
    bus.lease.renounce()
    assert bus.lease.epoch is None
    await until(lambda: bus.lease.epoch == 2)
    assert (await bus.members()).holdings[bus.instance].epoch == 2


async def test_a_clock_that_went_on_ends_it(server: Server) -> None:
    """As after the sleep of a laptop, or a pause of the process: nothing has run, only the clock."""
    offset = 0.0
    bus = open_bus(server.url, terms=HASTY, clock=lambda: time.monotonic() + offset)
    try:
        await bus.start(patience=5)
        assert bus.lease.live
        offset = HASTY.term - HASTY.grace
        assert not bus.lease.live
        assert bus.lease.epoch is None
        await bus.lease.granted()
    finally:
        await bus.stop()


async def test_a_slow_answer_counts_from_the_question() -> None:
    now = 0.0

    async def hold(epoch: int, fresh: bool) -> int:
        nonlocal now
        now += 0.4  # on its way, there or back
        return 1

    async def release(epoch: int) -> None:
        pass

    lease = Lease(hold, release, terms=HASTY, clock=lambda: now)
    lease.start()
    lease.hearing(True)
    await asyncio.wait_for(lease.granted(), 1)
    assert now == 0.4
    now = HASTY.term - HASTY.grace
    assert not lease.live
    await lease.stop()


async def test_an_answer_to_a_question_before_renouncing_is_worth_nothing() -> None:
    answers: list[asyncio.Future[int]] = []

    async def hold(epoch: int, fresh: bool) -> int:
        answers.append(asyncio.get_running_loop().create_future())
        return await answers[-1]

    async def release(epoch: int) -> None:
        pass

    lease = Lease(hold, release, terms=HASTY, clock=time.monotonic)
    lease.start()
    lease.hearing(True)
    await until(lambda: len(answers) == 1)
    lease.hearing(False)
    lease.hearing(True)  # again, but something may have been missed
    answers[0].set_result(1)
    await until(lambda: len(answers) == 2)
    assert lease.epoch is None
    answers[1].set_result(1)
    await until(lambda: lease.epoch == 2)
    await lease.stop()


async def test_it_stops_also_at_the_moment_of_news() -> None:
    async def hold(epoch: int, fresh: bool) -> int:
        return 1

    async def release(epoch: int) -> None:
        pass

    lease = Lease(hold, release, terms=HASTY, clock=time.monotonic)
    lease.start()
    lease.hearing(True)
    await lease.granted()
    await asyncio.sleep(0)
    lease.renounce()
    began = time.monotonic()
    await asyncio.wait_for(lease.stop(), 5)
    assert time.monotonic() - began < 0.4


async def test_there_is_a_most(server: Server, opened: OpenBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bus.bus.MOST_INSTANCES", 2)
    buses = [opened(server.url) for _ in range(3)]
    for bus in buses[:2]:
        assert await bus.start(patience=5)
    assert not await buses[2].start(patience=0.5)
    await buses[0].stop()
    await asyncio.wait_for(buses[2].lease.granted(), 5)


@pytest.mark.parametrize("pause", [0.3, 1.3])
async def test_a_paused_process_does_not_believe_in_its_lease(pause: float, server: Server) -> None:
    """SIGSTOP and SIGCONT. Longer than the lease: not live until renewed, under a new epoch."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bus.paused", server.url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    await asyncio.wait_for(child.stdout.readline(), 20)
    os.kill(child.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    await asyncio.sleep(pause)
    resumed = time.monotonic()
    os.kill(child.pid, signal.SIGCONT)
    output, _ = await asyncio.wait_for(child.communicate(), 20)
    told = [line.split() for line in output.decode().splitlines()]
    before = [epoch for at, epoch in told if float(at) < stopped]
    after = [epoch for at, epoch in told if float(at) >= resumed]
    assert set(before) <= {"1"}
    assert len(after) > 100
    if pause > HASTY.term:
        assert "1" not in after
        assert after[-1] == "2"
    else:
        assert after[-1] == "1"  # the server still counted it


@pytest.mark.parametrize("seed", range(2))
async def test_whoever_believes_is_known(seed: int, server: Server, opened: OpenBus) -> None:
    """The promise, under random faults: an epoch that was live before and after the members were read is among them,
    unless they are unsettled for at least as long as it may stay live."""
    dice = random.Random(seed)
    ways = [await Proxy(server.port).start() for _ in range(3)]
    holders = [opened(f"redis://127.0.0.1:{way.port}?timeout=0.2") for way in ways]
    observer = opened(f"{server.url}?timeout=0.2")
    for bus in (*holders, observer):
        await bus.start(patience=5)
    checked = live = 0
    end = time.monotonic() + 2.2

    async def disturb() -> None:
        while (left := end - time.monotonic()) > 0 or (min(checked, live) <= 100 and left > -30):
            await asyncio.sleep(dice.random() * 0.3)
            fault, way = dice.randrange(6), dice.choice(ways)
            if fault == 0:
                server.ask("FLUSHALL")
            elif fault == 1:
                way.drop()
            elif fault == 2:
                way.freeze()
                await asyncio.sleep(dice.random() * 1.2)
                way.thaw()
            elif fault == 3:
                server.kill()
                server.start()
            elif fault == 4:
                server.pause()
                await asyncio.sleep(dice.random() * 0.8)
                server.resume()
            else:
                dice.choice(holders).lease.renounce()

    task = asyncio.create_task(disturb())
    while not task.done():
        before = [bus.lease.epoch for bus in holders]
        try:
            members = await observer.members()
        except BusUnavailable:
            await asyncio.sleep(0.01)
            continue
        for bus, epoch in zip(holders, before, strict=True):
            if epoch is not None and bus.lease.epoch == epoch:
                live += 1
                known = members.holdings.get(bus.instance)
                assert (known is not None and known.epoch == epoch) or members.unsettled > 0
                if known is None or known.epoch != epoch:
                    assert members.unsettled >= bus.lease._deadline - bus.lease._clock()
        checked += 1
        await asyncio.sleep(0.001)
    await task
    for way in ways:
        await way.stop()
    assert checked > 100
    assert live > 100


def test_terms_are_the_same_everywhere() -> None:
    assert Terms() == Terms(term=3.0, grace=1.0, renewal=0.5)
