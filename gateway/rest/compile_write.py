"""From a write or a posted call to the statement that answers it. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from gateway.catalog import Catalog, Name, Relation, Volatility
from gateway.database import Access
from gateway.rest.compile import (
    Compiled,
    CompileRules,
    WriteAnswer,
    call_rendering,
    check_preferences,
    compiled_call,
    range_slots,
    shape_key,
    unknown_table,
    values,
)
from gateway.rest.grammar.query import Argument, Clauses, parse_shape
from gateway.rest.guards import Guarded
from gateway.rest.media import Subject, negotiate
from gateway.rest.payload import FormPayload, JsonPayload, NestedPayload, Payload, RawPayload
from gateway.rest.plan.functions import call_by_get, call_by_post, computed_fields, find_function
from gateway.rest.plan.tree import read_tree
from gateway.rest.plan.write import (
    Conflict,
    Write,
    WriteKind,
    check_put,
    matching,
    operating,
    returned_columns,
    root_conditions,
    written_columns,
)
from gateway.rest.request import Request
from gateway.rest.sql.read import Shaping
from gateway.rest.sql.write import write_statement

_KINDS = {"POST": WriteKind.INSERT, "PUT": WriteKind.INSERT, "PATCH": WriteKind.UPDATE, "DELETE": WriteKind.DELETE}


def write_key(request: Request, payload: Payload | None) -> Hashable:
    """What two writes, or two posted calls, must have in common to share a statement."""
    preferences = request.preferences
    return (
        shape_key(request),
        request.method,
        preferences.returns,
        preferences.resolution,
        preferences.missing,
        preferences.by_key,
        _payload_shape(payload),
    )


def _payload_shape(payload: Payload | None) -> Hashable:
    match payload:
        case JsonPayload(_, is_object, keys, common, operations):
            return ("json", is_object, keys, common, operations)
        case FormPayload(pairs):
            return ("form", tuple(name for name, _ in pairs))
        case RawPayload(kind, _):
            return ("raw", kind)
        case NestedPayload():
            return ("nested",)
        case None:
            return None


def write_values(request: Request, payload: Payload | None) -> tuple[str, ...]:
    """The values that slots point to: those of the query (and range, for calls), then those of the body."""
    found = values(request) if request.method == "POST" and request.is_call else request.query.values
    match payload:
        case JsonPayload(text) | RawPayload(_, text):
            return (*found, text)
        case FormPayload(pairs):
            return (*found, *(value for _, value in pairs))
        case NestedPayload():
            return (*found, "[]")  # the keys of its rows, once they are written
        case None:
            return found


# -- tables ---------------------------------------------------------------------------------------------------------


def compile_write(request: Request, payload: Payload | None, catalog: Catalog, rules: CompileRules) -> Compiled:
    """A POST, PATCH, PUT or DELETE of a table or view."""
    name = Name(request.schema, request.name)
    relation = catalog.relations.get(name)
    if relation is None:
        raise unknown_table(name, catalog)
    clauses = parse_shape(request.query.shape)
    below = Clauses(
        clauses.select,
        tuple((path, condition) for path, condition in clauses.conditions if path),
        clauses.orders,
    )
    tree = read_tree(below, name, catalog, rules.read, derived=True, limited=False)
    preferences = request.preferences
    representation = preferences.returns if preferences.returns in ("representation", "headers-only") else None
    returning = returned_columns(tree, relation) if representation else ()
    write = replace(_write(request, clauses, payload, relation, catalog), returning=returning)
    check_preferences(request)
    rendering = negotiate(request.accept, Subject(name, tree.default_select), catalog, plans=rules.plans)
    shaping = Shaping(rendering, binary=rendering.handler.binary if rendering.handler else False)
    located = request.method == "POST" and preferences.returns == "headers-only"
    slots = len(request.query.values) + (payload is not None)
    represented = preferences.returns == "representation"
    statement = write_statement(write, tree, shaping, slots, represented=represented, located=located)
    answer = WriteAnswer(
        request.method,
        represented,
        resolution=preferences.resolution if write.conflict is not None and request.method == "POST" else None,
        missing=preferences.missing if request.method in ("POST", "PATCH") else None,
        returns=preferences.returns,
        by_key=bool(write.match),
        operations=any(column.operation is not None for column in write.columns),
        guarded=_guarded(request, write),
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
        write=answer,
    )


def _write(request: Request, clauses: Clauses, payload: Payload | None, relation: Relation, catalog: Catalog) -> Write:
    kind = _KINDS[request.method]
    if kind is WriteKind.DELETE:
        return Write(kind, relation, where=root_conditions(clauses, relation, catalog))
    assert isinstance(payload, JsonPayload)  # `read_payload` gives nothing else for tables
    keys = payload.keys if payload.keys is not None else frozenset(clauses.columns or ())
    columns = written_columns(relation, sorted(keys), catalog)
    put = request.method == "PUT"
    if put:
        check_put(clauses, relation, keys)
    write = Write(
        kind,
        relation,
        columns,
        len(request.query.values),
        payload.is_object,
        root_conditions(clauses, relation, catalog) if put or kind is WriteKind.UPDATE else (),
        _conflict(request, clauses, relation) if kind is WriteKind.INSERT else None,
        put,
        defaults=request.preferences.missing == "default" and not put,
    )
    if kind is WriteKind.UPDATE and keys:
        write = replace(write, columns=operating(columns, dict(payload.operations), relation))
        if request.preferences.by_key:
            key = clauses.on_conflict if clauses.on_conflict is not None else relation.primary_key
            return matching(write, key, payload.common if payload.common is not None else keys)
    return write


def _guarded(request: Request, write: Write) -> Guarded | None:
    if write.kind is WriteKind.INSERT:
        return None
    return Guarded(request.method, request.name, bool(write.where or write.match), write.relation.primary_key)


def _conflict(request: Request, clauses: Clauses, relation: Relation) -> Conflict | None:
    if request.method == "PUT":
        return Conflict(relation.primary_key, update=True)
    target = clauses.on_conflict if clauses.on_conflict is not None else relation.primary_key
    if request.preferences.resolution is None or not target:
        return None
    return Conflict(target, update=request.preferences.resolution == "merge-duplicates")


# -- functions ------------------------------------------------------------------------------------------------------


def compile_posted_call(request: Request, payload: Payload, catalog: Catalog, rules: CompileRules) -> Compiled:
    """A POST of a function."""
    clauses = parse_shape(request.query.shape)
    limit, offset, slots = range_slots(request)
    name = Name(request.schema, request.name)
    raw = payload.type if isinstance(payload, RawPayload) else None
    function = find_function(catalog, name, _argument_names(payload, clauses), posted=raw or "json")
    returns = function.returns
    relation = Name(name.schema, returns.relation.name if returns.relation else name.name)
    most = function.max_rows
    tree = read_tree(clauses, relation, catalog, rules.read, limit=limit, offset=offset, derived=True, max_rows=most)
    computed = computed_fields(tree, catalog)
    if isinstance(payload, FormPayload):
        arguments = [Argument(key, slots + at) for at, (key, _) in enumerate(payload.pairs)]
        call = call_by_get(function, arguments, computed=computed)
        slots += len(payload.pairs)
    else:
        keys = _argument_names(payload, clauses)
        is_object = isinstance(payload, JsonPayload) and payload.is_object
        call = call_by_post(function, keys, slots, is_object=is_object, computed=computed)
        slots += 1
    rendering, shaping = call_rendering(request, function, tree, catalog, rules)
    read_only = function.volatility is not Volatility.VOLATILE
    return compiled_call(request, call, tree, rendering, shaping, slots, rules=rules, read_only=read_only)


def _argument_names(payload: Payload, clauses: Clauses) -> frozenset[str]:
    match payload:
        case JsonPayload(_, _, keys):
            return keys if keys is not None else frozenset(clauses.columns or ())
        case FormPayload(pairs):
            return frozenset(name for name, _ in pairs)
        case RawPayload() | NestedPayload():
            return frozenset()
