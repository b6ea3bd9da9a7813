"""What the statements of probes need to know about tables and functions, read once before the first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from gateway.policies.model import Action, Probe, QualifiedName
from gateway.policies.testing.sql import statement

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

_LOCATED = ("r", "p")


@dataclass(frozen=True, slots=True)
class Column:
    """`settable` says that an UPDATE may give it a value; `readers` and `writers` are roles with the privilege."""

    name: str
    settable: bool
    readers: frozenset[str]
    writers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Relation:
    """`located` says that its rows have places that a cursor can point to: a table, not a view."""

    name: QualifiedName
    located: bool
    columns: Mapping[str, Column]

    def unreadable(self, role: str, columns: Iterable[str]) -> list[str]:
        """Those of `columns` that `role` may not read although it may read others."""
        readable = {name for name, column in self.columns.items() if role in column.readers}
        return [name for name in columns if name in self.columns and name not in readable] if readable else []

    def unchanging(self, role: str, first: Iterable[str]) -> str | None:
        """The column to set to itself, so that nothing changes: `first` if the role may update one of them, else
        another that it may update, and rather one that it may read."""
        candidates = [column for column in (*first, *self.columns) if self._settable(column)]
        writable = [name for name in candidates if role in self.columns[name].writers]
        readable = [name for name in writable if role in self.columns[name].readers]
        return next(iter([*readable, *writable, *candidates]), None)

    def _settable(self, name: str) -> bool:
        return name in self.columns and self.columns[name].settable


@dataclass(frozen=True, slots=True)
class Function:
    """One overload: types as `format_type` prints them by parameter; those in `optional` have defaults."""

    name: QualifiedName
    parameters: Mapping[str, str]
    optional: frozenset[str]

    def takes(self, arguments: Iterable[str]) -> bool:
        given = set(arguments)
        return given <= self.parameters.keys() and self.parameters.keys() - given <= self.optional


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The relations and functions that probes name, as far as they exist."""

    relations: Mapping[QualifiedName, Relation]
    functions: Mapping[QualifiedName, tuple[Function, ...]]

    def relation(self, action: Action) -> Relation | None:
        return self.relations.get(action.table) if action.table is not None else None

    def function(self, action: Action) -> Function | None:
        """The one overload that takes the arguments; None if there is none or more."""
        found = self.functions.get(action.function, ()) if action.function is not None else ()
        fitting = [function for function in found if function.takes(action.values)]
        return fitting[0] if len(fitting) == 1 else None


async def read_surroundings(connection: Connection, probes: Iterable[Probe]) -> Surroundings:
    """Look at everything that `probes` name, with privileges as they are now."""
    probes = list(probes)
    tables = {probe.action.table for probe in probes if probe.action.table is not None}
    tables |= {row.table for probe in probes for row in probe.given}
    functions = {probe.action.function for probe in probes if probe.action.function is not None}
    roles = {probe.persona.role for probe in probes}
    rows = await connection.fetch(statement("columns"), *_split(tables), sorted(roles))
    called = await connection.fetch(statement("functions"), *_split(functions))
    return Surroundings(_relations(rows), _functions(called))


def _split(names: Iterable[QualifiedName]) -> tuple[list[str], list[str]]:
    ordered = sorted(names)
    return [name.schema for name in ordered], [name.name for name in ordered]


def _relations(rows: Iterable[asyncpg.Record]) -> dict[QualifiedName, Relation]:
    columns: dict[QualifiedName, dict[str, Column]] = defaultdict(dict)
    located: dict[QualifiedName, bool] = {}
    for row in rows:
        name = QualifiedName(row["schema"], row["name"])
        located[name] = row["kind"] in _LOCATED
        columns[name][row["column"]] = Column(
            row["column"], row["settable"], frozenset(row["readers"]), frozenset(row["writers"])
        )
    return {name: Relation(name, located[name], found) for name, found in columns.items()}


def _functions(rows: Iterable[asyncpg.Record]) -> dict[QualifiedName, tuple[Function, ...]]:
    found: dict[QualifiedName, list[Function]] = defaultdict(list)
    for row in rows:
        name = QualifiedName(row["schema"], row["name"])
        parameters = dict(zip(row["parameters"], row["types"], strict=True))
        optional = frozenset(row["parameters"][len(row["parameters"]) - row["defaults"] :])
        found[name].append(Function(name, parameters, optional))
    return {name: tuple(overloads) for name, overloads in found.items()}
