"""The triggers that record changes for realtime and the cache: what they are called, and what they call.

The functions are the gateway's own (`schema/gateway`). Names carry a version, so that two versions of the gateway can
work on one database.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.policies.database.state import State
from gateway.policies.model import QualifiedName, TableRules
from gateway.policies.plan.compiled import realtime_verbs

_VERSION: Final = 1
_EVENTS: Final = ("insert", "update", "delete", "truncate")


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
    verbs = realtime_verbs(rules)
    return [event for event in _EVENTS if event in verbs or (event == "truncate" and "delete" in verbs)]


def event_of(trigger: str) -> str:
    """The event in a trigger's name; empty for a name of another form."""
    return next((event for event in _EVENTS if capture_trigger(event) == trigger), "")
