"""From a request to the statement that answers it. Pure; results are kept by `PlanCache` per shape."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from gateway.catalog import Catalog, Function, Name, Volatility
from gateway.database import Access
from gateway.rest.costs import CostGuard, Costing, costing
from gateway.rest.errors import invalid_preferences, max_affected_on_single_result, no_table
from gateway.rest.grammar.query import parse_shape
from gateway.rest.guards import Guarded, Guards
from gateway.rest.media import Form, Rendering, Subject, negotiate
from gateway.rest.paging import Paging, check_pageable
from gateway.rest.plan.functions import call_by_get, computed_fields, find_function
from gateway.rest.plan.keyset import digest
from gateway.rest.plan.model import Call, ReadTree
from gateway.rest.plan.nested import Nested
from gateway.rest.plan.suggest import closest
from gateway.rest.plan.tree import ReadRules, read_tree
from gateway.rest.plan.uses import Uses
from gateway.rest.request import Request
from gateway.rest.sql.arguments import Statement
from gateway.rest.sql.read import Counting, Shaping, aggregates, plan_statement, read_statement, void_statement

_ISOLATION = "default_transaction_isolation"


@dataclass(frozen=True, slots=True)
class CompileRules:
    """The settings that statements depend on, and the guards of those that write. `fast_path` off sends every read
    through a transaction. `max_nested_rows` bounds the rows of a nested insert; `costs` guards reads, None not."""

    read: ReadRules = field(default_factory=ReadRules)
    plans: bool = False
    fast_path: bool = True
    guards: Guards = field(default_factory=Guards)
    max_nested_rows: int = 10_000
    costs: CostGuard | None = None


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """How a write is answered. The preferences are those that were honoured, None if not. `guarded` is what guards
    look at; inserts are not guarded."""

    method: str
    represented: bool
    resolution: str | None = None
    missing: str | None = None
    returns: str | None = None
    nested: bool = False
    by_key: bool = False
    operations: bool = False
    guarded: Guarded | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement and what is needed to run it and to answer with its result.

    `estimate` is the EXPLAIN that planned and estimated counts need. `isolation` and `hoisted` are a function's own.
    `void` results have no body; `single` results are one value however many rows they would have. `path` is the
    relation's name for Content-Location, None for functions. `write` is None for reads and calls. `nested` are the
    rows of a nested insert, which are written before the statement runs and answers for them. `opaque` is why
    the fast path is closed. `paging` is None unless the rows are read by cursor, `costing` unless reads have a ceiling.
    `counted` is how far an estimated count really counts. `uses` and `called`, the function of a call, are what the
    answer of a read depends on; None where that is not known.
    """

    statement: Statement
    access: Access
    rendering: Rendering
    opaque: str | None = None
    estimate: Statement | None = None
    isolation: str | None = None
    hoisted: tuple[tuple[str, str], ...] = ()
    path: str | None = None
    void: bool = False
    single: bool = False
    binary: bool = False
    legacy_names: tuple[tuple[str, str], ...] = ()
    read_only: bool = True
    write: WriteAnswer | None = None
    nested: Nested | None = None
    paging: Paging | None = None
    costing: Costing | None = None
    counted: int | None = None
    uses: Uses | None = None
    called: Function | None = None


class ShapeKey:
    """A hashable that is hashed once: its parts are deep, and each request looks its plan up."""

    __slots__ = ("_hash", "_parts")

    def __init__(self, *parts: Hashable) -> None:
        self._parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, ShapeKey) and self._parts == other._parts)


@lru_cache(maxsize=4096)
def shape_key(request: Request) -> ShapeKey:
    """What two requests must have in common to share a statement."""
    preferences = request.preferences
    return ShapeKey(
        request.target,
        request.name,
        request.schema,
        request.query.shape,
        request.accept,
        request.method == "HEAD",
        preferences.count,
        preferences.invalid and preferences.strict,
        preferences.max_affected is not None and preferences.strict,
        request.limit is not None,
        request.offset > 0,
    )


def values(request: Request) -> tuple[str, ...]:
    """The values that a request's slots point to: those of the query, then limit and offset of the root."""
    found = request.query.values
    if request.limit is not None:
        found = (*found, str(request.limit))
    if request.offset > 0:
        found = (*found, str(request.offset))
    return found


def range_slots(request: Request) -> tuple[int | None, int | None, int]:
    """Slots of limit and offset, and how many slots there are."""
    slots = len(request.query.values)
    limit = offset = None
    if request.limit is not None:
        limit, slots = slots, slots + 1
    if request.offset > 0:
        offset, slots = slots, slots + 1
    return limit, offset, slots


