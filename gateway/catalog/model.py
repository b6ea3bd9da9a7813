"""What the database has, as immutable values.

A `Catalog` is one consistent snapshot, read in one READ ONLY transaction as the login role, so privileges of the
request's role are not considered: a table without grants is found here and refused by PostgreSQL (42501).
Semantics follow PostgREST's schema cache (docs: "Schema Cache", "Resource Embedding").
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gateway.rates import Rate

if TYPE_CHECKING:
    from gateway.catalog.caching import Caching


class Name(NamedTuple):
    """A schema-qualified SQL name, unquoted."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


class RelationKind(enum.Enum):
    TABLE = "table"
    PARTITIONED = "partitioned table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FOREIGN_TABLE = "foreign table"


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is the nominal type as `format_type(atttypid, atttypmod)` prints it; `base_type` has domains resolved
    and no length; `type_name` is the schema-qualified name of the nominal type; `max_length` counts characters."""

    name: str
    type: str
    base_type: str
    type_name: Name
    nullable: bool
    default: str | None = None
    generated: bool = False
    identity_always: bool = False
    max_length: int | None = None
    enum: tuple[str, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view, materialized view, foreign table or partitioned table (never a partition).

    `primary_key` of a view is the base table's key if all its columns are exposed. `insertable`, `updatable`,
    `deletable` are structural (`pg_relation_is_updatable`, triggers counted) and say nothing of grants.
    `max_rows` is the policy files' limit for one answer, `requests` that for one caller. `oid`, here and in what
    follows, is the number that footprints and cache rules go by.
    `opaque` is None if everything a plain read of the relation can run (views, policies, casts, down to every
    function behind every operator) is built in or analysed, and harmless to the session; otherwise it says in words
    what could not be vouched for. See `catalog.trust`.
    """

    name: Name
    kind: RelationKind
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    insertable: bool = True
    updatable: bool = True
    deletable: bool = True
    description: str | None = None
    opaque: str | None = None
    max_rows: int | None = None
    requests: Rate | None = None
    oid: int = 0


class Cardinality(enum.Enum):
    """The value is the wording of PostgREST's PGRST201 details."""

    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    ONE_TO_ONE = "one-to-one"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True)
class Junction:
    """The table between the two ends of a many-to-many relationship.

    `origin_columns` pairs (column of the origin, column of the junction); `target_columns` pairs (column of the
    target, column of the junction)."""

    table: Name
    origin_constraint: str
    target_constraint: str
    origin_columns: tuple[tuple[str, str], ...]
    target_columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Relationship:
    """One way from `origin` to `target`.

    `columns` pairs (column of the origin, column of the target) in constraint order; empty for many-to-many, whose
    pairs are in `junction`, and for computed relationships, where `function` is the function to call with the
    origin's row and `constraint` its name. `inverse` is true at the referenced end of a foreign key. `is_self` is true
    when a foreign key points back to its own table.
    `origin_is_view`, `target_is_view` matter to hints: a constraint or column name never selects a view.
    """

    origin: Name
    target: Name
    cardinality: Cardinality
    constraint: str
    columns: tuple[tuple[str, str], ...] = ()
    junction: Junction | None = None
    function: Name | None = None
    single_row: bool = False
    inverse: bool = False
    is_self: bool = False
    origin_is_view: bool = False
    target_is_view: bool = False
    opaque: str | None = None
    function_oid: int | None = None

    @property
    def to_one(self) -> bool:
        if self.function is not None:
            return self.single_row
        return self.cardinality in (Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_ONE)


class Volatility(enum.Enum):
    VOLATILE = "v"
    STABLE = "s"
    IMMUTABLE = "i"


@dataclass(frozen=True, slots=True)
class Parameter:
    """An input parameter. `type` is for declarations in SQL, as `format_type` prints it (parameters carry no length,
    so `bit` and `character` are given as their varying forms); `display_type` is what messages call it. `name` is
    empty for the single unnamed parameter form."""

    name: str
    type: str
    type_name: Name
    required: bool
    variadic: bool = False
    display_type: str = ""


