"""Request bodies (PostgREST docs: "Insert", "Bulk Insert", "Functions with …"): read as far as the statement needs.

PostgreSQL parses the values: a JSON body is passed on as it came. Only its keys are looked at here.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

from gateway.rest.errors import RestError
from gateway.rest.exact_json import Json, parse

_EMPTY = "Empty or invalid json"
_PORTION = 1000
_MOST_FIELDS = 10_000
_RAW_TYPES = {"text/plain": "text", "text/xml": "xml", "application/octet-stream": "bytea"}


@dataclass(frozen=True, slots=True)
class JsonPayload:
    """`text` is JSON: an array of objects, or one object (`is_object`). `keys` are the columns or arguments to take
    from it, None if the client's `columns` decide. `common` are the keys that every row is known to have, None if
    all have all. `operations` are the columns whose value is the operand of an operation, and its name."""

    text: str
    is_object: bool
    keys: frozenset[str] | None
    common: frozenset[str] | None = None
    operations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FormPayload:
    """Pairs of a form; a name may repeat."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RawPayload:
    """A body for a function's single unnamed parameter. `type` is text, xml or bytea; `text` is PostgreSQL's input."""

    type: str
    text: str


@dataclass(frozen=True, slots=True)
class NestedPayload:
    """Rows of a nested insert; `single` if the body was one object. They are taken apart, unlike other bodies."""

    rows: tuple[Mapping[str, Json], ...]
    single: bool


Payload = JsonPayload | FormPayload | RawPayload | NestedPayload


def media_type(content_type: str | None) -> str:
    """The type without parameters; JSON if none was sent."""
    return (content_type or "application/json").partition(";")[0].strip().lower()


def read_payload(body: bytes, content_type: str | None, *, columns: bool, call: bool) -> Payload:
    """The body of a write, or of a function call (`call`). `columns` says that the client named the keys itself, and
    that JSON is not looked into. Raises PGRST102."""
    kind = media_type(content_type)
    match kind:
        case "application/json":
            return _json(body, columns=columns, call=call)
        case "text/csv":
            return _csv(_text(body), columns=columns)
        case "application/x-www-form-urlencoded":
            return _form(_text(body), call=call)
        case "text/plain" | "text/xml" | "application/octet-stream" if call:
            text = "\\x" + body.hex() if kind == "application/octet-stream" else _text(body)
            return RawPayload(_RAW_TYPES[kind], text)
        case _:
            raise _refused(f"Content-Type not acceptable: {kind}")


def read_nested(body: bytes) -> NestedPayload:
    """The JSON body of a POST that prefers `nested=insert`. Raises PGRST102."""
    parsed = parse(body)
    if isinstance(parsed, dict):
        return NestedPayload((parsed,), single=True)
    rows: list[Mapping[str, Json]] = []
    for row in parsed if isinstance(parsed, list) else []:
        if not isinstance(row, dict):
            raise _refused("All object keys must match")
        rows.append(row)
    return NestedPayload(tuple(rows), single=False)


def _refused(message: str) -> RestError:
    return RestError(400, "PGRST102", message)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise _refused("The body is not valid UTF-8") from None


def _json(body: bytes, *, columns: bool, call: bool) -> JsonPayload:
    if columns:
        text = _text(body)
        return JsonPayload(text, text.lstrip()[:1] == "{", None)
    if not body and call:
        return JsonPayload("{}", is_object=True, keys=frozenset())
    parsed = _looked_into(body)
    if isinstance(parsed, dict):
        return JsonPayload(body.decode(), is_object=True, keys=frozenset(cast("dict[str, Any]", parsed)))
    if not isinstance(parsed, list) or not parsed:
        # anything else counts as no rows at all
        return JsonPayload("[]", is_object=False, keys=frozenset())
    return JsonPayload(body.decode(), is_object=False, keys=_common_keys(cast("list[Any]", parsed)))


def _looked_into(body: bytes) -> Any:
    """The parsed body, good for its keys only. Raises PGRST102."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "infinity" in str(error):  # a number too large for it, but perhaps not for PostgreSQL
            return parse(body)
        raise _refused(_EMPTY) from None


def _common_keys(rows: Sequence[Any]) -> frozenset[str]:
    keys: frozenset[str] | None = None
    for row in rows:
        if not isinstance(row, dict):
            raise _refused("All object keys must match")
        own = cast("dict[str, Any]", row).keys()
        if keys is None:
            keys = frozenset(own)
        elif keys != own:
            raise _refused("All object keys must match")
    return keys or frozenset()


def _csv(text: str, *, columns: bool) -> JsonPayload:
    """A header line and rows; the bare word NULL is null, everything else a string."""
    # The module's limit of 128 kB a field would refuse bodies that are within ours; it can only be set for all readers.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    lines = (line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line)
    try:
        header = next(lines, None)
        if header is None:
            raise _refused("parse error (not enough input)")
        # in portions: as lists and dictionaries, many short rows take a hundred times the memory of the body
        portions = list(iter(lambda: _csv_rows(header, list(islice(lines, _PORTION))), ""))
    except csv.Error as error:
        raise _refused(str(error)) from None
    keys = frozenset(header)
    rows = f"[{', '.join(portions)}]"
    return JsonPayload(rows, is_object=False, keys=None if columns else keys, common=keys)


def _csv_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows as JSON objects separated by commas."""
    if any(len(row) != len(header) for row in rows):
        raise _refused("All lines must have same number of fields")
    objects = [dict(zip(header, (None if cell == "NULL" else cell for cell in row), strict=True)) for row in rows]
    return json.dumps(objects)[1:-1]


def _form(text: str, *, call: bool) -> Payload:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise _refused(f"The form has more than {_MOST_FIELDS} fields") from None
    if call:
        return FormPayload(tuple(pairs))
    return JsonPayload(json.dumps(dict(pairs)), is_object=True, keys=frozenset(name for name, _ in pairs))
