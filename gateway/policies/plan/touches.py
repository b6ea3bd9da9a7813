"""The triggers that put changes on record for the cache: which tables need them, and which have them. Pure.

An answer is kept only while every table that it depends on says so when it changes: those that policies, views and
functions look at, the partitions and children of each, and its parents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gateway.policies.model import QualifiedName
from gateway.policies.plan.changes import Change, CreateTrigger, DropTrigger, Purpose

if TYPE_CHECKING:
    from gateway.catalog import Footprint

_EVENTS: Final = ("insert", "update", "delete", "truncate")
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Touchable:
    """An ordinary or partitioned table. `mine`: the connected role may make triggers; `whole`: statements lead from it
    to other tables. `present` are names of its triggers for the cache, `sound` those that do what they should."""

    name: QualifiedName
    owner: str
    mine: bool
    whole: bool
    present: frozenset[str]
    sound: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A relation or function whose answers may be kept: what they depend on, by role. `clock` is the rule's."""

    subject: str
    clock: timedelta | None
    footprints: Mapping[str, Footprint]


@dataclass(frozen=True, slots=True)
class Touches:
    """`changes` are the triggers to drop and make; `notes` say which answers are not kept for all that, and why."""

    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def trigger_names() -> list[str]:
    """Of all four. The names carry a version, so that two versions of the gateway can work on one database."""
    return [_trigger(event) for event in _EVENTS]


def touches(kept: Iterable[Kept], tables: Iterable[Touchable]) -> Touches:
    """What has to be done so that exactly the tables that kept answers depend on are watched."""
    known = {table.name: table for table in tables}
    wanted: set[QualifiedName] = set()
    notes: list[str] = []
    for each in kept:
        needed, reasons = _needs(each)
        wanted |= needed
        notes += reasons
        notes += _out_of_reach(each.subject, needed, known)
    changes = [change for table in known.values() for change in _changes(table, wanted=table.name in wanted)]
    # What is dropped may be made anew.
    changes.sort(key=lambda change: isinstance(change, CreateTrigger))
    more = [f"and {len(notes) - _SHOWN} more of the same kind"] if len(notes) > _SHOWN else []
    return Touches(tuple(changes), (*notes[:_SHOWN], *more))


def _needs(kept: Kept) -> tuple[set[QualifiedName], Iterator[str]]:
    """The tables that some role's answers depend on, and for whom there is nothing to be kept."""
    from gateway.catalog import key  # noqa: PLC0415 - sqlglot is slow to import

    needed: set[QualifiedName] = set()
    refused: dict[str, list[str]] = defaultdict(list)
    for role, footprint in sorted(kept.footprints.items()):
        reason = key(footprint, kept.clock).reason
        if reason is None:
            needed.update(QualifiedName(*name) for name in footprint.tables)
        else:
            refused[reason].append(role)
    notes = (
        f"`cache` of {kept.subject} has no effect for {' and '.join(roles)}: {reason}."
        for reason, roles in refused.items()
    )
    return needed, notes


def _out_of_reach(
    subject: str, needed: Iterable[QualifiedName], known: Mapping[QualifiedName, Touchable]
) -> Iterator[str]:
    for name in sorted(needed):
        table = known.get(name)
        if table is None:
            yield f"`cache` of {subject} has no effect: nobody can record changes of {name}."
        elif not table.mine and len(table.sound) < len(_EVENTS):
            yield (
                f"`cache` of {subject} has no effect: changes of {name} are not recorded, and only its owner "
                f"{table.owner} can make the triggers."
            )


def _changes(table: Touchable, *, wanted: bool) -> Iterator[Change]:
    if not table.mine:
        return
    for event in _EVENTS:
        name = _trigger(event)
        sound = name in table.sound
        if name in table.present and not (wanted and sound):
            yield DropTrigger(table.name, name, event, Purpose.CACHE)
        if wanted and not sound:
            yield _touch(table, event)


def _touch(table: Touchable, event: str) -> CreateTrigger:
    # Where statements lead to other tables, what they changed cannot be told (schema/gateway, 008).
    rows = not table.whole and event != "truncate"
    return CreateTrigger(
        table.name,
        _trigger(event),
        event,
        QualifiedName("passerelle", "touch_rows_v1" if rows else "touch_v1"),
        "changed" if rows and event == "delete" else None,
        "changed" if rows and event != "delete" else None,
        Purpose.CACHE,
    )


def _trigger(event: str) -> str:
    return f"passerelle_touch_{event}_v1"