@dataclass(frozen=True, slots=True)
class ReturnType:
    """`composite` is true for row types, OUT parameters and `record`, whose results are objects; `relation` is set
    when the row type is that of a relation (then embedding works); `columns` holds (name, type) of OUT/TABLE
    columns or of the composite type, empty for a plain `record`. `is_void` functions answer nothing."""

    type_name: Name
    setof: bool
    composite: bool
    is_void: bool = False
    relation: Name | None = None
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """An exposable function: not an aggregate, window function, procedure or trigger function.

    `settings` are those of the function's own SET clauses (proconfig) that the gateway hoists, in order; `isolation`
    is its own `default_transaction_isolation` as SQL (e.g. "REPEATABLE READ"), hoisted or not. `rows` is the
    planner's ROWS estimate (1 means to-one for computed relationships)."""

    name: Name
    parameters: tuple[Parameter, ...]
    returns: ReturnType
    volatility: Volatility
    variadic: bool = False
    settings: tuple[tuple[str, str], ...] = ()
    isolation: str | None = None
    description: str | None = None
    rows: float = 0
    opaque: str | None = None
    max_rows: int | None = None
    requests: Rate | None = None
    oid: int = 0


@dataclass(frozen=True, slots=True)
class Representation:
    """An implicit cast with a function between a domain and text/json (PostgREST: "Domain Representations")."""

    source: Name
    target: Name
    function: Name
    opaque: str | None = None
    function_oid: int = 0


@dataclass(frozen=True, slots=True)
class MediaHandler:
    """An aggregate that renders rows of `relation` (None: of any relation) as `media_type` (a MIME type, or `*/*`).

    Functions returning a media type domain directly are found by `Function.returns.type_name` and
    `Catalog.media_domains`."""

    media_type: str
    function: Name
    relation: Name | None
    binary: bool = False
    opaque: str | None = None
    function_oid: int = 0


@dataclass(frozen=True, slots=True)
class MediaDomain:
    """A domain whose name is a media type (or `*/*`); `binary` if it is one over bytea, else its text is the body."""

    media_type: str
    binary: bool


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """`ALTER ROLE … SET` of a role the login role may become, applied before the role switch; `isolation` is the
    role's `default_transaction_isolation` (upper case SQL, e.g. "REPEATABLE READ") or None."""

    settings: tuple[tuple[str, str], ...] = ()
    isolation: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """A snapshot.

    `relationships` is indexed by origin; `functions` by name, holding all overloads; `representations` by
    (source, target); `media_domains` maps a domain's name to the media type it stands for; `schemas` maps each
    exposed schema to its comment. `opaque_operators` is None, or says which user-defined operator or cast makes the
    filter operators of the URL grammar reach code that is not vouched for.
    `lying_functions` are those declared IMMUTABLE that are not, with the reason: plans hold answers of theirs, so none
    may outlive its request.
    `opaque_names` are the unqualified names of all functions and types, of any schema, that are not vouched for, with
    the reason: a name of a request that is not a column (a computed field, a cast) may mean one of them.
    `records_changes`: transactions leave a record of the tables they change. `caching` is what a cache has to know,
    None where it was not asked for or no policy file in force has a `cache:` rule. `version` counts loads in this
    process.
    """

    schemas: Mapping[str, str | None]
    relations: Mapping[Name, Relation]
    relationships: Mapping[Name, tuple[Relationship, ...]]
    functions: Mapping[Name, tuple[Function, ...]]
    representations: Mapping[tuple[Name, Name], Representation]
    media_handlers: tuple[MediaHandler, ...]
    media_domains: Mapping[Name, MediaDomain]
    role_settings: Mapping[str, RoleSettings]
    timezones: frozenset[str]
    server_version: int
    opaque_operators: str | None = None
    opaque_names: Mapping[str, str] = field(default_factory=dict[str, str])
    lying_functions: Mapping[str, str] = field(default_factory=dict[str, str])
    caching: Caching | None = None
    records_changes: bool = False
    version: int = 0
