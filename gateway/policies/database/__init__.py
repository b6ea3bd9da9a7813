"""What a database enforces now, and what PostgreSQL thinks of expressions."""

from gateway.policies.database.digest import state_digest
from gateway.policies.database.read import read_state
from gateway.policies.database.scratch import PRINTING, SET_LOCAL, kept, search
from gateway.policies.database.state import (
    Applied,
    Columns,
    ColumnState,
    DefaultGrant,
    ForeignKeyState,
    FunctionState,
    PolicyState,
    RelationState,
    RoleState,
    SequenceState,
    State,
)
from gateway.policies.database.verdicts import Refusal, Verdict, Wanted, judge

__all__ = [
    "PRINTING",
    "SET_LOCAL",
    "Applied",
    "ColumnState",
    "Columns",
    "DefaultGrant",
    "ForeignKeyState",
    "FunctionState",
    "PolicyState",
    "Refusal",
    "RelationState",
    "RoleState",
    "SequenceState",
    "State",
    "Verdict",
    "Wanted",
    "judge",
    "kept",
    "read_state",
    "search",
    "state_digest",
]
