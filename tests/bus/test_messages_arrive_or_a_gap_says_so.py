"""Subscriptions: order, loss, overflow, and that nothing goes missing without a Gap."""

from __future__ import annotations

import asyncio
import random

import pytest

from gateway.bus import BusUnavailable, Connected, Event, Gap, Lost, Message, Overflow, Reason, State, Stream
from tests.bus.conftest import OpenBus
from tests.bus.servers import Proxy, Server, until


async def take(stream: Stream, count: int) -> list[Event]:
    return [await asyncio.wait_for(anext(stream), 5) for _ in range(count)]


@pytest.mark.parametrize("how", ["dropped", "frozen", "killed"])
async def test_a_loss_yields_exactly_one_gap(how: str, server: Server, proxy: Proxy, opened: OpenBus) -> None:
    timeout = 0.3 if how == "frozen" else 1  # starting a server blocks the loop for a while, and so the proxy
    bus, other = opened(f"redis://127.0.0.1:{proxy.port}?timeout={timeout}"), opened(server.url)
    await bus.start(patience=5)
    await other.start(patience=5)
    async with bus.subscribe("a", "b") as events:
        await events.ready(2)
        await other.publish("a", "1")
        assert await take(events, 2) == [Connected(), Message("a", b"1")]
        if how == "dropped":
            proxy.drop()
        elif how == "frozen":
            proxy.freeze()
        else:
            server.kill()
        lost = await asyncio.wait_for(anext(events), 5)
        assert isinstance(lost, Lost)
        assert lost.reason is (Reason.TIMEOUT if how == "frozen" else Reason.LOST)
        assert not events.connected
        proxy.thaw()
        if how == "killed":
            server.start()
        assert await take(events, 2) == [Connected(), Gap()]
        await until(lambda: other.health.state is State.UP)  # hearing has a connection of its own, and its own pauses
        await other.publish("b", "2")
        assert await take(events, 1) == [Message("b", b"2")]
        await asyncio.sleep(0.2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.05)


async def test_a_server_that_is_paused_and_resumed(server: Server, opened: OpenBus) -> None:
    bus = opened(f"{server.url}?timeout=0.3")
    await bus.start(patience=5)
    async with bus.subscribe("a") as events:
        await events.ready(2)
        server.pause()
        assert isinstance((await take(events, 2))[1], Lost)
        server.resume()
        assert await take(events, 2) == [Connected(), Gap()]


async def test_a_subscription_that_begins_without_a_server(server: Server, opened: OpenBus) -> None:
    server.kill()
    bus = opened(server.url)
    await bus.start()
    async with bus.subscribe("a") as events:
        with pytest.raises(BusUnavailable):
            await events.ready(0.2)
        server.start()
        await events.ready(5)
        assert await take(events, 1) == [Connected()]
        await until(lambda: bus.lease.live)
        await bus.publish("a", "x")
        assert await take(events, 1) == [Message("a", b"x")]


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_is_lost_silently(seed: int, server: Server, proxy: Proxy, opened: OpenBus) -> None:
    """One publishes numbers without a break while the other's connection is cut again and again."""
    dice = random.Random(seed)
    publisher, bus = opened(server.url), opened(f"redis://127.0.0.1:{proxy.port}?timeout=0.2")
    await publisher.start(patience=5)
    await bus.start(patience=5)
    published = 0
    stop = asyncio.Event()

    async def publish() -> None:
        nonlocal published
        while not stop.is_set():
            await publisher.publish("n", str(published))
            published += 1
            await asyncio.sleep(0.0005)

    async def disturb() -> None:
        for _ in range(10):
            await asyncio.sleep(dice.random() * 0.15)
            if dice.random() < 0.3:
                proxy.freeze()
                await asyncio.sleep(dice.random() * 0.3)
                if dice.random() < 0.5:
                    proxy.drop()
                proxy.thaw()
            else:
                proxy.drop()

    events = bus.subscribe("n", size=100_000)
    await events.ready(2)
    tasks = [asyncio.create_task(publish()), asyncio.create_task(disturb())]
    await tasks[1]
    await events.ready(5)
    await until(lambda: bus.health.hearing.messages > 100, within=30)
    stop.set()
    await tasks[0]
    await until(lambda: bus.health.hearing.up)
    await asyncio.sleep(0.2)
    events.close()

    expected, excused, gaps, heard = 0, False, 0, 0
    async for event in events:
        if isinstance(event, Message):
            number = int(event.payload)
            assert number == expected or (excused and number > expected)
            expected, excused, heard = number + 1, False, heard + 1
        elif isinstance(event, Gap):
            excused, gaps = True, gaps + 1
    assert expected == published or excused
    assert gaps >= 3
    assert heard >= 100


@pytest.mark.parametrize("overflow", Overflow)
async def test_ten_thousand_messages_to_a_slow_reader(overflow: Overflow, server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    slow, quick = bus.subscribe("n", size=500, overflow=overflow), bus.subscribe("n", size=20_000)
    await slow.ready(2)
    await quick.ready(2)
    for start in range(0, 10_000, 500):
        await asyncio.gather(*(bus.publish("n", str(start + number)) for number in range(500)))
    assert [int(event.payload) for event in (await take(quick, 10_001))[1:] if isinstance(event, Message)] == list(
        range(10_000)
    )
    slow.close()
    events = [event async for event in slow]
    gap = next(event for event in events if isinstance(event, Gap))
    messages = [int(event.payload) for event in events if isinstance(event, Message)]
    assert events[0] == Connected()
    assert len(messages) <= 500
    assert messages == list(range(10_000 - len(messages), 10_000))
    assert gap.dropped == slow.dropped == 10_000 - len(messages)
    if overflow is Overflow.DROP_OLDEST:
        assert len(messages) == 500
    quick.close()


async def test_a_failing_listener_harms_no_other(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    heard: list[Event] = []

    def fail(event: Event) -> None:
        raise RuntimeError(str(event))

    bad = bus.listen("a", hear=fail)
    good = bus.listen("a", hear=heard.append)
    await bus.start(patience=5)
    await good.ready(2)
    await bus.publish("a", "x")
    await until(lambda: len(heard) == 2)
    assert heard == [Connected(), Message("a", b"x")]
    bad.close()
    bad.close()


async def test_channels_come_and_go(server: Server, opened: OpenBus) -> None:
    """Opening and closing at once, many times: whoever is ready hears what comes after, and the server forgets the
    rest."""
    bus = opened(server.url)
    await bus.start(patience=5)
    many = bus.subscribe(*(f"m{number}" for number in range(3000)))
    dice = random.Random(1)
    for _ in range(100):
        streams = [bus.subscribe(dice.choice("abc"), dice.choice("abc")) for _ in range(4)]
        for stream in streams[:3]:
            stream.close()
        await streams[3].ready(2)
        channel = next(iter(streams[3]._listener.channels.values()))
        await bus.publish(channel, "x")
        assert await take(streams[3], 2) == [Connected(), Message(channel, b"x")]
        streams[3].close()
    await many.ready(2)
    assert len(server.ask("PUBSUB", "CHANNELS")) >= 3000
    many.close()
    await until(lambda: all(":bus:{" in channel for channel in server.ask("PUBSUB", "CHANNELS")))
    assert bus.health.hearing.losses == 0


async def test_stopping_tells_subscribers(server: Server, opened: OpenBus) -> None:
    bus = opened(server.url)
    await bus.start(patience=5)
    events = bus.subscribe("a")
    await events.ready(2)
    await bus.stop()
    assert await take(events, 2) == [Connected(), Lost(Reason.STOPPED)]
