"""From a result row to status, headers and body (PostgREST docs: "Pagination and Count", "Response Headers")."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from gateway.rest import etags
from gateway.rest.compile import Compiled, WriteAnswer
from gateway.rest.errors import (
    bad_response_headers,
    bad_response_status,
    not_single,
    put_mismatch,
    range_not_satisfiable,
    too_many_affected,
)
from gateway.rest.media import Form
from gateway.rest.own_errors import duplicate_keys, rows_not_found
from gateway.rest.paging import next_page
from gateway.rest.preferences import NONE, applied
from gateway.rest.request import Request

Header = tuple[str, str]

_NOT_SATISFIABLE = 416
# Node's fetch refuses answers with 16 kB of headers, and many proxies far fewer: a long query is not repeated in one.
_LONGEST_LOCATION = 4096
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Interim statuses (1xx) would never end the exchange: clients take what follows for the next answer.
_STATUS = re.compile(r"[2-9][0-9]{2}")
_TAGGED = frozenset({200, 206})
_VARY = ("Vary", "Accept, Prefer, Range")
_VARY_TAGGED = ("Vary", f"Accept, Prefer, Range, {etags.VARY}")
_LONGEST_NAMES = 128
_MOST_WARNINGS = 8
_WARNING = (
    "299 - \"The embed '{target}' has the alias '{alias}': use the alias in filters, orders and limits. "
    'Its target name will not be accepted in a later version."'
)


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows of the body, different keys among them, and how many of these were found."""

    given: int
    distinct: int
    found: int


class Result(NamedTuple):
    """One answer of PostgreSQL. `total` is known if it was counted; `headers` and `status` are the texts of the
    `response.*` settings, None if SQL did not set them. `location` is the primary key of a single new row, as a JSON
    object of texts; `inserted` how many rows were new, if that was counted; `matched` how an update by key went.
    `place` is where the last row of a read by cursor stands in the order, a JSON array."""

    body: bytes
    page: int
    total: int | None = None
    headers: str | None = None
    status: str | None = None
    location: bytes | None = None
    inserted: int | None = None
    matched: Matched | None = None
    place: bytes | str | None = None


class Answer(NamedTuple):
    status: int
    headers: list[Header]
    body: bytes


@dataclass(frozen=True, slots=True)
class RespondRules:
    """`many_schemas`: more than one schema is exposed, so answers name theirs. `tx_override`: `Prefer: tx` counts.
    `etags`: reads carry a tag and say how they may be cached."""

    many_schemas: bool = False
    etags: bool = False
    tx_override: bool = False


