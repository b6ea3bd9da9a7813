"""A read resolved against the catalog: what `sql` turns into a statement. Frozen; no SQL text here.

Slots are indexes into the request's values; texts in these trees are names or keys from the URL or the catalog.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.catalog import Function, Name, Relationship
from gateway.rest.grammar.syntax import Aggregate, JsonStep, Operation
from gateway.rest.plan.uses import Uses


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column, computed field or JSON path below one, of the node it stands in.

    `to_json`: the path is taken of `to_jsonb(column)`, the column being no JSON itself. `representation` is a
    function to apply: domain to json in outputs, text to domain in filters. `whole_row` stands for the row itself.
    """

    name: str
    path: tuple[JsonStep, ...] = ()
    to_json: bool = False
    representation: Name | None = None
    whole_row: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One item of a select list. `alias` None leaves the naming to PostgreSQL; `join` is the embed whose column it
    is, or None for the node's own."""

    column: ColumnRef
    alias: str | None = None
    cast: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None
    join: str | None = None

    @property
    def name(self) -> str:
        return self.alias if self.alias is not None else self.column.name


@dataclass(frozen=True, slots=True)
class Test:
    """A filter. `as_tsvector`: the column is no tsvector and full-text search converts it."""

    column: ColumnRef
    operation: Operation
    negated: bool = False
    as_tsvector: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """A null filter on the embed that joins as `join`: it has rows (`present`) or none. `many`: it is to-many."""

    join: str
    present: bool
    many: bool


@dataclass(frozen=True, slots=True)
class Group:
    """`operator` is AND or OR."""

    operator: str
    children: tuple[Predicate, ...]
    negated: bool = False


Predicate = Test | Presence | Group


@dataclass(frozen=True, slots=True)
class Ordering:
    """`join` is the to-one embed whose column orders, or None for the node's own."""

    column: ColumnRef
    join: str | None = None
    descending: bool | None = None
    nulls_first: bool | None = None


class Mode(enum.Enum):
    """How an embed's rows enter the parent: as one object, as an array, or as columns of one or of many rows."""

    OBJECT = "object"
    ARRAY = "array"
    SPREAD_ONE = "spread one"
    SPREAD_MANY = "spread many"


@dataclass(frozen=True, slots=True)
class Lifted:
    """A column that a spread brings into its parent: `name` in the joined rows, `alias` in the parent."""

    name: str
    alias: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """`join` is the SQL alias of the joined rows, `key` the name in the parent's object. `hidden` embeds filter but
    show nothing. `lifted` belongs to spreads; `row_order` is the order of the arrays of SPREAD_MANY."""

    key: str
    join: str
    relationship: Relationship
    mode: Mode
    inner: bool
    hidden: bool
    node: Node
    lifted: tuple[Lifted, ...] = ()
    row_order: tuple[Ordering, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """The rows of one relation. `alias` None: the relation is named in full (the root of a table read).

    `limit` and `offset` are slots; `max_rows` bounds the rows whatever was asked. `derived` marks the root of
    a function call or a write, whose rows are the result and not those of the relation.
    """

    relation: Name
    alias: str | None
    outputs: tuple[Output, ...] = ()
    embeds: tuple[Embed, ...] = ()
    where: tuple[Predicate, ...] = ()
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    max_rows: int | None = None
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A term of an order with nothing left unsaid; see `Ordering`."""

    column: ColumnRef
    join: str | None
    descending: bool
    nulls_first: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Keyset:
    """Rows by cursor: `keys` are the terms of the root's order, which no two rows share. `position` holds a slot for
    each key of the row to go on after (None: its value is null), or is None for the first page."""

    keys: tuple[Key, ...]
    position: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class ReadTree:
    """`opaque` says why the read may not use the fast path (None: everything it runs is vouched for).
    `default_select`: whole rows, nothing else. `legacy_names` are (target, alias) pairs of embeds that were addressed
    by their target although they have an alias. `keyset` is None for reads without a cursor. `uses` is what the rows
    depend on, apart from where those of a `derived` root come from."""

    root: Node
    opaque: str | None
    default_select: bool
    uses: Uses
    legacy_names: tuple[tuple[str, str], ...] = ()
    keyset: Keyset | None = None


@dataclass(frozen=True, slots=True)
class CallArgument:
    """An argument; more than one slot only for a variadic parameter, none if it comes from the call's body. Without
    a name it is the function's only parameter."""

    name: str
    type: str
    slots: tuple[int, ...]
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function call. `computed` are computed fields of its rows that the read over it uses. `body` is the slot of a
    JSON body that holds the arguments (an object, or an array whose first object counts)."""

    function: Function
    arguments: tuple[CallArgument, ...]
    computed: tuple[str, ...] = ()
    body: int | None = None
    is_object: bool = False
