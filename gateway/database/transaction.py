"""A transaction as a caller: opened with everything it carries in one round trip, scrubbed away afterwards."""

from __future__ import annotations

import asyncio
import json
import secrets
from types import TracebackType

import asyncpg

from gateway.database.commits import ONCE_MORE, TAKEN, CommitWatch, is_certain, read_taken, take_and_commit
from gateway.database.connection import Arguments
from gateway.database.errors import DatabaseError, is_unencodable, translate
from gateway.database.model import Caller, Envelope, TransactionMode
from gateway.database.pool import Pool
from gateway.database.session import SPOILED, Session
from gateway.database.settings import Turn, transaction_settings
from gateway.errors import GatewayError

_CURRENT = "SELECT name, pg_catalog.current_setting(name, true) FROM pg_catalog.json_array_elements_text($1) AS name"
_LOOKS = 20
_OF_A_TURN = frozenset({"request.method", "request.path"})


class StaleSession(DatabaseError):
    """What the session had prepared was out of date when the transaction had already done something. It was undone;
    the same work may run once more."""


class OutcomeUnknown(Exception):
    """Nobody knows whether a transaction was committed; `failure` is what to raise."""

    def __init__(self, failure: BaseException) -> None:
        super().__init__(str(failure))
        self.failure = failure


