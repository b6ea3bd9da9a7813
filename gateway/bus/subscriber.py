"""One connection that hears all channels of an instance."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from redis.exceptions import RedisError

from gateway.bus.connection import Connection, close, open_connection, pack, receive, send
from gateway.bus.errors import BusError, BusUnavailable, Reason, connection_error
from gateway.bus.events import Connected, Event, Gap, Lost, Message
from gateway.bus.tasks import end
from gateway.bus.topology import BACKOFF, Topology

_log = logging.getLogger(__name__)

_HEARTBEAT: Final = 1.0
_LASTING: Final = 2.0
_CHUNK: Final = 500
_FAIR: Final = 200
_PING: Final = pack("PING")


class Listener:
    """Who hears some channels. `hear` is called for each event, in order, on the event loop; it must be quick."""

    __slots__ = ("channels", "connected", "hear", "seen")

    def __init__(self, channels: dict[str, str], hear: Callable[[Event], None]) -> None:
        """`channels`: what they are called in Redis, and what the listener calls them."""
        self.channels = channels
        self.hear = hear
        self.connected = False
        self.seen = False


class Subscriber:
    """Keeps a connection to the anchor and the subscriptions on it.

    `on_connected` is called when the server has confirmed every channel there was when it connected, `on_lost` when
    that connection is lost.
    """

    def __init__(self, topology: Topology, *, on_connected: Callable[[], None], on_lost: Callable[[], None]) -> None:
        self._topology = topology
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._listeners: dict[Listener, None] = {}
        self._by_channel: dict[str, list[Listener]] = {}
        self._requested: set[str] = set()
        self._confirmed: set[str] = set()
        self._expected: deque[tuple[bool, str]] = deque()
        self._changes: dict[str, int] = {}
        self._outgoing: list[bytes] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._open = False
        self._announced = False
        self._heard = 0.0
        self.messages = 0
        self.losses = 0
        self.reason: Reason | None = Reason.CONNECTING

    @property
    def up(self) -> bool:
        return self._announced

    @property
    def channels(self) -> int:
        return len(self._by_channel)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="redis subscriber")

    async def stop(self) -> None:
        await end(self._task)
        self._task = None
        self._disconnected(BusUnavailable(Reason.STOPPED))

    def add(self, listener: Listener) -> None:
        self._listeners[listener] = None
        for channel in listener.channels:
            self._by_channel.setdefault(channel, []).append(listener)
        if self._open:
            self._request(channel for channel in listener.channels if channel not in self._requested)
            self._tell_if_connected(listener)

    def remove(self, listener: Listener) -> None:
        if self._listeners.pop(listener, listener) is not None:
            return
        unheard: list[str] = []
        for channel in listener.channels:
            self._by_channel[channel].remove(listener)
            if not self._by_channel[channel]:
                del self._by_channel[channel]
                unheard.append(channel)
        if self._open and unheard:
            self._requested.difference_update(unheard)
            self._confirmed.difference_update(unheard)
            self._send("UNSUBSCRIBE", unheard, subscribing=False)

    async def _run(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - whatever it is, this task goes on
                self._disconnected(_reason(error))
            failures = 0 if time.monotonic() - began > _LASTING else failures + 1
            await asyncio.sleep(BACKOFF.pause(failures, random.random()))  # noqa: S311 - only to spread instances

    async def _session(self) -> None:
        """Connect, subscribe, and hear until the connection is lost."""
        place = await self._topology.anchor()
        connection = await open_connection(self._topology.address, place)
        loop = asyncio.get_running_loop()
        try:
            self._connected(loop.time())
            parts = [
                asyncio.create_task(self._write(connection), name="redis subscriber writer"),
                asyncio.create_task(self._read(connection), name="redis subscriber reader"),
                asyncio.create_task(self._watch(place), name="redis subscriber watch"),
            ]
            try:
                done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)
            raise _reason(next(iter(done)).exception())
        finally:
            self._open = False
            close(connection)

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._outgoing = self._outgoing, []
            if batch:
                await send(connection, *batch)

    async def _read(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for _ in range(_FAIR):
                reply = await receive(connection)
                self._heard = loop.time()
                if isinstance(reply, list):
                    self._take(reply)  # pyright: ignore[reportUnknownArgumentType]
            await asyncio.sleep(0)  # a flood of buffered messages would let nobody else run

    async def _watch(self, place: Any) -> None:
        loop = asyncio.get_running_loop()
        timeout = self._topology.address.timeout
        interval = min(_HEARTBEAT, timeout)
        while True:
            slept = loop.time()
            self._outgoing.append(_PING)
            self._wake.set()
            await asyncio.sleep(interval)
            if loop.time() - slept > 2 * interval:
                continue  # this process was paused: what it should have heard may be there, unread
            if loop.time() - self._heard > interval + timeout:
                raise BusUnavailable(Reason.TIMEOUT)
            with contextlib.suppress(BusError):
                if await self._topology.anchor() != place:
                    raise _AnchorMoved

    def _take(self, reply: list[Any]) -> None:
        kind = reply[0]
        if kind == b"message":
            channel = reply[1].decode()
            self.messages += 1
            for listener in tuple(self._by_channel.get(channel, ())):
                if listener.connected:
                    self._tell(listener, Message(listener.channels[channel], reply[2]))
        elif kind in {b"subscribe", b"unsubscribe"}:
            self._confirm()

    def _confirm(self) -> None:
        subscribing, channel = self._expected.popleft()
        self._changes[channel] -= 1
        if self._changes[channel]:
            return  # a later change of the same channel is under way
        del self._changes[channel]
        if subscribing and channel in self._requested:
            self._confirmed.add(channel)
            for listener in tuple(self._by_channel.get(channel, ())):
                self._tell_if_connected(listener)
        self._announce_if_connected()

    def _request(self, channels: Iterable[str]) -> None:
        wanted = list(channels)
        self._requested.update(wanted)
        self._send("SUBSCRIBE", wanted, subscribing=True)

    def _send(self, verb: str, channels: list[str], *, subscribing: bool) -> None:
        for at in range(0, len(channels), _CHUNK):
            chunk = channels[at : at + _CHUNK]
            self._outgoing.append(pack(verb, *chunk))
            for channel in chunk:
                self._expected.append((subscribing, channel))
                self._changes[channel] = self._changes.get(channel, 0) + 1
        self._wake.set()

    def _connected(self, now: float) -> None:
        self._requested, self._confirmed = set(), set()
        self._expected, self._changes, self._outgoing = deque(), {}, []
        self._heard = now
        self._open = True
        self._request(self._by_channel)
        for listener in tuple(self._listeners):
            self._tell_if_connected(listener)  # those without channels
        self._announce_if_connected()

    def _disconnected(self, error: BusUnavailable) -> None:
        reason, former = error.why, self.reason
        self._open = False
        self.reason = reason
        if reason is Reason.PERMISSION and former is not reason:  # the lanes tell of all else
            _log.warning("cannot hear Redis: %s (%s)", error.message, error.details)
        if self._announced:
            self._announced = False
            if reason is not Reason.STOPPED:
                self.losses += 1
                _log.warning("no longer hear Redis: %s", reason.value)
            self._on_lost()
        for listener in tuple(self._listeners):
            if listener.connected:
                listener.connected = False
                self._tell(listener, Lost(reason))

    def _announce_if_connected(self) -> None:
        if not self._announced and not self._expected:
            self._announced = True
            self.reason = None
            self._on_connected()

    def _tell_if_connected(self, listener: Listener) -> None:
        if listener.connected or not self._confirmed.issuperset(listener.channels):
            return
        listener.connected = True
        self._tell(listener, Connected())
        if listener.seen:
            self._tell(listener, Gap())
        listener.seen = True

    def _tell(self, listener: Listener, event: Event) -> None:
        try:
            listener.hear(event)
        except Exception:  # noqa: BLE001 - the others shall hear it all the same
            _log.exception("a listener failed on %s", type(event).__name__)


class _AnchorMoved(Exception):
    """Another server is the anchor now."""


def _reason(error: BaseException | None) -> BusUnavailable:
    if isinstance(error, _AnchorMoved):
        return BusUnavailable(Reason.MOVED)
    if error is None or not isinstance(error, BusUnavailable | RedisError | OSError):
        _log.error("hearing Redis failed unexpectedly", exc_info=error)
        return BusUnavailable(Reason.LOST)
    known = connection_error(error)
    return BusUnavailable(Reason.LOST) if known.why is Reason.UNREACHABLE else known
