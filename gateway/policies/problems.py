"""What can be wrong with policy files, said so that it can be repaired: where, what, and what to do."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple


class Severity(enum.StrEnum):
    """`check` fails for an ERROR, and under `--strict` for a WARNING. `plan` and `apply` stop for what is wrong (P…),
    not for what is dangerous (L…), of which `plan` reminds."""

    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """A position in a file; `file` is relative to the set's folder, `line` and `column` count characters from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One thing to repair. `code` is stable and listed in `docs/policy-lints.md`; `place` is None for what only the
    database knows; `subject` names the table, function or role concerned; `fix` says what to do."""

    code: str
    severity: Severity
    message: str
    place: Place | None = None
    subject: str = ""
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.severity} {self.code}: {self.message}"


class PolicyError(Exception):
    """Policy files, or what was asked of them, cannot be used. `problems` has at least one entry."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def error(code: str, message: str, place: Place | None = None, *, subject: str = "", fix: str = "") -> Problem:
    return Problem(code, Severity.ERROR, message, place, subject, fix)


def warning(code: str, message: str, place: Place | None = None, *, subject: str = "", fix: str = "") -> Problem:
    return Problem(code, Severity.WARNING, message, place, subject, fix)
