"""Lint about functions that say they are IMMUTABLE and are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.catalog import FunctionCode, lying_functions
from gateway.policies.database.state import FunctionState, State
from gateway.policies.lints.lint import Finding, Lint
from gateway.policies.lints.scene import Scene
from gateway.policies.problems import Severity


def _lies(scene: Scene) -> Iterator[Finding]:
    state = scene.state
    if state is None:
        return
    for oid, reason in _reasons(state).items():
        signature = state.functions[oid].signature
        fix = f"alter function {signature} stable;"
        yield Finding(signature, f"{signature} is declared IMMUTABLE, and {reason}", fix=fix)


def _reasons(state: State) -> dict[int, str]:
    functions = [_code(function) for function in state.functions.values()]
    return lying_functions(functions, [name.name for name in state.relations])


def _code(function: FunctionState) -> FunctionCode:
    return FunctionCode(
        function.oid,
        function.name.schema,
        function.name.name,
        function.language,
        function.kind,
        function.volatility,
        extension=function.extension,
        source=function.source,
    )


LIE: Final = Lint.of(
    "L030",
    Severity.ERROR,
    "A function is not as IMMUTABLE as it says",
    why="""
        PostgreSQL runs an IMMUTABLE function while it plans and keeps the answer in the plan, which other requests on
        the same connection use. A policy over such a function shows one caller the rows of another. The gateway notices
        and plans every statement anew, which costs time; other programs on the database do not notice.
    """,
    fix="Declare the function STABLE.",
    find=_lies,
    needs_database=True,
)
