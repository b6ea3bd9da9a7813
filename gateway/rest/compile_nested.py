"""From a nested insert to the statement that answers it, and to its rows; and how a refusal tells its place. Pure."""

from __future__ import annotations

from dataclasses import replace

from gateway.catalog import Catalog, Name, Relation
from gateway.database import Access, DatabaseError
from gateway.rest.compile import Compiled, CompileRules, WriteAnswer, check_preferences, unknown_table
from gateway.rest.grammar.query import Clauses, parse_shape
from gateway.rest.media import Subject, negotiate
from gateway.rest.nested_steps import Step
from gateway.rest.own_errors import at, nested_combination, nothing_to_read_back
from gateway.rest.payload import NestedPayload
from gateway.rest.plan.nested import Nested, NestedRules, nested_rows
from gateway.rest.plan.tree import read_tree
from gateway.rest.plan.write import returned_columns
from gateway.rest.request import Request
from gateway.rest.sql.nested import nested_answer_statement
from gateway.rest.sql.read import Shaping

_LISTED = ("representation", "headers-only")
_OF_ONE_ROW = ("22", "23", "44", "42501", "P0001")
"""SQLSTATEs, or their beginnings, that are about the row: bad data, constraints, check options, policies, triggers. The
same statement would not meet them with another row; a timeout or a deadlock it would."""


class RowsRefused(DatabaseError):
    """PostgreSQL refused one of several rows that were written at once. Written one by one, the refusal would say
    which."""


def compile_nested(request: Request, catalog: Catalog, rules: CompileRules) -> Compiled:
    """The statement that answers a nested insert once its rows are written; it depends on nothing in the body.

    Raises what an insert does, PGRSTX15 and PGRSTX16."""
    relation = _relation(request, catalog)
    preferences = request.preferences
    if preferences.resolution is not None:
        raise nested_combination(f"Prefer: resolution={preferences.resolution}")
    clauses = parse_shape(request.query.shape)
    below = Clauses(
        clauses.select, tuple((path, condition) for path, condition in clauses.conditions if path), clauses.orders
    )
    tree = read_tree(below, relation.name, catalog, rules.read, derived=True, limited=False)
    represented = preferences.returns == "representation"
    if represented and not relation.primary_key:
        raise nothing_to_read_back(relation.name.name)
    check_preferences(request)
    rendering = negotiate(request.accept, Subject(relation.name, tree.default_select), catalog, plans=rules.plans)
    if rendering.explain is not None:
        raise nested_combination("a plan")
    shaping = Shaping(rendering, binary=rendering.handler.binary if rendering.handler else False)
    statement = nested_answer_statement(
        relation,
        returned_columns(tree, relation) if represented else (),
        tree,
        shaping,
        len(request.query.values) + 1,
        located=preferences.returns == "headers-only",
    )
    return Compiled(
        statement,
        Access.TRANSACTION,
        rendering,
        "it writes",
        path=request.name,
        binary=shaping.binary,
        legacy_names=tree.legacy_names,
        read_only=False,
        write=WriteAnswer("POST", represented, missing=preferences.missing, returns=preferences.returns, nested=True),
    )


def with_rows(
    compiled: Compiled, request: Request, payload: NestedPayload, catalog: Catalog, rules: CompileRules
) -> Compiled:
    """`compiled` with the rows of one request. Raises what is wrong with them."""
    relation = _relation(request, catalog)
    chosen = parse_shape(request.query.shape).columns
    missing = request.preferences.missing
    nested_rules = NestedRules(
        rules.max_nested_rows, frozenset(chosen) if chosen is not None else None, uneven=missing is not None
    )
    root = nested_rows(catalog, relation, payload.rows, nested_rules, single=payload.single)
    answered = relation.primary_key if request.preferences.returns in _LISTED else ()
    return replace(compiled, nested=Nested(root, answered, defaults=missing == "default"))


def one_by_one(compiled: Compiled) -> Compiled:
    """The same insert, each row by a statement of its own."""
    assert compiled.nested is not None
    return replace(compiled, nested=replace(compiled.nested, one_by_one=True))


def refused_at(step: Step, error: DatabaseError) -> DatabaseError:
    """`error` with the place in the body where it happened; RowsRefused if that was one of several rows."""
    if not isinstance(error.details, str | None):
        return error  # SQL chose the details itself
    column: str | None = getattr(error.__cause__, "column_name", None)
    path = step.path if column is None or step.many else f"{step.path}.{column}".removeprefix(".")
    kind = RowsRefused if step.many and error.code.startswith(_OF_ONE_ROW) else DatabaseError
    return kind(
        error.status,
        error.code,
        error.message,
        details=at(path, error.details),
        hint=error.hint,
        headers=error.headers,
        reason=error.reason,
    )


def _relation(request: Request, catalog: Catalog) -> Relation:
    name = Name(request.schema, request.name)
    relation = catalog.relations.get(name)
    if relation is None:
        raise unknown_table(name, catalog)
    return relation
