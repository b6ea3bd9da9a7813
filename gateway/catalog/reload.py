"""Keeps the catalog up to date: loads at start, listens for reloads, survives the loss of its connection."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from gateway.catalog.load import DEFAULT_HOISTED, load_catalog
from gateway.catalog.marks import Marks, read_marks
from gateway.catalog.model import Catalog
from gateway.errors import Unavailable

_log = logging.getLogger(__name__)

_BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_WINDOW = 0.1
_CONNECT_TIMEOUT = 10.0
_LOAD_TIMEOUT = 120.0
_CLOSE_TIMEOUT = 2.0
_POLL_INTERVAL = 5.0
_POLL_TIMEOUT = 10.0

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Callback = Callable[[Catalog], None]


@dataclass(frozen=True, slots=True)
class KeeperStatus:
    """How loading goes: counts of loads since the start, the seconds that the last successful one took, whether the
    listening connection is up, and the error of the last attempt if that failed."""

    loads: int = 0
    failures: int = 0
    seconds: float = 0.0
    connected: bool = False
    error: str | None = None


class CatalogKeeper:
    """Owns one connection, on which it listens and loads.

    A notification on `channel` with an empty payload or ``reload schema`` reloads, ``reload config`` calls
    `on_config`; `channel` None means no listening. A burst of requests leads to one load at once and one after it,
    never more often than every 100 ms. When loading fails or the connection is lost, the last snapshot keeps serving
    while the keeper reconnects after 1, 2, 4 … 32 seconds, and loads again. `dsn` must lead past any transaction
    pooler. Reconnecting does not hasten for notifications, only for `request_reload`.

    Changes that nobody announces are found every `poll_interval` seconds: what the catalog vouched for may have become
    something else. With `caching`, snapshots carry `Catalog.caching`, and a change of nothing but its `definitions`
    replaces the snapshot without a load and without telling subscribers.
    """

    def __init__(
        self,
        dsn: str,
        *,
        schemas: Sequence[str],
        extra_search_path: Sequence[str] = (),
        hoisted: Sequence[str] = DEFAULT_HOISTED,
        channel: str | None = "pgrst",
        on_config: Callable[[], None] | None = None,
        backoff: Sequence[float] = _BACKOFF,
        poll_interval: float = _POLL_INTERVAL,
        caching: bool = False,
    ) -> None:
        self._dsn = dsn
        self._schemas = tuple(schemas)
        self._extra_search_path = tuple(extra_search_path)
        self._hoisted = tuple(hoisted)
        self._channel = channel
        self._on_config = on_config
        self._backoff = tuple(backoff)
        self._poll_interval = poll_interval
        self._caching = caching
        self._catalog: Catalog | None = None
        self._callbacks: list[Callback] = []
        self._status = KeeperStatus()
        self._wanted = asyncio.Event()
        self._sooner = asyncio.Event()
        self._attempted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._reloads: list[asyncio.Future[None]] = []

    @property
    def loaded(self) -> bool:
        """Whether there is a snapshot."""
        return self._catalog is not None

    @property
    def status(self) -> KeeperStatus:
        return self._status

    def current(self) -> Catalog:
        """The newest snapshot. Raises `Unavailable` (PGRST002) while there is none."""
        if self._catalog is None:
            raise Unavailable("PGRST002", "Could not query the database for the schema cache. Retrying.")
        return self._catalog

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Calls `callback` with each new snapshot, after `current` answers with it. Returns what ends that."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def request_reload(self) -> None:
        """Asks for a reload and returns at once."""
        self._want()

    def _want(self) -> None:
        self._wanted.set()
        self._sooner.set()

    def look_soon(self) -> None:
        """Somebody has noticed that the database has changed: the next look need not wait for its time."""
        self._sooner.set()

    async def reload(self) -> None:
        """Reloads, and returns when a load that began after this call has succeeded or failed (see `status`)."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reloads.append(done)
        self._want()
        await done

    def reconfigure(
        self, *, schemas: Sequence[str], extra_search_path: Sequence[str], hoisted: Sequence[str] = DEFAULT_HOISTED
    ) -> None:
        """Changes what is loaded, and asks for a reload."""
        self._schemas, self._extra_search_path = tuple(schemas), tuple(extra_search_path)
        self._hoisted = tuple(hoisted)
        self.request_reload()

    async def start(self) -> None:
        """Begins to keep; returns when the first load has finished or failed."""
        if self._task is not None:
            raise RuntimeError("the keeper runs already")
        self._task = asyncio.create_task(self._keep(), name="catalog keeper")
        await self._attempted.wait()

    async def close(self) -> None:
        """Stops keeping; the last snapshot stays readable."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        _finish(self._reloads)

    async def _keep(self) -> None:
        failures = 0
        delay = 0.0
        while True:
            loads = self._status.loads
            try:
                await self._serve_connection()
            except Exception as error:  # noqa: BLE001 - whatever goes wrong, the last snapshot serves on
                failures = 1 if self._status.loads > loads else failures + 1
                delay = self._backoff[min(failures, len(self._backoff)) - 1]
                self._failed(error, delay)
            self._wanted.clear()
            with suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the event.
                async with asyncio.timeout(delay):
                    await self._wanted.wait()

    def _failed(self, error: Exception, delay: float) -> None:
        reason = f"{type(error).__name__}: {error}"
        self._status = KeeperStatus(
            self._status.loads, self._status.failures + 1, self._status.seconds, connected=False, error=reason
        )
        self._attempted.set()
        _finish(self._reloads)
        _log.warning(
            "the catalog could not be loaded (%s); trying again in %g s, %s",
            reason,
            delay,
            "serving the last one" if self._catalog else "there is none",
        )

    async def _serve_connection(self) -> None:
        """Loads at once and whenever asked, until something fails. Never returns."""
        connection = await self._connect()
        lost = asyncio.Event()

        def end(_: object) -> None:
            lost.set()
            self._want()

        connection.add_termination_listener(end)
        try:
            if self._channel is not None:
                await connection.add_listener(self._channel, self._notified)
            while True:
                self._wanted.clear()
                started = time.monotonic()
                marks = await self._marks(connection)  # before the load, so that they are never the newer ones
                await self._load(connection)
                await self._wait(connection, marks)
                if lost.is_set():
                    raise ConnectionResetError("the listening connection was lost")
                await asyncio.sleep(started + _WINDOW - time.monotonic())
        finally:
            await _close(connection)

    async def _connect(self) -> Connection:
        return await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_TIMEOUT,
            statement_cache_size=0,
            server_settings={"application_name": "passerelle catalog"},
            target_session_attrs=SessionAttribute.any if self._channel is None else SessionAttribute.read_write,
        )

    async def _wait(self, connection: Connection, marks: Marks) -> None:
        """Until a reload is wanted, or needed. Polling also finds the silent death of an idle connection."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_interval):
                    await self._sooner.wait()
            self._sooner.clear()
            if self._wanted.is_set():
                return
            await asyncio.sleep(_WINDOW)  # whoever notices a change may notice it many times
            found = await self._marks(connection)
            if found.catalog != marks.catalog:
                _log.info("the database has changed without a notification")
                return
            if found.definitions is not None and found.definitions != marks.definitions:
                self._redefine(found.definitions)
            marks = found

    async def _marks(self, connection: Connection) -> Marks:
        async with asyncio.timeout(_POLL_TIMEOUT):
            return await read_marks(connection, caching=self._caching)

    def _redefine(self, definitions: str) -> None:
        """What was loaded holds still, and what was kept under the former definitions does not. A new snapshot, so that
        plans, which know theirs, are not used under both."""
        catalog = self._catalog
        if catalog is not None and catalog.caching is not None:
            self._catalog = replace(catalog, caching=replace(catalog.caching, definitions=definitions))

    def _notified(self, connection: object, pid: int, channel: str, payload: object) -> None:
        if payload in ("", "reload schema"):
            self._want()
        elif payload == "reload config" and self._on_config is not None:
            self._on_config()

    async def _load(self, connection: Connection) -> None:
        started = time.monotonic()
        asked, self._reloads = self._reloads, []
        try:
            await self._load_within(connection, started)
        finally:
            _finish(asked)

    async def _load_within(self, connection: Connection, started: float) -> None:
        async with asyncio.timeout(_LOAD_TIMEOUT):
            catalog = await load_catalog(
                connection,
                schemas=self._schemas,
                extra_search_path=self._extra_search_path,
                hoisted=self._hoisted,
                version=self._status.loads + 1,
                caching=self._caching,
            )
        seconds = time.monotonic() - started
        self._catalog = catalog
        self._status = KeeperStatus(self._status.loads + 1, self._status.failures, seconds, connected=True)
        _log.info(
            "catalog loaded in %.3f s: %d relations, %d relationships, %d functions",
            seconds,
            len(catalog.relations),
            sum(map(len, catalog.relationships.values())),
            sum(map(len, catalog.functions.values())),
        )
        for callback in tuple(self._callbacks):
            try:
                callback(catalog)
            except Exception:  # noqa: BLE001 - one subscriber's failure is not the others'
                _log.exception("a subscriber of the catalog failed")
        self._attempted.set()


def _finish(reloads: list[asyncio.Future[None]]) -> None:
    for done in reloads:
        if not done.done():
            done.set_result(None)
    reloads.clear()


async def _close(connection: Connection) -> None:
    """Politely if the server answers, at once if not."""
    try:
        await connection.close(timeout=_CLOSE_TIMEOUT)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        connection.terminate()