class Transaction:
    """Statements of one caller, all or nothing. Made by `Database.transaction`.

    BEGIN and the settings go out with the first statement. After an error the transaction can only end.
    """

    __slots__ = (
        "_adopted",
        "_caller",
        "_completed",
        "_ended",
        "_envelope",
        "_failure",
        "_mode",
        "_opened",
        "_pool",
        "_renewed",
        "_turn",
        "_waiting",
        "session",
    )

    def __init__(
        self, pool: Pool, session: Session, caller: Caller, envelope: Envelope | None, mode: TransactionMode
    ) -> None:
        self._pool = pool
        self.session = session
        self._caller = caller
        self._envelope = envelope
        self._mode = mode
        self._opened = False
        self._ended = False
        self._renewed = False
        self._completed = 0
        self._failure: GatewayError | None = None
        self._adopted: dict[str, str] = {}
        self._turn: Turn | None = None
        self._waiting: Turn | None = None

    def turn_to(self, caller: Caller, envelope: Envelope, *, read_only: bool) -> None:
        """Go on with another request in the same transaction: what runs from now on runs as `caller` (of the same
        identity) with all its settings made anew, whatever earlier statements did to them. `read_only` turns cannot
        write, even if the transaction can. Travels with the next statement."""
        self._waiting = Turn(caller, envelope, read_only)

    @property
    def caller(self) -> Caller:
        """Whom the statements run as."""
        return self._caller

    @property
    def role(self) -> str:
        """The role that the statements run as."""
        return self._caller.identity.role

    async def adopt(self) -> None:
        """Let all turns have what has become of the caller's settings: a function that runs before each request may
        have chosen another role, or other claims. Only method and path are those of each turn."""
        if self._envelope is None:
            return
        given = dict(transaction_settings(self._caller, self._envelope, self._mode))
        rows = await self.fetch(_CURRENT, (json.dumps([name for name in given if name not in _OF_A_TURN]),))
        self._adopted = {row[0]: row[1] for row in rows if row[1] is not None and row[1] != given[row[0]]}

    async def fetchrow(self, sql: str, arguments: Arguments = ()) -> asyncpg.Record | None:
        """The first row of `sql`, run to its end as the caller. Raises DatabaseError, ConnectionLost."""
        rows = await self.fetch(sql, arguments)
        return rows[0] if rows else None

    async def fetch(self, sql: str, arguments: Arguments = ()) -> list[asyncpg.Record]:
        """All rows of `sql`, run as the caller. Raises DatabaseError, ConnectionLost."""
        try:
            before = self._begin()
        except UnicodeEncodeError as error:
            raise self._failed(error) from error
        try:
            rows = await self.session.execute(sql, arguments, before)
        except BaseException as error:
            if not isinstance(error, asyncpg.PostgresError) or not is_stale(error):
                raise self._failed(error) from error
            await self._renew(sql, error)
            return await self.fetch(sql, arguments)
        self._completed += 1
        if self._waiting is not None:
            self._turn, self._waiting = self._waiting, None
        return rows

    async def execute(self, sql: str) -> None:
        """Run a command that has neither parameters nor rows (``SET CONSTRAINTS ALL IMMEDIATE``)."""
        await self.fetch(sql)

    async def rollback(self) -> None:
        """Undo everything, deliberately; the transaction is over."""
        ended, self._ended = self._ended, True
        # BEGIN itself may have failed (READ WRITE on a standby).
        if not ended and self._opened and self.session.connection.is_in_transaction():
            await self._end("ROLLBACK")

    async def commit(self) -> None:
        """Make everything permanent; returns when PostgreSQL has said so.

        Raises what made an earlier statement fail, if one did: nothing was committed then.
        """
        if await self._must_end() and await self._end("COMMIT") != "COMMIT":
            raise DatabaseError(500, "25P02", "the transaction was rolled back instead of committed")

    async def commit_and_tell(self) -> list[int]:
        """The same; returns the relations (OIDs) that the transaction changed, of those whose changes are recorded.

        Raises OutcomeUnknown if nobody knows whether it was committed.
        """
        if not await self._must_end():
            return []
        if self._mode.read_only:
            await self._end("COMMIT")
            return []
        try:
            await self.session.prepare(TAKEN)  # or what commits would not travel with it
        except BaseException as error:
            raise self._failed(error) from error
        token = secrets.token_hex(8)
        reading = self._turn is not None and self._turn.read_only
        try:
            rows = await self.session.execute(TAKEN, (), take_and_commit(token, reading=reading))
        except BaseException as error:  # noqa: BLE001 - told apart and raised there
            return await self._look_again(error, token)
        taken = read_taken(rows[0][0], token)
        assert taken is not None
        return taken

    async def _look_again(self, error: BaseException, token: str) -> list[int]:
        """What the transaction changed, if it was committed and only the answer to that failed, whatever it had left
        of its session. Raises why it was not; OutcomeUnknown if that cannot be known."""
        failed = self._failed(error)
        if not isinstance(error, asyncpg.PostgresError):
            raise OutcomeUnknown(failed) from error
        if self.session.connection.is_in_transaction():  # COMMIT was not reached
            raise failed from error
        self.session.unusable = True
        try:
            text = await self._taken_once_more()
        except BaseException:  # noqa: BLE001 - whatever it is, nobody knows more than before
            raise OutcomeUnknown(failed) from error
        taken = read_taken(text, token)
        if taken is not None:
            return taken
        # A pooler may have asked another session.
        raise (failed if is_certain(error) else OutcomeUnknown(failed)) from error

    async def _taken_once_more(self) -> str | None:
        """The session may have been given a time limit so short that it ends even what removes it."""
        session = self.session
        for _ in range(_LOOKS - 1):
            try:
                session.forget(TAKEN)
                return (await session.execute(TAKEN, (), ONCE_MORE))[0][0]
            except asyncpg.QueryCanceledError:
                if session.connection.is_in_transaction():
                    await session.connection.command("ROLLBACK")
        session.forget(TAKEN)
        return (await session.execute(TAKEN, (), ONCE_MORE))[0][0]

    async def _must_end(self) -> bool:
        if self._failure is not None:
            await self.rollback()
            raise self._failure
        opened = self._opened and not self._ended
        self._ended = True
        return opened

    def _begin(self) -> bytes:
        if self._ended:
            raise RuntimeError("the transaction is over")
        if self._failure is not None:
            raise self._failure
        turn = self._waiting
        if self._opened and turn is not None:
            if not self.session.connection.understands:
                # The next request's names would not be read as they were quoted.
                raise DatabaseError(500, "55000", "the session's encoding or its way to write strings was changed")
            return self.session.messages_to_turn(self._turn, turn, self._mode, self._adopted)
        if self._opened:
            return b""
        messages = self.session.messages_to_open(self._caller, self._envelope, self._mode)
        if turn is not None:
            messages += self.session.messages_to_turn(None, turn, self._mode, self._adopted)
        self._opened = True
        # From here on the session's state depends on what runs on it.
        self.session.carried, self.session.dirty = None, True
        return messages

    async def _renew(self, sql: str, error: asyncpg.PostgresError) -> None:
        """Begin again, if nothing has happened in the transaction yet; raises StaleSession otherwise."""
        session = self.session
        session.forget(sql)
        planned_anew = isinstance(error, asyncpg.InvalidCachedStatementError)
        session.unusable = session.unusable or not planned_anew
        if self._completed or self._renewed:
            self._failure = StaleSession(503, error.sqlstate or "", error.message or "", headers={"Retry-After": "1"})
            raise self._failure from error
        self._renewed = True
        if not planned_anew:
            self.session = await self._pool.replace(session)
        elif session.connection.is_in_transaction():
            await self._end("ROLLBACK")
        self._opened = False

    async def _end(self, command: str) -> str:
        try:
            return await self.session.connection.command(command)
        except BaseException as error:
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> BaseException:
        if not isinstance(error, asyncpg.PostgresError) and not is_unencodable(error):
            self.session.unusable = True
        told = translate(error, anonymous=self._caller.identity.anonymous)
        if told is None:
            return error
        self._failure = told
        return told


