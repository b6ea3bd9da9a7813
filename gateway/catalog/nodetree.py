"""Reads PostgreSQL's stored expression and query trees (`pg_node_tree` text) without parsing them whole.

The format is `{TAG :field value …}` for nodes, `(…)` for lists and `<>` for null. Names stand in it as bare words in
which spaces, parentheses, braces and backslashes are escaped by a backslash (PostgreSQL: `outToken` in
`outfuncs.c`), so a field marker that follows an unescaped space is never part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
