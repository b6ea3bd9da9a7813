"""What a batch asks for. Pure: the body in, a `Batch` out. See docs/batch.md for the format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from gateway.errors import GatewayError
from gateway.rest.batch.errors import BatchFailed, Position, invalid, nested, too_many_steps, unknown_step
from gateway.rest.batch.references import Part, Reference, Template, is_step_id, read_template
from gateway.rest.errors import RestError
from gateway.rest.exact_json import Json, parse
from gateway.rest.grammar.operations import typed_head

REST: Final = "/rest/v1"
_METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
_WITH_BODY = frozenset({"POST", "PATCH", "PUT"})
_BATCH_KEYS = frozenset({"steps", "dry_run"})
_STEP_KEYS = frozenset({"id", "method", "path", "headers", "filters", "body"})
_HEADERS = MappingProxyType(
    {
        name.lower(): name
        for name in ("Accept", "Accept-Profile", "Content-Profile", "Content-Type", "Prefer", "Range", "Range-Unit")
    }
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FILTER_PARTS = 3
_MOST_FILTERS = 1000
_LONGEST_PATH = 4096
_JSON: Final = "application/json"
_SIGNS = (b'"$', b"u0024")
"""One of these is in every body that has a reference or an escaped one."""

ReadTemplate = Callable[[Json], Template]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter whose value is given apart from it. `head` is the operator as the grammar writes it."""

    column: str
    head: str
    value: Template


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `path` is below `/rest/v1` and raw, `query` is what follows the `?`. `headers` have the names'
    usual case. `body` is None if there is none; other types than JSON have a text as body."""

    position: Position
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    filters: tuple[Filter, ...]
    body: Template | None

    @property
    def references(self) -> tuple[Reference, ...]:
        inside = self.body.references if self.body is not None else ()
        return (*inside, *(reference for each in self.filters for reference in each.value.references))


@dataclass(frozen=True, slots=True)
class Batch:
    steps: tuple[Step, ...]
    dry_run: bool


def read_batch(body: bytes, most_steps: int) -> Batch:
    """From ``{"steps": […], "dry_run": …}``, or from the list of steps alone.

    Raises BatchError; BatchFailed where a step can be named.
    """
    try:
        given: Json = parse(body)
    except RestError:
        raise invalid("the body is not valid JSON") from None
    members = given if isinstance(given, dict) else {"steps": given}
    _check_keys(members, _BATCH_KEYS, "a batch")
    listed, dry_run = members.get("steps"), members.get("dry_run", False)
    if not isinstance(listed, list) or not listed:
        raise invalid("it must be a list of steps, or an object whose `steps` are one, and not be empty")
    if not isinstance(dry_run, bool):
        raise invalid("`dry_run` must be true or false")
    if len(listed) > most_steps:
        raise too_many_steps(len(listed), most_steps)
    known: set[str] = set()
    # looking for references costs as much as parsing, and few bodies that are large have any
    read = read_template if any(sign in body for sign in _SIGNS) else _plain
    return Batch(tuple(_step(index, step, known, read) for index, step in enumerate(listed)), dry_run)


def _plain(value: Json) -> Template:
    return Template(cast("Part", value))


def _step(index: int, given: Json, known: set[str], read: ReadTemplate) -> Step:
    """`known` are the ids of the steps before; that of this one is added."""
    members = given if isinstance(given, dict) else {}
    id_, method, path = (_text(members.get(name)) for name in ("id", "method", "path"))
    position = Position(index, id_, method, path)
    try:
        if not members:
            raise invalid("a step must be an object")
        step = _read_step(position, members, read)
        for reference in step.references:
            if reference.step not in known:
                raise unknown_step(reference)
        if "id" in members:
            if not is_step_id(members["id"]):
                raise invalid("`id` must be a letter or _, then letters, digits, _ or -, at most 64 in all")
            if members["id"] in known:
                raise invalid(f"an earlier step has the id {members['id']!r} too")
            known.add(members["id"])
    except GatewayError as error:
        raise BatchFailed(error, position) from error
    return step


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _read_step(position: Position, members: dict[str, Json], read: ReadTemplate) -> Step:
    _check_keys(members, _STEP_KEYS, "a step")
    if position.method not in _METHODS:
        raise invalid(f"`method` must be one of {', '.join(_METHODS)}")
    path, query = _target(position.path)
    headers = _headers(members.get("headers", {}))
    return Step(
        position,
        position.method,
        path,
        query,
        headers,
        _filters(members.get("filters", []), read),
        _body(members, position.method, headers, read),
    )


def _check_keys(members: Mapping[str, Json], known: frozenset[str], whose: str) -> None:
    unknown = sorted(members.keys() - known)
    if unknown:
        raise invalid(f"{whose} has no `{unknown[0]}`", hint=f"Known are {', '.join(sorted(known))}.")


def _target(text: str | None) -> tuple[str, str]:
    """Path below /rest/v1 and query, both raw. Which of them exist is for the REST grammar to say."""
    if text is None or not text.startswith("/") or _CONTROL.search(text) or "#" in text:
        raise invalid("`path` must be a path below /rest/v1, such as /orders?select=id")
    path, _, query = text.partition("?")
    if len(path) > _LONGEST_PATH:
        raise invalid(f"`path` has more than {_LONGEST_PATH} characters before the query")
    path = path.removeprefix(REST) if path.startswith(REST + "/") else path
    if path == "/batch/v1" or path.startswith("/batch/v1/"):
        raise nested()
    if path == "/":
        raise invalid("`path` must name a relation or a function")
    return path, query


def _headers(given: Json) -> Mapping[str, str]:
    if not isinstance(given, dict):
        raise invalid("`headers` must be an object of texts")
    headers: dict[str, str] = {}
    for name, value in given.items():
        usual = _HEADERS.get(name.lower())
        if usual is None:
            hint = f"Allowed are {', '.join(_HEADERS.values())}."
            raise invalid(f"a step may not have the header {name!r}", hint=hint)
        if not isinstance(value, str) or _CONTROL.search(value):
            raise invalid(f"the header {usual} must be a text of one line")
        if usual in headers:
            raise invalid(f"the header {usual} is there twice")
        headers[usual] = value
    return headers


def _filters(given: Json, read: ReadTemplate) -> tuple[Filter, ...]:
    if not isinstance(given, list) or len(given) > _MOST_FILTERS:
        raise invalid(f"`filters` must be a list of at most {_MOST_FILTERS}")
    return tuple(_filter(item, read) for item in given)


def _filter(given: Json, read: ReadTemplate) -> Filter:
    parts = given if isinstance(given, list) else []
    if len(parts) != _FILTER_PARTS or not isinstance(parts[0], str) or not isinstance(parts[1], str):
        raise invalid('a filter is a list of column, operator and value: ["id", "eq", 5]')
    column, operator, value = parts[0], parts[1], read(parts[2])
    if not column or "\0" in column:
        raise invalid("a filter must name its column")
    head = typed_head(operator)
    if head is None:
        hint = "`is` has no value of its own: write it into the path." if operator.endswith("is") else None
        raise invalid(f"{operator!r} is no operator with a value", hint=hint)
    return Filter(column, head, value)


def _body(members: dict[str, Json], method: str, headers: Mapping[str, str], read: ReadTemplate) -> Template | None:
    if "body" not in members:
        return None
    if method not in _WITH_BODY:
        raise invalid(f"a {method} has no body")
    body = members["body"]
    if headers.get("Content-Type", _JSON).partition(";")[0].strip().lower() == _JSON:
        return read(body)
    if not isinstance(body, str):
        raise invalid("a body that is not JSON must be given as a text (application/octet-stream in base64)")
    return Template(body)
