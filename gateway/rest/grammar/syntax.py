"""What a query string says, as values. Nothing here knows of a database.

Values of filters are not in the tree: a `slot` is an index into the request's list of values, so that two requests
that differ only in their values have equal trees.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JsonStep:
    """One arrow of a JSON path: `->` (json) or `->>` (text) to a key, or to an array index as signed digits."""

    operand: str
    is_index: bool
    as_text: bool


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    path: tuple[JsonStep, ...] = ()


class Aggregate(enum.Enum):
    SUM = "sum"
    AVG = "avg"
    COUNT = "count"
    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class FieldItem:
    """A column of `select`; `field.name` is `*` for all columns. `cast` applies before the aggregate."""

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: Aggregate | None = None
    aggregate_cast: str | None = None


class Join(enum.Enum):
    LEFT = "left"
    INNER = "inner"


@dataclass(frozen=True, slots=True)
class EmbedItem:
    """Another relation inside `select`; a spread lifts its columns into the parent."""

    target: str
    items: tuple[SelectItem, ...]
    alias: str | None = None
    hint: str | None = None
    join: Join | None = None
    spread: bool = False


SelectItem = FieldItem | EmbedItem


class Quantifier(enum.Enum):
    ANY = "ANY"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is the SQL operator; values of like and ilike already have `%` for `*`."""

    operator: str
    slot: int
    quantifier: Quantifier | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """`in.(…)`; the value is a PostgreSQL array literal."""

    slot: int


@dataclass(frozen=True, slots=True)
class Is:
    """`keyword` is one of NULL, NOT NULL, TRUE, FALSE, UNKNOWN."""

    keyword: str


@dataclass(frozen=True, slots=True)
class IsDistinct:
    slot: int


@dataclass(frozen=True, slots=True)
class FullText:
    """`function` makes a tsquery; `language` is a text search configuration or None."""

    function: str
    language: str | None
    slot: int


Operation = Comparison | Membership | Is | IsDistinct | FullText


@dataclass(frozen=True, slots=True)
class Filter:
    field: Field
    operation: Operation
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Logic:
    """`operator` is AND or OR."""

    operator: str
    children: tuple[Condition, ...]
    negated: bool = False


Condition = Filter | Logic


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """`relation` names a to-one embed whose field orders the parent. None means unsaid."""

    field: Field
    relation: str | None = None
    descending: bool | None = None
    nulls_first: bool | None = None


Path = tuple[str, ...]
"""Names of embeds from the root down; empty for the root."""
