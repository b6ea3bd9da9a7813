"""What the tokens of an expression name: calls, columns and relations. Pure.

Made for PostgreSQL's own print of a policy, where columns of the policy's table stand bare outside of subqueries and
behind the table's name inside, and relations and functions have their schema. A text as somebody wrote it is read the
same way, as far as that goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from gateway.policies.expressions.calls import Call, calls
from gateway.policies.expressions.clauses import Clause, read_clauses
from gateway.policies.expressions.keywords import RESERVED, TYPES, VALUE_WORDS
from gateway.policies.expressions.special import special
from gateway.policies.expressions.syntax import Syntax, syntax
from gateway.sqltext import NotUnderstood

_SOURCES_END: Final = frozenset({
    "where", "group", "having", "window", "order", "limit", "offset", "fetch", "for", "union", "intersect", "except",
    "returning", "select", "set", "on",
})  # fmt: skip
_BEFORE_SOURCE: Final = frozenset({"from", "join", ",", "(", "only", "lateral"})
_NO_ALIAS: Final = frozenset({
    "join", "inner", "left", "right", "full", "cross", "natural", "on", "using", "tablesample", "where", "group",
    "having", "order", "limit", "offset", "fetch", "for", "union", "intersect", "except", "window", "returning",
})  # fmt: skip
_KEPT: Final = 8192
_NOTHING: Final = syntax("null")
_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_NO_COLUMNS: Final = RESERVED | TYPES | VALUE_WORDS | {
    "between", "coalesce", "current_schema", "exists", "greatest", "ilike", "interval", "is", "isnull", "least", "like",
    "notnull", "nullif", "similar", "values",
}  # fmt: skip


class Source(NamedTuple):
    """A relation in a FROM clause, and the name by which its columns are called there."""

    schema: str | None
    name: str
    alias: str
    start: int


class About(NamedTuple):
    """The table that an expression is about. `name` is what its columns stand behind in subqueries; `columns` is None
    where no database tells; `required` are those that are never null."""

    name: str
    columns: frozenset[str] | None = None
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Reading:
    """A text with what it names. What the lexer refuses reads as a text that names nothing."""

    text: str
    about: About

    @property
    def found(self) -> Syntax:
        return _lexed(self.text)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every function called, in subqueries too."""
        return _called(self.text)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The relations that subqueries read. Names of a WITH clause are among them."""
        return _read(self.text)

    @cached_property
    def columns(self) -> tuple[tuple[int, str], ...]:
        """At which token which column of the table itself stands."""
        return tuple(_columns(self.found, self.about))

    @property
    def has_subquery(self) -> bool:
        """Also the scalar subquery around a single call."""
        return "select" in self.found.keys

    def strings(self, first: int = 0, end: int | None = None) -> frozenset[str]:
        """The plain literals among the tokens from `first` up to `end`."""
        return frozenset(token.text for token in self.found.tokens[first:end] if token.kind == "string")

    def reads(self, first: int, end: int) -> bool:
        """Whether a relation is read between two tokens."""
        return any(first <= source.start < end for source in self.sources)

    def is_inside_query(self, index: int) -> bool:
        """Whether a token stands in a subquery, which PostgreSQL runs once if it names no column from outside."""
        return any(self.found.key(bracket + 1) in ("select", "with") for bracket in _around(self.found, index))

    def bare(self, first: int, end: int) -> tuple[int, int]:
        """The same tokens without parentheses around them and without casts behind them."""
        found = self.found
        while first < end:
            if found.key(first) == "(" and found.closing[first] == end - 1:
                first, end = first + 1, end - 1
                continue
            cast = next((index for index in found.level(first, end) if found.key(index) == ":"), end)
            if cast == end:
                break
            end = cast
        return first, end

    def comparison(self, first: int, end: int) -> tuple[tuple[int, int], str, tuple[int, int]] | None:
        """The outermost comparison among the tokens: left side, operator (`=`, `not in`, `is not`, …), right side."""
        found = self.found
        if any(found.key(index) in ("and", "or") for index in found.level(first, end)):
            return None
        for index in found.level(first, end):
            token, key = found.tokens[index], found.key(index)
            if token.kind == "operator" and token.text in _COMPARISONS:
                return (first, index), token.text, (index + 1, end)
            if key == "in":
                negated = found.key(index - 1) == "not"
                return (first, index - negated), "not in" if negated else "in", (index + 1, end)
            if key == "is":
                start = index + 1
                while found.key(start) in ("not", "distinct", "from"):
                    start += 1
                return (first, index), " ".join(found.keys[index:start]), (start, end)
        return None


# Many policies say the same of different tables: each text is read once.


@lru_cache(maxsize=_KEPT)
def _lexed(text: str) -> Syntax:
    try:
        return syntax(text)
    except NotUnderstood:
        return _NOTHING


@lru_cache(maxsize=_KEPT)
def _called(text: str) -> tuple[Call, ...]:
    found = _lexed(text)
    return calls(found, special(found))


@lru_cache(maxsize=_KEPT)
def _read(text: str) -> tuple[Source, ...]:
    return tuple(_sources(_lexed(text)))


@lru_cache(maxsize=_KEPT)
def tree(text: str) -> Clause | None:
    """The boolean structure; None for what is not understood."""
    found = _lexed(text)
    try:
        return read_clauses(found) if found is not _NOTHING else None
    except NotUnderstood:
        return None


def _sources(found: Syntax) -> Iterator[Source]:
    for start, key in enumerate(found.keys):
        if key == "from" and _begins_sources(found, start):
            yield from _listed(found, start)


def _begins_sources(found: Syntax, index: int) -> bool:
    """Not that of IS DISTINCT FROM, nor of `extract(… from …)`."""
    if found.key(index - 1) == "distinct" and found.key(index - 2) in ("is", "not"):
        return False
    before = index - 1
    while before >= 0 and found.key(before) not in ("(", "select"):
        before = found.opening.get(before, before) - 1
    return found.key(before) == "select"


def _listed(found: Syntax, start: int) -> Iterator[Source]:
    depth, index = 0, start + 1
    while index < len(found.tokens):
        key = found.key(index)
        if key == "(":
            if found.key(index - 1) not in _BEFORE_SOURCE or found.is_query(index + 1, found.closing[index] - 1):
                index = found.closing[index]
            else:
                depth += 1
        elif key == ")":
            depth -= 1
            if depth < 0:
                return
        elif key in _SOURCES_END:
            if depth == 0 and key != "on":
                return
        elif found.is_name(index) and found.key(index - 1) in _BEFORE_SOURCE and key not in ("only", "lateral"):
            yield from _source(found, index)
        index += 1


def _source(found: Syntax, index: int) -> Iterator[Source]:
    schema, name, after = None, found.tokens[index].text, index + 1
    if found.key(after) == "." and found.is_name(after + 1):
        schema, name, after = name, found.tokens[after + 1].text, after + 2
    if found.key(after) == "(":
        return
    if found.key(after) == "as":
        after += 1
    named = found.is_name(after) and found.key(after) not in _NO_ALIAS
    yield Source(schema, name, found.tokens[after].text if named else name, index)


def _columns(found: Syntax, about: About) -> Iterator[tuple[int, str]]:
    """Without known columns every bare name may be one."""
    known = about.columns
    reading = frozenset(_reading_brackets(found)) if known is not None else frozenset[int]()
    for index, token in enumerate(found.tokens):
        if token.kind not in ("word", "quoted") or (known is not None and token.text not in known):
            continue
        before, after = found.key(index - 1), found.key(index + 1)
        if after in ("(", ".") or before in ("as", ":") or (found.keys[index] in _NO_COLUMNS):
            continue
        if before == ".":
            if found.is_name(index - 2) and found.tokens[index - 2].text == about.name:
                yield index, token.text
        elif not reading or reading.isdisjoint(_around(found, index)):
            yield index, token.text


def _reading_brackets(found: Syntax) -> Iterator[int]:
    """The brackets of subqueries that read something: a bare name in there is one of theirs."""
    for index, key in enumerate(found.keys):
        if key == "from" and found.enclosing[index] >= 0 and _begins_sources(found, index):
            yield found.enclosing[index]


def _around(found: Syntax, index: int) -> Iterator[int]:
    """The brackets around a token, the innermost first."""
    while (index := found.enclosing[index]) >= 0:
        yield index
