"""What an answer depends on, as a value."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from gateway.catalog.model import Name


class AllClaims(enum.Enum):
    """Every claim of the token: which ones are read is not known."""

    ALL = "all"


ALL: Final = AllClaims.ALL

Claims = frozenset[str] | Literal[AllClaims.ALL]
"""Names of claims at the top of the token. What lies within a claim belongs to it."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What may change an answer, apart from the statement with its parameters, the role, the search path and the
    formats of the session (`TimeZone`, `DateStyle`), and the definitions in the database. Two answers are the same if
    nothing in here differs; this holds only while `volatile` and `opaque` are None.

    `tables` hold data: tables, and the partitions, children and parents through which a write may reach them; never
    views. `columns` are those that are read by name: all of a table where that is not known. `functions` are
    user-defined ones that are not compiled. `claims` are compared by their JSON text, as the token has them; a claim
    that is missing is not a null one.
    `clock` says that the time of day is read; `bound` is how old an answer may be that asked a function for which
    somebody vouched with a clock. `request` is a read of `request.headers` and the like, `settings` are all others
    that are read. `volatile` and `opaque` say in words what answers differently each time, and what cannot be read.
    """

    tables: frozenset[Name] = frozenset()
    columns: frozenset[tuple[Name, str]] = frozenset()
    functions: frozenset[Name] = frozenset()
    claims: Claims = frozenset()
    clock: bool = False
    bound: timedelta | None = None
    volatile: str | None = None
    opaque: str | None = None
    request: bool = False
    settings: frozenset[str] = frozenset()

    def __or__(self, other: Footprint) -> Footprint:
        """What an answer made of both depends on."""
        return joined((self, other))


_NOTHING: Final = Footprint()


def joined(footprints: Iterable[Footprint]) -> Footprint:
    """What an answer made of all of them depends on."""
    found = Sum()
    for footprint in footprints:
        found.add(footprint)
    return found.footprint()


class Sum:
    """Footprints put together one by one; the first reasons are kept."""

    def __init__(self) -> None:
        self._tables: set[Name] = set()
        self._columns: set[tuple[Name, str]] = set()
        self._functions: set[Name] = set()
        self._claims: set[str] | None = set()
        self._clock = False
        self._bound: timedelta | None = None
        self._volatile: str | None = None
        self._opaque: str | None = None
        self._request = False
        self._settings: set[str] = set()

    def add(self, part: Footprint, through: str = "") -> None:
        """`through` says in its reasons how the part was reached."""
        if part is _NOTHING:
            return
        self._tables |= part.tables
        self._columns |= part.columns
        self._functions |= part.functions
        self._settings |= part.settings
        if part.claims is ALL:
            self._claims = None
        elif self._claims is not None:
            self._claims |= part.claims
        self._clock |= part.clock
        self._request |= part.request
        if part.bound is not None:
            self._bound = part.bound if self._bound is None else min(self._bound, part.bound)
        how = f", reached through {through}" if through else ""
        if part.opaque is not None and self._opaque is None:
            self._opaque = part.opaque + how
        if part.volatile is not None and self._volatile is None:
            self._volatile = part.volatile + how

    def footprint(self) -> Footprint:
        found = Footprint(
            frozenset(self._tables),
            frozenset(self._columns),
            frozenset(self._functions),
            ALL if self._claims is None else frozenset(self._claims),
            self._clock,
            self._bound,
            self._volatile,
            self._opaque,
            self._request,
            frozenset(self._settings),
        )
        return _NOTHING if found == _NOTHING else found


@dataclass(frozen=True, slots=True)
class Annotation:
    """What somebody vouches that a function depends on: these tables (and what row security says about them), these
    claims, and the clock no finer than `clock`, None for not at all. The function's code is then not looked at; only
    what PostgreSQL computes in place of missing arguments is."""

    tables: frozenset[Name] = frozenset()
    claims: frozenset[str] = frozenset()
    clock: timedelta | None = None
