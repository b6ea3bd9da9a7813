"""What can stop a migration, each saying what to do about it. None of these reaches an HTTP client."""

from __future__ import annotations


class MigrationError(Exception):
    """A set of migrations cannot be applied; nothing of the file in question was kept."""


class MigrationGap(MigrationError):
    """The numbers of the files are not 001, 002, 003, … without holes or doubles."""


class UnknownMigration(MigrationError):
    """The database records a file that this installation does not have."""


class ChecksumChanged(MigrationError):
    """A file was edited after it had been applied."""


class MigrationLocked(MigrationError):
    """Another run, or another session's lock, was in the way for too long."""


class MigrationFailed(MigrationError):
    """PostgreSQL refused a statement. `file`, `line` (1-based) and `excerpt` say which; `sqlstate` says why."""

    def __init__(self, file: str, line: int, excerpt: str, reason: str, sqlstate: str | None) -> None:
        self.file = file
        self.line = line
        self.excerpt = excerpt
        self.sqlstate = sqlstate
        super().__init__(f"{file}:{line}: {reason} (SQLSTATE {sqlstate or 'unknown'})\n    {excerpt}")
