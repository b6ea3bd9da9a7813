"""Which sessions have ended: in memory, so that a read need not ask, and at all instances when a sign-out returns.

PostgreSQL is the truth: whoever deletes sessions or users, by SQL too, leaves their ids in `passerelle.ended_sessions`.
An instance trusts its memory while two things hold. It has a lease, and has read that table since the lease's epoch
began; from then on it hears of each session that an instance ends before that is acknowledged (`gateway.bus.facts`).
And it has looked at the table lately, so that what others end, psql and instances without Redis, is known within
`INTERVAL`, and an instance that cannot tell need only wait for `TRUST`. Who does not trust its memory asks for each
session.

Ids are remembered for as long as a token may still be valid.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from gateway.bus import Bus, BusError, steady
from gateway.errors import Unavailable
from gateway.identity import TokenRefused

_log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

INTERVAL: Final = 0.5
TRUST: Final = 1.5
_OVERLAP: Final = 60.0
"""Seconds that each look goes back beyond the last: ids come with the time at which their transaction wrote them."""
_WHOLE: Final = 60.0
"""Seconds after which everything is read again, for transactions that took longer."""
_TIMEOUT: Final = 5.0
_BACKOFF: Final = 1.0
_MOST: Final = 1_000_000
_NOTICE: Final = "ended:"

_ENDED: Final = "select passerelle.ended_sessions_v1($1, $2) as session_id"
_LIVES: Final = "select passerelle.session_lives_v1($1)"


class SessionEnded(TokenRefused):
    """401: the token is genuine, but its session was ended by a sign-out, a ban or a new password."""

    def __init__(self) -> None:
        super().__init__("PGRST303", "JWT of a session that has ended")


class EndedSessions:
    """See the module. `connect` opens a connection as the gateway's login role; `keep` is for how many seconds a token
    is valid at most."""

    def __init__(
        self,
        bus: Bus | None,
        connect: Callable[[], Awaitable[Connection]],
        *,
        keep: float,
        clock: Callable[[], float] = steady,
    ) -> None:
        self._bus = bus
        self._connect = connect
        self._keep = keep
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._epoch: int | None = None
        self._trusted_until = -inf
        self._asking: Connection | None = None
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        if bus is not None:
            bus.facts.listen(self._hear)

    def vouches(self, session_id: str) -> bool:
        """Whether the session is known to live. False if it ended, or if that is not certain: then `demand` tells."""
        if session_id in self._ended or self._clock() >= self._trusted_until:
            return False
        return self._bus is None or (self._epoch is not None and self._bus.lease.epoch == self._epoch)

    async def demand(self, session_id: str) -> None:
        """Raises SessionEnded unless the session lives, Unavailable if the database cannot be asked."""
        if session_id in self._ended:
            raise SessionEnded
        try:
            lives = await self._lives(session_id)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable("PGRST001", "Whether the session has ended cannot be found out") from error
        if not lives:
            raise SessionEnded

    async def tell(self, session_ids: Sequence[UUID]) -> None:
        """These were ended, and that was committed: return when no instance accepts their tokens any more."""
        if not session_ids:
            return
        committed = self._clock()
        names = [str(session_id) for session_id in session_ids]
        for name in names:
            self._remember(name)
        if self._bus is None:
            return
        try:
            await self._bus.facts.tell({}, [f"{_NOTICE}{name}" for name in names])
        except BusError as error:
            _log.warning("ended sessions could not be told, so all are given time to see: %s", error)
            await asyncio.sleep(committed + TRUST - self._clock())

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch(), name="ended sessions")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
            self._task = None
        self._trusted_until = -inf
        if self._asking is not None:
            self._asking.terminate()

    def _hear(self, notice: str) -> None:
        if notice.startswith(_NOTICE):
            self._remember(notice[len(_NOTICE) :])

    def _remember(self, name: str) -> None:
        self._ended[name] = self._clock()

    async def _watch(self) -> None:
        while True:
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - whatever it is, the watch goes on
                self._trusted_until = -inf
                _log.debug("ended sessions could not be read", exc_info=error)
            await asyncio.sleep(_BACKOFF)

    async def _session(self) -> None:
        connection = await self._connect()
        whole = -inf
        try:
            while True:
                epoch = self._bus.lease.epoch if self._bus is not None else None
                began = self._clock()
                everything = epoch != self._epoch or began - whole > _WHOLE
                rows = await connection.fetch(_ENDED, self._keep if everything else _OVERLAP, _MOST, timeout=_TIMEOUT)
                for row in rows:
                    self._ended.setdefault(str(row["session_id"]), began)
                if everything:
                    whole, self._epoch = began, epoch
                    self._forget(began - self._keep)
                # With more than can be remembered, each session is asked for.
                self._trusted_until = began + TRUST if len(rows) < _MOST else -inf
                await asyncio.sleep(INTERVAL)
        finally:
            connection.terminate()

    def _forget(self, before: float) -> None:
        self._ended = {name: since for name, since in self._ended.items() if since > before}

    async def _lives(self, session_id: str) -> bool:
        async with self._lock:
            try:
                if self._asking is None or self._asking.is_closed():
                    self._asking = await self._connect()
                return bool(await self._asking.fetchval(_LIVES, UUID(session_id), timeout=_TIMEOUT))
            except BaseException:
                if self._asking is not None:
                    self._asking.terminate()
                self._asking = None
                raise
