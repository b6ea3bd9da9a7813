"""What policy files say, as immutable values. Nothing here knows of YAML or of a database."""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from gateway.policies.problems import Place

Verb = Literal["select", "insert", "update", "delete"]
VERBS: Final[tuple[Verb, ...]] = ("select", "insert", "update", "delete")

TABLE_PRIVILEGES: Final = (*VERBS, "truncate", "references", "trigger", "maintain")
"""What `grants` may name. PostgreSQL takes column lists for the first three and `references`."""
COLUMN_PRIVILEGES: Final = frozenset({"select", "insert", "update", "references"})

PUBLIC: Final = "public"
"""As a role: everybody (PostgreSQL's PUBLIC)."""


class QualifiedName(NamedTuple):
    """A table, view or function, by schema and name, unquoted."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL of type boolean. `text` has named predicates put in, each in parentheses; `source` is what the file says.

    `segments` maps `text` back to files: from an offset on, up to the next one, the text stands where the place says.
    """

    text: str
    source: str
    segments: tuple[tuple[int, Place], ...]

    def place(self, offset: int = 0) -> Place:
        """Where the character at `offset` of `text` stands in the files."""
        index = max(0, bisect_right(self.segments, offset, key=lambda segment: segment[0]) - 1)
        start, place = self.segments[index]
        return place._replace(column=place.column + max(0, offset - start))


@dataclass(frozen=True, slots=True)
class Grant:
    """`columns` is None for the whole table."""

    role: str
    privilege: str
    columns: frozenset[str] | None
    place: Place


@dataclass(frozen=True, slots=True)
class RowPolicy:
    """One entry of `rows`. It becomes one PostgreSQL policy for a single verb or for all four, else one for each verb,
    named `<name>_<verb>`."""

    name: str
    roles: tuple[str, ...]
    verbs: tuple[Verb, ...]
    restrictive: bool
    using: Expression | None
    check: Expression | None
    place: Place


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` requests in `per`."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class CacheRule:
    """How long an answer may be kept (`ttl`); how long past that it may stand in for a failing database
    (`stale_if_error`); how old an answer may be that depends on the clock (`clock`), None for never kept. `alias` are
    the names that people know answers by (see `gateway.policies.aliases`), the first that fits a request counts."""

    ttl: timedelta
    stale_if_error: timedelta | None = None
    clock: timedelta | None = None
    alias: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_rows` of one answer, and `requests` of one caller."""

    max_rows: int | None = None
    requests: Rate | None = None


@dataclass(frozen=True, slots=True)
class Reads:
    """What somebody vouches that an opaque function depends on: nothing else than these tables and claims, and the
    clock no finer than `clock` (None: not at all)."""

    tables: frozenset[QualifiedName] = frozenset()
    claims: frozenset[str] = frozenset()
    clock: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody to test as: a database role and the claims of a token (`sub` and others; `role` is put in)."""

    name: str
    role: str
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return self.name


class Outcome(enum.StrEnum):
    """What a probe expects. ROWS: exactly `Expected.rows`; SOME: at least one; ALL: as many as there are;
    DENIED: permission denied (42501), or no row found."""

    ROWS = "rows"
    SOME = "some"
    ALL = "all"
    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Expected:
    """`sqlstate` narrows DENIED to one error (`42501`); None takes any refusal."""

    outcome: Outcome
    rows: int = 0
    sqlstate: str | None = None


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row that the owner inserts before a probe, past row security. `values` are JSON values by column."""

    table: QualifiedName
    values: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Action:
    """What a probe tries: `verb` on `table` for the rows of `where` (SQL) and `key` (column: JSON value), with
    `values` (column: JSON value) to insert or set; or a call of `function` with named `values`.

    An update without values sets a column that the role may update to itself, the key's first one if it can: that asks
    `using` and `check` and changes nothing.
    `columns` are what a select asks for, and what a write returns (RETURNING: the rules of reading must then accept the
    new row); none means that rows are only counted, and then a write without `where` and `key` reads nothing.
    """

    verb: Verb | Literal["call"]
    table: QualifiedName | None = None
    function: QualifiedName | None = None
    where: Expression | None = None
    key: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """One elementary test: after `given` was inserted, `persona` tries `action`. Nothing of it stays."""

    name: str
    persona: Persona
    action: Action
    expected: Expected
    place: Place
    given: tuple[NewRow, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRules:
    """A file with `table:`. `row_security` is false only where the file says `row_security: false`. `realtime` and
    `cache`, `limits` have the defaults of the set put in."""

    table: QualifiedName
    grants: tuple[Grant, ...]
    rows: tuple[RowPolicy, ...]
    row_security: bool
    realtime: frozenset[Verb]
    cache: CacheRule | None
    limits: Limits
    place: Place


@dataclass(frozen=True, slots=True)
class FunctionRules:
    """A file with `function:`, or an entry of `functions:`. `signature` is as written, like `public.f(uuid, text)`,
    or a bare name where there is only one of it."""

    signature: str
    execute: frozenset[str]
    cache: CacheRule | None
    limits: Limits
    reads: Reads | None
    place: Place


@dataclass(frozen=True, slots=True)
class Defaults:
    """The set's `defaults.yaml`. `schemas` are those whose every table and function the files rule: what has no file
    has no grants. `roles` are those whose grants the files rule (`public` always is); all others keep what was granted
    to them."""

    schemas: tuple[str, ...] = ("public",)
    roles: tuple[str, ...] = ("anon", "authenticated")
    search_path: tuple[str, ...] = ("public", "extensions")
    realtime: frozenset[Verb] = frozenset()
    cache: CacheRule | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An entry of `accept`: findings of the lint with this code are meant, for the stated reason. It holds for what its
    file is about, in defaults.yaml for the whole set; `about` narrows it to one table, function or role."""

    lint: str
    because: str
    place: Place
    about: str | None = None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything in one folder. `digest` is the SHA-256 of all files that were read, hexadecimal; `files` their
    names."""

    defaults: Defaults
    tables: tuple[TableRules, ...]
    functions: tuple[FunctionRules, ...]
    personas: Mapping[str, Persona]
    probes: tuple[Probe, ...]
    digest: str
    files: tuple[str, ...] = ()
    accepts: tuple[Acceptance, ...] = ()
