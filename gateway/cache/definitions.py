"""Who may see an answer is decided by definitions, and those may change while it is computed.

A key has the claims that policies read *as far as this process knows*. PostgreSQL enforces the newest policies at once,
so an answer may depend on a claim that its key does not have yet, and would be somebody else's under the same key.
Therefore it belongs to exactly the identity that asked for it, until a look at the database's definitions that began
after it was computed has found them to be those of its key: they are texts that never return
(`gateway.catalog.Caching`), so they were the same all the while.

Looks are shared by all answers that wait for one, and take a thirtieth of one connection's time at most.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeAlias

import asyncpg

_log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_SHORTEST: Final = 0.05
_SHARE: Final = 30
"""How many times as long as a look the pause after it is."""
_TIMEOUT: Final = 10.0
_MOST: Final = 10_000
_PAUSE: Final = 1.0


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

    async def _keep(self) -> None:
        while True:
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001 - whatever it is, this task goes on
                _log.debug("the definitions could not be read", exc_info=error)
                self._waiting.clear()
                self._undecided = 0
            await asyncio.sleep(_PAUSE)

    async def _session(self) -> None:
        await self._some.wait()
        connection = await self._connect()
        try:
            while True:
                await self._some.wait()
                self._some.clear()
                pause = await self._look(connection)
                await asyncio.sleep(pause)
        finally:
            connection.terminate()

    async def _look(self, connection: Connection) -> float:
        """Returns how long to wait before the next look."""
        loop = asyncio.get_running_loop()
        waiting, self._waiting = self._waiting, []
        began = loop.time()
        async with asyncio.timeout(_TIMEOUT):
            found: Any = await self._read(connection)
        took = loop.time() - began
        self._undecided -= len(waiting)
        for each in waiting:
            each.decided(each.definitions == found)
        if any(each.definitions != found for each in waiting):
            self._changed()
        return max(_SHORTEST, _SHARE * took)
