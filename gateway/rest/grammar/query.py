"""The query string of a request.

Two steps, because requests repeat with other values. `read_query` runs for each request and separates the shape of
the query from its values; `parse_shape` runs once per shape and makes the tree that plans are built from.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote, unquote_plus

from gateway.rest.errors import RestError
from gateway.rest.grammar import cursor, names
from gateway.rest.grammar.logic import parse_logic
from gateway.rest.grammar.operations import operation, parse_operation, split
from gateway.rest.grammar.order import parse_names, parse_order
from gateway.rest.grammar.scanner import Mismatch, Scanner
from gateway.rest.grammar.select import parse_select
from gateway.rest.grammar.syntax import (
    Comparison,
    Condition,
    Field,
    Filter,
    FullText,
    IsDistinct,
    Logic,
    Membership,
    OrderTerm,
    Path,
    SelectItem,
)
from gateway.rest.read_errors import invalid_cursor

_RESERVED = frozenset({"select", "columns", "on_conflict"})
_EMBEDDABLE = frozenset({"order", "limit", "offset", "and", "or"})
_REMEMBERED = 512
"""Characters of a query string that may be kept with its reading; longer ones are read anew each time."""

_LONGEST = 1024 * 1024
"""Characters of a query."""

_LONGEST_STRUCTURE = 65_536
"""Characters of a query without the values of its filters."""

_MOST_PARAMETERS = 10_000

_BIGINT_DIGITS = 19

ShapePart = tuple[Any, ...]
"""Hashable. The first element says which parameter it is: see `read_query`."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query string with its values taken out.

    `shape` holds what decides the statement; `values` are the parameters its slots point to, as text for PostgreSQL.
    `limit` and `offset` are those of the root, as asked; `canonical` is the query string sorted by key and encoded
    anew, for Content-Location. `cursor_digest` says what the cursor in it belongs to, None without one.
    """

    shape: tuple[ShapePart, ...]
    values: tuple[str, ...]
    canonical: str
    limit: int | None = None
    offset: int = 0
    cursor_digest: str | None = None


@dataclass(frozen=True, slots=True)
class After:
    """The rows are read by cursor. `slots` hold the values of the row to go on after, None standing for a null; no
    slots at all mean the first page."""

    slots: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a function call by GET."""

    name: str
    slot: int


@dataclass(frozen=True, slots=True)
class Clauses:
    """A shape as a tree. Everything that belongs to an embed carries the path to it.

    `limits` and `offsets` hold slots. `columns` and `on_conflict` are None when absent.
    """

    select: tuple[SelectItem, ...]
    conditions: tuple[tuple[Path, Condition], ...] = ()
    orders: tuple[tuple[Path, tuple[OrderTerm, ...]], ...] = ()
    limits: Mapping[Path, int] = field(default_factory=dict[Path, int])
    offsets: Mapping[Path, int] = field(default_factory=dict[Path, int])
    arguments: tuple[Argument, ...] = ()
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None
    after: After | None = None


def read_query(raw: str, *, call: bool = False, cursors: bool = False) -> Query:
    """Read a raw (percent-encoded) query string; `call` is true for a function called by GET, where a parameter
    that is no filter is an argument. `cursors`: the rows may be read by cursor. Raises PGRST100, PGRSTX50."""
    return _remembered(raw, call, cursors) if len(raw) <= _REMEMBERED else _read(raw, call, cursors)


@lru_cache(maxsize=4096)
def _remembered(raw: str, call: bool, cursors: bool) -> Query:
    return _read(raw, call, cursors)


def _read(raw: str, call: bool, cursors: bool) -> Query:
    if len(raw) > _LONGEST_STRUCTURE and (len(raw) > _LONGEST or raw.count("&") >= _MOST_PARAMETERS):
        raise _refused(f"it has more than {_LONGEST} characters or {_MOST_PARAMETERS} parameters")
    pairs = _decode(raw)
    if len(raw) > _LONGEST_STRUCTURE:
        _check_structure(pairs)
    canonical = "&".join([f"{_encoded(key)}={_encoded(value or '')}" for key, value in sorted(pairs, key=_key)])
    given = [(key, value) for key, value in pairs if value is not None]
    reader = _Reader(call, cursors)
    for key, value in given:
        reader.take(key, value)
    return reader.query(canonical)


