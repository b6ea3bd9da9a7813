"""An explanation, as immutable values: what was asked, everything PostgreSQL asks in turn, and its own answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from gateway.policies.database.state import Columns, PolicyState
from gateway.policies.explain.truth import (
    ANYTHING,
    FALSE,
    TRUE,
    Possible,
    Truth,
    all_of,
    any_of,
    lets_through,
    negation,
    then,
)
from gateway.policies.model import Persona, QualifiedName, Verb
from gateway.policies.problems import Place

Clause = Literal["using", "check"]
Image = Literal["existing", "new"]


@dataclass(frozen=True, slots=True)
class Question:
    """May `persona` do `verb` with rows of `table`: those with this `key` (column: JSON value) and `where` (SQL), or
    for an insert the new row with `values`; an update sets `values`, or a column to itself if there are none.

    Without `attempt` PostgreSQL is not asked to do it, so no trigger runs.
    """

    persona: Persona
    verb: Verb
    table: QualifiedName
    key: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    where: str | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    attempt: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """How a role stands to a relation, in PostgreSQL's judgement. `acts_as` are the roles whose privileges it has;
    `filtered` says whether row security holds for it, `on_table` which verbs it has for the whole relation,
    `on_columns` for which columns it has select, insert and update. `numbers` are columns that it may take the next
    number of the sequence for. `triggers`: writing to the relation runs some."""

    role: str
    superuser: bool
    bypasses_row_security: bool
    owns: bool
    enters_schema: bool
    filtered: bool
    acts_as: frozenset[str]
    on_table: frozenset[str]
    on_columns: Mapping[str, tuple[str, ...]]
    numbers: frozenset[str] = frozenset()
    triggers: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition and what became of it on one row. `truth` is None for what PostgreSQL cannot be asked about alone;
    `message` says why, or which error was raised. `parts` are the operands of OR, AND and NOT."""

    kind: Literal["or", "and", "not", "leaf"]
    sql: str
    truth: Truth | None
    message: str = ""
    parts: tuple[Condition, ...] = ()

    @property
    def possible(self) -> Possible:
        """What it may be inside a statement."""
        derived = self.derived
        return derived | {self.truth} if self.truth is not None else derived

    @property
    def derived(self) -> Possible:
        """What its parts say that it may be."""
        parts = [part.possible for part in self.parts]
        match self.kind:
            case "or":
                return any_of(parts)
            case "and":
                return all_of(parts)
            case "not":
                return negation(parts[0])
            case "leaf":
                return frozenset({self.truth}) if self.truth is not None else ANYTHING

    @property
    def coherent(self) -> bool:
        """Whether it is what its parts say, all the way down."""
        return (self.truth is None or self.truth in self.derived) and all(part.coherent for part in self.parts)


@dataclass(frozen=True, slots=True)
class Considered:
    """A policy for the verb of a step. `elsewhere` names whom it is for instead, if not for this role. `condition` is
    None then, and for a policy that has none."""

    policy: PolicyState
    place: Place | None
    elsewhere: str = ""
    condition: Condition | None = None

    @property
    def applies(self) -> bool:
        return not self.elsewhere


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that row security asks: the policies for `verb`, by their `clause`, about the existing or the new row.

    `refuses` says what happens if they do not hold: the row is passed over, or the statement fails.
    """

    verb: Verb
    clause: Clause
    image: Image
    considered: tuple[Considered, ...]

    @property
    def refuses(self) -> bool:
        return self.image == "new"

    @property
    def possible(self) -> Possible:
        """One permissive policy must let the row through, and all restrictive ones; without a permissive one: no."""
        conditions = [each for each in self.considered if each.applies and each.condition is not None]
        permissive = [each.condition.possible for each in conditions if each.policy.permissive and each.condition]
        restrictive = [each.condition.possible for each in conditions if not each.policy.permissive and each.condition]
        return lets_through(all_of([any_of(permissive), *restrictive]))


@dataclass(frozen=True, slots=True)
class Privilege:
    """A privilege that the statement needs: on these `columns`, or on any column or the whole relation (None).
    `missing` are columns without it; `holders` are the roles that it comes from, with their columns. `sequence` is what
    it is on instead, for usage."""

    name: str
    columns: tuple[str, ...] | None
    held: bool
    missing: tuple[str, ...] = ()
    holders: tuple[tuple[str, Columns], ...] = ()
    sequence: QualifiedName | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What PostgreSQL did when the persona tried. `sql` is the statement, `outcome` FALSE for no row and for 42501.

    `elsewhere` says why an error may have nothing to do with policies, empty if it must.
    """

    sql: str
    outcome: Truth
    sqlstate: str = ""
    message: str = ""
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One statement: what it asks in turn, what that may come to, and what PostgreSQL did (None: not tried).
    `guessed`: triggers may make another new row of it."""

    privileges: tuple[Privilege, ...]
    steps: tuple[Step, ...]
    attempt: Attempt | None = None
    not_tried: str = ""
    guessed: bool = False

    @property
    def possible(self) -> Possible:
        """Rows that exist are looked at before there is a new one. Without privileges nothing is looked at, but a
        statement may fail before they are."""
        existing = lets_through(all_of(step.possible for step in self.steps if step.image == "existing"))
        new = lets_through(all_of(step.possible for step in self.steps if step.image == "new"))
        asked = then(existing, new)
        if all(privilege.held for privilege in self.privileges):
            return asked
        return FALSE | (asked & {Truth.ERROR})

    @property
    def confirmed(self) -> bool:
        """Whether PostgreSQL did what the steps say. A policy may be denied what it calls: an error, and 42501."""
        attempt = self.attempt
        if attempt is None:
            return False
        denied = attempt.sqlstate == "42501" and Truth.ERROR in self.possible
        return denied or attempt.outcome in self.possible

    @property
    def answer(self) -> Truth | None:
        """PostgreSQL's own answer if there is one, else what the steps come to, None if they leave it open."""
        if self.attempt is not None and (self.confirmed or not self.attempt.elsewhere):
            return self.attempt.outcome
        return next(iter(self.possible)) if len(self.possible) == 1 else None

    @property
    def agrees(self) -> bool | None:
        """As `confirmed`; None if that is not known. False is a defect of this room."""
        conditions = [each.condition for step in self.steps for each in step.considered if each.condition is not None]
        if not all(condition.coherent for condition in conditions):
            return False
        if self.attempt is None:
            return None
        if self.confirmed:
            return True
        return None if self.attempt.elsewhere or self.guessed else False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why, or why not. `row` is the existing row, which `key` names, `new_row` what would be written; both as JSON
    values. `reading_back` is the same insert with the new row as its answer. `unfiltered` says why row security does
    not hold, empty if it does. `notes` are things to know."""

    question: Question
    standing: Standing
    key: Mapping[str, Any]
    row: Mapping[str, Any] | None
    new_row: Mapping[str, Any] | None
    unfiltered: str
    outcome: Outcome
    reading_back: Outcome | None = None
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool | None:
        """As `Outcome.agrees`, of both statements."""
        both = [self.outcome.agrees, self.reading_back.agrees if self.reading_back is not None else True]
        return False if False in both else None if None in both else True


__all__ = [
    "TRUE",
    "Attempt",
    "Clause",
    "Condition",
    "Considered",
    "Explanation",
    "Image",
    "Outcome",
    "Privilege",
    "Question",
    "Standing",
    "Step",
]
