"""PostgreSQL's types and defaults in the words of JSON Schema."""

from __future__ import annotations

import re
from typing import Any

import orjson

Json = dict[str, Any]

_TYPES: dict[str, str | None] = {
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "real": "number",
    "double precision": "number",
    "json": None,
    "jsonb": None,
}
_FORMATS = {"smallint": "int32", "integer": "int32", "bigint": "int64"}

_LITERAL = re.compile(r"""'((?:[^']|'')*)'(?:::[\w ."]+(?:\([\d,]+\))?)*""")


def json_type(sql_type: str) -> str | None:
    """The JSON type of values of `sql_type`; None for json and jsonb, which may be anything."""
    return "array" if sql_type.endswith("[]") else _TYPES.get(sql_type, "string")


def json_format(sql_type: str) -> str:
    """An OpenAPI format for integers, PostgreSQL's own name for the rest."""
    return _FORMATS.get(sql_type, sql_type)


def element_type(sql_type: str) -> str:
    return sql_type.removesuffix("[]")


def schema_of(sql_type: str) -> Json:
    """The schema of a value: type, format and, of arrays, what the elements are."""
    kind = json_type(sql_type)
    items = typed(json_type(element_type(sql_type))) if kind == "array" else None
    return {"format": json_format(sql_type), **typed(kind), **({"items": items} if items is not None else {})}


def typed(kind: str | None) -> Json:
    return {"type": kind} if kind is not None else {}


def json_default(expression: str, sql_type: str) -> Any:
    """The value of a column default, or None if it has none that JSON can say.

    For a type written as a string that is the literal, else the expression (``now()``); for other types only
    constants count.
    """
    if json_type(sql_type) != "string":
        try:
            return orjson.loads(expression)
        except orjson.JSONDecodeError:
            return None
    if expression.upper().startswith("NULL::"):
        return None
    literal = _LITERAL.fullmatch(expression)
    return literal[1].replace("''", "'") if literal else expression.removesuffix(f"::{sql_type}")
