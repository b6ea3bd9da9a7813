"""The SQL that this room writes. The rows of a table stand in a view with its owner's rights, and the conditions of its
policies in one over that, with the rights of whoever reads it: see `gateway.policies.explain.statements`."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence

from gateway.database import quote_identifier
from gateway.policies.database.state import RelationState
from gateway.policies.explain.statements import (
    CONDITIONS,
    IMAGE,
    NUMBER,
    ROWS,
    TARGET,
    condition_columns,
    qualified,
)

_SEED = 11
_PLACE = f"{TARGET}.tableoid::bigint::text || ' ' || {TARGET}.ctid::text"


def some_rows(relation: RelationState) -> str:
    """How many rows there are, not counting beyond $1."""
    return f"select count(*) from (select from {qualified(relation.name)} limit $1) as counted"


def all_rows(relation: RelationState) -> str:
    return f"select count(*) from {qualified(relation.name)}"


def make_rows(relation: RelationState, percentage: float | None) -> str:
    """A view of the rows, each with its part and place as text; with a percentage, of a sample that stays the same as
    long as the table does."""
    sample = f" tablesample system ({percentage:.6f}) repeatable ({_SEED})" if percentage is not None else ""
    source = f"{qualified(relation.name)} as {TARGET}{sample}"
    return f"create temporary view {ROWS} as select {_PLACE} as {NUMBER}, {TARGET} as {IMAGE} from {source}"


COUNT_ROWS = f"select count(*) from pg_temp.{ROWS}"


def read_conditions(count: int) -> str:
    """Of each row its part and place, and the conditions."""
    return f"select {NUMBER}::text, {condition_columns(count)} from pg_temp.{CONDITIONS}"


def keys(relation: RelationState, columns: Sequence[str]) -> str:
    """The `columns` as texts of the rows at the places $1, each given as part and place; $2 are the places alone."""
    values = ", ".join(f"{TARGET}.{quote_identifier(column)}::text" for column in columns)
    return (
        f"select {_PLACE} as place, array[{values}]::text[] as values from {qualified(relation.name)} as {TARGET} "
        f"where {TARGET}.ctid = any($2::text[]::tid[]) and {_PLACE} = any($1::text[])"
    )
