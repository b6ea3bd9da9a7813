"""What PostgreSQL did with a probe, and whether that is what the files expect. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.policies.model import Action, Expected, Outcome, Probe

REFUSED = "42501"
"""The SQLSTATE of a missing privilege, and of a new row that no policy accepts."""


class Verdict(enum.StrEnum):
    """FAILED: the database does something else than the file expects. BROKEN: the test itself says nothing."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one statement: how many rows it counted or changed, or an error."""

    rows: int | None = None
    sqlstate: str | None = None
    message: str = ""

    def __str__(self) -> str:
        if self.rows is None:
            return f"{self.message} ({self.sqlstate})"
        return _rows(self.rows)

    @property
    def refused(self) -> bool:
        """Whether a privilege or a policy stood in the way."""
        return self.rows == 0 or self.sqlstate == REFUSED


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that was tried for one probe.

    `direct` is the statement as a client would send it. `blind` is the same for exactly the rows of the key, but
    without reading them: so the rules of reading do not hide what an UPDATE or DELETE without a filter would reach.
    `known` is how many rows the owner finds. What was not tried is None.
    """

    direct: Seen | None = None
    blind: Seen | None = None
    known: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """`message` says what was expected and what came; it is empty for a probe that passed."""

    probe: Probe
    verdict: Verdict
    message: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASSED

    def __str__(self) -> str:
        said = f": {self.message}" if self.message else ""
        return f"{self.probe.place}: {self.probe.name}{said}"


def has_failure(results: Iterable[Result]) -> bool:
    return any(not result.passed for result in results)


def broken(probe: Probe, message: str) -> Result:
    """A probe that could not be tried."""
    return Result(probe, Verdict.BROKEN, message)


def is_tried_blind(probe: Probe) -> bool:
    """Whether a refusal has to hold without reading the row, too."""
    action, expected = probe.action, probe.expected
    if action.verb not in ("update", "delete") or not action.key or action.where is not None:
        return False
    return expected.outcome is Outcome.DENIED or _wants_nothing(expected)


def is_plain_refusal(expected: Expected) -> bool:
    """Whether any refusal will do."""
    return expected.outcome is Outcome.DENIED and expected.sqlstate is None


def verdict(probe: Probe, observation: Observation) -> Result:
    """Compare. Rows that are not even there for the owner prove nothing."""
    action, expected, direct, blind = probe.action, probe.expected, observation.direct, observation.blind
    if action.key and action.where is None and observation.known == 0:
        return broken(probe, "no row has this key, so the test would pass whatever the policies say")
    for seen in (direct, blind):
        if seen is not None and _is_unexpected(seen, expected):
            return broken(probe, f"expected {_expectation(probe, observation.known)}, but the statement failed: {seen}")
    if direct is not None and not _holds(probe, direct, observation.known):
        return _failed(probe, observation, str(direct))
    if blind is not None and not (blind.refused or blind.sqlstate == expected.sqlstate is not None):
        return _failed(probe, observation, f"{blind} reached without reading, as without a filter")
    if direct is not None and direct.rows == 0 and observation.known == 0 and action.verb != "insert":
        return broken(probe, "the owner finds no such row either, so the test would pass whatever the policies say")
    return Result(probe, Verdict.PASSED)


def _holds(probe: Probe, seen: Seen, known: int | None) -> bool:
    action, expected = probe.action, probe.expected
    match expected.outcome:
        case Outcome.DENIED if expected.sqlstate is not None:
            return seen.sqlstate == expected.sqlstate
        case Outcome.DENIED:
            return seen.sqlstate == REFUSED if action.verb == "call" else seen.refused
        case Outcome.ALLOWED if action.verb == "call":
            return seen.rows is not None
        case Outcome.ALLOWED | Outcome.SOME if known is None or expected.outcome is Outcome.SOME:
            return bool(seen.rows)
        case Outcome.ALLOWED | Outcome.SOME | Outcome.ALL:
            return seen.rows is not None and seen.rows == known
        case Outcome.ROWS:
            return seen.rows == expected.rows


def _is_unexpected(seen: Seen, expected: Expected) -> bool:
    """An error that is no refusal: a value of the wrong type, a duplicate key, a constraint."""
    return seen.sqlstate is not None and seen.sqlstate not in (REFUSED, expected.sqlstate)


def _wants_nothing(expected: Expected) -> bool:
    return expected.outcome is Outcome.ROWS and expected.rows == 0


def _failed(probe: Probe, observation: Observation, seen: str) -> Result:
    return Result(
        probe, Verdict.FAILED, f"expected {_expectation(probe, observation.known)}, but PostgreSQL answered: {seen}"
    )


def _expectation(probe: Probe, known: int | None) -> str:
    expected = probe.expected
    match expected.outcome:
        case Outcome.DENIED:
            return f"error {expected.sqlstate}" if expected.sqlstate else "a refusal"
        case Outcome.ROWS:
            return _rows(expected.rows)
        case Outcome.SOME:
            return "at least 1 row"
        case Outcome.ALL:
            return "all rows" if known is None else f"all {_rows(known)}"
        case Outcome.ALLOWED:
            return _permission(probe.action, known)


def _permission(action: Action, known: int | None) -> str:
    if action.verb == "call":
        return "the call to be allowed"
    return _rows(known) if known else "1 row"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
