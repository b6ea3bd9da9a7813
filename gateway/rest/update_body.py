"""Bodies of updates that go beyond PostgREST's: rows that differ in their keys, and operations instead of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from gateway.rest.errors import RestError
from gateway.rest.exact_json import Json, parse, text_of
from gateway.rest.own_errors import operations_differ, unknown_operation
from gateway.rest.payload import JsonPayload

SET = "$set"
OPERATIONS = ("$increment", "$decrement", "$append", "$remove", "$merge", "$default")
"""What a column's new value may be made of, besides a value (docs/writes.md, "Operations")."""

_OF_LISTS = frozenset({"$append", "$remove"})
_Row = dict[str, Json]


def read_update(body: bytes, *, columns: bool, by_key: bool, operations: bool) -> JsonPayload:
    """The JSON body of a PATCH that prefers `update=by-key` or `operations=apply`. `columns` says that the client
    named the keys itself. Raises PGRST102, PGRSTX30, PGRSTX31."""
    parsed = parse(body)
    is_object = isinstance(parsed, dict)
    rows = _rows([parsed] if is_object else parsed)
    found: dict[str, str] = {}
    if operations:
        rows, found = _without_operations(rows)
    union = frozenset[str]().union(*rows)
    common = union.intersection(*rows)
    if union != common and not by_key and not columns:
        raise _keys_differ()
    text = text_of(cast("Json", rows[0] if is_object else rows))
    return JsonPayload(text, is_object, None if columns else union, common, tuple(sorted(found.items())))


def _rows(parsed: Json) -> list[_Row]:
    if not isinstance(parsed, list):
        return []  # anything else counts as no rows at all, as it does without preferences
    if not all(isinstance(row, dict) for row in parsed):
        raise _keys_differ()
    return cast("list[_Row]", parsed)


def _keys_differ() -> RestError:
    return RestError(400, "PGRST102", "All object keys must match")


def _without_operations(rows: Sequence[_Row]) -> tuple[list[_Row], dict[str, str]]:
    """The rows with operands in the place of operations, and the operation of each column."""
    operations: dict[str, str] = {}
    plain: list[_Row] = []
    for row in rows:
        values: _Row = {}
        for column, value in row.items():
            name, values[column] = _operation(column, value)
            if operations.setdefault(column, name) != name:
                raise operations_differ(column)
        plain.append(values)
    return plain, {column: name for column, name in operations.items() if name != SET}


def _operation(column: str, value: Json) -> tuple[str, Json]:
    if not isinstance(value, dict) or len(value) != 1:
        return SET, value
    ((name, operand),) = value.items()
    if not name.startswith("$"):
        return SET, value
    if name not in (*OPERATIONS, SET):
        raise unknown_operation(name, column, OPERATIONS)
    wrapped = name in _OF_LISTS and not isinstance(operand, list)
    return name, [operand] if wrapped else operand