def _check_structure(pairs: Iterable[tuple[str, str | None]]) -> None:
    """Queries in bodies may be long because of their values; all else is as short as in a URL. Parsing it is the work
    of the event loop, and PostgreSQL takes 32 767 parameters."""
    structure = 0
    for key, value in pairs:
        parsed = key in _RESERVED or key.rpartition(".")[2] in _EMBEDDABLE
        structure += len(key) + (len(value or "") if parsed else 0)
    if structure > _LONGEST_STRUCTURE:
        raise _refused(f"names and conditions have more than {_LONGEST_STRUCTURE} characters")


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


def _encoded(text: str) -> str:
    """Percent-encoded as in a query string, all but RFC 3986's unreserved characters."""
    if _PLAIN.fullmatch(text):
        return text
    return _quoted(text) if len(text) <= _REMEMBERED else quote(text, safe="~")


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return quote(text, safe="~")


def _key(pair: tuple[str, str | None]) -> str:
    return pair[0]


def _decode(raw: str) -> list[tuple[str, str | None]]:
    """The pairs in order; a key without `=` has the value None. Text that is not UTF-8, or has NULs, is refused."""
    pairs: list[tuple[str, str | None]] = []
    try:
        if not raw.isascii():
            raw.encode()  # bytes that the HTTP parser could not decode are lone surrogates here
        for part in raw.split("&"):
            if part:
                key, equals, value = part.partition("=")
                pairs.append((_decoded(key), _decoded(value) if equals else None))
    except UnicodeError:
        raise _refused("the query string is not valid UTF-8") from None
    if "%00" in raw or "\0" in raw:
        raise _refused("the query string contains a NUL character")
    return pairs


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def _refused(details: str) -> RestError:
    return RestError(400, "PGRST100", '"failed to parse query string" (line 1, column 1)', details=details)


class _Reader:
    """Collects shape and values, parameter by parameter."""

    def __init__(self, call: bool, cursors: bool) -> None:
        self._call = call
        self._cursors = cursors
        self._token: str | None = None
        self._once: dict[str, str] = {}
        self._orders: dict[str, str] = {}
        self._ranges: dict[tuple[str, str], int] = {}
        self._shape: list[ShapePart] = []
        self._values: list[str] = []

    def take(self, key: str, value: str) -> None:
        if key in _RESERVED:
            self._once.setdefault(key, value)
            return
        if key == cursor.PARAMETER and self._cursors and value.startswith(cursor.MARK):
            if self._token is not None:
                raise invalid_cursor()
            self._token = value.removeprefix(cursor.MARK)
            return
        prefix, _, last = key.rpartition(".")
        if last not in _EMBEDDABLE:
            self._filter(key, value)
        elif last == "order":
            self._orders.setdefault(prefix, value)
        elif last in ("and", "or"):
            path, tree, values = parse_logic(key, value)
            self._shape.append(("logic", path, tree, len(values)))
            self._values.extend(values)
        else:
            number = _integer(value)
            if number is not None:
                self._ranges[prefix, last] = number

    def _filter(self, key: str, value: str) -> None:
        try:
            found = split(value)
        except Mismatch:
            raise _filter_error(value) from None
        if found is not None:
            head, operand = found
            self._shape.append(("filter", key, head))
            if operand is not None:
                self._values.append(operand)
        elif self._call:
            self._shape.append(("argument", key))
            self._values.append(value)
        else:
            raise _filter_error(value)

    def query(self, canonical: str) -> Query:
        shape = self._shape
        shape.extend((name, text) for name, text in self._once.items())
        shape.extend(("order", prefix, text) for prefix, text in self._orders.items())
        limit = self._ranges.pop(("", "limit"), None)
        offset = self._ranges.pop(("", "offset"), 0)
        for (prefix, what), number in self._ranges.items():
            if what == "offset" and number <= 0:
                continue
            shape.append((what, prefix))
            self._values.append(str(number))
        digest = self._after() if self._token is not None else None
        return Query(tuple(shape), tuple(self._values), canonical, limit, max(offset, 0), digest)

    def _after(self) -> str | None:
        """Which values of a cursor are null decides the statement; the others are parameters."""
        assert self._token is not None
        position = cursor.read_cursor(self._token)
        if position is None:
            self._shape.append((cursor.PARAMETER, None))
            return None
        self._shape.append((cursor.PARAMETER, tuple(value is None for value in position.values)))
        self._values.extend(value for value in position.values if value is not None)
        return position.digest


