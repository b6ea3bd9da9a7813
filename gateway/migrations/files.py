"""The files of a set, and how they compare with what a database has recorded. Pure but for reading the directory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.migrations.errors import ChecksumChanged, MigrationError, MigrationGap, UnknownMigration

_FILE = re.compile(r"(\d{3})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `name` is the file's name; `checksum` is the SHA-256 of its text in hex, line ends normalised."""

    number: int
    name: str
    path: Path
    text: str
    checksum: str


def read_directory(directory: Path) -> tuple[Migration, ...]:
    """All `NNN_name.sql` of `directory` in order.

    Raises MigrationGap unless the numbers are 1, 2, 3, …, and MigrationError for a `.sql` file of another form.
    """
    if not directory.is_dir():
        raise MigrationError(f"{directory} is not a directory of migrations")
    files = tuple(_read(path) for path in sorted(directory.glob("*.sql")))
    if not files:
        raise MigrationError(f"{directory} holds no .sql file")
    for expected, file in enumerate(files, start=1):
        if file.number != expected:
            raise MigrationGap(f"{file.path}: {expected:03d} was expected here; numbers run without gap or double")
    return files


def set_of(directory: Path) -> str:
    """The name of the set when none is given: the directory's own, also for a relative path."""
    return directory.resolve().name


def _read(path: Path) -> Migration:
    match = _FILE.fullmatch(path.name)
    if match is None:
        raise MigrationError(f"{path}: a migration is named like 001_roles.sql")
    try:
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise MigrationError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from error
    return Migration(int(match[1]), path.name, path, text, hashlib.sha256(text.encode()).hexdigest())


def missing(files: Sequence[Migration], recorded: Mapping[str, str]) -> tuple[Migration, ...]:
    """The files to apply, given the checksums that the database has recorded by name.

    Raises UnknownMigration, ChecksumChanged, or MigrationGap when a file is missing before one that was applied.
    """
    known = {file.name for file in files}
    for name in sorted(recorded.keys() - known):
        raise UnknownMigration(
            f"the database has {name} applied, which is not among the files here: it was migrated by a newer version "
            "or from another directory. Install that version, or restore the file."
        )
    todo: list[Migration] = []
    for file in files:
        checksum = recorded.get(file.name)
        if checksum is None:
            todo.append(file)
        elif todo:
            raise MigrationGap(
                f"{file.name} is applied but {todo[0].name} before it is not: give the new file a number after it"
            )
        elif checksum != file.checksum:
            raise ChecksumChanged(
                f"{file.path} was edited after it had been applied (was {checksum[:12]}, is {file.checksum[:12]}). "
                "Restore the file as it was and put the change into a new file with the next number."
            )
    return tuple(todo)
