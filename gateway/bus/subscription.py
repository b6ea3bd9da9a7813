"""Hearing channels, as an iterator or by a function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from gateway.bus.errors import BusUnavailable, Reason
from gateway.bus.events import Connected, Event, Lost, Overflow
from gateway.bus.inbox import Inbox
from gateway.bus.subscriber import Listener, Subscriber


class Subscription:
    """What arrives on some channels, from now on until it is closed.

    Also a subscription that begins while Redis is away: `Connected` comes when it is back.
    """

    def __init__(self, subscriber: Subscriber, channels: dict[str, str], hear: Callable[[Event], None]) -> None:
        self._subscriber = subscriber
        self._given = hear
        self._ready = asyncio.Event()
        self._listener = Listener(channels, self._hear)
        subscriber.add(self._listener)

    @property
    def connected(self) -> bool:
        """Whether the server has confirmed all channels and the connection is believed to stand."""
        return self._listener.connected

    async def ready(self, patience: float) -> None:
        """Return when connected: what is published after that arrives. BusUnavailable if that takes more seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._ready.wait()
        except TimeoutError:
            raise BusUnavailable(self._subscriber.reason or Reason.TIMEOUT) from None

    def close(self) -> None:
        """Hear no more."""
        self._subscriber.remove(self._listener)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Connected):
            self._ready.set()
        elif isinstance(event, Lost):
            self._ready.clear()
        self._given(event)


class Stream(Subscription):
    """A subscription for one task to iterate over: ``async with bus.subscribe("x") as s: async for event in s``.

    Events wait in a bounded queue (see `Overflow`). Leaving the block closes it; what waits can still be read.
    """

    def __init__(self, subscriber: Subscriber, channels: dict[str, str], *, size: int, overflow: Overflow) -> None:
        self._inbox = Inbox(size, overflow)
        self._some = asyncio.Event()
        self._closed = False
        super().__init__(subscriber, channels, self._put)

    @property
    def dropped(self) -> int:
        """Messages dropped so far because the reader was slow."""
        return self._inbox.dropped

    def close(self) -> None:
        super().close()
        self._closed = True
        self._some.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not len(self._inbox):
            if self._closed:
                raise StopAsyncIteration
            self._some.clear()
            await self._some.wait()
        return self._inbox.take()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, event: Event) -> None:
        self._inbox.put(event)
        self._some.set()
