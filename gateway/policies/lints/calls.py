"""Lints about functions that policies call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.policies.database.state import FunctionState
from gateway.policies.expressions.calls import Call
from gateway.policies.lints.leaf import is_caller_call
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Policy, Rule, Scene, Table
from gateway.policies.problems import Severity

_FEW_ROWS: Final = 1000
_VOLATILE: Final = frozenset({
    "clock_timestamp", "currval", "gen_random_uuid", "lastval", "nextval", "pg_advisory_lock", "pg_advisory_xact_lock",
    "pg_notify", "pg_sleep", "pg_sleep_for", "pg_sleep_until", "pg_try_advisory_lock", "pg_try_advisory_xact_lock",
    "random", "random_normal", "set_config", "setseed", "setval", "timeofday", "uuidv4", "uuidv7",
})  # fmt: skip


def is_large(table: Table) -> bool:
    """Whether a table has more than a few rows, or nobody has counted."""
    rows = table.relation.rows if table.relation is not None else -1
    return rows < 0 or rows > _FEW_ROWS


def _calls(scene: Scene) -> Iterator[tuple[Policy, Rule, Call, tuple[FunctionState, ...]]]:
    for policy in scene.policies:
        for rule in policy.rules:
            for call in rule.calls:
                yield policy, rule, call, scene.functions(call.schema, call.name)


def _volatile(scene: Scene) -> Iterator[Finding]:
    for policy, rule, call, functions in _calls(scene):
        built_in = call.schema in (None, "pg_catalog") and not functions and call.name in _VOLATILE
        if built_in or (functions and all(each.volatility == "v" for each in functions)):
            message = f"{policy} calls {call.name}(), which is VOLATILE: it runs anew for every row"
            fix = f"alter function {functions[0].signature} stable;" if len(functions) == 1 else ""
            yield Finding(str(policy.table), message, policy.spot(rule, call.name), fix)


def _for_rows(scene: Scene) -> Iterator[Finding]:
    for policy, rule, call, functions in _calls(scene):
        # What is updated or deleted must be seen first, and is looked up by then.
        is_read = rule is policy.using and policy.covers("select") and is_large(scene.tables[policy.table])
        if not is_read or not (is_caller_call(call) or any(map(_costs_a_call, functions))):
            continue
        reading = rule.condition.reading
        columns = sorted(
            {name for index, name in reading.columns if call.opening < index < reading.found.closing[call.opening]}
        )
        name = f"{call.schema}.{call.name}" if call.schema else call.name
        message = f"{policy} calls {name}({', '.join(columns)}) once for every row that is looked at"
        if columns:
            yield Finding(str(policy.table), message, policy.spot(rule, call.name))
        elif not reading.is_inside_query(call.first):
            fix = f"Write `(select {name}(…))`: PostgreSQL then asks once for a statement."
            message += ", though it says the same for all"
            yield Finding(str(policy.table), message, policy.spot(rule, call.name), fix)


def _costs_a_call(function: FunctionState) -> bool:
    """Not what is constant, and not what PostgreSQL writes into the query itself."""
    inlined = function.language == "sql" and not function.security_definer and function.search_path is None
    return function.volatility == "s" and not inlined and function.extension is None


VOLATILE: Final = Lint.of(
    "L011",
    Severity.WARNING,
    "A policy calls a volatile function",
    why="""
        PostgreSQL calls a VOLATILE function for every row, in no promised order, and can neither keep its result nor
        use an index with it; nor may an answer that depends on it be cached. Functions are VOLATILE unless they say
        otherwise, so most of them only read and were never marked.
    """,
    fix="`alter function schema.name(…) stable;` if it changes nothing; otherwise keep it out of policies.",
    find=_volatile,
    needs_database=True,
)

FOR_ROWS: Final = Lint.of(
    "L012",
    Severity.WARNING,
    "A policy calls a function for every row",
    why="""
        Calls without column arguments are wrapped on compile and run once for a statement. A call with a column of the
        row cannot be wrapped: a query over 100,000 rows makes 100,000 calls before its own conditions are even looked
        at. Only tables of more than 1,000 rows, or that were never analysed, are reported.
    """,
    fix="""
        Let a set-returning function say which keys are allowed, so that it runs once: `id in (select
        schema.ids_shared_with_me())` instead of `schema.is_shared_with_me(id)`. Accept it where requests always look
        at a few rows that an index finds.
    """,
    find=_for_rows,
    needs_database=True,
    varies=True,
)
