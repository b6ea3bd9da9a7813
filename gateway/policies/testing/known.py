"""Which rows the owner finds, past row security: what a probe's answer is measured by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

import asyncpg

from gateway.policies.model import Outcome, Probe, QualifiedName
from gateway.policies.testing.results import is_tried_blind
from gateway.policies.testing.session import FAULTS, Session
from gateway.policies.testing.statements import Key, find_each, point, shape
from gateway.policies.testing.surroundings import Surroundings

LOOKUP: Final = "passerelle_lookup"
"""The savepoint behind which keys are looked up."""


class KnownRow(NamedTuple):
    """`cursor` points to the row if a probe has to reach it blindly; `values` are JSON values by column."""

    cursor: str | None
    values: Mapping[str, Any]


class Alike(NamedTuple):
    """What keys have in common that can be looked up together: a table, and columns with values in them."""

    table: QualifiedName
    shape: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The rows of each key that was looked up, or why it could not be."""

    found: Mapping[str, Sequence[KnownRow]]
    problems: Mapping[str, str]

    def rows(self, probe: Probe) -> Sequence[KnownRow] | None:
        return self.found.get(_identity(probe)) if is_found_by_key(probe) else None

    def problem(self, probe: Probe) -> str | None:
        return self.problems.get(_identity(probe)) if is_found_by_key(probe) else None


def is_found_by_key(probe: Probe) -> bool:
    """Whether the key alone says which rows a probe is about."""
    action = probe.action
    return action.table is not None and bool(action.key) and action.where is None


def alike(probe: Probe) -> Alike:
    """Of a probe whose rows are found by key."""
    assert probe.action.table is not None
    return Alike(probe.action.table, shape(probe.action.key))


def needs_count(probe: Probe) -> bool:
    """Whether what a probe expects depends on how many rows there are, and no key tells."""
    action, expected = probe.action, probe.expected
    if action.verb in ("insert", "call") or is_found_by_key(probe):
        return False
    match expected.outcome:
        case Outcome.ALL:
            return True
        case Outcome.DENIED:
            return expected.sqlstate is None
        case Outcome.ROWS:
            return expected.rows == 0
        case _:
            return False


async def find_known(session: Session, surroundings: Surroundings, probes: Iterable[Probe]) -> Known:
    """Look up the rows of all keys, as the owner, behind the savepoint LOOKUP. Cursors stay open."""
    search = _Search(session, surroundings)
    for kind, keys in _keys(probes, surroundings).items():
        if not await search.look_up(kind.table, keys) and len(keys) > 1:
            for identity, key in keys.items():
                await search.look_up(kind.table, {identity: key})
    await search.point()
    return Known(search.found, search.problems)


class _Wanted(NamedTuple):
    key: Key
    blind: bool


@dataclass(slots=True)
class _Search:
    session: Session
    surroundings: Surroundings
    found: dict[str, list[KnownRow]] = field(default_factory=dict[str, list[KnownRow]])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    pointing: list[str] = field(default_factory=list[str])

    async def look_up(self, table: QualifiedName, keys: Mapping[str, _Wanted]) -> bool:
        """Whether PostgreSQL could read all of the keys."""
        located = self.surroundings.relations[table].located
        asked = find_each(table, [wanted.key for wanted in keys.values()], located=located)
        identities = list(keys)
        try:
            rows = await self.session.rows(asked)
        except FAULTS:
            raise
        except asyncpg.PostgresError as error:
            await self.session.script(f"rollback to savepoint {LOOKUP}")
            reason = f"its rows cannot be looked up: {error.message} ({error.sqlstate})"
            for identity in identities:
                self.problems[identity] = reason
            return False
        for identity in identities:
            self.found[identity] = []
            self.problems.pop(identity, None)
        for row in rows:
            number, place, partition, values = cast("tuple[int, str, int, str]", tuple(row))
            identity = identities[number - 1]
            cursor = None
            if located and keys[identity].blind:
                cursor = f"passerelle_row_{len(self.pointing)}"
                self.pointing.append(point(cursor, table, place, partition))
            self.found[identity].append(KnownRow(cursor, json.loads(values)))
        return True

    async def point(self) -> None:
        """Open all cursors: after the last error, which would close them."""
        if self.pointing:
            await self.session.script(*self.pointing)


def _keys(probes: Iterable[Probe], surroundings: Surroundings) -> dict[Alike, dict[str, _Wanted]]:
    keys: dict[Alike, dict[str, _Wanted]] = {}
    for probe in probes:
        if is_found_by_key(probe) and probe.action.table in surroundings.relations:
            known = keys.setdefault(alike(probe), {})
            identity = _identity(probe)
            blind = is_tried_blind(probe) or (identity in known and known[identity].blind)
            known[identity] = _Wanted(probe.action.key, blind)
    return keys


def _identity(probe: Probe) -> str:
    return json.dumps([probe.action.table, dict(probe.action.key)])