def _integer(text: str) -> int | None:
    """A decimal integer of a size that PostgreSQL's bigint can hold; anything else is ignored, as PostgREST does."""
    text = text.strip()
    if len(text) > _BIGINT_DIGITS or not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        return None
    number = int(text)
    return number if abs(number) < 2**63 else None


def _filter_error(value: str) -> RestError:
    scanner = Scanner(value)
    with suppress(Mismatch):
        parse_operation(scanner, lambda rest: rest.text, lambda _: 0)
    return scanner.error("filter")


def parse_shape(shape: Sequence[ShapePart]) -> Clauses:
    """The tree of a shape; slots count the values in the order `read_query` collected them in. Raises PGRST100."""
    select, columns, on_conflict = "*", None, None
    conditions: list[tuple[Path, Condition]] = []
    orders: list[tuple[Path, tuple[OrderTerm, ...]]] = []
    ranges: dict[str, dict[Path, int]] = {"limit": {}, "offset": {}}
    arguments: list[Argument] = []
    after: After | None = None
    slot = 0
    for part in shape:
        match part:
            case ("filter", str(key), str(head)):
                path, name = _tree_path(key)
                parsed, negated = operation(head, slot)
                conditions.append((path, Filter(name, parsed, negated)))
                slot += isinstance(parsed, Comparison | Membership | IsDistinct | FullText)
            case ("logic", path, tree, int(count)):
                conditions.append((path, _shifted(tree, slot)))
                slot += count
            case ("argument", str(key)):
                arguments.append(Argument(_tree_path(key)[1].name, slot))
                slot += 1
            case ("order", str(prefix), str(text)):
                orders.append((_path(prefix), parse_order(text)))
            case ("limit" | "offset" as what, str(prefix)):
                ranges[what][_path(prefix)] = slot
                slot += 1
            case (cursor.PARAMETER, None):
                after = After(None)
            case (cursor.PARAMETER, nulls):
                numbers = itertools.count(slot)
                after = After(tuple(None if null else next(numbers) for null in cast("tuple[bool, ...]", nulls)))
                slot = next(numbers)
            case ("select", str(text)):
                select = text or "*"
            case ("columns", str(text)):
                columns = parse_names("columns", text)
            case ("on_conflict", str(text)):
                on_conflict = parse_names("on_conflict", text)
            case _:
                raise AssertionError(part)
    return Clauses(
        parse_select(select),
        tuple(conditions),
        tuple(orders),
        ranges["limit"],
        ranges["offset"],
        tuple(arguments),
        columns,
        on_conflict,
        after,
    )


def _tree_path(key: str) -> tuple[Path, Field]:
    scanner = Scanner(key)
    try:
        parts = names.dotted(scanner)
        path = names.json_path(scanner)
    except Mismatch:
        raise scanner.error("tree path") from None
    return tuple(parts[:-1]), Field(parts[-1], path)


def _path(prefix: str) -> Path:
    if not prefix:
        return ()
    path, last = _tree_path(prefix)
    return (*path, last.name)


def _shifted(condition: Condition, by: int) -> Condition:
    """The same condition with its slots counted from `by`."""
    if isinstance(condition, Logic):
        return Logic(condition.operator, tuple(_shifted(child, by) for child in condition.children), condition.negated)
    parsed = condition.operation
    match parsed:
        case Comparison(operator, slot, quantifier):
            parsed = Comparison(operator, slot + by, quantifier)
        case Membership(slot):
            parsed = Membership(slot + by)
        case IsDistinct(slot):
            parsed = IsDistinct(slot + by)
        case FullText(function, language, slot):
            parsed = FullText(function, language, slot + by)
        case _:
            return condition
    return Filter(condition.field, parsed, condition.negated)
