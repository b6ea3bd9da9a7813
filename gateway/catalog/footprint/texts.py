"""Reads the text of an SQL function: what it runs and reads, by the names that stand in it. Pure.

Which of the things that share a name is meant, the search path decides; so all of them are. What is not understood
makes the body opaque.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gateway.catalog.code import FIRST_USER_OID, FunctionCode, TypeCode
from gateway.catalog.footprint import postgresql
from gateway.catalog.footprint.claim_texts import take_claims
from gateway.catalog.footprint.reading import EVERY_COLUMN, Reading
from gateway.catalog.graph import CodeGraph, Node
from gateway.catalog.model import Name
from gateway.catalog.trust import known
from gateway.catalog.trust.sqltext import Mentions, mentioned, spellings
from gateway.sqltext import NotUnderstood, Token, tokens

_NOW = re.compile(r"now|today|tomorrow|yesterday|\\", re.IGNORECASE)
"""What date and time types read as the clock; and escapes, with which it can be spelt otherwise."""

_INFORMATION_SCHEMA = "information_schema"
_SEARCH_PATH = "search_path="

# After these a name is a relation or a column, and no type.
_NO_TYPE_AFTER = frozenset({
    "all", "and", "any", "between", "by", "case", "distinct", "else", "except", "exists", "from", "group", "having",
    "ilike", "in", "intersect", "is", "join", "lateral", "like", "limit", "not", "offset", "on", "only", "or", "order",
    "over", "partition", "recursive", "select", "some", "table", "then", "union", "using", "when", "where", "with",
})  # fmt: skip

_COMPOSITE = frozenset("cdrm")
"""Types whose text may hold a date: composite types, domains, ranges, multiranges (`pg_type.typtype`)."""


class TextReader:
    """Reads bodies of one database. `plain` says that no user-defined object can stand for `current_setting`, the JSON
    operators or types; `whole` are functions that answer all claims, by OID; `system` PostgreSQL's own relations."""

    def __init__(self, graph: CodeGraph, *, plain: bool, whole: Mapping[int, object], system: Sequence[Name]) -> None:
        self._graph = graph
        self._plain = plain
        self._system = {name.name: name for name in system}
        functions = graph.code.functions
        named = [function.oid for function in functions if (function.schema, function.name) == ("auth", "jwt")]
        self._jwt = bool(named) and all(oid in whole for oid in named)
        self._whole = frozenset(named)
        self._composite = _composite(graph.code.types)

    def read(self, function: FunctionCode) -> Reading:
        """What the body does. Never raises: what cannot be read is opaque."""
        reading = Reading(targets={*self._graph.casts, *self._graph.comparisons})
        try:
            found = list(tokens(function.body))
            if self._plain:
                found, claims = take_claims(found, jwt=self._jwt)
                reading.claims = claims
                reading.seen.update(self._whole if claims else ())
            self._mentions(reading, mentioned(found))
            _clock(reading, found, function.body)
            self._types(reading, found)
            self._relations(reading, found, function)
        except NotUnderstood as reason:
            reading.fail(str(reason))
        return reading

    def _mentions(self, reading: Reading, text: Mentions) -> None:
        graph = self._graph
        for setting in text.settings:
            reading.setting(setting)
            user_defined = graph.by_name["function"].get(known.CURRENT_SETTING, ())
            reading.targets.update(node for node in user_defined if node[1] >= FIRST_USER_OID)
        for name in text.functions:
            reading.targets.update(graph.by_name["function"].get(name, ()))
        for operator in graph.code.operators:
            if operator.name in known.IMPLICIT_OPERATORS or any(operator.name in run for run in text.operators):
                reading.targets.add(("operator", operator.oid))
        for name in text.names:
            for node in graph.by_name["name"].get(name, ()):
                self._name(reading, node)
        if text.names & postgresql.SYSTEM_COLUMNS:
            reading.fail(f"may read the system column {min(text.names & postgresql.SYSTEM_COLUMNS)}")

    def _name(self, reading: Reading, node: Node) -> None:
        kind, oid = node
        if kind == "relation":
            reading.relations.add(oid)
            reading.columns.add((oid, EVERY_COLUMN))
        else:
            reading.targets.add(node)
            reading.clock = reading.clock or oid in self._composite

    def _types(self, reading: Reading, found: Sequence[Token]) -> None:
        """A text may be turned into a value of any type that is named as one: as a date, 'today' is the clock."""
        for position, token in enumerate(found):
            if token.kind not in ("word", "quoted") or not _may_be_type(found, position):
                continue
            name = token.text.removeprefix("_")
            if name in postgresql.TIMED_TYPE_NAMES or any(self._is_row(spelling) for spelling in spellings(token)):
                reading.clock = True
            elif name in postgresql.NAMING_TYPE_NAMES:
                reading.fail("looks up an object whose name is a value")

    def _is_row(self, name: str) -> bool:
        return any(kind == "row" for kind, _ in self._graph.by_name["name"].get(name, ()))

    def _relations(self, reading: Reading, found: Sequence[Token], function: FunctionCode) -> None:
        """Those of PostgreSQL itself: nobody tells when they change. Names of the information schema are common words
        that mean it only if it is named, or if somebody else chooses the search path."""
        words = {token.text for token in found if token.kind in ("word", "quoted")}
        path = [clause for clause in function.settings or () if clause.lower().startswith(_SEARCH_PATH)]
        wide = not path or _INFORMATION_SCHEMA in path[-1].lower() or _INFORMATION_SCHEMA in words
        for word in sorted(words):
            name = self._system.get(word)
            if name is not None and (wide or name.schema != _INFORMATION_SCHEMA):
                reading.fail(f"may read {name}")


def _composite(types: Sequence[TypeCode]) -> set[int]:
    """Those types, and arrays of them."""
    found = {type_.oid for type_ in types if type_.kind in _COMPOSITE}
    return found | {type_.oid for type_ in types if not found.isdisjoint(type_.types)}


def _clock(reading: Reading, found: Sequence[Token], body: str) -> None:
    words = {token.text for token in found if token.kind == "word"}
    if words & postgresql.CLOCK_WORDS or words & postgresql.JSON_WORDS:
        reading.clock = True
    if "tablesample" in words:
        reading.volatile = "reads a random sample"
    if words & {"current_schema", "current_schemas"}:
        reading.settings.add("search_path")
    if words & {"treat", "system_user"}:
        reading.fail(f"says {min(words & {'treat', 'system_user'}).upper()}")
    reading.clock = reading.clock or any(_NOW.search(literal) for literal in _literals(found, body))


def _literals(found: Sequence[Token], body: str) -> list[str]:
    """The texts of all literals; those that stand side by side are one."""
    literals: list[str] = []
    joined = False
    for token in found:
        literal = token.kind in ("string", "other")
        if literal:
            text = token.text if token.kind == "string" else body[token.start : token.end].strip("'")
            literals.append(literals.pop() + text if joined else text)
        joined = literal
    return literals


def _may_be_type(found: Sequence[Token], position: int) -> bool:
    """Whether a name may stand here as a type: in a cast, in a list of columns, or called like a function."""
    after = found[position + 1] if position + 1 < len(found) else None
    if after is not None and (after.kind in ("string", "other") or after.is_mark("(")):
        return True
    while position >= 2 and found[position - 1].is_mark("."):  # noqa: PLR2004 - the qualifier and its dot
        position -= 2
    if position == 0:
        return False
    before = found[position - 1]
    if before.kind == "word":
        return before.text not in _NO_TYPE_AFTER
    return before.kind in ("quoted", "other", "string") or before.text in (":", ")")
