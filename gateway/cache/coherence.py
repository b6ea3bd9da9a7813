"""When what is cached may be served, and what must happen before a write is acknowledged.

Promise: a read that begins after a write was acknowledged, on any instance, never gets an answer from before it.

*Generations.* Every table has a fact (`gateway.bus.facts`): a random text, changed after each commit that touched the
table and before that commit is acknowledged. An answer is stamped with the facts of all tables it depends on as they
were *before* it was computed. If at some later moment they still are the same, then no write to these tables was
acknowledged between the stamping and that moment; and whatever was acknowledged before the stamping, the answer was
computed after it. A write that commits while the answer is being computed changes the facts later than the stamping, so
that answer is never served once the write is acknowledged, however it was raced. The texts are random: one that was
overwritten never comes back. A Redis that lost the newest ones (restart, eviction, a replica that lagged) loses all, by
itself (`bus/lua/facts.lua`).

*Knowing the present facts* without asking takes a lease: a change is complete when every instance has confirmed it or
can no longer trust its memory. A process that was stopped finds its lease run out.

*A writer that cannot reach Redis* cannot tell anybody. It leaves a break in PostgreSQL, and acknowledges once everybody
must have noticed: an instance trusts its cache only for `TRUST` seconds after it *began* to ask for breaks and there
was none. While a break is there, writes need not wait again. When Redis is back, the writer changes the fact of
everything, then takes its break away; if it is gone, another instance does it.

*What nobody tells*, writes of other programs and of instances that died between COMMIT and telling, is found: the first
by the records that such transactions leave (`schema/gateway/008_cache.sql`), the second by the lease that ended. This
takes `INTERVAL` seconds, and a lease's term, respectively. What was being committed when its connection or instance was
lost may be done later than that is noticed: everything is invalidated again once all transactions of that time ended.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final, TypeAlias

import asyncpg

from gateway.bus import Bus, BusError
from gateway.cache.breaks import TRUST, NotTold, OwnBreak, remove_abandoned
from gateway.cache.report import Off, Reason
from gateway.cache.shared import PATIENCE, REST
from gateway.cache.sql import statement

_log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

EVERYTHING: Final = "*"
"""The fact that every answer is stamped with."""

INTERVAL: Final = 0.5
_ORPHANED: Final = 2.0
"""Seconds after which records that the first of the instances should have seen to are everybody's."""
_TIMEOUT: Final = 5.0
_BACKOFF: Final = (0.1, 0.5, 1.0, 2.0)


def table_fact(oid: int) -> str:
    """The fact of a table."""
    return f"t{oid}"


def token() -> str:
    """A new value for a fact."""
    return secrets.token_urlsafe(9)


@dataclass(slots=True)
class Counts:
    """Since the start: transactions whose changes were told, records of other programs that were found, and how often
    everything was invalidated."""

    told: int = 0
    found: int = 0
    resets: int = 0


