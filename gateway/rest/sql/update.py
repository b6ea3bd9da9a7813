"""What is particular to updates whose values differ from row to row, or are made of the old ones."""

from __future__ import annotations

from gateway.rest.plan.write import Write, WrittenColumn
from gateway.rest.sql.arguments import Arguments
from gateway.rest.sql.names import qualified, quote_identifier
from gateway.rest.sql.operations import operated
from gateway.rest.sql.rows import SOURCE

BODY = "passerelle_body"
"""The rows of the request's body, or the one record of a call's arguments."""

_ELEMENT = "passerelle_element"
_RECORD = "passerelle_record"
_WHOLE = "passerelle_row_given"


def assigned(column: WrittenColumn, table: str, arguments: Arguments) -> str:
    """What `column` of `table` becomes, given the row of the body."""
    name = quote_identifier(column.name)
    old, new = f"{table}.{name}", f"{BODY}.{name}"
    text = operated(column.operation, old, new, column.type) if column.operation else new
    if not column.partial:
        return text
    return f"CASE WHEN {BODY}.{_WHOLE} -> {arguments.text(column.name)}::text IS NOT NULL THEN {text} ELSE {old} END"


def given_rows(write: Write, arguments: Arguments) -> str:
    """A SELECT of the rows of the body, typed, and as JSON if they differ in their keys."""
    assert write.body is not None
    data = f"{arguments.slot(write.body)}::json"
    element = f"(VALUES ({data}))" if write.is_object else f"pg_catalog.json_array_elements({data})"
    declared = ", ".join(f"{quote_identifier(column.name)} {column.type}" for column in write.columns)
    items = [_typed(column) for column in write.columns]
    if any(column.partial for column in write.columns):
        items.append(f"{_ELEMENT}.row AS {_WHOLE}")
    return (
        f"SELECT {', '.join(items)} FROM {element} AS {_ELEMENT}(row), "
        f"LATERAL pg_catalog.json_to_record({_ELEMENT}.row) AS {_RECORD}({declared})"
    )


def found_columns(write: Write) -> str:
    """Further columns of the answer: rows in the body, different keys among them, and keys whose row was updated."""
    if not write.match:
        return ""
    key = f"ROW({', '.join(map(quote_identifier, write.match))})"
    return (
        f", (SELECT pg_catalog.count(*) FROM {BODY}), (SELECT pg_catalog.count(DISTINCT {key}) FROM {BODY}), "
        f"(SELECT pg_catalog.count(DISTINCT {key}) FROM {SOURCE})"
    )


def _typed(column: WrittenColumn) -> str:
    name = quote_identifier(column.name)
    value = f"{_RECORD}.{name}"
    return f"{qualified(column.parse)}({value}) AS {name}" if column.parse else value