class TransactionScope:
    """``async with`` around a transaction: commits at its end, rolls back if the block raises.

    `watch` is told what was changed before the block is left, and when the session serves others already.
    """

    __slots__ = ("_caller", "_changed", "_envelope", "_mode", "_opaque", "_pool", "_transaction", "_watch")

    def __init__(
        self,
        pool: Pool,
        caller: Caller,
        envelope: Envelope | None,
        mode: TransactionMode,
        *,
        opaque: bool,
        watch: CommitWatch | None = None,
    ) -> None:
        self._pool = pool
        self._caller = caller
        self._envelope = envelope
        self._mode = mode
        self._opaque = opaque
        self._watch = watch
        self._changed: list[int] = []

    async def __aenter__(self) -> Transaction:
        pool, caller = self._pool, self._caller
        session = pool.take(caller, opaque=self._opaque)
        if session is None:
            session = await pool.acquire(caller, opaque=self._opaque)
        self._transaction = transaction = Transaction(pool, session, caller, self._envelope, self._mode)
        if self._mode.pre_request is not None:
            try:
                await transaction.fetch(f"SELECT {self._mode.pre_request}()")
            except BaseException as error:
                await self.__aexit__(type(error), error, None)
                raise
        return transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None or self._watch is None or self._mode.read_only:
            await self._leave(error)
            return
        try:
            # A COMMIT that was given up might be done later, when what it changed is kept again as it was before.
            await asyncio.shield(self._watch.finish(self._leave(None)))
        except asyncio.CancelledError:
            self._pool.cancellations += 1
            raise

    async def _leave(self, error: BaseException | None) -> None:
        transaction = self._transaction
        committed = False
        try:
            if error is None:
                await self._commit(transaction)
                committed = True
            elif isinstance(error, Exception) and not transaction.session.unusable:
                await transaction.rollback()
            else:
                transaction.session.unusable = True
        finally:
            if isinstance(error, asyncio.CancelledError):
                self._pool.cancellations += 1
            self._release(transaction.session, committed=committed)
        if self._changed and self._watch is not None:
            await self._watch.committed(self._changed)

    async def _commit(self, transaction: Transaction) -> None:
        if self._watch is None:
            await transaction.commit()
            return
        try:
            self._changed = await transaction.commit_and_tell()
        except OutcomeUnknown as unknown:
            self._watch.uncertain()
            raise unknown.failure from None

    def _release(self, session: Session, *, committed: bool) -> None:
        connection = session.connection
        if session.unusable or connection.is_closed() or connection.is_in_transaction() or not connection.understands:
            session.unusable = True
        elif committed and not self._opaque:
            # Only settings for the transaction were made, on a session that carried nobody.
            session.dirty = False
        self._pool.give(session)


def is_stale(error: asyncpg.PostgresError) -> bool:
    """Whether a statement failed because of what had been prepared or left on its session, not by itself."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return True
    message = error.message or ""
    if isinstance(error, asyncpg.InvalidSQLStatementNameError | asyncpg.DuplicatePreparedStatementError):
        return '"passerelle_' in message
    return SPOILED in message
