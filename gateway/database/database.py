"""The front of the room: statements as a caller."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import ClassVar, Literal, TypeVar

import asyncpg

from gateway.database.commits import CommitWatch
from gateway.database.connection import Arguments, TextConnection, connect
from gateway.database.errors import IdentityMismatch, is_unencodable, translate
from gateway.database.model import Caller, Envelope, TransactionMode
from gateway.database.pool import Pool
from gateway.database.session import Session
from gateway.database.statistics import PoolStatistics
from gateway.database.transaction import StaleSession, Transaction, TransactionScope, is_stale
from gateway.errors import GatewayError

_log = logging.getLogger(__name__)

PROOF_COLUMNS = "current_user, pg_catalog.current_setting('request.jwt.claims', true)"
"""SQL of the last two columns of every statement given to `Database.read`: who PostgreSQL thinks is asking."""

_PROOFS = 2
_LONGEST_CONNECT = 10.0
_READ_ONLY = TransactionMode(read_only=True)
Result = TypeVar("Result")


class Database:
    """Statements as a `Caller`, over a pool of at most `size` connections to `dsn`.

    `mode` "session" lets sessions carry a caller's identity from one statement to the next; "transaction" sets it
    anew within each transaction and prepares nothing by name, as a transaction-pooling PgBouncer needs it.
    `prepared_statements` False forgoes named statements in session mode too. Times are in seconds.
    `verify_identity` False exists for the tests that show what the check is good for. `connections` is there for a
    subclass that observes them.
    """

    connections: ClassVar[type[TextConnection]] = TextConnection

    def __init__(
        self,
        dsn: str,
        *,
        size: int = 10,
        acquisition_timeout: float = 10.0,
        max_lifetime: float = 1800.0,
        max_idle: float = 30.0,
        mode: Literal["session", "transaction"] = "session",
        prepared_statements: bool = True,
        verify_identity: bool = True,
    ) -> None:
        self._dsn = dsn
        self._by_transaction = mode == "transaction"
        self._named = prepared_statements and mode == "session"
        self._verify = verify_identity
        self._connect_timeout = min(acquisition_timeout, _LONGEST_CONNECT)
        self.watch: CommitWatch | None = None
        """Who is told what transactions changed. The database must have `passerelle.take_touches_v1()`."""
        self._pool = Pool(
            self._connect,
            size=size,
            acquisition_timeout=acquisition_timeout,
            max_lifetime=max_lifetime,
            max_idle=max_idle,
            named_statements=self._named,
            shared=self._by_transaction,
        )

    async def start(self) -> None:
        """Begin to keep the pool in order. Connections are made when they are needed."""
        self._pool.start()

    async def close(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a grace period
        """Refuse new work, give work under way `timeout` seconds, close all connections."""
        await self._pool.close(timeout)

    def flush(self, *, keeps_plans: bool = True) -> None:
        """Replace all connections as they become free, after the catalog has changed. Without `keeps_plans` the new
        ones plan each statement anew: what PostgreSQL planned for one caller might answer another."""
        self._pool.flush(keeps_plans=keeps_plans)

    async def ping(self) -> None:
        """Make sure that the server answers. Nothing is tried while all connections are in use, for those will tell.

        Raises ConnectionFailed or ConnectionLost. Waits for ever if the server does, so put a limit around it.
        """
        try:
            await self._pool.ping()
        except Exception as error:
            raise translate(error, anonymous=False) or error from error

    def stats(self) -> PoolStatistics:
        return self._pool.statistics()

    async def read(self, caller: Caller, sql: str, arguments: Arguments = ()) -> asyncpg.Record:
        """The only row of a statement that reaches nothing but code we can vouch for, run read-only as `caller`.

        The last two columns must be PROOF_COLUMNS; they are compared with the caller before the row is returned.
        Raises DatabaseError, ConnectionLost, ConnectionFailed, PoolTimeout, IdentityMismatch.
        """
        if self._by_transaction:
            return await self._read_in_transaction(caller, sql, arguments)
        pool = self._pool
        session = pool.take(caller)
        if session is None:
            session = await pool.acquire(caller)
        try:
            rows = await session.read(caller, sql, arguments)
        except BaseException as error:  # noqa: BLE001 - told apart and raised there
            return await self._recover(session, error, caller, sql, arguments)
        if self._verify and not _proves(rows, caller):
            return await self._distrust(session, caller, sql, arguments)
        pool.give(session)
        return rows[0]

    def transaction(
        self, caller: Caller, envelope: Envelope, mode: TransactionMode, *, opaque: bool = True
    ) -> TransactionScope:
        """``async with database.transaction(…) as tx``: a transaction of `caller`, committed at the block's end.

        `opaque` False says that everything in it can be vouched for, which spares the session its scrub.
        """
        return TransactionScope(self._pool, caller, envelope, mode, opaque=opaque, watch=self.watch)

    async def run_transaction(
        self,
        caller: Caller,
        envelope: Envelope,
        mode: TransactionMode,
        work: Callable[[Transaction], Awaitable[Result]],
        *,
        opaque: bool = True,
        retry: bool = True,
    ) -> Result:
        """`work` within a transaction. With `retry` it runs once more if a statement could not run because what the
        session had prepared was out of date: what had been done was undone. (`transaction` by itself begins again
        only while nothing has been done.)"""
        try:
            async with self.transaction(caller, envelope, mode, opaque=opaque) as transaction:
                return await work(transaction)
        except StaleSession:
            if not retry:
                raise
        async with self.transaction(caller, envelope, mode, opaque=opaque) as transaction:
            return await work(transaction)

    async def _connect(self) -> TextConnection:
        # A startup setting is what RESET ALL returns to: a session that was scrubbed still only reads.
        settings = {} if self._by_transaction else {"default_transaction_read_only": "on"}
        return await connect(
            self._dsn,
            server_settings=settings,
            unnamed=not self._named,
            timeout=self._connect_timeout,
            kind=self.connections,
        )

    async def _recover(
        self, session: Session, error: BaseException, caller: Caller, sql: str, arguments: Arguments
    ) -> asyncpg.Record:
        """Put `session` away after `error`; answer after all if the statement as such was not at fault."""
        pool = self._pool
        if isinstance(error, asyncio.CancelledError):
            pool.cancellations += 1
        healthy = isinstance(error, asyncpg.PostgresError | GatewayError) or is_unencodable(error)
        if isinstance(error, asyncpg.InvalidCachedStatementError):
            session.forget(sql)
            return await self._once_more(session, caller, sql, arguments)
        if isinstance(error, asyncpg.PostgresError) and is_stale(error):
            return await self._once_more(await pool.replace(session), caller, sql, arguments)
        self._put_away(session, healthy=healthy)
        raise translate(error, anonymous=caller.identity.anonymous) or error

    async def _distrust(self, session: Session, caller: Caller, sql: str, arguments: Arguments) -> asyncpg.Record:
        self._pool.mismatches += 1
        _log.critical("a database session did not carry the identity of its request; the result was discarded")
        return await self._once_more(await self._pool.replace(session), caller, sql, arguments)

    async def _once_more(self, session: Session, caller: Caller, sql: str, arguments: Arguments) -> asyncpg.Record:
        try:
            rows = await session.read(caller, sql, arguments)
        except BaseException as error:
            self._put_away(session, healthy=isinstance(error, asyncpg.PostgresError) or is_unencodable(error))
            raise translate(error, anonymous=caller.identity.anonymous) or error from error
        if self._verify and not _proves(rows, caller):
            self._pool.mismatches += 1
            _log.critical("a new database session did not carry the identity of its request")
            self._put_away(session, healthy=False)
            raise IdentityMismatch
        self._pool.give(session)
        return rows[0]

    def _put_away(self, session: Session, *, healthy: bool) -> None:
        if not healthy or session.connection.is_closed() or session.connection.is_in_transaction():
            session.unusable = True
        self._pool.give(session)

    async def _read_in_transaction(self, caller: Caller, sql: str, arguments: Arguments) -> asyncpg.Record:
        async with TransactionScope(self._pool, caller, None, _READ_ONLY, opaque=False) as transaction:
            rows = await transaction.fetch(sql, arguments)
            if self._verify and not _proves(rows, caller):
                self._pool.mismatches += 1
                _log.critical("a transaction did not carry the identity of its request; the result was discarded")
                raise IdentityMismatch
            return rows[0]


def _proves(rows: list[asyncpg.Record], caller: Caller) -> bool:
    if len(rows) != 1:
        return False
    row = rows[0]
    if len(row) < _PROOFS:
        return False
    identity = caller.identity
    return row[-2] == identity.role and row[-1] == identity.claims
