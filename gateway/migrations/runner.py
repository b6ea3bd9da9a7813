"""Apply a set of files over one connection as the owner. The only file of the room that talks to a database."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

import asyncpg

from gateway.migrations.errors import MigrationFailed, MigrationLocked
from gateway.migrations.files import Migration, missing, read_directory, set_of
from gateway.migrations.statements import Statement, split

Log = Callable[[str], None]

_TRANSACTION_CONTROL = frozenset({"abort", "begin", "commit", "end", "rollback", "start"})
_MESSAGES = frozenset({"NOTICE", "WARNING"})


@dataclass(frozen=True, slots=True)
class Applied:
    """A file that a database has, as it recorded it."""

    set_name: str
    name: str
    checksum: str
    applied_at: datetime
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Status:
    """A file of the directory; `applied` is None while the database lacks it."""

    name: str
    applied: Applied | None


def _silent(message: str) -> None:
    """The default log: says nothing."""


async def migrate(
    owner_dsn: str,
    directory: Path,
    *,
    set_name: str | None = None,
    log: Log = _silent,
    lock_timeout: timedelta = timedelta(seconds=60),
) -> list[Applied]:
    """Bring the database up to the files of `directory`, and return those that were applied now.

    Each file is one transaction: it is applied and recorded, or has left nothing. Runs at the same time queue behind
    an advisory lock; whoever comes second finds the work done. `set_name` (default: the directory's name) keeps the
    records of several directories apart. `log` receives a line for each file and each NOTICE or WARNING. With nothing
    to do this is one query.

    Raises a MigrationError, or what asyncpg raises when the database cannot be reached.
    """
    files, name = read_directory(directory), set_name or set_of(directory)
    done: list[Applied] = []
    async with _connect(owner_dsn, log) as connection:
        todo = missing(files, _checksums(await _recorded(connection, name)))
        for file in todo:
            applied = await _apply(connection, files, file, name, lock_timeout)
            if applied is not None:
                log(f"applied {name}/{file.name} in {applied.duration.total_seconds() * 1000:.0f} ms")
                done.append(applied)
    return done


async def pending(owner_dsn: str, directory: Path, *, set_name: str | None = None) -> list[Migration]:
    """The files that `migrate` would apply. Changes nothing; raises as `migrate` does."""
    files = read_directory(directory)
    async with _connect(owner_dsn, _silent) as connection:
        return list(missing(files, _checksums(await _recorded(connection, set_name or set_of(directory)))))


async def status(owner_dsn: str, directory: Path, *, set_name: str | None = None) -> list[Status]:
    """Every file of `directory` and when it was applied. Changes nothing; raises as `migrate` does."""
    files = read_directory(directory)
    async with _connect(owner_dsn, _silent) as connection:
        recorded = await _recorded(connection, set_name or set_of(directory))
    missing(files, _checksums(recorded))
    return [Status(file.name, recorded.get(file.name)) for file in files]


@asynccontextmanager
async def _connect(dsn: str, log: Log) -> AsyncGenerator[asyncpg.Connection]:
    def forward(_: object, message: asyncpg.PostgresLogMessage) -> None:
        fields = message.as_dict()
        # Class 42 are the "already exists, skipping" notices of idempotent statements.
        if fields["severity_en"] in _MESSAGES and not fields["sqlstate"].startswith("42"):
            log(f"{fields['severity_en'].lower()}: {fields['message']}")

    connection = await asyncpg.connect(dsn, statement_cache_size=0)
    connection.add_log_listener(forward)
    try:
        yield connection
    finally:
        await connection.close()


async def _recorded(connection: asyncpg.Connection, set_name: str) -> dict[str, Applied]:
    try:
        rows = await connection.fetch(_sql("recorded"), set_name)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return {}
    return {row["name"]: Applied(set_name, *row) for row in rows}


def _checksums(recorded: dict[str, Applied]) -> dict[str, str]:
    return {name: applied.checksum for name, applied in recorded.items()}


async def _apply(
    connection: asyncpg.Connection,
    files: tuple[Migration, ...],
    file: Migration,
    set_name: str,
    lock_timeout: timedelta,
) -> Applied | None:
    """Apply one file, or return None if another run has done so meanwhile."""
    statements = _checked(file)
    async with connection.transaction(isolation="read_committed"):
        await _enter(connection, lock_timeout)
        if file not in missing(files, _checksums(await _recorded(connection, set_name))):
            return None
        started = time.perf_counter()
        for statement in statements:
            await _execute(connection, file, statement)
        duration = timedelta(seconds=time.perf_counter() - started)
        (row,) = await connection.fetch(_sql("record"), set_name, file.name, file.checksum, duration)
        return Applied(set_name, *row)


async def _enter(connection: asyncpg.Connection, lock_timeout: timedelta) -> None:
    milliseconds = max(1, int(lock_timeout.total_seconds() * 1000))
    await connection.fetchval("select set_config('lock_timeout', $1, true)", str(milliseconds))
    try:
        await connection.execute(_sql("enter"))
    except asyncpg.LockNotAvailableError as error:
        raise MigrationLocked(
            f"another migration has been running for more than {lock_timeout.total_seconds():g} s; "
            "wait for it, or end its session (pg_stat_activity), and run again"
        ) from error
    await connection.execute(_sql("ledger"))


async def _execute(connection: asyncpg.Connection, file: Migration, statement: Statement) -> None:
    try:
        await connection.execute(statement.text)
    except asyncpg.LockNotAvailableError as error:
        where = f"{file.path}:{statement.line}"
        raise MigrationLocked(f"{where}: an object stayed locked by another session: {error}") from error
    except asyncpg.PostgresError as error:
        raise _failure(file, statement, error) from error


def _checked(file: Migration) -> tuple[Statement, ...]:
    """The file's statements; a file that would end its own transaction is refused before anything runs."""
    statements = split(file.text)
    for statement in statements:
        if statement.verb in _TRANSACTION_CONTROL:
            reason = "a migration file is one transaction; it may not begin or end one itself"
            raise MigrationFailed(str(file.path), statement.line, _line(statement.text, 0), reason, None)
    return statements


def _failure(file: Migration, statement: Statement, error: asyncpg.PostgresError) -> MigrationFailed:
    """Say where in the file PostgreSQL's error is; without a position it is the statement's first line."""
    fields = error.as_dict()
    position = fields.get("position")
    offset = statement.text.count("\n", 0, int(position) - 1) if position else 0
    parts = (fields.get("message"), fields.get("detail"), fields.get("hint"))
    reason = ". ".join(part.rstrip(".") for part in parts if part)
    return MigrationFailed(
        str(file.path), statement.line + offset, _line(statement.text, offset), reason, fields.get("sqlstate")
    )


def _sql(name: str) -> str:
    return (resources.files("gateway.migrations") / "sql" / f"{name}.sql").read_text("utf-8")


def _line(text: str, offset: int) -> str:
    return text.split("\n")[offset].strip()[:200]
