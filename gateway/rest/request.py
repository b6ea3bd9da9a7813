"""What an HTTP request to `/rest/v1` asks for. Pure: strings in, a `Request` out."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from gateway.rest.errors import (
    invalid_path,
    method_not_allowed_on_function,
    put_range,
    range_not_satisfiable,
    unknown_schema,
    unsupported_method,
)
from gateway.rest.grammar.query import Query, read_query
from gateway.rest.media import MediaRange, read_accept
from gateway.rest.preferences import Preferences, read_preferences

_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{0,18})")
_REMEMBERED = 512
"""Characters of path and query; longer requests are read anew each time, which bounds the memory."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Target(enum.Enum):
    ROOT = "root"
    RELATION = "relation"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """`schema` is the active one; `profile_sent` tells whether a header chose it. `limit` and `offset` are those of
    the root after the Range header; `name` is empty for the root. Equal requests may be the same object, and only that
    makes them equal."""

    method: str
    target: Target
    name: str
    schema: str
    profile_sent: bool
    query: Query
    preferences: Preferences
    accept: tuple[MediaRange, ...]
    limit: int | None
    offset: int

    @property
    def is_call(self) -> bool:
        return self.target is Target.FUNCTION


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """The settings that decide how a request is read. `root_spec` is the function that answers for the root;
    `api_keys` says that the query parameter `apikey` is a credential and no filter."""

    schemas: tuple[str, ...]
    root_spec: str | None = None
    api_keys: bool = False


def read_request(
    method: str, path: str, raw_query: str, *, headers: Mapping[str, str], prefer: Sequence[str], rules: Rules
) -> Request:
    """`path` is the raw path below the mount, beginning with `/`; `headers` looks names up without regard to case.

    Raises errors in PostgREST's order: path, profile, method, query string, ranges.
    """
    said = _Said(
        headers.get("Accept-Profile" if method in _READS else "Content-Profile"),
        headers.get("Range") if method == "GET" else None,
        headers.get("Accept"),
        ", ".join(prefer) if prefer else None,
    )
    read = _remembered if len(path) + len(raw_query) <= _REMEMBERED else _read
    return read(method, path, raw_query, said, rules)


class _Said(NamedTuple):
    """The headers that matter, None if not sent."""

    profile: str | None
    range: str | None
    accept: str | None
    prefer: str | None


@lru_cache(maxsize=4096)
def _remembered(method: str, path: str, raw_query: str, said: _Said, rules: Rules) -> Request:
    """Requests repeat. Rules are equal only to themselves, so those of other surfaces are other requests."""
    return _read(method, path, raw_query, said, rules)


def _read(method: str, path: str, raw_query: str, said: _Said, rules: Rules) -> Request:
    target, name = _target(path)
    if target is Target.ROOT and rules.root_spec is not None:
        target, name = Target.FUNCTION, rules.root_spec
    schema, profile_sent = _profile(said.profile, rules.schemas)
    _check_method(method, target)
    if rules.api_keys and "apikey=" in raw_query:
        raw_query = "&".join(part for part in raw_query.split("&") if not part.startswith("apikey="))
    reads = method in _READS
    query = read_query(
        raw_query,
        call=target is Target.FUNCTION and reads,
        cursors=target is Target.RELATION and reads,
    )
    if method == "PUT" and (query.limit is not None or query.offset):
        raise put_range()
    limit, offset = _range(query, said.range)
    return Request(
        method,
        target,
        name,
        schema,
        profile_sent,
        query,
        read_preferences(() if said.prefer is None else (said.prefer,)),
        read_accept(said.accept),
        limit,
        offset,
    )


def _target(path: str) -> tuple[Target, str]:
    if path in ("/", ""):
        return Target.ROOT, ""
    match path[1:].split("/"):
        case [relation]:
            return Target.RELATION, _segment(relation)
        case ["rpc", function] if function:
            return Target.FUNCTION, _segment(function)
        case _:
            raise invalid_path()


def _segment(text: str) -> str:
    if "%" not in text:
        return text
    try:
        name = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise invalid_path() from None
    if "\0" in name:
        raise invalid_path()
    return name


def _profile(profile: str | None, schemas: tuple[str, ...]) -> tuple[str, bool]:
    if profile is None:
        return schemas[0], False
    profile = _utf8(profile)
    if profile not in schemas:
        raise unknown_schema(profile, schemas)
    return profile, True


def _utf8(header: str) -> str:
    """Header text as UTF-8: the HTTP parser keeps bytes that are not ASCII as surrogates."""
    if header.isascii():
        return header
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _check_method(method: str, target: Target) -> None:
    if method not in _METHODS:
        raise unsupported_method(method)
    if target is Target.FUNCTION and method not in ("GET", "HEAD", "POST", "OPTIONS"):
        raise method_not_allowed_on_function(method)
    if target is Target.ROOT and method not in _READS:
        raise unsupported_method(method)


_NEGATIVE_LIMIT = "Limit should be greater than or equal to zero."


def _range(query: Query, header: str | None) -> tuple[int | None, int]:
    """The rows asked for: `limit` and `offset` within the Range header."""
    limit, offset = query.limit, query.offset
    if limit is not None and limit < 0:
        raise range_not_satisfiable(_NEGATIVE_LIMIT)
    match = _RANGE.fullmatch(header) if header else None
    if match is None:
        return limit, offset
    first = int(match[1])
    last = int(match[2]) if match[2] else None
    if last is not None and last < first:
        details = "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        raise range_not_satisfiable(details)
    ends = [end for end in (last, offset + limit - 1 if limit is not None else None) if end is not None]
    offset = max(offset, first)
    if not ends:
        return None, offset
    rows = min(ends) - offset + 1
    if rows <= 0 and limit != 0:  # limit and header have no row in common
        raise range_not_satisfiable(_NEGATIVE_LIMIT)
    return max(rows, 0), offset