def body_bytes(compiled: Compiled, body: bytes | str | None) -> bytes:
    """The body as PostgreSQL sent it: json as bytes, other text as str, bytea as hexadecimal text."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if compiled.binary:
        return bytes.fromhex(body[2:])
    return body.encode()


def check_single(compiled: Compiled, page: int) -> None:
    """Raises PGRST116 if one object was asked for and there is not exactly one row."""
    if compiled.rendering.form is Form.OBJECT and page != 1 and not compiled.single and not compiled.void:
        raise not_single(page)


def check_affected(request: Request, compiled: Compiled, rows: int) -> None:
    """Raises PGRST124 for more rows than the client allowed, PGRST115 for a PUT that is not of the row it names."""
    limit = request.preferences.max_affected
    counts = request.method in ("PATCH", "DELETE") or compiled.path is None
    if counts and request.preferences.strict and limit is not None and rows > limit:
        raise too_many_affected(rows)
    if compiled.write is not None and compiled.write.method == "PUT" and rows != 1:
        raise put_mismatch()


def check_matched(request: Request, matched: Matched) -> None:
    """Raises PGRSTX23 for a key that was given twice, and PGRSTX24 in strict handling for one that was not found."""
    if matched.distinct < matched.given:
        raise duplicate_keys(matched.given, matched.distinct)
    if request.preferences.strict and matched.found < matched.given:
        raise rows_not_found(matched.given, matched.found)


def respond(request: Request, compiled: Compiled, result: Result, rules: RespondRules) -> Answer:
    """The answer to a read. Raises PGRST103 for an offset beyond the end, PGRST111, PGRST112."""
    page = 1 if compiled.single else result.page
    status, content_range = _range(request.offset, page, result.total)
    headers: list[Header] = [("Content-Range", content_range)]
    if compiled.path is not None:
        headers.extend(_location(compiled.path, request.query.canonical))
    if compiled.void:
        status = 204 if status != _NOT_SATISFIABLE else status
    else:
        headers.append(("Content-Type", compiled.rendering.content_type))
        if request.profile_sent or rules.many_schemas:
            headers.append(("Content-Profile", request.schema))
    preferences = _applied(request, rules, call=compiled.path is None)
    if preferences is not None:
        headers.append(("Preference-Applied", preferences))
    headers.append(_VARY_TAGGED if rules.etags else _VARY)
    headers.extend(_warnings(compiled.legacy_names))
    if compiled.paging is not None:
        headers.extend(next_page(request, compiled.paging, result.page, result.place))
    body = result.body
    if status == _NOT_SATISFIABLE:
        error = range_not_satisfiable(_beyond(request.offset, result.total))
        shape = {"code": error.code, "details": error.details, "hint": error.hint, "message": error.message}
        body = json.dumps(shape, separators=(",", ":")).encode()
    elif rules.etags and not compiled.void:
        headers.append(etags.CACHE_CONTROL)
        if request.method != "HEAD":
            headers.append(("ETag", etags.etag(body, f"{compiled.rendering.content_type} {content_range}")))
    status, headers = _overridden(status, headers, result)
    return Answer(status, headers, body if request.method != "HEAD" else b"")


def unless_known(answer: Answer, if_none_match: str) -> Answer:
    """304 in place of an answer that the client has."""
    if answer.status not in _TAGGED or not etags.matches(if_none_match, answer.headers):
        return answer
    return Answer(304, etags.not_modified(answer.headers), b"")


def respond_to_write(
    request: Request, compiled: Compiled, write: WriteAnswer, result: Result, rules: RespondRules
) -> Answer:
    """The answer to a POST, PATCH, PUT or DELETE. Raises PGRST111, PGRST112."""
    headers: list[Header] = []
    counted = str(result.page) if request.preferences.count is not None else "*"
    if write.method == "PATCH":
        rows = f"0-{result.page - 1}" if result.page else "*"
        headers.append(("Content-Range", f"{rows}/{counted}"))
    elif write.method != "PUT":
        headers.append(("Content-Range", f"*/{counted}"))
    location = _new_location(request.name, result.location)
    if location is not None:
        headers.append(("Location", location))
    if compiled.rendering.explain is not None or write.represented:
        headers.append(("Content-Type", compiled.rendering.content_type))
        if request.profile_sent or rules.many_schemas:
            headers.append(("Content-Profile", request.schema))
    preferences = _applied(request, rules, call=False, write=write)
    if preferences is not None:
        headers.append(("Preference-Applied", preferences))
    headers.append(_VARY)
    headers.extend(_warnings(compiled.legacy_names))
    if compiled.rendering.explain is not None:
        return Answer(200, headers, result.body)
    status, headers = _overridden(_write_status(request, write, result), headers, result)
    return Answer(status, headers, result.body if write.represented else b"")


def _write_status(request: Request, write: WriteAnswer, result: Result) -> int:
    if write.method == "POST":
        merged = request.preferences.resolution == "merge-duplicates" and (result.inserted or 0) <= 0
        return 200 if merged and write.resolution is not None else 201
    if not write.represented:
        return 204
    return 201 if write.method == "PUT" and (result.inserted or 0) > 0 else 200


def _new_location(table: str, key: bytes | None) -> str | None:
    if key is None:
        return None
    pairs: dict[str, str | None] = json.loads(key)
    query = "&".join(
        f"{quote(name, safe='')}={'is.null' if value is None else 'eq.' + quote(value, safe='')}"
        for name, value in pairs.items()
    )
    return f"/{quote(table, safe='$')}?{query}"


def _range(offset: int, rows: int, total: int | None) -> tuple[int, str]:
    known = "*" if total is None else str(total)
    content_range = f"{offset}-{offset + rows - 1}/{known}" if rows else f"*/{known}"
    if total is None:
        return 200, content_range
    if offset > total:
        return _NOT_SATISFIABLE, f"*/{total}"
    return (206 if rows < total else 200), content_range


def _beyond(offset: int, total: int | None) -> str:
    return f"An offset of {offset} was requested, but there are only {total or 0} rows."


def _location(path: str, canonical: str) -> list[Header]:
    if len(canonical) > _LONGEST_LOCATION:
        return []
    location = _quoted_path(path) + (f"?{canonical}" if canonical else "")
    return [("Content-Location", location)] if len(location) <= _LONGEST_LOCATION else []


@lru_cache(maxsize=1024)
def _quoted_path(path: str) -> str:
    return f"/{quote(path, safe='$')}"


def _applied(request: Request, rules: RespondRules, *, call: bool, write: WriteAnswer | None = None) -> str | None:
    preferences = request.preferences
    if preferences is NONE:
        return None
    limited = preferences.strict and preferences.max_affected is not None
    limits = call or (write is not None and write.method in ("PATCH", "DELETE"))
    return applied(
        {
            "resolution": write.resolution if write else None,
            "missing": write.missing if write else None,
            "return": write.returns if write else None,
            "count": preferences.count,
            "tx": preferences.tx if rules.tx_override else None,
            "handling": preferences.handling,
            "timezone": preferences.timezone,
            "max-affected": str(preferences.max_affected) if limited and limits else None,
            "nested": "insert" if write and write.nested else None,
            "update": "by-key" if write and write.by_key else None,
            "operations": "apply" if write and write.operations else None,
        }
    )


def _warnings(names: Sequence[tuple[str, str]]) -> list[Header]:
    """Not for names that a header cannot carry, or only at length: they come from the URL."""
    return [
        ("Warning", _WARNING.format(target=target, alias=alias))
        for target, alias in names
        if (target + alias).isprintable() and len(target + alias) <= _LONGEST_NAMES
    ][:_MOST_WARNINGS]


# -- what SQL may say about the answer ------------------------------------------------------------------------------


def _overridden(status: int, headers: list[Header], result: Result) -> tuple[int, list[Header]]:
    if result.status is not None:
        status = _status(result.status)
    if result.headers is None:
        return status, headers
    own = _headers(result.headers)
    replaced = {name.lower() for name, _ in own}
    return status, [header for header in headers if header[0].lower() not in replaced] + own


def _status(text: str) -> int:
    if not _STATUS.fullmatch(text):
        raise bad_response_status()
    return int(text)


def _headers(text: str) -> list[Header]:
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        raise bad_response_headers() from None
    if not isinstance(parsed, list):
        raise bad_response_headers()
    headers: list[Header] = []
    for item in cast("list[Any]", parsed):
        if not isinstance(item, dict) or len(cast("dict[str, Any]", item)) != 1:
            raise bad_response_headers()
        ((name, value),) = cast("dict[str, Any]", item).items()
        if not isinstance(value, str) or not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise bad_response_headers()
        headers.append((name, value))
    return headers
