"""One connection that many callers share: commands leave together, replies come back in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError

from gateway.bus.backoff import Backoff
from gateway.bus.connection import Connection, Opener, close, pack, receive, send
from gateway.bus.errors import BREAKING, REPLIES, BusError, BusUnavailable, Reason, connection_error, reply_error
from gateway.bus.tasks import end

_log = logging.getLogger(__name__)

_HEARTBEAT: Final = 1.0
_LASTING: Final = 2.0
_PING: Final = pack("PING")


@dataclass(slots=True)
class LaneCounts:
    """Counts since the start. `calls` were sent, `refused` were not because the lane was down or full."""

    calls: int = 0
    refused: int = 0
    errors: int = 0
    timeouts: int = 0
    connects: int = 0
    failures: int = 0
    losses: int = 0


class Lane:
    """Keeps one connection, and makes it anew when it breaks.

    While there is none, calls fail at once. A call is answered, or fails, within `timeout` and a quarter: replies come
    in order, so when the oldest is overdue the server has stalled, and the connection is given up with all calls on it.
    At most `most_pending` calls and `most_bytes` unsent bytes are held; more are refused at once (`busy`).
    """

    def __init__(
        self,
        opener: Opener,
        *,
        name: str,
        timeout: float,
        changed: Callable[[], None],
        backoff: Backoff,
        most_pending: int = 10_000,
        most_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._opener = opener
        self._name = name
        self._timeout = timeout
        self._changed = changed
        self._backoff = backoff
        self._most_pending = most_pending
        self._most_bytes = most_bytes
        self._pending: deque[tuple[asyncio.Future[Any] | None, float]] = deque()
        self._outgoing: list[bytes] = []
        self._outgoing_bytes = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._broken: asyncio.Future[Reason] | None = None
        self._hurry = asyncio.Event()
        self._failed = False
        self.up = False
        self.reason = Reason.CONNECTING
        self.details: str | None = None
        self.since = time.time()
        self.round_trip: float | None = None
        self.retry_at = 0.0
        self.counts = LaneCounts()

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def stalled(self) -> bool:
        """Whether there is no connection because the server stopped answering."""
        return not self.up and self.reason is Reason.TIMEOUT

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"redis {self._name}")

    async def stop(self, reason: Reason = Reason.STOPPED) -> None:
        """End the connection for good; calls under way fail for this reason."""
        await end(self._task)
        self._task = None
        self._down(BusUnavailable(reason))

    def submit(self, packed: bytes, *, silent: int = 0) -> asyncio.Future[Any]:
        """Send a command; the future is its reply, or fails with a BusError.

        `packed` may begin with `silent` other commands, whose replies are dropped. Whoever cancels the future only
        gives up its reply. BusUnavailable at once while there is no connection.
        """
        if not self.up:
            self.counts.refused += 1
            raise self.unavailable()
        if len(self._pending) >= self._most_pending or self._outgoing_bytes > self._most_bytes:
            self.counts.refused += 1
            raise BusUnavailable(Reason.BUSY, details="too many calls under way")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        now = loop.time()
        for _ in range(silent):
            self._pending.append((None, now))
        self._pending.append((future, now))
        self._outgoing.append(packed)
        self._outgoing_bytes += len(packed)
        self._wake.set()
        self.counts.calls += 1
        return future

    def unavailable(self) -> BusUnavailable:
        """Why there is no connection, for a caller that needs one."""
        wait = max(0.0, self.retry_at - time.monotonic())
        return BusUnavailable(self.reason, details=self.details, retry_after=wait + self._backoff.first)

    def give_up(self, reason: Reason) -> None:
        """Drop the connection, if there is one, and make a new one soon. From now on it is down: nobody may submit to
        a connection that is about to be closed, nor think that the server is up because of it."""
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(reason)
            self.up, self.reason, self.details = False, reason, None
        self._hurry.set()

    def hurry(self) -> None:
        """Try now, if the last attempt to connect failed: there is news of the server. Not if a connection broke,
        or two lanes would wake each other without end while a server drops whoever comes."""
        if self._failed:
            self._hurry.set()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                connection = await self._opener()
            except Exception as error:  # noqa: BLE001 - whatever it is, this task goes on
                if not isinstance(error, BusUnavailable):
                    _log.exception("connecting to Redis at %s failed unexpectedly", self._name)
                failures += 1
                self._failed = True
                self.counts.failures += 1
                self._down(connection_error(error))
            else:
                self._failed = False
                began = time.monotonic()
                self._down(await self._serve(connection), broke=True)
                failures = 0 if time.monotonic() - began > _LASTING else failures + 1
            pause = self._backoff.pause(failures, random.random())  # noqa: S311 - only to spread instances
            self.retry_at = time.monotonic() + pause
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurry.wait()

    async def _serve(self, connection: Connection) -> BusUnavailable:
        """Use the connection until it breaks; says why it did."""
        self._broken = asyncio.get_running_loop().create_future()
        self._outgoing, self._outgoing_bytes = [], 0
        self._up()
        parts = [
            asyncio.create_task(part, name=f"redis {self._name} {what}")
            for what, part in (
                ("writer", self._write(connection)),
                ("reader", self._read(connection)),
                ("watch", self._watch()),
            )
        ]
        try:
            await asyncio.wait((*parts, self._broken), return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                return BusUnavailable(self._broken.result())
            ended = next(part for part in parts if part.done())
            error = ended.exception()
            if not isinstance(error, BusUnavailable):
                _log.error("the connection to Redis at %s broke unexpectedly", self._name, exc_info=error)
                error = BusUnavailable(Reason.LOST)
            return error
        finally:
            self.up = False  # before anything is awaited: nobody may submit to a connection that is being closed
            self._broken = None
            close(connection)
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._outgoing, self._outgoing_bytes = self._outgoing, [], 0
            if not batch:
                continue
            try:
                await send(connection, *batch)
            except (RedisError, OSError) as error:
                raise _lost(error) from None

    async def _read(self, connection: Connection) -> None:
        while True:
            reply: Any = None
            failure: BusError | None = None
            try:
                reply = await receive(connection)
            except REPLIES as error:
                failure = reply_error(error)
            except (RedisError, OSError) as error:
                raise _lost(error) from None
            future, _ = self._pending.popleft()
            if failure is not None:
                self.counts.errors += 1
            if future is not None and not future.done():
                if failure is None:
                    future.set_result(reply)
                else:
                    future.set_exception(failure)
            if isinstance(failure, BusUnavailable) and failure.why in BREAKING:
                raise failure

    async def _watch(self) -> None:
        """Find out when the server stalls, and measure the round trip while little else is going on."""
        loop = asyncio.get_running_loop()
        interval = min(self._timeout / 4, _HEARTBEAT)
        beat = 0.0
        while True:
            slept = loop.time()
            await asyncio.sleep(interval)
            if loop.time() - slept > 2 * interval:
                continue  # this process was paused: the replies may be there, unread
            if self._pending and loop.time() - self._pending[0][1] > self._timeout:
                self.counts.timeouts += 1
                raise BusUnavailable(Reason.TIMEOUT)
            if not self._pending and loop.time() - beat >= _HEARTBEAT:
                beat = loop.time()
                future = self.submit(_PING)
                future.add_done_callback(lambda done, sent=beat: self._measured(done, loop.time() - sent))

    def _measured(self, done: asyncio.Future[Any], seconds: float) -> None:
        if not done.cancelled() and done.exception() is None:
            self.round_trip = seconds

    def _up(self) -> None:
        self.up, self.since, self.details = True, time.time(), None
        self.counts.connects += 1
        _log.info("connected to Redis at %s", self._name)
        self._changed()

    def _down(self, error: BusUnavailable, *, broke: bool = False) -> None:
        news = broke or error.why is not self.reason
        if news:
            self.since = time.time()
            _log.log(
                logging.DEBUG if self._task is None else logging.WARNING,
                "no connection to Redis at %s: %s%s",
                self._name,
                error.message,
                f" ({error.details})" if error.details else "",
            )
        self.up = False
        self.reason, self.details = error.why, error.details
        if broke:
            self.counts.losses += 1
        pending, self._pending = self._pending, deque()
        for future, _ in pending:
            if future is not None and not future.done():
                future.set_exception(BusUnavailable(error.why, details=error.details, retry_after=0.1, uncertain=True))
        if news:
            self._changed()


def _lost(error: BaseException) -> BusUnavailable:
    known = connection_error(error)
    return known if known.why is not Reason.UNREACHABLE else BusUnavailable(Reason.LOST, details=known.details)
