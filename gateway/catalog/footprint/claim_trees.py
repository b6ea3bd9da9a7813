"""Finds in trees where one claim is taken out of all of them: `auth.jwt() ->> 'org'` and its relatives. Pure.

Everything is recognised by OID, so nothing that somebody else named alike can pass for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.catalog.code import FIRST_USER_OID
from gateway.catalog.footprint.reading import is_claims_setting
from gateway.catalog.nodes import OCTETS, Node, Value
from gateway.catalog.nodetree import CURRENT_SETTING_OIDS, text_constant

_TEXT, _TEXT_ARRAY, _JSONB = "25", "1009", "3802"
_WHOLE_TYPES = frozenset({_TEXT, "114", _JSONB})

# Operators and functions of json and jsonb that take a key (`->`, `->>`, `?`), or a path that begins with one
# (`#>`, `#>>`) (`pg_operator.dat`, `pg_proc.dat`).
_KEY_OPERATORS = frozenset({"3211", "3477", "3962", "3963", "3247"})
_PATH_OPERATORS = frozenset({"3206", "3213", "3966", "3967"})
_KEY_FUNCTIONS = frozenset({"3214", "3478", "3947", "3948"})
_PATH_FUNCTIONS = frozenset({"3217", "3940", "3951", "3953"})

_COERCIONS = frozenset({"COERCEVIAIO", "RELABELTYPE"})
_SCALAR_SUBQUERY = "4"
_SELECT = "1"
_DEEPEST = 12
_PAIR = 2

# What a query may say that is nothing but `select <expression>`.
_PLAIN_QUERY = {"jointree", "targetList"}


def setting_name(call: Node) -> str | None:
    """The literal name that `current_setting` is called with."""
    arguments = call.list("args")
    return constant(arguments[0]) if arguments else None


def constant(value: Value) -> str | None:
    """A literal of type text."""
    if not isinstance(value, Node) or value.tag != "CONST" or value.text("consttype") != _TEXT:
        return None
    size, octets = _octets(value)
    return text_constant(size, octets)


def claim_of(node: Node, whole: Mapping[int, object]) -> str | None:
    """The claim whose value, or nothing, this expression computes; `whole` are functions (by OID) that answer all
    claims. None if it is no such expression."""
    if node.tag == "SUBSCRIPTINGREF":
        return _subscripted(node, whole)
    arguments = node.list("args")
    if len(arguments) != _PAIR or not _is_whole(arguments[0], whole, _DEEPEST):
        return None
    if node.tag == "OPEXPR" and node.text("opno") in _KEY_OPERATORS:
        return constant(arguments[1])
    if node.tag == "OPEXPR" and node.text("opno") in _PATH_OPERATORS:
        return _first(arguments[1])
    if node.tag == "FUNCEXPR" and node.text("funcid") in _KEY_FUNCTIONS:
        return constant(arguments[1])
    if node.tag == "FUNCEXPR" and node.text("funcid") in _PATH_FUNCTIONS:
        return _first(arguments[1])
    return None


def called(node: Node) -> Iterator[int]:
    """The user-defined functions within."""
    values: list[Value] = [node]
    while values:
        value = values.pop()
        if isinstance(value, list):
            values.extend(value)
        elif isinstance(value, Node):
            if value.tag == "FUNCEXPR" and int(value.text("funcid")) >= FIRST_USER_OID:
                yield int(value.text("funcid"))
            values.extend(value.fields.values())


def _is_whole(value: Value, whole: Mapping[int, object], depth: int) -> bool:
    """Whether the value is all claims, as text or JSON, or nothing."""
    if not isinstance(value, Node) or depth == 0:
        return False
    if value.tag == "FUNCEXPR":
        function = int(value.text("funcid"))
        name = setting_name(value) if function in CURRENT_SETTING_OIDS else None
        return function in whole or (name is not None and is_claims_setting(name))
    if value.tag in _COERCIONS:
        inner = value.fields.get("arg", "")
        return value.text("resulttype") in _WHOLE_TYPES and _is_whole(inner, whole, depth - 1)
    arguments = value.list("args")
    if value.tag == "COALESCEEXPR":
        return any(_is_whole(argument, whole, depth - 1) for argument in arguments) and all(
            _is_whole(argument, whole, depth - 1) or _is_constant(argument) for argument in arguments
        )
    if value.tag == "NULLIFEXPR":
        # Only of the empty text: any other one would be compared with every claim.
        built_in = value.text("opno").isdigit() and int(value.text("opno")) < FIRST_USER_OID
        return built_in and constant(arguments[1]) == "" and _is_whole(arguments[0], whole, depth - 1)
    if value.tag == "SUBLINK":
        return _is_whole(_selected(value), whole, depth - 1)
    return False


def _is_constant(value: Value) -> bool:
    while isinstance(value, Node) and value.tag in _COERCIONS and value.text("resulttype") in _WHOLE_TYPES:
        value = value.fields.get("arg", "")
    return isinstance(value, Node) and value.tag == "CONST"


def _selected(link: Node) -> Value:
    """The expression of `(select <expression>)`; nothing if the query says more."""
    query = link.node("subselect")
    if link.text("subLinkType") != _SCALAR_SUBQUERY or query is None or query.text("commandType") != _SELECT:
        return ""
    said = {name for name, value in query.fields.items() if not isinstance(value, str)}
    tree, entries = query.node("jointree"), query.list("targetList")
    if said != _PLAIN_QUERY or tree is None or tree.fields or len(entries) != 1 or not isinstance(entries[0], Node):
        return ""
    return entries[0].fields.get("expr", "")


def _subscripted(node: Node, whole: Mapping[int, object]) -> str | None:
    upper = node.list("refupperindexpr")
    container = node.fields.get("refexpr", "")
    if node.text("refcontainertype") != _JSONB or node.list("reflowerindexpr") or not all(map(_is_constant, upper)):
        return None
    return constant(upper[0]) if upper and _is_whole(container, whole, _DEEPEST) else None


def _first(path: Value) -> str | None:
    """The first element of a path that is written out."""
    if not isinstance(path, Node):
        return None
    if path.tag == "ARRAYEXPR":
        elements = path.list("elements")
        return constant(elements[0]) if elements and all(map(_is_constant, elements)) else None
    if path.tag == "CONST" and path.text("consttype") == _TEXT_ARRAY:
        return _first_of_array(*_octets(path))
    return None


def _octets(node: Node) -> tuple[int, str]:
    """The size of a constant and its octets in decimal."""
    return int(node.text("constvalue") or 0), node.text(OCTETS)


def _first_of_array(size: int, data: str) -> str | None:
    """Of a one-dimensional array of texts without nulls: a header of four-byte numbers (size, dimensions, offset of
    the data or 0, type of the elements, length, lower bound), then the elements, each with a header of its own."""
    octets = bytes(int(number) & 0xFF for number in data.split())
    for order in ("little", "big"):
        numbers = [int.from_bytes(octets[at : at + 4], order) for at in range(0, 28, 4)]
        if len(octets) == size and numbers[1:4] == [1, 0, int(_TEXT)] and numbers[4] > 0:
            length = numbers[6] >> 2 if order == "little" else numbers[6] & 0x3FFFFFFF
            element = octets[24 : 24 + length]
            return text_constant(length, " ".join(map(str, element)))
    return None
