"""What the database can run, as values: rows of the `sql/code_*.sql` queries, whose columns are these fields.

OIDs below `FIRST_USER_OID` belong to PostgreSQL itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.catalog.rows import RelationRow

FIRST_USER_OID = 16384


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """`body` is the text of an SQL function, or the C name of one in language `internal`; `tree` is the stored tree
    of a standard body, `defaults` that of the parameters' defaults. `internal` is true for functions that cannot be
    called from SQL. `parts` are an aggregate's own functions. `definer` is SECURITY DEFINER: it runs as `owner`.
    `source` is what can be read of a user-defined one as text: a body in any language, or the print of a standard one.
    """

    oid: int
    schema: str
    name: str
    language: str
    kind: str = "f"
    volatility: str = "v"
    body: str = ""
    tree: str | None = None
    defaults: str | None = None
    settings: Sequence[str] | None = None
    types: Sequence[int] = ()
    internal: bool = False
    inputs: int = 0
    support: int = 0
    extension: str | None = None
    parts: Sequence[int] = ()
    state_types: Sequence[int] = ()
    sort_operator: int = 0
    owner: int = 0
    definer: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class OperatorCode:
    """`partners` are its commutator and negator, which the planner may run in its place; `operands` the types of its
    arguments, built-in ones too."""

    oid: int
    schema: str
    name: str
    functions: Sequence[int]
    types: Sequence[int] = ()
    partners: Sequence[int] = ()
    operands: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class TypeCode:
    """`types` are element, base, subtype and attribute types; `checks` trees of a domain's constraints; `kind` is
    `pg_type.typtype`."""

    oid: int
    schema: str
    name: str
    functions: Sequence[int] = ()
    types: Sequence[int] = ()
    opclasses: Sequence[int] = ()
    checks: Sequence[str] = ()
    kind: str = "b"


@dataclass(frozen=True, slots=True)
class CastCode:
    """`function` is 0 for a cast without one."""

    source: int
    target: int
    function: int
    name: str


@dataclass(frozen=True, slots=True)
class OperatorClassCode:
    """An operator class with user-defined members; `relations` have an index or partition key of it. `implicit` says
    that PostgreSQL takes it to compare or hash values of its type wherever nobody names an operator."""

    oid: int
    name: str
    type: int
    functions: Sequence[int]
    operators: Sequence[int]
    relations: Sequence[int]
    implicit: bool = True


@dataclass(frozen=True, slots=True)
class ExpressionCode:
    """An expression that reading `relation` may run."""

    relation: int
    label: str
    tree: str


@dataclass(frozen=True, slots=True)
class StorageCode:
    """`relation` is read with `child`, or through the access method of the function `handler`; 0 for neither."""

    relation: int
    child: int
    handler: int


@dataclass(frozen=True, slots=True)
class Code:
    """Everything that a read may reach. `functions` may leave out built-in ones that are immutable or stable C."""

    relations: Sequence[RelationRow] = ()
    views: Mapping[int, str] = field(default_factory=dict[int, str])
    functions: Sequence[FunctionCode] = ()
    operators: Sequence[OperatorCode] = ()
    types: Sequence[TypeCode] = ()
    casts: Sequence[CastCode] = ()
    opclasses: Sequence[OperatorClassCode] = ()
    expressions: Sequence[ExpressionCode] = ()
    storage: Sequence[StorageCode] = ()