def compile_read(request: Request, catalog: Catalog, rules: CompileRules) -> Compiled:
    """A GET or HEAD of a table or view."""
    name = Name(request.schema, request.name)
    if name not in catalog.relations:
        raise unknown_table(name, catalog)
    limit, offset, slots = range_slots(request)
    tree = read_tree(parse_shape(request.query.shape), name, catalog, rules.read, limit=limit, offset=offset)
    subject = Subject(name, tree.default_select)
    rendering = negotiate(request.accept, subject, catalog, plans=rules.plans)
    check_preferences(request)
    paging = _paging(request, tree, rendering)
    opaque = _opaque(tree, rendering, rules)
    estimate = _estimate(request, tree, rules, slots)
    vouched = opaque is None and estimate is None
    shaping = Shaping(
        rendering, request.method == "HEAD", binary=_binary(rendering, catalog, None), keyed=paging is not None
    )
    statement = read_statement(tree, shaping, counting(request, tree), slots, proof=vouched)
    costs = None
    if rules.costs is not None:
        costs = costing(tree, shaping, counting(request, tree), slots, catalog=catalog)
    return Compiled(
        statement,
        Access.VOUCHED if vouched else Access.TRANSACTION,
        rendering,
        opaque,
        estimate,
        path=request.name,
        binary=shaping.binary,
        legacy_names=tree.legacy_names,
        paging=paging,
        costing=costs,
        counted=tree.root.max_rows,
        uses=_known_uses(tree, rendering),
    )


def _known_uses(tree: ReadTree, rendering: Rendering) -> Uses | None:
    """None for what other code renders."""
    plain = rendering.form in (Form.JSON, Form.OBJECT, Form.CSV) and rendering.explain is None
    return tree.uses if plain else None


def _paging(request: Request, tree: ReadTree, rendering: Rendering) -> Paging | None:
    if tree.keyset is None:
        return None
    check_pageable(request, rendering, aggregated=aggregates(tree))
    name = Name(request.schema, request.name)
    return Paging(digest(name, tree.keyset, request.query.shape), tree.root.max_rows)


def unknown_table(name: Name, catalog: Catalog) -> Exception:
    """PGRST205, with a suggestion."""
    similar = closest(name.name, sorted(known.name for known in catalog.relations if known.schema == name.schema))
    return no_table(name, Name(name.schema, similar) if similar else None)


def compile_call(request: Request, catalog: Catalog, rules: CompileRules) -> Compiled:
    """A GET or HEAD of a function."""
    clauses = parse_shape(request.query.shape)
    keys = frozenset(argument.name for argument in clauses.arguments)
    function = find_function(catalog, Name(request.schema, request.name), keys)
    returns = function.returns
    limit, offset, slots = range_slots(request)
    relation = Name(function.name.schema, returns.relation.name if returns.relation else function.name.name)
    most = function.max_rows
    tree = read_tree(clauses, relation, catalog, rules.read, limit=limit, offset=offset, derived=True, max_rows=most)
    call = call_by_get(function, clauses.arguments, computed=computed_fields(tree, catalog))
    rendering, shaping = call_rendering(request, function, tree, catalog, rules)
    compiled = compiled_call(request, call, tree, rendering, shaping, slots, rules=rules, read_only=True)
    if rules.costs is None or returns.is_void:
        return compiled
    costs = costing(tree, shaping, counting(request, tree), slots, catalog=catalog, call=call)
    return replace(compiled, costing=costs)


def call_rendering(
    request: Request, function: Function, tree: ReadTree, catalog: Catalog, rules: CompileRules
) -> tuple[Rendering, Shaping]:
    """How a function's result is rendered. Raises PGRST107, PGRST122, PGRST128."""
    returns = function.returns
    scalar = is_scalar(function)
    raw = catalog.media_domains.get(returns.type_name) if not returns.setof else None
    subject = Subject(tree.root.relation, tree.default_select, raw.media_type if raw else None, scalar)
    rendering = negotiate(request.accept, subject, catalog, plans=rules.plans)
    check_preferences(request)
    if request.preferences.strict and request.preferences.max_affected is not None and not returns.setof:
        raise max_affected_on_single_result()
    shaping = Shaping(
        rendering,
        request.method == "HEAD",
        scalar,
        single_value=not returns.setof,
        binary=_binary(rendering, catalog, function),
    )
    return rendering, shaping


