"""What a database enforces now, as far as policy files rule it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.policies.model import QualifiedName

Columns = frozenset[str] | None
"""The columns of a privilege; None is the whole table."""


@dataclass(frozen=True, slots=True)
class ColumnState:
    """`type` as `format_type` prints it. `serial` is true if an owned sequence gives its default."""

    name: str
    type: str
    nullable: bool
    has_default: bool
    generated: bool
    serial: bool = False


@dataclass(frozen=True, slots=True)
class PolicyState:
    """A row of `pg_policy`. `verb` is one of the four, or `all`; `roles` are sorted, `public` for PUBLIC; `using` and
    `check` are PostgreSQL's own text of the expressions, printed with an empty search path."""

    name: str
    verb: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None


@dataclass(frozen=True, slots=True)
class SequenceState:
    """A sequence owned by a column that takes its default from it; `users` hold USAGE."""

    name: QualifiedName
    column: str
    users: frozenset[str]


@dataclass(frozen=True, slots=True)
class ForeignKeyState:
    name: str
    columns: tuple[str, ...]
    target: QualifiedName


@dataclass(frozen=True, slots=True)
class RelationState:
    """A table, partition, view, materialized view or foreign table. `kind` is `pg_class.relkind`.

    `grants` maps (role, privilege) to columns; a privilege on the whole table hides those on columns. All roles but
    the owner are listed. `parent` is set for partitions and inheritance children. `indexes` are the plain leading
    columns of each valid index. `triggers` are names of triggers that the gateway owns (`passerelle_*`), sorted.
    `rows` is the planner's estimate, -1 if never analysed.
    `view_oids` are relations that a view reads directly.
    """

    oid: int
    name: QualifiedName
    kind: str
    owner: str
    row_security: bool
    forced: bool
    columns: Mapping[str, ColumnState]
    grants: Mapping[tuple[str, str], Columns]
    policies: tuple[PolicyState, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKeyState, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    sequences: tuple[SequenceState, ...] = ()
    triggers: tuple[str, ...] = ()
    parent: QualifiedName | None = None
    is_partition: bool = False
    security_invoker: bool = False
    view_oids: frozenset[int] = frozenset()
    extension: str | None = None
    rows: float = -1

    @property
    def is_table(self) -> bool:
        """Whether it can have row security: an ordinary or partitioned table."""
        return self.kind in ("r", "p")


@dataclass(frozen=True, slots=True)
class FunctionState:
    """A function or procedure outside `pg_catalog`. `signature` is `regprocedure` printed with an empty search path.

    `executors` are the roles that may execute it, `public` for PUBLIC, the owner left out. `relation_oids` and
    `function_oids` are what `pg_depend` knows of a standard SQL body."""

    oid: int
    name: QualifiedName
    signature: str
    kind: str
    language: str
    volatility: str
    security_definer: bool
    search_path: str | None
    returns_set: bool
    returns: str
    is_trigger: bool
    owner: str
    executors: frozenset[str]
    extension: str | None = None
    source: str = ""
    relation_oids: frozenset[int] = frozenset()
    function_oids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class RoleState:
    """`members` are the roles that may become it, directly or through others; `heirs` those that have its rights
    without becoming it (INHERIT)."""

    name: str
    superuser: bool
    bypasses_row_security: bool
    login: bool
    members: frozenset[str] = frozenset()
    heirs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DefaultGrant:
    """An entry of ALTER DEFAULT PRIVILEGES: what `grantee` gets on `kind` (`tables`, `functions`, `sequences`) that
    `owner` makes in `schema` (None: in any)."""

    owner: str
    schema: str | None
    kind: str
    grantee: str
    privileges: frozenset[str]


@dataclass(frozen=True, slots=True)
class Applied:
    """The newest entry of the audit table: which files, when, by whom, and what the files had made then.

    `objects` are identities of grants and policies that files made (`policy public.t name`, `grant role select
    public.t`, …): what is not among them was made by hand."""

    number: int
    at: datetime
    by: str
    digest: str
    objects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """One consistent snapshot. `relations` and `functions` hold everything outside the system schemas; `resolved`
    maps each function signature of the files to the OID that PostgreSQL finds for it, or None. `me` is the role that
    is connected; `built_in_stable` are names of STABLE built-in functions."""

    server_version: int
    me: str
    relations: Mapping[QualifiedName, RelationState]
    functions: Mapping[int, FunctionState]
    roles: Mapping[str, RoleState]
    resolved: Mapping[str, int | None]
    default_grants: tuple[DefaultGrant, ...] = ()
    applied: Applied | None = None
    schema_users: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    built_in_stable: frozenset[str] = frozenset()
