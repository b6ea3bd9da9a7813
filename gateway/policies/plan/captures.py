"""The triggers that record changes for realtime: what they are called, and what they call.

The functions are the gateway's own (`schema/gateway`). Names carry a version, so that two versions of the gateway can
work on one database.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.policies.database.state import State
from gateway.policies.model import QualifiedName, TableRules
from gateway.policies.plan.changes import CreateTrigger, Purpose

_VERSION: Final = 1
_EVENTS: Final = ("insert", "update", "delete", "truncate")
_OLD: Final = {"update": "old_rows", "delete": "old_rows"}
_NEW: Final = {"insert": "new_rows", "update": "new_rows"}


def capture_function(event: str) -> QualifiedName:
    """The trigger function for an event."""
    return QualifiedName("passerelle", f"capture_{event}_v{_VERSION}")


def capture_trigger(event: str) -> str:
    """The trigger's name; of triggers for the same event PostgreSQL runs the alphabetically first one first."""
    return f"passerelle_capture_{event}_v{_VERSION}"


def can_capture(state: State) -> bool:
    """Whether the database has the gateway's trigger functions."""
    names = {function.name for function in state.functions.values() if function.name.schema == "passerelle"}
    return all(capture_function(event) in names for event in _EVENTS)


def wanted_events(rules: TableRules) -> Iterable[str]:
    """The events to record. Emptying a table counts as deleting from it."""
    verbs = rules.realtime
    return [event for event in _EVENTS if event in verbs or (event == "truncate" and "delete" in verbs)]


def capture(table: QualifiedName, event: str) -> CreateTrigger:
    """What makes the trigger."""
    return CreateTrigger(
        table,
        capture_trigger(event),
        event,
        capture_function(event),
        _OLD.get(event),
        _NEW.get(event),
        Purpose.REALTIME,
    )


def event_of(trigger: str) -> str:
    """The event in a trigger's name; empty for a name of another form."""
    return next((event for event in _EVENTS if capture_trigger(event) == trigger), "")