def compiled_call(  # noqa: PLR0917 - the stages of the pipeline, in their order
    request: Request,
    call: Call,
    tree: ReadTree,
    rendering: Rendering,
    shaping: Shaping,
    slots: int,
    *,
    rules: CompileRules,
    read_only: bool,
) -> Compiled:
    """A call, ready to run."""
    function = call.function
    hoisted = tuple((name, value) for name, value in function.settings if name != _ISOLATION)
    opaque = _opaque_call(call, tree, rendering, rules)
    vouched = opaque is None and read_only and request.preferences.count not in ("planned", "estimated")
    if function.returns.is_void:
        statement = void_statement(call, slots)
    else:
        statement = read_statement(tree, shaping, counting(request, tree), slots, proof=vouched, call=call)
    return Compiled(
        statement,
        Access.VOUCHED if vouched else Access.TRANSACTION,
        rendering,
        opaque,
        isolation=function.isolation,
        hoisted=hoisted,
        void=function.returns.is_void,
        single=not function.returns.setof,
        binary=shaping.binary,
        legacy_names=tree.legacy_names,
        read_only=read_only,
        uses=_known_uses(tree, rendering) if function.volatility is not Volatility.VOLATILE else None,
        called=function,
    )


def _opaque_call(call: Call, tree: ReadTree, rendering: Rendering, rules: CompileRules) -> str | None:
    """Why a call needs its own transaction, or None if it may use the fast path.

    The catalog vouches for a function's body. What a call runs besides is kept simple here: arguments and results of
    PostgreSQL's own types (or rows of a vouched relation), no default expressions, no settings of its own.
    """
    function, returns = call.function, call.function.returns
    if function.volatility is Volatility.VOLATILE or returns.is_void:
        return "it may write"
    if function.opaque is not None:
        return function.opaque
    if function.isolation is not None or function.settings:
        return "it has settings of its own"
    if len(call.arguments) < len(function.parameters):
        return "it uses default arguments"
    if any(parameter.type_name.schema != "pg_catalog" for parameter in function.parameters):
        return "its arguments are of user-defined types"
    if rendering.form is Form.RAW:
        return f"{rendering.media_type} is rendered by other code"
    if returns.relation is not None:
        return _opaque(tree, rendering, rules)
    if not is_scalar(function) or returns.type_name.schema != "pg_catalog" or not tree.default_select:
        return "its results are of user-defined types"
    return _opaque(replace(tree, opaque=None), rendering, rules)


def find_for_options(request: Request, catalog: Catalog) -> Function:
    """The function that OPTIONS asks about: found by the arguments in the query string."""
    arguments = parse_shape(request.query.shape).arguments
    keys = frozenset(argument.name for argument in arguments)
    return find_function(catalog, Name(request.schema, request.name), keys)


def is_scalar(function: Function) -> bool:
    """Whether results are values and not rows. A `record` whose columns nobody declared counts as a value."""
    returns = function.returns
    return not returns.composite or (returns.relation is None and not returns.columns)


def allowed_methods(function: Function) -> str:
    return "OPTIONS,POST" if function.volatility is Volatility.VOLATILE else "OPTIONS,GET,HEAD,POST"


def _opaque(tree: ReadTree, rendering: Rendering, rules: CompileRules) -> str | None:
    if not rules.fast_path:
        return "the fast path is switched off"
    if rendering.form in (Form.CUSTOM, Form.GEOJSON) or rendering.explain is not None:
        return f"{rendering.media_type} is rendered by other code"
    return tree.opaque


def _binary(rendering: Rendering, catalog: Catalog, function: Function | None) -> bool:
    """Whether the body is bytes: the media type's domain is one over bytea."""
    if rendering.form is Form.CUSTOM and rendering.handler is not None:
        return rendering.handler.binary
    if rendering.form is Form.RAW and function is not None:
        return catalog.media_domains[function.returns.type_name].binary
    return False


def counting(request: Request, tree: ReadTree) -> Counting:
    match request.preferences.count:
        case "exact":
            return Counting(total=True)
        case "estimated":
            most = tree.root.max_rows
            return Counting(total=True, at_most=most + 1 if most is not None else None)
        case _:
            return Counting()


def _estimate(request: Request, tree: ReadTree, rules: CompileRules, slots: int) -> Statement | None:
    return plan_statement(tree, slots) if request.preferences.count in ("planned", "estimated") else None


def check_preferences(request: Request) -> None:
    if request.preferences.strict and request.preferences.invalid:
        raise invalid_preferences(request.preferences.invalid)
