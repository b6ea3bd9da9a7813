"""From a request that was read to a statement, and from its rows to a result: what the surfaces of this room share.

The plans are pure; only `run` awaits, within a transaction that somebody else opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import asyncpg
import orjson

from gateway.catalog import Catalog
from gateway.database import Access, Caller, DatabaseError, Transaction
from gateway.rest.compile import Compiled, CompileRules, compile_call, compile_read, shape_key, values
from gateway.rest.compile_nested import compile_nested, refused_at, with_rows
from gateway.rest.compile_write import compile_posted_call, compile_write, write_key
from gateway.rest.exact_json import Json, text_of
from gateway.rest.nested_steps import nested_steps
from gateway.rest.paging import check_cursor
from gateway.rest.payload import NestedPayload, Payload, media_type, read_nested, read_payload
from gateway.rest.plan.nested import Nested
from gateway.rest.plancache import PlanCache
from gateway.rest.request import Request
from gateway.rest.respond import Matched, Result, body_bytes, check_affected, check_matched, check_single
from gateway.rest.update_body import read_update


def payload_of(asked: Request, body: bytes, content_type: str | None) -> Payload:
    """The body of a write or a posted call. Raises PGRST102."""
    columns = asked.method != "PUT" and any(part[0] == "columns" for part in asked.query.shape)
    json = media_type(content_type) == "application/json"
    if asked.method == "POST" and asked.preferences.nested and not asked.is_call and json:
        return read_nested(body)
    by_key, operations = asked.preferences.by_key, asked.preferences.operations
    if asked.method == "PATCH" and (by_key or operations) and json:
        return read_update(body, columns=columns, by_key=by_key, operations=operations)
    return read_payload(body, content_type, columns=columns, call=asked.is_call)


def read_plan(asked: Request, catalog: Catalog, rules: CompileRules, plans: PlanCache) -> Compiled:
    """The plan of a GET or HEAD, of a relation or a function. A cursor must be one of this plan."""
    compile_ = compile_call if asked.is_call else compile_read
    compiled = plans.get(catalog, shape_key(asked), lambda: compile_(asked, catalog, rules))
    if compiled.paging is not None:
        check_cursor(asked, compiled.paging)
    return compiled


def write_plan(
    asked: Request, payload: Payload | None, catalog: Catalog, rules: CompileRules, plans: PlanCache
) -> Compiled:
    """The plan of a write, or of a function called by POST."""

    if isinstance(payload, NestedPayload):
        compiled = plans.get(catalog, write_key(asked, payload), lambda: compile_nested(asked, catalog, rules))
        return with_rows(compiled, asked, payload, catalog, rules)

    def compile_() -> Compiled:
        if asked.is_call and payload is not None:
            return compile_posted_call(asked, payload, catalog, rules)
        return compile_write(asked, payload, catalog, rules)

    return plans.get(catalog, write_key(asked, payload), compile_)


async def run(
    transaction: Transaction, asked: Request, compiled: Compiled, arguments: Sequence[str], rules: CompileRules
) -> Result:
    """The result of `compiled` within `transaction`. Raises DatabaseError, ConnectionLost, what the caller's guards
    refuse, and what is checked of a result before it may be committed (PGRST116, PGRST115, PGRST124, PGRSTX23…)."""
    guarded = compiled.write.guarded if compiled.write else None
    if guarded is not None:
        rules.guards.check_filter(guarded, transaction.role)
    if compiled.nested is not None:
        keys = await _write_nested(transaction, compiled.nested)
        arguments = compiled.statement.bind((*asked.query.values, text_of(keys)))
    await check_cost(transaction, asked, compiled, rules)
    text = compiled.statement.text
    if compiled.rendering.explain is not None:
        rows = await transaction.fetch(text, arguments)
        return Result(_plan_text(rows), len(rows))
    row = await transaction.fetchrow(text, arguments)
    assert row is not None  # the statement aggregates
    result = result_of(compiled, row)
    check_single(compiled, result.page)
    check_affected(asked, compiled, result.page)
    if result.matched is not None:
        check_matched(asked, result.matched)
    if guarded is not None:
        rules.guards.check_rows(guarded, transaction.role, result.page)
    if compiled.estimate is not None:
        planned = await transaction.fetchrow(compiled.estimate.text, compiled.estimate.bind(values(asked)))
        assert planned is not None  # EXPLAIN always answers
        result = _estimated(result, _plan_rows(planned[0]), asked.preferences.count, compiled.counted)
    return result


def is_cheap(caller: Caller, asked: Request, compiled: Compiled, rules: CompileRules) -> bool:
    """Whether a read may run without a look at its cost; else it must go through `run`."""
    if rules.costs is None or compiled.costing is None:
        return True
    return rules.costs.is_cheap(caller, compiled.costing, values(asked))


def cost_of(caller: Caller, asked: Request, compiled: Compiled, rules: CompileRules) -> float | None:
    """What is known of the cost of a read that ran, see `CostGuard.known`."""
    if rules.costs is None or compiled.costing is None:
        return None
    return rules.costs.known(caller, compiled.costing, values(asked))


async def check_cost(transaction: Transaction, asked: Request, compiled: Compiled, rules: CompileRules) -> None:
    """Raises PGRSTX60 for a read that is dearer than its caller's role may spend."""
    if rules.costs is None or compiled.costing is None:
        return

    async def explain(text: str, arguments: Sequence[str]) -> bytes:
        return _plan_text(await transaction.fetch(text, arguments))

    await rules.costs.check(transaction.caller, compiled.costing, values(asked), explain)


async def _write_nested(transaction: Transaction, nested: Nested) -> list[Json]:
    """The keys of the rows at the root. Raises RowsRefused, DatabaseError that names the place in the body."""
    steps = nested_steps(nested)
    answered: list[str] | None = None
    while True:
        try:
            step = next(steps) if answered is None else steps.send(answered)
        except StopIteration as end:
            return cast("list[Json]", end.value)
        try:
            answered = [str(row[0]) for row in await transaction.fetch(step.sql, step.arguments)]
        except DatabaseError as error:
            raise refused_at(step, error) from error


def result_of(compiled: Compiled, row: asyncpg.Record) -> Result:
    """The columns are those of `sql.read` and `sql.write`."""
    total = int(row[0]) if row[0] is not None else None
    body = body_bytes(compiled, row[2])
    if compiled.access is Access.VOUCHED:
        return Result(body, int(row[1]), total, place=row[3] if compiled.paging is not None else None)
    if compiled.paging is not None:
        return Result(body, int(row[1]), total, row[3], row[4], place=row[5])
    if compiled.write is None:
        return Result(body, int(row[1]), total, row[3], row[4])
    inserted = int(row[6]) if row[6] is not None else None
    matched = Matched(int(row[7]), int(row[8]), int(row[9])) if compiled.write.by_key else None
    return Result(body, int(row[1]), total, row[3], row[4], row[5], inserted, matched)


def _plan_text(rows: list[asyncpg.Record]) -> bytes:
    """EXPLAIN answers one JSON document, or a line of text for each step."""
    return b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in (row[0] for row in rows))


def _plan_rows(plan: bytes) -> int:
    return int(orjson.loads(plan)[0]["Plan"]["Plan Rows"])


def _estimated(result: Result, planned: int, count: str | None, most: int | None) -> Result:
    """`planned` takes the planner's word; `estimated` counts as far as is cheap, and takes it beyond."""
    total = planned
    if count == "estimated" and result.total is not None:
        total = result.total if most is not None and result.total <= most else max(result.total, planned)
    return result._replace(total=total)
