"""The steps from what a database enforces to what the files ask for, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.policies.database.state import Columns, PolicyState
from gateway.policies.model import QualifiedName
from gateway.policies.plan.compiled import CompiledPolicy


class Loss(enum.StrEnum):
    """Kinds of destructive changes: what they take away cannot be got back from any file. The values are what
    `--allow` takes."""

    DROP_POLICY = "drop-policy"
    REPLACE_POLICY = "replace-policy"
    REVOKE = "revoke"
    DISABLE_ROW_SECURITY = "disable-row-security"


@dataclass(frozen=True, slots=True)
class SetRowSecurity:
    table: QualifiedName
    enabled: bool
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    table: QualifiedName
    policy: CompiledPolicy
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """`in_place` is false where ALTER POLICY cannot do it: another verb, another kind, an expression that goes."""

    table: QualifiedName
    before: PolicyState
    policy: CompiledPolicy
    in_place: bool
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class DropPolicy:
    table: QualifiedName
    before: PolicyState
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on a relation, or on some of its columns."""

    relation: QualifiedName
    role: str
    privilege: str
    columns: Columns
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class Revoke:
    relation: QualifiedName
    role: str
    privilege: str
    columns: Columns
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class GrantExecute:
    """`keeps` is true where the role could execute the function as one of PUBLIC, and keeps doing so."""

    signature: str
    procedure: bool
    role: str
    keeps: bool = False
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class RevokeExecute:
    signature: str
    procedure: bool
    role: str
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class GrantSequence:
    """USAGE on the sequence that numbers the rows of `table`."""

    sequence: QualifiedName
    table: QualifiedName
    role: str
    loss: Loss | None = None


class Purpose(enum.StrEnum):
    """What changes are recorded for."""

    REALTIME = "realtime"
    CACHE = "the cache"


@dataclass(frozen=True, slots=True)
class CreateTrigger:
    """A statement trigger that fires in sessions of every kind; `event` is a write verb or `truncate`. `old` and `new`
    are the names under which `function` finds the rows as they were and as they are."""

    table: QualifiedName
    name: str
    event: str
    function: QualifiedName
    old: str | None
    new: str | None
    purpose: Purpose
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class DropTrigger:
    table: QualifiedName
    name: str
    event: str
    purpose: Purpose
    loss: Loss | None = None


Change = (
    SetRowSecurity
    | CreatePolicy
    | ChangePolicy
    | DropPolicy
    | Grant
    | Revoke
    | GrantExecute
    | RevokeExecute
    | GrantSequence
    | CreateTrigger
    | DropTrigger
)


def subject(change: Change) -> str:
    """The table or function that a change is about, to group by."""
    match change:
        case Grant() | Revoke():
            return str(change.relation)
        case GrantExecute() | RevokeExecute():
            return change.signature
        case _:
            return str(change.table)