class Coherence:
    """See the module. `connect` opens a connection to PostgreSQL, past any pooler, as the gateway's login role."""

    def __init__(self, bus: Bus, connect: Callable[[], Awaitable[Connection]], clock: Callable[[], float]) -> None:
        self._bus = bus
        self._facts = bus.facts
        self._connect = connect
        self._clock = clock
        self._trusted_until = -inf
        self._rests_until = -inf
        self._must_reset = True
        self._resets_begun = 0
        self._reset_done = 0
        self._doubt = False
        self._doubtful_until: int | None = None
        self._break = OwnBreak(bus.instance, clock)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._finishing: set[asyncio.Task[None]] = set()
        self._members: frozenset[str] = frozenset()
        self._noted: dict[object, float] = {}
        self.counts = Counts()
        self._why_off: Off | None = Off(Reason.STARTING, "PostgreSQL has not been asked yet")

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int | None:
        """While it is the same number, the facts are the same. None: nothing may be served from the cache now."""
        return self._facts.version if self._clock() < self._trusted_until else None

    async def stamps(self, names: Sequence[str]) -> tuple[str, ...] | None:
        """The facts of now, to be taken before an answer is computed. None if they cannot be had."""
        known = self.known(names)
        if known is not None or self.version is None or self._clock() < self._rests_until:
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                await self._facts.learn({name: token() for name in names})
        except TimeoutError:
            self._rests_until = self._clock() + REST
            return None
        except BusError:
            return None
        return self.known(names)

    def known(self, names: Sequence[str]) -> tuple[str, ...] | None:
        """The facts of now, if the cache may be served from and all are known."""
        return self._facts.known(names) if self._clock() < self._trusted_until else None

    @property
    def off(self) -> Off | None:
        """Why nothing is served from the cache now; None if it may be."""
        if not self._bus.lease.live:
            return Off(Reason.LEASE, "there is no lease: " + (self._bus.lease.problem or "Redis is not connected"))
        if self._clock() < self._trusted_until:
            return None
        return self._why_off or Off(Reason.DATABASE, "PostgreSQL was not asked in time")

    @property
    def heard(self) -> int:
        """Changes that were heard since the start, this instance's own ones too."""
        return self._facts.changes

    @property
    def breaks(self) -> int:
        """Breaks that this instance made since the start."""
        return self._break.made

    # -- writing ----------------------------------------------------------------------------------------------------

    async def committed(self, relations: Sequence[int]) -> None:
        """Return when no instance can serve an answer from before a commit that changed `relations` (OIDs). Part of
        what `finish` began, or nobody would see to it after a cancellation. Raises NotTold if neither Redis nor
        PostgreSQL can be reached."""
        try:
            await self._facts.tell({table_fact(oid): token() for oid in relations})
        except BusError as error:
            await self._cut_off(error)
        self.counts.told += 1

    def uncertain(self) -> None:
        """A transaction may have been committed, and nobody knows what it changed."""
        self._must_reset = self._doubt = True
        self._finish(self._try_to_reset())

    async def flush(self, relations: Iterable[int] | None = None) -> None:
        """Invalidate answers that depend on `relations`, or all. Raises BusError."""
        names = [EVERYTHING] if relations is None else [table_fact(oid) for oid in relations]
        await self._facts.tell({name: token() for name in names})

    def finish(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin to commit something, which goes on if whoever waits is cancelled; `stop` waits for it."""
        task = asyncio.get_running_loop().create_task(work, name="commit")
        self._finishing.add(task)
        task.add_done_callback(self._committed)
        return task

    def _committed(self, task: asyncio.Task[None]) -> None:
        self._finishing.discard(task)
        # Whoever asked for it may be gone.
        if not task.cancelled() and isinstance(task.exception(), NotTold):
            _log.error("a committed write could not be told: %s", task.exception())

    def _finish(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name="cache invalidation")
        self._finishing.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._finishing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("what may have been committed could not be told: %s", task.exception())

    async def _try_to_reset(self) -> None:
        try:
            await self._reset()
        except BusError as error:
            await self._cut_off(error)

    async def _reset(self) -> None:
        self._resets_begun += 1
        number = self._resets_begun
        self._must_reset = False
        try:
            await self._facts.tell({EVERYTHING: token()})
        except BusError:
            self._must_reset = True
            raise
        self.counts.resets += 1
        self._reset_done = max(self._reset_done, number)
        self._break.stir()

    async def _cut_off(self, error: BusError) -> None:
        """Return when nobody serves from a cache because of this instance's break, or everything was told after all."""
        begun = self._resets_begun
        if self._break.holds:
            return
        self._break.want(error)
        self._trusted_until = -inf
        self._wake.set()
        await self._break.wait(lambda: self._reset_done > begun)

    # -- watching ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to watch PostgreSQL."""
        self._task = asyncio.create_task(self._watch(), name="cache watch")

    async def stop(self) -> None:
        """Finish what was committed, then stop."""
        if self._finishing:
            await asyncio.wait(self._finishing, timeout=_TIMEOUT)
        for task in (*self._finishing, *([self._task] if self._task else [])):
            task.cancel()
            await asyncio.wait((task,))
        self._task = None
        self._trusted_until = -inf

    async def _watch(self) -> None:
        failures = 0
        while True:
            began = self._clock()
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - whatever it is, the watch goes on
                # PostgreSQL may have lost records in a crash.
                self._trusted_until, self._must_reset = -inf, True
                words = f"PostgreSQL cannot be asked for changes: {error or type(error).__name__}"
                self._why_off = Off(Reason.DATABASE, words)
                if failures == 0:
                    _log.warning("%s; nothing is served from the cache", words)
            failures = 0 if self._clock() - began > _TIMEOUT else failures + 1
            await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF)) - 1])

    async def _session(self) -> None:
        connection = await self._connect()
        try:
            while True:
                self._wake.clear()
                await self._look(connection)
                try:
                    async with asyncio.timeout(INTERVAL):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            connection.terminate()

    async def _look(self, connection: Connection) -> None:
        """Once: breaks, records of others, instances that are gone. Trust begins anew only if all is in order."""
        asked = self._clock()
        await self._keep_break(connection)
        await self._settle(connection)
        news = await connection.fetchrow(statement("news"), timeout=_TIMEOUT)
        assert news is not None
        if self._doubtful_until is not None and news["oldest"] >= self._doubtful_until:
            self._doubtful_until, self._must_reset = None, True
        try:
            leads = await self._look_at_members()
            breaks = dict(zip(news["breaks"], news["ages"], strict=True))
            own = breaks.pop(self._bus.instance, None)
            if leads:
                breaks = await remove_abandoned(connection, breaks, self._reset)
            if own is not None and not self._break.wanted:  # it could not be removed when that was due
                await self._break.remove(connection)
            if self._must_reset:
                await self._reset()
            await self._take_records(connection, news, asked, leads=leads)
        except BusError as error:
            self._why_off = Off(Reason.REDIS, str(error))
            return
        if breaks:
            self._trusted_until = -inf
            self._why_off = Off(Reason.BREAK, f"the instance {min(breaks)} writes and cannot reach Redis")
        elif not self._break.wanted and not self._must_reset:
            self._trusted_until = asked + TRUST
            self._why_off = None
            if self._clock() >= self._trusted_until:  # telling took long
                self._wake.set()

    async def _settle(self, connection: Connection) -> None:
        """Note which transaction ids are to be waited for: the one of unknown outcome was given before the doubt came
        up."""
        if not self._doubt:
            return
        self._doubt = False
        try:
            self._doubtful_until = await connection.fetchval(statement("newest"), timeout=_TIMEOUT)
        except BaseException:
            self._doubt = True
            raise

    async def _look_at_members(self) -> bool:
        """Returns whether this instance is the first of all, which does what one of them must do. One that is gone may
        have committed something that it could not tell any more. (One that has just come resets anyway, so whoever is
        first has seen the one that is gone, or resets later.)"""
        now = frozenset((await self._bus.members()).holdings)
        first = min(now, default=None) == self._bus.instance
        if first and not self._members <= now:
            self._must_reset = self._doubt = True
        self._members = now
        return first

    async def _take_records(self, connection: Connection, news: Any, asked: float, *, leads: bool) -> None:
        """Invalidate what other programs changed, then forget their records."""
        xids: list[object] = news["xids"]
        self._noted = {xid: self._noted.get(xid, asked) for xid in xids}
        if not xids or not (leads or min(self._noted.values()) < asked - _ORPHANED):
            return
        await self._facts.tell({table_fact(oid): token() for oid in news["relations"]})
        await connection.execute(statement("forget"), xids, timeout=_TIMEOUT)
        self.counts.found += len(xids)
        self._noted = {}
        self._wake.set()  # there may be more than one look shows

    async def _keep_break(self, connection: Connection) -> None:
        if not self._break.wanted:
            return
        if self._bus.lease.live:
            try:
                await self._reset()
            except BusError:
                pass
            else:
                await self._break.remove(connection)
                return
        await self._break.renew(connection)
