"""Reads PostgreSQL's stored expression and query trees (`pg_node_tree` text) without parsing them whole.

The format is `{TAG :field value …}` for nodes, `(…)` for lists and `<>` for null. Names stand in it as bare words in
which spaces, parentheses, braces and backslashes are escaped by a backslash (PostgreSQL: `outToken` in
`outfuncs.c`), so a field marker that follows an unescaped space is never part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

_TARGET_ENTRY_DEPTH = 2

_STRUCTURE = re.compile(
    r"\\."
    r"|(?P<open>\{)"
    r"|(?P<close>\})"
    r"| :targetList (?P<list>\(|<>)"
    r"| :resno (?P<number>\d+)"
    r"| :resorigtbl (?P<relation>\d+) :resorigcol (?P<column>\d+) :resjunk (?P<junk>true|false)",
    re.DOTALL,
)


class Origin(NamedTuple):
    """Output column `number` of a query is column `column` of `relation` (OID), unchanged."""

    number: int
    relation: int
    column: int


def output_origins(tree: str) -> Iterator[Origin]:
    """The plain column references in the target list of the outermost query, in order.

    Expressions, set operations and everything inside subqueries yield nothing. Nesting is followed by braces: the
    outermost query's fields are at depth one, its target entries at depth two.
    """
    depth = 0
    inside = False
    number = 0
    for match in _STRUCTURE.finditer(tree):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "list":
            if depth == 1:
                inside = True
        elif not inside or depth != _TARGET_ENTRY_DEPTH:
            continue
        elif kind == "number":
            number = int(match["number"])
        elif kind == "junk" and match["junk"] == "false" and match["relation"] != "0":
            yield Origin(number, int(match["relation"]), int(match["column"]))


_OBJECT = re.compile(r"(?<=[ (])[1-9]\d{4,9}(?=[ )}])")
_CALL = re.compile(
    r" :(?:funcid|opfuncid|aggfnoid|winfnoid|hashfuncid|negfuncid|startInRangeFunc|endInRangeFunc|tsmhandler) (\d+)"
)
_RELATION = re.compile(r" :relid (\d+)")
_TAG = re.compile(r"(?<!\\)\{(\w+)")
_COMMAND = re.compile(r" :commandType (\d+)")
_SETTING = re.compile(
    r"\{FUNCEXPR :funcid (?:2077|3294) [^{}]*? :args \(\{CONST :consttype 25 [^{}]*? :constvalue (\d+) \[([-\d ]+)\]\}"
)
_SELECT = "1"
_HEADER = 4

# Everything that only computes. Row locks, sequences of identity columns and data changes are missing on purpose.
_KNOWN_TAGS = """
    AGGREF ALIAS ARRAY ARRAYCOERCEEXPR ARRAYEXPR BOOLEANTEST BOOLEXPR CASE CASEEXPR CASETESTEXPR CASEWHEN COALESCE
    COALESCEEXPR COERCETODOMAIN COERCETODOMAINVALUE COERCEVIAIO COLLATEEXPR COMMONTABLEEXPR CONST CONVERTROWTYPEEXPR
    CTECYCLECLAUSE CTESEARCHCLAUSE DISTINCTEXPR FIELDSELECT FROMEXPR FUNCEXPR GROUPINGFUNC GROUPINGSET JOINEXPR
    JSONBEHAVIOR JSONCONSTRUCTOREXPR JSONEXPR JSONFORMAT JSONISPREDICATE JSONRETURNING JSONTABLEPATH
    JSONTABLEPATHSCAN JSONTABLESIBLINGJOIN JSONVALUEEXPR MINMAX MINMAXEXPR NAMEDARGEXPR NULLIFEXPR NULLTEST OPEXPR
    PARAM QUERY RANGETBLENTRY RANGETBLFUNCTION RANGETBLREF RELABELTYPE ROW ROWCOMPARE ROWCOMPAREEXPR ROWEXPR RTE
    RTEPERMISSIONINFO SCALARARRAYOPEXPR SETOPERATIONSTMT SORTGROUPCLAUSE SQLVALUEFUNCTION SUBLINK SUBSCRIPTINGREF
    TABLEFUNC TABLESAMPLECLAUSE TARGETENTRY VAR WHEN WINDOWCLAUSE WINDOWFUNC WINDOWFUNCRUNCONDITION XMLEXPR
    """


class Mentioned(NamedTuple):
    """What a tree can run. `objects` are all numbers in it that may be OIDs of user-defined objects of any kind;
    `calls` OIDs of functions and `relations` of relations, found by field. `settings` are the names given literally
    to `current_setting`, None for each call with another argument. `fault` says what was not understood."""

    objects: frozenset[int]
    calls: frozenset[int]
    relations: frozenset[int]
    settings: tuple[str | None, ...]
    fault: str | None


def mentioned(tree: str) -> Mentioned:
    """Everything that a stored tree mentions.

    User-defined objects are recognised by number, whatever the field: OIDs of different kinds may collide, which errs
    on the safe side. Only built-in functions, with their small numbers, need the fields.
    """
    calls = [int(oid) for oid in _CALL.findall(tree)]
    return Mentioned(
        objects=frozenset(map(int, _OBJECT.findall(tree))),
        calls=frozenset(calls),
        relations=frozenset(map(int, _RELATION.findall(tree))),
        settings=_settings(tree, sum(oid in CURRENT_SETTING_OIDS for oid in calls)),
        fault=_fault(tree),
    )


CURRENT_SETTING_OIDS = frozenset({2077, 3294})
"""The two forms of `current_setting`, the same in all versions (`pg_proc.dat`)."""


@cache
def known_tags() -> frozenset[str]:
    """The tags of nodes that only compute."""
    return frozenset(_KNOWN_TAGS.split())


def _fault(tree: str) -> str | None:
    unknown = set(_TAG.findall(tree)) - known_tags()
    if unknown:
        return f"contains {min(unknown)}"
    if any(command != _SELECT for command in _COMMAND.findall(tree)):
        return "does more than select"
    return None


def _settings(tree: str, count: int) -> tuple[str | None, ...]:
    if not count:
        return ()
    found = [text_constant(int(size), data) for size, data in _SETTING.findall(tree)]
    return (*found, *[None] * (count - len(found)))


def text_constant(size: int, data: str) -> str | None:
    """A constant of type text, from its octets in decimal: a four-byte header that holds the size, then the characters.
    None if it is anything else than ASCII."""
    octets = bytes(int(number) & 0xFF for number in data.split())
    header = octets[:_HEADER]
    sizes = (int.from_bytes(header, "little") >> 2, int.from_bytes(header, "big") & 0x3FFFFFFF)
    if len(octets) != size or size not in sizes:
        return None
    try:
        return octets[_HEADER:].decode("ascii")
    except UnicodeDecodeError:
        return None
