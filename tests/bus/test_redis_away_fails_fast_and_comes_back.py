"""Servers that are killed, paused, cut off, loading, full, read-only, or that changed their password."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time

import pytest

from gateway.bus import BusError, BusUnavailable, Reason, State
from tests.bus.conftest import OpenBus
from tests.bus.servers import Proxy, Server, until


async def why(call: object) -> Reason:
    with pytest.raises(BusUnavailable) as caught:
        await call  # type: ignore[misc]
    return caught.value.why


async def test_a_killed_server(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    server.kill()
    await until(lambda: bus.health.state is State.DOWN)
    health = bus.health
    assert health.reason in {Reason.UNREACHABLE, Reason.LOST}
    assert time.time() - health.since < 5

    # microseconds, not timeouts
    began = time.perf_counter()
    for _ in range(1000):
        assert await why(bus.get("a")) in {Reason.UNREACHABLE, Reason.LOST}
    assert (time.perf_counter() - began) / 1000 < 0.0005
    assert bus.health.nodes[0].counts.refused >= 1000

    server.start()
    await until(lambda: bus.health.state is State.UP)
    assert await bus.set("a", "1", ttl=None)
    await bus.lease.granted()


async def test_starting_without_a_server(server: Server, opened: OpenBus) -> None:
    server.kill()
    bus = opened(server.url)
    assert bus.health.state is State.CONNECTING
    assert not await bus.start(patience=0.1)
    assert await why(bus.get("a")) is Reason.UNREACHABLE
    assert bus.health.state is State.DOWN
    server.start()
    await asyncio.wait_for(bus.lease.granted(), 5)
    assert await bus.get("a") is None


async def test_calls_under_way_when_the_server_dies_are_uncertain(
    server: Server, proxy: Proxy, opened: OpenBus
) -> None:
    bus = opened(f"redis://127.0.0.1:{proxy.port}")
    await bus.start(patience=5)
    proxy.freeze()
    calls = [asyncio.create_task(bus.set("a", "1", ttl=None)) for _ in range(20)]
    await asyncio.sleep(0.05)
    proxy.drop()
    for call in calls:
        with pytest.raises(BusUnavailable) as caught:
            await asyncio.wait_for(call, 1)
        assert caught.value.uncertain
    with pytest.raises(BusUnavailable) as caught:
        await bus.set("a", "1", ttl=None)
    assert not caught.value.uncertain


@pytest.mark.parametrize("how", ["paused", "frozen"])
async def test_a_silent_server(how: str, server: Server, proxy: Proxy, opened: OpenBus) -> None:
    bus = opened(f"redis://127.0.0.1:{proxy.port}?timeout=0.3&connections=6")
    await bus.start(patience=5)
    await asyncio.sleep(0.2)  # each connection's first heartbeat, so that the next is a while off
    server.pause() if how == "paused" else proxy.freeze()
    began = time.monotonic()
    reasons = await asyncio.gather(*(why(bus.get("a")) for _ in range(100)))
    assert set(reasons) == {Reason.TIMEOUT}
    assert 0.25 < time.monotonic() - began < 4
    began = time.perf_counter()
    for number in range(100):  # whatever connection they would take
        await why(bus.get(f"a{number}"))
    assert time.perf_counter() - began < 0.1
    await until(lambda: bus.health.state is State.DOWN)
    await until(lambda: not bus.lease.live)
    server.resume() if how == "paused" else proxy.thaw()
    await until(lambda: bus.health.state is State.UP)
    assert await bus.get("a") is None


async def test_one_silent_connection_is_enough_to_know(server: Server, proxy: Proxy, opened: OpenBus) -> None:
    """The first call that fails tells of the server: at once it is down, and no other connection is tried."""
    bus = opened(f"redis://127.0.0.1:{proxy.port}?timeout=0.3&connections=6")
    await bus.start(patience=5)
    await asyncio.sleep(0.2)  # as above
    proxy.freeze()
    assert await why(bus.get("a")) is Reason.TIMEOUT
    assert bus.health.state is State.DOWN
    for number in range(50):
        with pytest.raises(BusUnavailable) as caught:
            await bus.get(f"a{number}")
        assert (caught.value.why, caught.value.uncertain) == (Reason.TIMEOUT, False)


async def test_reconnecting_is_no_herd(proxy: Proxy, opened: OpenBus) -> None:
    bus = opened(f"redis://127.0.0.1:{proxy.port}?connections=2")
    await bus.start(patience=5)
    accepted = proxy.accepted
    proxy.drop()
    await until(lambda: proxy.accepted - accepted >= 3)
    await asyncio.sleep(0.5)
    assert proxy.accepted - accepted == 3  # two lanes and the subscriber, each once


async def test_a_server_that_accepts_and_drops_is_tried_with_growing_pauses(proxy: Proxy, opened: OpenBus) -> None:
    bus = opened(f"redis://127.0.0.1:{proxy.port}?connections=4")
    await bus.start(patience=5)
    before = proxy.accepted
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        proxy.drop()
        await asyncio.sleep(0.005)
    assert 5 <= proxy.accepted - before <= 5 * 8  # four and the subscriber


async def test_the_password_changed(server: Server, opened: OpenBus, caplog: pytest.LogCaptureFixture) -> None:
    server.stop()
    server.start("requirepass hunter2")
    bus = opened(f"redis://:hunter2@127.0.0.1:{server.port}")
    assert await bus.start(patience=5)
    server.kill()
    server.start("requirepass other")
    with caplog.at_level(logging.DEBUG):
        await until(lambda: bus.health.reason is Reason.AUTHENTICATION)
        assert await why(bus.get("a")) is Reason.AUTHENTICATION
    server.kill()
    server.start("requirepass hunter2")
    await until(lambda: bus.health.state is State.UP)
    assert await bus.get("a") is None
    assert "hunter2" not in caplog.text + repr(bus.health)


async def test_a_user_that_may_not_do_what_is_needed(server: Server, opened: OpenBus) -> None:
    server.ask("ACL", "SETUSER", "ann", "on", ">pw", "~*", "&*", "+@all", "-info")
    bus = opened(f"redis://ann:pw@127.0.0.1:{server.port}")
    assert not await bus.start(patience=0.2)
    assert bus.health.reason is Reason.PERMISSION
    assert "info" in (bus.health.details or "")
    server.ask("ACL", "SETUSER", "ann", "+info", "-eval", "-evalsha")
    await until(lambda: bus.health.state is State.UP)
    await until(lambda: "evalsha" in (bus.health.lease.problem or ""))
    server.ask("ACL", "SETUSER", "ann", "+eval", "+evalsha")
    await asyncio.wait_for(bus.lease.granted(), 5)
    assert bus.health.lease.problem is None


async def test_no_password_given(server: Server, opened: OpenBus) -> None:
    server.stop()
    server.start("requirepass hunter2")
    bus = opened(server.url)
    await bus.start()
    await until(lambda: bus.health.reason is Reason.AUTHENTICATION)


async def test_out_of_memory_refuses_writes_only(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    await bus.set("a", "1", ttl=None)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    assert await why(bus.set("b", "1", ttl=None)) is Reason.OUT_OF_MEMORY
    assert await bus.get("a") == b"1"
    assert bus.health.state is State.UP
    await until(lambda: not bus.lease.live)  # it cannot be renewed either
    server.ask("CONFIG", "SET", "maxmemory", "0")
    assert await bus.set("b", "1", ttl=None)


async def test_too_few_replicas_refuse_writes(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    server.ask("CONFIG", "SET", "min-replicas-to-write", "1")
    assert await why(bus.set("b", "1", ttl=None)) is Reason.WRITES_REFUSED
    assert await bus.get("b") is None


async def test_a_master_that_becomes_a_replica(server: Server, opened: OpenBus) -> None:
    """READONLY, MASTERDOWN (its master does not exist), and at last a replica's role."""
    bus = opened(server.url)
    await bus.start(patience=5)
    server.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
    server.ask("REPLICAOF", "127.0.0.1", "1")
    assert await why(bus.get("a")) is Reason.REPLICA
    await until(lambda: bus.health.state is State.DOWN)
    assert await why(bus.set("a", "1", ttl=None)) is Reason.REPLICA
    server.ask("REPLICAOF", "NO", "ONE")
    await until(lambda: bus.health.state is State.UP)
    assert await bus.set("a", "1", ttl=None)


