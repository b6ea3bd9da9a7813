"""The SQL that this room writes. Names go through the quoting function, values are parameters; the conditions are
PostgreSQL's own texts of policies, which it has accepted before, or a WHERE of whoever asks, who is the owner.

A row on which conditions are tried stands in a temporary table as one value of the table's row type, and the conditions
in a view over it: the owner's rights resolve the names, as they did when the policy was made, and the rights of whoever
reads it hold for everything that runs, as they do in a policy (`security_invoker`).
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gateway.database import quote_identifier
from gateway.policies.database.state import RelationState
from gateway.policies.model import QualifiedName

TARGET = "passerelle_target"
NUMBER, IMAGE = "passerelle_number", "passerelle_image"
ROWS, CONDITIONS, _VALUES, _BLANK = (
    "passerelle_rows",
    "passerelle_conditions",
    "passerelle_values",
    "passerelle_blank",
)


def qualified(name: QualifiedName) -> str:
    return f"{quote_identifier(name.schema)}.{quote_identifier(name.name)}"


# -- rows of the table ------------------------------------------------------------------------------------------------


def find_rows(relation: RelationState, key: Collection[str], where: str | None) -> str:
    """Up to $1 rows with the key of the JSON object $2: place (a partition's OID and a ctid as text) and JSON image."""
    name = quote_identifier(relation.name.name)
    source = f"{qualified(relation.name)} as {name}"
    terms: list[str] = []
    if key:
        source += f", {_record(relation, key, '$2')} as passerelle_key"
        terms += [f"{name}.{column} = passerelle_key.{column}" for column in map(quote_identifier, sorted(key))]
    else:
        terms.append("$2::text is null")
    if where is not None:
        terms.append(f"({where}\n)")
    return (
        f"select {name}.tableoid as part, {name}.ctid::text as place, to_jsonb({name}.*)::text as image "
        f"from {source} where {' and '.join(terms)} limit $1"
    )


def _record(relation: RelationState, columns: Iterable[str], parameter: str) -> str:
    declared = ", ".join(f"{quote_identifier(name)} {relation.columns[name].type}" for name in sorted(columns))
    names = ", ".join(map(quote_identifier, sorted(columns)))
    return f"(select {names} from jsonb_to_record({parameter}::text::jsonb) as r ({declared}))"


def locate(columns: Sequence[str]) -> str:
    """The condition for the one row of a statement: at the place $1 of part $2, or by the columns of a key."""
    if not columns:
        return f"{TARGET}.ctid = $1::text::tid and {TARGET}.tableoid = $2::oid"
    row = f"(select {IMAGE} from pg_temp.{ROWS} where {NUMBER} = 1)"
    return " and ".join(f"{TARGET}.{quote_identifier(name)} = ({row}).{quote_identifier(name)}" for name in columns)


# -- conditions about a row -------------------------------------------------------------------------------------------


def make_rows(relation: RelationState) -> str:
    image = f"{NUMBER} integer not null, {IMAGE} {qualified(relation.name)}"
    return f"create temporary table {ROWS} ({image}) on commit drop"


def add_found(relation: RelationState) -> str:
    """The row at the place $1 of part $2, as number 1."""
    source = f"{qualified(relation.name)} as {TARGET} where {locate(())}"
    return f"insert into pg_temp.{ROWS} select 1, {TARGET} from {source}"


def add_text(relation: RelationState) -> str:
    """The row whose text is $2, as number $1."""
    return f"insert into pg_temp.{ROWS} values ($1, $2::text::{qualified(relation.name)})"


def changed_text(relation: RelationState) -> str:
    """The text of the row that comes of putting the JSON object $1 over row 1."""
    found = f"(select {IMAGE} from pg_temp.{ROWS} where {NUMBER} = 1)"
    return f"select jsonb_populate_record({found}, $1::text::jsonb)::text"


def make_blank(relation: RelationState) -> str:
    """A table with the same columns and defaults, and without triggers and constraints."""
    optional = ", ".join(f"alter column {quote_identifier(name)} drop not null" for name in relation.columns)
    like = f"like {qualified(relation.name)} including defaults including generated"
    return f"create temporary table {_BLANK} ({like}) on commit drop; alter table pg_temp.{_BLANK} {optional}"


def fill_blank(relation: RelationState, columns: Collection[str]) -> str:
    """Inserts the values to write, and returns the row's text."""
    return returning_text(_insert(f"pg_temp.{_BLANK}", columns))


def image_json() -> str:
    return f"select to_jsonb({IMAGE})::text from pg_temp.{ROWS} where {NUMBER} = $1"


def make_conditions(relation: RelationState, conditions: Sequence[str]) -> str:
    """A view with columns c0, c1, … for the conditions, and one row for each row."""
    columns = ", ".join(f"({sql}\n) as c{index}" for index, sql in enumerate(conditions))
    # A subquery has no system columns: a condition about `ctid` or `tableoid` must not find another table's.
    rows = f"(select {NUMBER}, {IMAGE} from pg_temp.{ROWS}) as {ROWS}"
    rows += f", lateral unnest(array[{ROWS}.{IMAGE}]) as {quote_identifier(relation.name.name)}"
    return (
        f"create temporary view {CONDITIONS} with (security_invoker = true) as select {NUMBER}, {columns} from {rows}"
    )


def share_rows(role: str) -> str:
    return f"grant select on {ROWS} to {quote_identifier(role)}"


def share_conditions(role: str) -> str:
    return f"grant select on {CONDITIONS} to {quote_identifier(role)}"


def read_conditions(count: int) -> str:
    """All conditions, of the row of number $1. Statements may be kept by their text: this one always has the same
    columns."""
    return f"select {condition_columns(count)} from pg_temp.{CONDITIONS} where {NUMBER} = $1"


def condition_columns(count: int) -> str:
    return ", ".join(f"c{index}" for index in range(count))


# -- attempts ---------------------------------------------------------------------------------------------------------


def make_values(relation: RelationState, columns: Collection[str]) -> str:
    """A table for the values to write, in the types of their columns."""
    declared = ", ".join(f"{quote_identifier(name)} {relation.columns[name].type}" for name in sorted(columns))
    return f"create temporary table {_VALUES} ({declared}) on commit drop"


def add_values(relation: RelationState, columns: Collection[str]) -> str:
    """The values of the JSON object $1."""
    return f"insert into pg_temp.{_VALUES} select r.* from {_record(relation, columns, '$1')} as r"


def share_values(role: str) -> str:
    return f"grant select on {_VALUES} to {quote_identifier(role)}"


def select(relation: RelationState, located: str) -> str:
    return f"select 1 from {qualified(relation.name)} as {TARGET} where {located}"


def count(relation: RelationState) -> str:
    return f"select count(*) from {qualified(relation.name)}"


def delete(relation: RelationState, located: str) -> str:
    return f"delete from {qualified(relation.name)} as {TARGET} where {located}"


def update(relation: RelationState, located: str, columns: Collection[str], itself: str) -> str:
    """Sets `columns` to the values made before, or the column `itself` to what it is."""
    name = qualified(relation.name)
    if not columns:
        column = quote_identifier(itself)
        return f"update {name} as {TARGET} set {column} = {TARGET}.{column} where {located}"
    sets = ", ".join(f"{column} = {_VALUES}.{column}" for column in map(quote_identifier, sorted(columns)))
    return f"update {name} as {TARGET} set {sets} from pg_temp.{_VALUES} where {located}"


def insert(relation: RelationState, columns: Collection[str]) -> str:
    return _insert(qualified(relation.name), columns)


def _insert(table: str, columns: Collection[str]) -> str:
    head = f"insert into {table} as {TARGET}"
    if not columns:
        return f"{head} default values"
    names = ", ".join(map(quote_identifier, sorted(columns)))
    return f"{head} ({names}) select {names} from pg_temp.{_VALUES}"


def returning_text(statement: str) -> str:
    """The statement, with the text of the row that it leaves."""
    return f"{statement} returning {TARGET}::text"


def returning(statement: str, column: str) -> str:
    return f"{statement} returning {TARGET}.{quote_identifier(column)}"
