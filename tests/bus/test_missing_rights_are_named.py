"""An ACL user that lacks one of the rights in docs/redis.md: what fails says which."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.bus import Bus, BusError, BusRefused, Reason, State
from tests.bus.conftest import OpenBus, acl_rules
from tests.bus.servers import Server, until

RULES = acl_rules(Path(__file__).parents[2] / "docs" / "redis.md").split()
CALLS: dict[str, Callable[[Bus], Awaitable[Any]]] = {
    "get": lambda bus: bus.get("a"),
    "mget": lambda bus: bus.mget(["a"]),
    "set": lambda bus: bus.set("a", "1", ttl=1),
    "del": lambda bus: bus.delete("a"),
    "publish": lambda bus: bus.publish("a", "1"),
    "xadd": lambda bus: bus.append("s", "1", keep=1),
    "xrange": lambda bus: bus.read("s", after=None),
}


def limited(server: Server, *, without: str) -> str:
    """The URL of a user with all rights but one."""
    rules = [rule for rule in RULES if rule != without]
    assert len(rules) == len(RULES) - 1
    server.ask("ACL", "SETUSER", "gate", "reset", "on", ">pw", *rules)
    return f"redis://gate:pw@127.0.0.1:{server.port}/1"


@pytest.mark.parametrize("missing", CALLS)
async def test_a_call(missing: str, server: Server, opened: OpenBus) -> None:
    """It alone fails; all else goes on."""
    bus = opened(limited(server, without=f"+{missing}"))
    await bus.start()
    await until(lambda: bus.health.state is State.UP)
    for name, call in CALLS.items():
        if name == missing:
            with pytest.raises(BusRefused) as caught:
                await call(bus)
            assert f"'{missing}'" in str(caught.value.details)
        else:
            await call(bus)
    assert bus.health.state is State.UP


@pytest.mark.parametrize("missing", ["ping", "info", "select"])
async def test_what_every_connection_needs(missing: str, server: Server, opened: OpenBus) -> None:
    bus = opened(limited(server, without=f"+{missing}"))
    await bus.start()
    await until(lambda: bus.health.reason is Reason.PERMISSION)
    assert f"'{missing}'" in (bus.health.details or "")


@pytest.mark.parametrize("missing", ["evalsha", "time", "hset", "hmget"])
async def test_the_lease(missing: str, server: Server, opened: OpenBus) -> None:
    bus = opened(limited(server, without=f"+{missing}"))
    await bus.start()
    await until(lambda: bus.health.lease.problem)
    assert missing in (bus.health.lease.problem or "").lower()
    assert not bus.lease.live
    assert bus.health.state is State.UP


@pytest.mark.parametrize("without", ["+subscribe", "&passerelle:*"])
async def test_hearing(without: str, server: Server, opened: OpenBus, caplog: pytest.LogCaptureFixture) -> None:
    """No lease then, as what the others say would not be heard."""
    bus = opened(limited(server, without=without))
    with caplog.at_level(logging.WARNING):
        subscription = bus.listen("a", hear=lambda event: None)
        await bus.start()
        await until(lambda: bus.health.hearing.reason is Reason.PERMISSION)
        await asyncio.sleep(0.3)
    assert not bus.lease.live
    assert bus.health.state is State.UP
    told = [record.getMessage() for record in caplog.records if "cannot hear Redis" in record.getMessage()]
    assert len(told) == 1, "once, not at each attempt"
    assert "permission" in told[0]
    server.ask("ACL", "SETUSER", "gate", without)
    await subscription.ready(5)
    await asyncio.wait_for(bus.lease.granted(), 5)


async def test_keys_of_others(server: Server, opened: OpenBus) -> None:
    server.ask("ACL", "SETUSER", "gate", "on", ">pw", *RULES)
    bus = opened(f"redis://gate:pw@127.0.0.1:{server.port}", prefix="other:")
    await bus.start()
    with pytest.raises(BusError) as caught:
        await asyncio.wait_for(_get(bus), 5)
    assert "key" in str(caught.value.details)
    await until(lambda: bus.health.hearing.reason is Reason.PERMISSION)
    assert not bus.lease.live


async def _get(bus: Bus) -> None:
    await until(lambda: bus.health.state is State.UP)
    await bus.get("a")
