"""What an answer depends on is decided by definitions, and those may change while it is computed.

A key has the claims that policies read, and its answer is stamped with the tables that they read, *as far as this
process knows*. PostgreSQL enforces the newest policies at once, so an answer may depend on a claim that its key does
not have yet, and would be somebody else's under the same key; or on a table that it is not stamped with, and would
outlive a write to that. Therefore nobody gets it from the cache, not even whoever asked for it, until a look at the
database's definitions that began after it was computed has found them to be those of its key: they are texts that never
return (`gateway.catalog.Caching`), so they were the same all the while.

Who asks the same at the same time, with all the same claims, may wait for one answer all the same (`flights`). While
policies are being changed, it may be older than a write, to a table that only the new ones read, by the time that a
query takes.

Looks are shared by all answers that wait for one. They come soon, and take up to a tenth of one connection's time,
while what others have to compute again meanwhile costs more than a look; else a fiftieth of it at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, Final, NamedTuple, TypeAlias

import asyncpg

_log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_SHORTEST: Final = 0.02
_PAUSE: Final = 10
"""How many times as long as a look the pause after it is at least."""
_REST: Final = 50
"""The same, while the next look is worth less than it costs."""
_FORGET: Final = 1.1
_TIMEOUT: Final = 10.0
_MOST: Final = 10_000
_AGAIN: Final = 1.0


class _Waiting(NamedTuple):
    definitions: str
    decided: Callable[[bool], None]


class Definitions:
    """Looks at the definitions of a database. `read` gives their text; `changed` is called when a look has found others
    than somebody believed in."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        read: Callable[[Connection], Awaitable[str]],
        changed: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._read = read
        self._changed = changed
        self._waiting: list[_Waiting] = []
        self._some = asyncio.Event()
        self._worth = asyncio.Event()
        self._lost = 0.0
        self._took = 0.0
        self._task: asyncio.Task[None] | None = None
        self._undecided = 0

    def start(self) -> None:
        """Begin to look when it is wanted."""
        self._task = asyncio.create_task(self._keep(), name="cache definitions")

    async def stop(self) -> None:
        """Decide nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
            self._task = None
        self._waiting.clear()

    @property
    def undecided(self) -> int:
        """How many answers wait for a look."""
        return self._undecided

    def ask(self, definitions: str, decided: Callable[[bool], None]) -> None:
        """Look soon, but not before now, and tell whether these are the definitions. Nothing is told if too many wait,
        or if the database cannot be asked."""
        if len(self._waiting) < _MOST:
            self._waiting.append(_Waiting(definitions, decided))
            self._undecided += 1
            self._some.set()

    def lost(self, seconds: float) -> None:
        """Somebody spent so much on an answer that would be theirs, too, after a look."""
        self._lost += seconds
        if self._lost > self._took:
            self._worth.set()

    async def _keep(self) -> None:
        while True:
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - whatever it is, this task goes on
                _log.debug("the definitions could not be read", exc_info=error)
                self._waiting.clear()
                self._undecided = 0
            await asyncio.sleep(_AGAIN)

    async def _session(self) -> None:
        await self._some.wait()
        connection = await self._connect()
        try:
            while True:
                await self._some.wait()
                self._some.clear()
                await self._look(connection)
                await asyncio.sleep(max(_SHORTEST, _PAUSE * self._took))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout((_REST - _PAUSE) * self._took):
                        await self._worth.wait()
        finally:
            connection.terminate()

    async def _look(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        waiting, self._waiting = self._waiting, []
        began = loop.time()
        async with asyncio.timeout(_TIMEOUT):
            found: Any = await self._read(connection)
        # The least of late: the rest was spent waiting for others.
        self._took = min(loop.time() - began, self._took * _FORGET or inf)
        self._lost = 0.0
        self._worth.clear()
        self._undecided -= len(waiting)
        for each in waiting:
            each.decided(each.definitions == found)
        if any(each.definitions != found for each in waiting):
            self._changed()
