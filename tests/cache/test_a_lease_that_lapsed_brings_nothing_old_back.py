"""A lease may run out by its holder's clock and be renewed before the server's time is up: the same epoch goes on.

What was told in between must not be missing then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from gateway.bus import Bus, Event, Facts, Terms, open_bus
from tests.bus.servers import Server
from tests.bus.servers import until as patiently
from tests.cache.conftest import until

OpenBus = Callable[[], Bus]

EARLY = Terms(term=2.3, grace=1.9, renewal=0.1)
"""Leases that run out long before the server thinks so."""


@pytest_asyncio.fixture
async def opened(redis: Server) -> AsyncIterator[OpenBus]:
    buses: list[Bus] = []

    def open_() -> Bus:
        buses.append(open_bus(redis.url, terms=EARLY))
        return buses[-1]

    yield open_
    for bus in buses:
        await bus.stop()


async def started(*buses: Bus) -> None:
    for bus in buses:
        assert await bus.start(patience=5)
    await patiently(lambda: settled(buses[0]))


async def settled(bus: Bus) -> bool:
    return (await bus.members()).unsettled == 0


def hold_back_renewals(bus: Bus) -> asyncio.Event:
    """Renewals of the lease go out when the event is set."""
    gate, hold = asyncio.Event(), bus.lease._hold

    async def slowly(epoch: int, fresh: bool) -> int:
        await gate.wait()
        return await hold(epoch, fresh)

    bus.lease._hold = slowly
    return gate


async def revived(bus: Bus, gate: asyncio.Event, epoch: int | None) -> None:
    """The same lease is live again."""
    gate.set()
    await until(lambda: bus.lease.live)
    assert bus.lease.epoch == epoch


async def test_a_change_that_was_heard_meanwhile_is_remembered(opened: OpenBus) -> None:
    one, two = opened(), opened()
    await started(one, two)
    await one.facts.tell({"a": "old"})
    assert two.facts.known(["a"]) == ("old",)
    epoch, gate = two.lease.epoch, hold_back_renewals(two)
    await until(lambda: not two.lease.live)
    await one.facts.tell({"a": "new"})
    await revived(two, gate, epoch)
    assert two.facts.known(["a"]) != ("old",)


async def test_whoever_tells_a_change_waits_for_its_own_memory(
    opened: OpenBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Event] = []
    hear = Facts.hear_change
    listening = asyncio.Event()
    listening.set()
    monkeypatch.setattr(
        Facts, "hear_change", lambda self, event: hear(self, event) if listening.is_set() else heard.append(event)
    )
    bus = opened()
    await started(bus)
    await bus.facts.tell({"a": "old"})
    epoch, gate = bus.lease.epoch, hold_back_renewals(bus)
    await until(lambda: not bus.lease.live)
    listening.clear()  # messages are late
    telling = asyncio.create_task(bus.facts.tell({"a": "new"}))
    await until(lambda: heard)
    await asyncio.sleep(0.02)
    await revived(bus, gate, epoch)
    assert not telling.done() or bus.facts.known(["a"]) != ("old",)
    listening.set()
    for event in heard:
        bus.facts.hear_change(event)
    await telling
    assert bus.facts.known(["a"]) == ("new",)
