"""From rows of `sql/functions.sql` to callable functions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.catalog.model import Function, Name, Parameter, ReturnType, Volatility
from gateway.rates import Rate

_SINGLE_UNNAMED = frozenset(Name("pg_catalog", name) for name in ("bytea", "json", "jsonb", "text", "xml"))

# As a cast target these would cut the value to one bit or character.
_UNLIMITED = {
    "bit": "bit varying",
    "bit[]": "bit varying[]",
    "character": "character varying",
    "character[]": "character varying[]",
}

_ISOLATION = {"repeatable read": "REPEATABLE READ", "serializable": "SERIALIZABLE"}


@dataclass(frozen=True, slots=True)
class Argument:
    """`mode` is pg_proc's: i, o, b (INOUT), v (VARIADIC) or t (TABLE column)."""

    name: str
    mode: str
    type: str
    type_name: Name


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """One pg_proc row. `return_kind` is the typtype of the return type with domains resolved; `row` and `fields`
    describe it when it is composite, `row_kind` being the relkind of its relation ('c' for a plain type)."""

    oid: int
    name: Name
    arguments: tuple[Argument, ...]
    defaults: int
    variadic: bool
    setof: bool
    volatility: str
    settings: tuple[str, ...]
    rows: float
    description: str | None
    return_type: Name
    return_kind: str
    row: Name | None
    row_kind: str | None
    fields: tuple[tuple[str, str], ...]


def isolation_level(value: str) -> str:
    """`default_transaction_isolation` as SQL; everything but the two stricter levels is READ COMMITTED."""
    return _ISOLATION.get(value.strip().lower(), "READ COMMITTED")


def functions(
    rows: Iterable[FunctionRow],
    *,
    hoisted: Sequence[str],
    opaque: Mapping[int, str],
    limits: Mapping[int, int],
    rates: Mapping[int, Rate],
) -> dict[Name, tuple[Function, ...]]:
    """Functions by name, overloads with fewer parameters first. `hoisted` are regular expressions for settings
    (PostgREST `db-hoisted-tx-settings`); `opaque` says by OID why a function is, `limits` how many
    rows it may answer, `rates` how often one caller may call it. A function that cannot be called over
    HTTP (unnamed parameters, except a single one that can take a whole body) is left out."""
    patterns = [re.compile(pattern) for pattern in hoisted]
    found: dict[Name, list[Function]] = {}
    for row in rows:
        inputs = [argument for argument in row.arguments if argument.mode in "ibv"]
        if _callable(inputs):
            function = replace(
                _function(row, inputs, patterns, opaque), max_rows=limits.get(row.oid), requests=rates.get(row.oid)
            )
            found.setdefault(row.name, []).append(function)
    return {name: tuple(sorted(overloads, key=_sort_key)) for name, overloads in found.items()}


def _callable(inputs: Sequence[Argument]) -> bool:
    unnamed = [argument for argument in inputs if not argument.name]
    return not unnamed or (len(unnamed) == 1 and unnamed[0].type_name in _SINGLE_UNNAMED)


def _function(
    row: FunctionRow, inputs: Sequence[Argument], hoisted: Sequence[re.Pattern[str]], opaque: Mapping[int, str]
) -> Function:
    required = len(inputs) - row.defaults
    settings = [(name, value) for name, _, value in (entry.partition("=") for entry in row.settings)]
    isolation = next(
        (isolation_level(value) for name, value in settings if name == "default_transaction_isolation"), None
    )
    return Function(
        name=row.name,
        parameters=tuple(
            Parameter(
                name=argument.name,
                type=_UNLIMITED.get(argument.type, argument.type),
                type_name=argument.type_name,
                required=position < required,
                variadic=argument.mode == "v",
                display_type=argument.type,
            )
            for position, argument in enumerate(inputs)
        ),
        returns=_returns(row),
        volatility=Volatility(row.volatility),
        variadic=row.variadic,
        settings=tuple((name, value) for name, value in settings if any(p.search(f"{name}={value}") for p in hoisted)),
        isolation=isolation,
        description=row.description,
        rows=row.rows,
        opaque=opaque.get(row.oid),
        oid=row.oid,
    )


def _returns(row: FunctionRow) -> ReturnType:
    outputs = tuple((argument.name, argument.type) for argument in row.arguments if argument.mode in "obt")
    is_row = row.return_kind == "c"
    return ReturnType(
        type_name=row.return_type,
        setof=row.setof,
        composite=is_row or bool(outputs) or row.return_type == Name("pg_catalog", "record"),
        is_void=row.return_type == Name("pg_catalog", "void"),
        relation=row.row if is_row and row.row_kind in ("r", "p", "v", "m", "f") else None,
        columns=row.fields if is_row else outputs,
    )


def _sort_key(function: Function) -> tuple[int, tuple[tuple[str, str], ...]]:
    return len(function.parameters), tuple((parameter.name, parameter.type) for parameter in function.parameters)
