"""An asyncpg connection that speaks text and sends several statements in one round trip.

asyncpg encodes parameters by the type the server inferred, so ``WHERE id = $1`` with a ``str`` fails in the client
with asyncpg's words. A PostgREST-compatible API needs PostgreSQL's own coercions and error texts, so here every
parameter is ``str | None`` in text format, whatever its type, and every result is text, except ``json``: it stays
``bytes``, because response bodies are passed on undecoded. asyncpg has no public way to say this for all types, nor
to pipeline. The private parts of asyncpg that do it are touched in this file only, and ``tests/database/
test_asyncpg_is_as_expected.py`` fails when they change; asyncpg is pinned for the same reason.
"""
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.protocol import protocol as driver

from gateway.database import wire
from gateway.database.errors import ConnectionFailed

if TYPE_CHECKING:
    _Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    State: TypeAlias = driver.PreparedStatementState[asyncpg.Record]
else:
    _Connection = asyncpg.Connection
    State = driver.PreparedStatementState
"""`State` is a prepared statement as asyncpg knows it: name, text, parameter and result types."""

Arguments: TypeAlias = Sequence[str | None]

_JSON = 114
# Their binary format is their text, and asyncpg's own codec for them is faster than a Python one.
_ALREADY_TEXT = {19, 25, 705, 1042, 1043}
_CLOSE_TIMEOUT = 5.0


class TextConnection(_Connection):
    """See the module. Get one from `connect`."""

    __slots__ = ("_parsed", "_sync", "bind_execute", "write")

    bind_execute: Callable[[State, Arguments, str, int, bool, None], Awaitable[list[asyncpg.Record]]]
    write: Callable[[bytes], None]

    async def become_textual(self, *, unnamed: bool) -> None:
        """Set the codecs; to be awaited once, before anything else.

        `unnamed` says that statements will not be named: those are parsed on each execution, and their types may
        have changed since they were described. Text format suits every type, asyncpg's binary text does not.
        """
        settings = self._driver.get_settings()
        for oid, name in driver.BUILTIN_TYPE_OID_MAP.items():
            if oid == _JSON:
                settings.add_python_codec(oid, name, "pg_catalog", [], "scalar", str.encode, bytes, "binary")
            elif unnamed or oid not in _ALREADY_TEXT:
                settings.add_python_codec(oid, name, "pg_catalog", [], "scalar", str, str, "text")
        self.bind_execute = self._driver.bind_execute
        self.write = self._transport.write
        self._parsed: set[str] = set()
        # The empty statement: executing it sends a Sync and waits for everything written before it.
        self._sync = await self.describe("", "")
        await self.synchronize(b"")

    async def describe(self, name: str, sql: str) -> State:
        """Prepare `sql` under `name`. "" stands for the unnamed statement, which is parsed again on each execution.

        Leaves the server inside an implicit transaction, until the statement is executed or fails.
        """
        state: State = await self._driver.prepare(name, sql, None, record_class=asyncpg.Record)
        unknown = state._init_types()
        if unknown:
            settings = self._driver.get_settings()
            for oid in unknown:
                settings.add_python_codec(oid, str(oid), "", [], "scalar", str, str, "text")
        state._init_codecs()
        if not name:
            state.mark_unprepared()
        return state

    async def execute_state(self, state: State, arguments: Arguments, before: bytes = b"") -> list[asyncpg.Record]:
        """Execute `state` after the messages `before`, in one round trip."""
        if not before:
            return await self.bind_execute(state, arguments, "", 0, False, None)
        self.write(before)
        try:
            return await self.bind_execute(state, arguments, "", 0, False, None)
        except asyncpg.PostgresError:
            # Nobody knows how far it came, so what `parsed` promised may not be there.
            self._parsed.clear()
            raise

    async def synchronize(self, messages: bytes) -> None:
        """Send `messages` and wait until all of them are done; they must not return rows."""
        await self.execute_state(self._sync, (), messages)

    async def command(self, sql: str) -> str:
        """Run SQL without parameters, discarding rows; returns the command tag."""
        status: str = await self._driver.query(sql, None)
        return status

    @property
    def _driver(self) -> Any:
        return self._protocol

    def parsed(self, name: str, sql: str) -> bytes:
        """The messages that prepare `sql` under `name` on this connection, empty if it is prepared already."""
        if name in self._parsed:
            return b""
        self._parsed.add(name)
        # An earlier attempt may have been cut off after it was parsed.
        return wire.close(name) + wire.parse(name, sql)

    @property
    def understands(self) -> bool:
        """Whether both sides still agree on the encoding and on how strings are written."""
        settings = self._driver.get_settings()
        return settings.client_encoding == "UTF8" and settings.standard_conforming_strings == "on"

    async def hang_up(self) -> None:
        """Close within a few seconds, cancelling what runs on the server; never raises."""
        try:
            await self.close(timeout=_CLOSE_TIMEOUT)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever is wrong with it, it goes
            self.terminate()


async def connect(
    dsn: str,
    *,
    server_settings: dict[str, str],
    unnamed: bool,
    timeout: float,  # noqa: ASYNC109
    kind: type[TextConnection] = TextConnection,
) -> TextConnection:
    """Open a connection within `timeout` seconds. Raises ConnectionFailed with PostgreSQL's or the system's words."""
    connection: TextConnection | None = None
    try:
        async with asyncio.timeout(timeout):
            connection = await asyncpg.connect(
                dsn,
                connection_class=kind,
                statement_cache_size=0,
                server_settings={"application_name": "passerelle", **server_settings},
                timeout=timeout,
            )
            await connection.become_textual(unnamed=unnamed)
    except BaseException as error:
        if connection is not None:
            connection.terminate()
        if isinstance(error, Exception):
            raise ConnectionFailed(_reason(error)) from error
        raise
    if not connection.understands:
        connection.terminate()
        raise ConnectionFailed("The server must have client_encoding UTF8 and standard_conforming_strings on.")
    return connection


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "The server did not answer in time."
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        # Its text may repeat parts of the connection string.
        return "The connection string is not valid."
    return str(error) or type(error).__name__
