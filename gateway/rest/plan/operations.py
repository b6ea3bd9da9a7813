"""Operations on columns (docs/writes.md, "Operations"): which one a name means for a column, and its operand's type."""

from __future__ import annotations

import enum

from gateway.catalog import Column
from gateway.rest.own_errors import operation_not_possible

_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "interval"})
_TIMES = frozenset({
    "timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone",
})  # fmt: skip


class ColumnOperation(enum.Enum):
    INCREMENT = "$increment"
    DECREMENT = "$decrement"
    APPEND = "$append"
    APPEND_JSON = "$append to jsonb"
    REMOVE = "$remove"
    REMOVE_JSON = "$remove from jsonb"
    MERGE = "$merge"
    DEFAULT = "$default"


def column_operation(name: str, column: Column) -> tuple[ColumnOperation, str]:
    """The operation, and the type its operand is read as. Domains are looked through: a domain's constraint is for
    results, not for operands. Raises PGRSTX32."""
    base = column.base_type
    match name:
        case "$increment" | "$decrement" if base in _NUMBERS:
            return ColumnOperation(name), base
        case "$increment" | "$decrement" if base in _TIMES:
            return ColumnOperation(name), "interval"
        case "$increment" | "$decrement" if base == "date":
            return ColumnOperation(name), "integer"  # days
        case "$append" | "$remove" if base.endswith("[]"):
            return ColumnOperation(name), base
        case "$append" | "$remove" if base == "jsonb":
            return (ColumnOperation.APPEND_JSON if name == "$append" else ColumnOperation.REMOVE_JSON), base
        case "$merge" if base == "jsonb":
            return ColumnOperation.MERGE, base
        case "$default":
            return ColumnOperation.DEFAULT, column.type
        case _:
            raise operation_not_possible(name, column.name, column.type)