async def test_readonly_replies(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    server.ask("REPLICAOF", "127.0.0.1", "1")
    assert await why(bus.set("a", "1", ttl=None)) is Reason.REPLICA
    other = opened(server.url)
    assert not await other.start(patience=0.3)
    assert await why(other.get("a")) is Reason.REPLICA  # not even what it could answer


async def test_a_server_that_loads_its_data(server: Server, opened: OpenBus) -> None:
    for number in range(50):
        server.ask("SET", f"k{number}", secrets.token_hex(1000))
    server.ask("SAVE")
    server.stop()
    # Microseconds a key, a second in all; it answers in between only every so many bytes.
    server.start("key-load-delay 20000", "loading-process-events-interval-bytes 1024", wait=False)
    bus = opened(server.url)
    await bus.start()
    await until(lambda: bus.health.reason is Reason.LOADING)
    assert await why(bus.get("k1")) is Reason.LOADING
    await until(lambda: bus.health.state is State.UP)


async def test_callers_that_give_up_disturb_nobody(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    await asyncio.gather(*(bus.set(f"n{number}", str(number), ttl=None) for number in range(200)))
    connects = bus.health.nodes[0].counts.connects

    async def ask(number: int) -> None:
        assert await bus.get(f"n{number}") == b"%d" % number

    for _ in range(5):
        tasks = [asyncio.create_task(ask(number)) for number in range(200)]
        await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError | None) for result in results)
        assert sum(result is None for result in results) == 133
    assert bus.health.nodes[0].counts.connects == connects


async def test_calls_are_bounded(server: Server, proxy: Proxy, opened: OpenBus) -> None:
    bus = opened(f"redis://127.0.0.1:{proxy.port}?connections=1&timeout=0.4")
    await bus.start(patience=5)
    proxy.freeze()
    calls = [asyncio.ensure_future(bus.get("a")) for _ in range(12_000)]
    await asyncio.sleep(0)
    results = await asyncio.gather(*calls, return_exceptions=True)
    reasons = [result.why for result in results if isinstance(result, BusUnavailable)]
    assert len(reasons) == 12_000
    assert reasons.count(Reason.BUSY) >= 1_990


async def test_stopping_fails_calls_and_leaves_no_task(server: Server, proxy: Proxy, opened: OpenBus) -> None:
    bus = opened(f"redis://127.0.0.1:{proxy.port}")
    await bus.start(patience=5)
    proxy.freeze()
    call = asyncio.create_task(bus.get("a"))
    await asyncio.sleep(0.02)
    began = time.monotonic()
    await bus.stop()
    assert time.monotonic() - began < 5  # it says farewell for half a second
    with pytest.raises(BusError):
        await call
    assert await why(bus.get("a")) is Reason.STOPPED
