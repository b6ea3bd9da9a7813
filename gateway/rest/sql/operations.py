"""The new value of a column that an operation is applied to. What is null stays null, but lists and objects begin
empty."""

from __future__ import annotations

from gateway.rest.plan.operations import ColumnOperation

_JSON_KEPT = (
    "(SELECT COALESCE(pg_catalog.jsonb_agg(kept.item ORDER BY kept.place), '[]') "
    "FROM pg_catalog.jsonb_array_elements({old}) WITH ORDINALITY AS kept(item, place) "
    "WHERE NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements({new}) AS gone(item) WHERE gone.item = kept.item))"
)
_KEPT = (
    "ARRAY(SELECT kept.item FROM pg_catalog.unnest({old}) WITH ORDINALITY AS kept(item, place) "
    "WHERE NOT EXISTS (SELECT FROM pg_catalog.unnest({new}) AS gone(item) "
    "WHERE gone.item IS NOT DISTINCT FROM kept.item) ORDER BY kept.place)"
)
_EXPRESSIONS = {
    ColumnOperation.INCREMENT: "{old} + {new}",
    ColumnOperation.DECREMENT: "{old} - {new}",
    ColumnOperation.APPEND: "pg_catalog.array_cat({old}::{type}, {new})",
    ColumnOperation.APPEND_JSON: "COALESCE({old}, '[]') || {new}",
    ColumnOperation.REMOVE: f"CASE WHEN {{old}} IS NOT NULL THEN {_KEPT} END",
    ColumnOperation.REMOVE_JSON: f"CASE WHEN {{old}} IS NOT NULL THEN {_JSON_KEPT} END",
    ColumnOperation.MERGE: "COALESCE({old}, '{{}}') || {new}",
    ColumnOperation.DEFAULT: "COALESCE({old}, {new})",
}


def operated(operation: ColumnOperation, old: str, new: str, type_: str) -> str:
    """`old` and `new` are SQL of the column and of the operand, whose type is `type_`."""
    return _EXPRESSIONS[operation].format(old=old, new=new, type=type_)
