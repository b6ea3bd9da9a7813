"""A bounded set of sessions. It hands out the one that needs the least to be told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable

from gateway.database.connection import TextConnection
from gateway.database.errors import ConnectionFailed, PoolTimeout
from gateway.database.model import Caller
from gateway.database.session import Session
from gateway.database.statistics import PoolStatistics
from gateway.errors import Unavailable

_log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[TextConnection]]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_HOUSEKEEPING = 1.0
_SHORTEST_PAUSE = 0.05


class Pool:
    """At most `size` sessions, opened when needed.

    Requests that find none free wait in order of arrival, at most `acquisition_timeout` seconds and at most
    `max_waiting` of them; more are refused at once (PoolTimeout). While the server cannot be reached one request at
    a time tries to connect, with growing pauses, and the others fail at once (ConnectionFailed).
    """

    def __init__(
        self,
        connect: Connect,
        *,
        size: int,
        acquisition_timeout: float,
        max_lifetime: float,
        max_idle: float,
        named_statements: bool,
        shared: bool,
        max_waiting: int = 10_000,
    ) -> None:
        self._connect = connect
        self._size = size
        self._acquisition_timeout = acquisition_timeout
        self._max_lifetime = max_lifetime
        self._max_idle = max_idle
        self._named_statements = named_statements
        self._shared = shared
        self._max_waiting = max_waiting
        self._keeps_plans = True
        self._idle: list[Session] = []
        self._busy: set[Session] = set()
        self._slots = 0  # sessions, being opened, in service or being closed
        self._waiters: deque[asyncio.Future[Session | None]] = deque()
        self._endings: set[asyncio.Task[None]] = set()
        self._housekeeper: asyncio.Task[None] | None = None
        self._generation = 0
        self._closed = False
        self._drained = asyncio.Event()
        self._failure: ConnectionFailed | None = None
        self._failures = 0
        self._probing = False
        self._next_attempt = 0.0
        self.acquisitions = 0
        self.waited = 0.0
        self.timeouts = 0
        self.connects = 0
        self.connect_failures = 0
        self.retired = 0
        self.switches = 0
        self.scrubs = 0
        self.cancellations = 0
        self.mismatches = 0

    def start(self) -> None:
        self._housekeeper = asyncio.get_running_loop().create_task(self._keep_house(), name="database-pool")

    def take(self, caller: Caller, *, opaque: bool = False) -> Session | None:
        """The idle session that suits best, or None if there is none.

        That is one that carries `caller`, then one of the same role, then one that carries nobody, then the one
        unused for longest. Code we cannot vouch for (`opaque`) would spoil what a session carries, so it gets one
        that is spoiled already, if there is one.
        """
        idle = self._idle
        best, best_rank = -1, 9
        identity = caller.identity
        for position in range(len(idle) - 1, -1, -1):
            session = idle[position]
            carried = session.carried
            if opaque:
                rank = 0 if session.dirty else 1 if carried is None else 2
            elif session.dirty:
                rank = 4
            elif carried is None:
                rank = 2
            elif carried is caller or (carried.identity.claims == identity.claims and carried == caller):
                best = position
                break
            else:
                rank = 1 if carried.identity.role == identity.role else 3
            if rank <= best_rank:
                best, best_rank = position, rank
        if best < 0:
            return None
        session = idle.pop(best)
        if session.connection.is_closed():
            self._forget(session)
            return self.take(caller, opaque=opaque)
        self.acquisitions += 1
        self._busy.add(session)
        return session

    async def acquire(self, caller: Caller, *, opaque: bool = False) -> Session:
        """Like `take`, but opens a session or waits for one. Raises PoolTimeout or ConnectionFailed."""
        began = time.monotonic()
        deadline = began + self._acquisition_timeout
        in_turn = False
        while True:
            session = self.take(caller, opaque=opaque)
            if session is None:
                session = await self._obtain(deadline, in_turn=in_turn)
            if session is not None:
                self.waited += time.monotonic() - began
                return session
            in_turn = True

    async def ping(self) -> None:
        """Reach the server: on an idle session, or by opening one. While all sessions are in use nothing is tried.

        Raises ConnectionFailed, OSError or what the driver raises for a session that broke.
        """
        while self._idle:
            session = self._idle.pop()  # the others may grow old
            if session.connection.is_closed():
                self._forget(session)
                continue
            self._busy.add(session)
            await self._ping(session)
            return
        if self._slots < self._size:
            if not self._may_connect() and self._failure is not None:
                raise self._failure
            self._slots += 1
            self.give(await self._open())

    async def replace(self, session: Session) -> Session:
        """A new session in the place of one in use, which is cut off at once. Raises ConnectionFailed."""
        self._busy.discard(session)
        self.retired += 1
        self._count(session)
        session.connection.terminate()
        return await self._open()

    def give(self, session: Session) -> None:
        """Take a session back into service, or end it if it is `unusable`. One that was replaced is ignored."""
        if session not in self._busy:
            return
        if session.unusable or session.generation != self._generation or self._closed:
            self.retire(session)
            return
        now = time.monotonic()
        if now - session.created > self._max_lifetime:
            self.retire(session)
            return
        session.fresh = False
        waiters = self._waiters
        while waiters:
            waiter = waiters.popleft()
            if not waiter.done():
                self.acquisitions += 1
                waiter.set_result(session)
                return
        self._busy.discard(session)
        session.idle_since = now
        self._idle.append(session)

    def retire(self, session: Session) -> None:
        """End a session in use. Its place is free when its connection is closed, cancelled query and all."""
        self._busy.discard(session)
        if not self._busy:
            self._drained.set()
        self._end(session)

    def flush(self, *, keeps_plans: bool = True) -> None:
        """End all sessions, the busy ones when they are given back: they cache what the catalog was. `keeps_plans` is
        for the new ones."""
        self._keeps_plans = keeps_plans
        self._generation += 1
        idle, self._idle = self._idle, []
        for session in idle:
            self._end(session)

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 - a grace period, not a deadline for the caller
        """Refuse new work, wait up to `timeout` seconds for the sessions in use, then cut them off."""
        self._closed = True
        if self._housekeeper is not None:
            self._housekeeper.cancel()
        self._fail_waiters(Unavailable("PGRST000", "Database connection error.", details="The gateway is stopping."))
        self.flush()
        if self._busy:
            self._drained.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), timeout)
        for session in list(self._busy):
            self.retire(session)
        if self._endings:
            await asyncio.wait(self._endings)

    def statistics(self) -> PoolStatistics:
        return PoolStatistics(
            size=self._size,
            connected=len(self._idle) + len(self._busy),
            idle=len(self._idle),
            waiting=sum(not waiter.done() for waiter in self._waiters),
            acquisitions=self.acquisitions,
            waited=self.waited,
            timeouts=self.timeouts,
            connects=self.connects,
            connect_failures=self.connect_failures,
            retired=self.retired,
            switches=self.switches + sum(session.switches for session in (*self._idle, *self._busy)),
            scrubs=self.scrubs + sum(session.scrubs for session in (*self._idle, *self._busy)),
            cancellations=self.cancellations,
            mismatches=self.mismatches,
        )

    async def _obtain(self, deadline: float, *, in_turn: bool) -> Session | None:
        if self._closed:
            raise Unavailable("PGRST000", "Database connection error.", details="The gateway is stopping.")
        if self._slots < self._size and (in_turn or not self._waiters) and self._may_connect():
            self._slots += 1
            try:
                return await self._open()
            except ConnectionFailed:
                # Others may still be served by what is connected already (too many clients, say).
                if not self._busy:
                    raise
        elif not self._busy and self._failure is not None:
            raise self._failure
        return await self._wait(deadline)

    async def _ping(self, session: Session) -> None:
        """The empty statement runs nothing, so it does not matter what the session carries."""
        session.unusable = True
        try:
            await session.connection.synchronize(b"")
            session.unusable = False
        finally:
            self.give(session)

    def _may_connect(self) -> bool:
        if self._failure is None:
            return True
        return not self._probing and time.monotonic() >= self._next_attempt

    async def _open(self) -> Session:
        """A new session in a place that is already counted."""
        self._probing = self._failure is not None
        try:
            connection = await self._connect()
        except BaseException as error:
            self._probing = False
            if isinstance(error, ConnectionFailed):
                self._note_failure(error)
            self._free_slot()
            raise
        self._probing = False
        self._note_success()
        session = Session(
            connection,
            created=time.monotonic(),
            generation=self._generation,
            named=self._named_statements,
            shared=self._shared,
            keeps_plans=self._keeps_plans,
        )
        self.acquisitions += 1
        self._busy.add(session)
        return session

    def _note_failure(self, error: ConnectionFailed) -> None:
        self.connect_failures += 1
        pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
        self._failures += 1
        self._failure = error
        self._next_attempt = time.monotonic() + pause
        _log.error("cannot connect to the database, trying again in %.1f s: %s", pause, error.details)

    def _note_success(self) -> None:
        self.connects += 1
        recovered = self._failure is not None
        self._failure, self._failures = None, 0
        if recovered:
            _log.warning("the database can be reached again")
            for _ in range(self._size - self._slots):
                self._wake_one()

    async def _wait(self, deadline: float) -> Session | None:
        """Wait for a session; None means that a place became free and it is worth to look again."""
        loop = asyncio.get_running_loop()
        if len(self._waiters) >= self._max_waiting:
            self.timeouts += 1
            raise PoolTimeout
        waiter: asyncio.Future[Session | None] = loop.create_future()
        alarm = loop.call_at(deadline, self._give_up, waiter)
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            # It may have been served in the same moment.
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                session = waiter.result()
                if session is None:
                    self._wake_one()
                else:
                    self.give(session)
            raise
        finally:
            alarm.cancel()

    def _give_up(self, waiter: asyncio.Future[Session | None]) -> None:
        if not waiter.done():
            self.timeouts += 1
            waiter.set_exception(PoolTimeout())

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _fail_waiters(self, error: Unavailable) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(error)

    def _free_slot(self) -> None:
        self._slots -= 1
        if self._failure is None:
            self._wake_one()
        elif not self._busy:
            # Nobody is left who could serve those who wait.
            self._fail_waiters(self._failure)

    def _end(self, session: Session) -> None:
        self.retired += 1
        self._count(session)
        task = asyncio.get_running_loop().create_task(self._hang_up(session), name="database-hang-up")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _hang_up(self, session: Session) -> None:
        try:
            await session.connection.hang_up()
        finally:
            self._free_slot()

    def _forget(self, session: Session) -> None:
        """The server has closed this idle session."""
        self._count(session)
        self._free_slot()

    def _count(self, session: Session) -> None:
        self.switches += session.switches
        self.scrubs += session.scrubs

    async def _keep_house(self) -> None:
        pause = max(_SHORTEST_PAUSE, min(_HOUSEKEEPING, self._max_idle / 2, self._max_lifetime / 2))
        while True:
            await asyncio.sleep(pause)
            now = time.monotonic()
            kept: list[Session] = []
            for session in self._idle:
                if session.connection.is_closed():
                    self._forget(session)
                elif now - session.idle_since > self._max_idle or now - session.created > self._max_lifetime:
                    self._end(session)
                else:
                    kept.append(session)
            self._idle = kept
