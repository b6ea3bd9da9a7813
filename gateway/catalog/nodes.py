"""Parses PostgreSQL's stored expression and query trees (`pg_node_tree` text) into nodes.

The grammar is that of PostgreSQL's own reader (`read.c`): tokens end at white space, parentheses and braces, unless a
backslash stands before; `{TAG :field value …}` is a node, `(…)` a list, `<>` nothing. What follows a field's name is
its value, whatever it looks like, so no name that somebody gave to a column can pass for structure.
"""

from __future__ import annotations

import re

_PART = re.compile(
    r"\{(?P<tag>\w+)"
    r"|:(?P<field>\w+) (?P<value>(?:\\.|[^ \n\t{}()\\])+|(?=[{(]))"
    r"|(?P<begin>\()"
    r"|(?P<end>[})])"
    r"|\[(?P<octets>[-\d ]*)\]"
    r"|(?P<item>(?:\\.|[^ \n\t{}()\\])+)"
    r"|(?P<stray>[{\\])",
    re.DOTALL,
)
_NULL = "<>"
_CONSTANT = "constvalue"

OCTETS = "octets"
"""The field for what follows a constant's size."""


class Malformed(ValueError):
    """The text is not a tree as PostgreSQL writes them."""


class Node:
    """A node; `fields` map names to values, and lack those that are null."""

    __slots__ = ("fields", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.fields: dict[str, Value] = {}

    def node(self, field: str) -> Node | None:
        """The field's value if it is a node."""
        value = self.fields.get(field)
        return value if isinstance(value, Node) else None

    def list(self, field: str) -> list[Value]:
        """The field's elements if its value is a list."""
        value = self.fields.get(field)
        return value if isinstance(value, list) else []

    def text(self, field: str) -> str:
        """The field's value as PostgreSQL wrote it, if it is neither a node nor a list."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else ""


Value = Node | list["Value"] | str


def parse(tree: str) -> list[Value]:
    """What stands in the text at its top. The `constvalue` of a constant is its size; its octets, in decimal, are in
    the field `OCTETS`. Raises `Malformed`. Nesting may be deep: nothing here is recursive."""
    top: list[Value] = []
    container: Node | list[Value] = top
    around: list[Node | list[Value]] = []
    name = ""
    for part in _PART.finditer(tree):
        kind = part.lastgroup
        if kind == "value" and isinstance(container, Node) and not name:
            if part["value"]:
                _set(container, part["field"], part["value"])
            else:
                name = part["field"]
        elif kind in ("tag", "begin"):
            value = Node(part["tag"]) if kind == "tag" else list[Value]()
            if isinstance(container, list):
                container.append(value)
            else:
                _set(container, name, value)
            around.append(container)
            container, name = value, ""
        elif kind == "end" and around and isinstance(container, list) == (part["end"] == ")"):
            container = around.pop()
        elif kind == "item" and isinstance(container, list):
            container.append(part["item"])
        elif kind == "octets" and isinstance(container, Node) and next(reversed(container.fields), "") == _CONSTANT:
            container.fields[OCTETS] = part["octets"]
        else:
            raise Malformed(f"a tree goes wrong at {part.group()[:20]!r}")
    if around:
        raise Malformed("a tree ends too early")
    return top


def _set(node: Node, name: str, value: Value) -> None:
    if not name or name in node.fields:
        raise Malformed(f"{node.tag} has a value without a name, or two of a name")
    if value != _NULL:
        node.fields[name] = value
