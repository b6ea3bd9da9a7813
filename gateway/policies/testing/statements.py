"""The SQL of probes: the only place of this room where statements are put together. Pure.

Values travel as one JSON document, `$1`, that PostgreSQL turns into the columns' types. Names go through the quoting
function. The condition of a probe is SQL by nature: it was found to be one balanced expression, and stands in
parentheses. Statements go by the extended protocol, which takes no second one.
"""
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.database import quote_identifier
from gateway.policies.model import Action, NewRow, QualifiedName
from gateway.policies.testing.surroundings import Function


class Statement(NamedTuple):
    """`document` is JSON for `$1`, None if the statement has no parameter."""

    sql: str
    document: str | None = None


Key = Mapping[str, Any]


def insertion(row: NewRow) -> Statement:
    """The owner inserts a given row."""
    return Statement(_insert(row.table, row.values), _document(values=row.values))


def direct(action: Action, *, unchanging: str | None = None, function: Function | None = None) -> Statement:
    """What a client sends. `unchanging` is the column that an update without values sets to itself. The statement
    returns one number, or its command tag has it."""
    if action.verb == "call":
        assert function is not None
        return _call(function, action.values)
    table, condition = action.table, _condition(action)
    assert table is not None
    match action.verb:
        case "select":
            sql = _selection(table, action.columns, condition)
        case "insert":
            sql = _insert(table, action.values)
        case "update":
            sql = f"update {_name(table)} set {_assignment(table, action.values, unchanging)}{condition}"
        case "delete":
            sql = f"delete from {_name(table)}{condition}"
    if action.columns and action.verb != "select":
        sql = f"with written as ({sql} returning {_columns(action.columns)}) select count(*) from written"
    return _with_document(sql, action.key, action.values)


def blind(action: Action, cursor: str, values: Mapping[str, Any]) -> Statement:
    """An update or delete of the row that `cursor` points to, which needs no right to read. `values` are set."""
    table = action.table
    assert table is not None
    where = f" where current of {quote_identifier(cursor)}"
    if action.verb == "delete":
        return Statement(f"delete from {_name(table)}{where}")
    return _with_document(f"update {_name(table)} set {_assignment(table, values, None)}{where}", {}, values)


def count_known(action: Action) -> Statement:
    """How many rows a probe is about, for the owner."""
    assert action.table is not None
    return _with_document(f"select count(*) from {_name(action.table)}{_condition(action)}", action.key, {})


def count_each(table: QualifiedName, keys: Sequence[Key]) -> Statement:
    """How many rows each key has, in order. All keys have values in the same columns."""
    joined = _joined(table, keys[0])
    sql = f"select (select count(*) from {_name(table)} where {joined}) from {_keys(table)} order by key.number"
    return Statement(sql, json.dumps([dict(key) for key in keys], ensure_ascii=False))


def find_each(table: QualifiedName, keys: Sequence[Key], *, located: bool) -> Statement:
    """The rows of each key: `number` (of the key, from 1), `place`, `partition`, `document` (all columns as JSON)."""
    place = f"{_name(table)}.ctid::text, {_name(table)}.tableoid" if located else "null::text, null::oid"
    joined = _joined(table, keys[0])
    sql = (
        f"select key.number, {place}, to_jsonb({_name(table)}.*)::text from {_keys(table)} "
        f"join {_name(table)} on {joined} order by key.number"
    )
    return Statement(sql, json.dumps([dict(key) for key in keys], ensure_ascii=False))


def point(cursor: str, table: QualifiedName, place: str, partition: int) -> str:
    """Let a cursor point to a row. Both values are the server's own words, not a file's."""
    row, position = (int(part) for part in place.strip("()").split(","))
    return (
        f"declare {quote_identifier(cursor)} cursor for select from {_name(table)} "
        f"where ctid = '({row},{position})' and tableoid = {int(partition)}; "
        f"move next in {quote_identifier(cursor)}"
    )


def shape(key: Key) -> tuple[tuple[str, bool], ...]:
    """What keys must have in common to be looked up together: their columns, and which are null."""
    return tuple((column, value is None) for column, value in key.items())


def _selection(table: QualifiedName, columns: Sequence[str], condition: str) -> str:
    if not columns:
        return f"select count(*) from {_name(table)}{condition}"
    return f"select count(*) from (select {_columns(columns)} from {_name(table)}{condition}) as asked"


def _insert(table: QualifiedName, values: Mapping[str, Any]) -> str:
    # Columns that are not named keep their defaults.
    if not values:
        return f"insert into {_name(table)} default values"
    given = ", ".join(f"given.{quote_identifier(column)}" for column in values)
    return f"insert into {_name(table)} ({_columns(values)}) select {given} from {_record(table, 'values')} as given"


def _assignment(table: QualifiedName, values: Mapping[str, Any], unchanging: str | None) -> str:
    if not values:
        assert unchanging is not None
        return f"{quote_identifier(unchanging)} = {_column(table, unchanging)}"
    given = ", ".join(f"given.{quote_identifier(column)}" for column in values)
    return f"({_columns(values)}) = (select {given} from {_record(table, 'values')} as given)"


def _call(function: Function, values: Mapping[str, Any]) -> Statement:
    if not values:
        return Statement(f"select count(*) from {_name(function.name)}() as called")
    # As the gateway calls functions: the caller needs the right to use the parameters' types.
    types = ", ".join(f"{quote_identifier(name)} {function.parameters[name]}" for name in values)
    named = ", ".join(f"{quote_identifier(name)} => given.{quote_identifier(name)}" for name in values)
    sql = (
        f"select count(*) from jsonb_to_record($1::jsonb -> 'values') as given ({types}), "
        f"lateral {_name(function.name)}({named}) as called"
    )
    return Statement(sql, _document(values=values))


def _condition(action: Action) -> str:
    table = action.table
    assert table is not None
    # The line break ends a comment on the last line of the text.
    parts = [f"({action.where.text}\n)"] if action.where is not None else []
    for column, value in action.key.items():
        # A subquery, because a second relation would make the columns' names in `where` ambiguous.
        wanted = f"(select wanted.{quote_identifier(column)} from {_record(table, 'key')} as wanted)"
        parts.append(f"{_column(table, column)} {'is null' if value is None else f'= {wanted}'}")
    return f" where {' and '.join(parts)}" if parts else ""


def _keys(table: QualifiedName) -> str:
    return (
        "jsonb_array_elements($1::jsonb) with ordinality as key (document, number) "
        f"cross join lateral jsonb_populate_record(null::{_name(table)}, key.document) as wanted"
    )


def _joined(table: QualifiedName, key: Key) -> str:
    return " and ".join(
        f"{_column(table, column)} " + ("is null" if value is None else f"= wanted.{quote_identifier(column)}")
        for column, value in key.items()
    )


def _record(table: QualifiedName, part: str) -> str:
    return f"jsonb_populate_record(null::{_name(table)}, $1::jsonb -> '{part}')"


def _with_document(sql: str, key: Mapping[str, Any], values: Mapping[str, Any]) -> Statement:
    needed = any(value is not None for value in key.values()) or values
    return Statement(sql, _document(key=key, values=values) if needed else None)


def _document(**parts: Mapping[str, Any]) -> str:
    return json.dumps({name: dict(part) for name, part in parts.items()}, ensure_ascii=False)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(map(quote_identifier, names))


def _column(table: QualifiedName, column: str) -> str:
    return f"{_name(table)}.{quote_identifier(column)}"


def _name(name: QualifiedName) -> str:
    return f"{quote_identifier(name.schema)}.{quote_identifier(name.name)}"
