"""Parts of PostgreSQL's grammar that are more than names, calls, operators and literals: found by their words. Pure.

Each part says what to write for it in an outline; see there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.policies.expressions.keywords import (
    BEFORE_OPERANDS,
    KEPT,
    RARE_CALLS,
    RARE_WORDS,
    RESERVED,
    SPECIAL_SEPARATORS,
    TEST_TAILS,
    TESTS,
    TYPE_TAILS,
    TYPES,
)
from gateway.policies.expressions.operands import ends_operand
from gateway.policies.expressions.syntax import Syntax

_NEVER_TYPES = KEPT | RESERVED | BEFORE_OPERANDS | {"escape", "uescape", "zone"}
_FRAME_STARTS = frozenset({"between", "current", "unbounded"})
_FORMS = frozenset({"nfc", "nfd", "nfkc", "nfkd"})


@dataclass(slots=True)
class Special:
    """`written` has what to write for tokens, by index; an empty string for nothing. `rare` is a token of a construct
    that an outline may get wrong, or None. `typed` are the first tokens of literals of types that are not built in,
    such as `mood 'sad'`: more often than not an operator was forgotten."""

    written: dict[int, str] = field(default_factory=dict[int, str])
    rare: int | None = None
    typed: list[int] = field(default_factory=list[int])

    def blank(self, first: int, end: int) -> None:
        for index in range(first, end):
            self.written.setdefault(index, "")


def special(found: Syntax) -> Special:
    parts = Special()
    for index, key in enumerate(found.keys):
        if index in parts.written:
            continue
        if key == "as":
            _materialized(found, index + 1, parts)
        if read := _BY_KEY.get(key):
            read(found, index, parts)
        if found.tokens[index].kind == "operator":
            _arrow(found, index, parts)
        if key in RARE_WORDS or (key in RARE_CALLS and found.key(index + 1) == "("):
            parts.rare = index
        if index not in parts.written and found.is_name(index):
            _typed_literal(found, index, parts)
    return parts


def type_end(found: Syntax, index: int) -> int:
    """The token behind the name of a type, or `index` itself if there is none."""
    end = found.name_end(index)
    if end == index:
        return index
    tails = TYPE_TAILS.get(found.tokens[end - 1].text, ())
    while found.key(end) == "(" or (found.key(end) in tails and (found.key(end), found.key(end + 1)) != ("with", "(")):
        end = found.after(end)
    while found.key(end) == "[" or (found.key(end) == "array" and found.key(end + 1) != "("):
        end = found.after(end)
    return end


def _typed_literal(found: Syntax, index: int, parts: Special) -> None:
    """`date '2024-01-01'`"""
    if found.key(index - 1) == "." or found.keys[index] in _NEVER_TYPES:
        return
    end = type_end(found, index)
    if not found.is_text(end):
        return
    parts.blank(index, end)
    first, last = found.tokens[index].text, found.tokens[found.name_end(index) - 1].text
    if first == "interval":
        fields, after = TYPE_TAILS["interval"], end + 1
        while found.key(after) in fields or (found.key(after) == "(" and found.key(after - 1) in fields):
            after = found.after(after)
        parts.blank(end + 1, after)
    elif last not in TYPES:
        parts.typed.append(index)


def _colon(found: Syntax, index: int, parts: Special) -> None:
    """`value::type` and `name := value`"""
    if found.key(index + 1) == ":":
        parts.blank(index, max(index + 2, type_end(found, index + 2)))
    elif _is_assignment(found, index) and found.is_name(index - 1):
        parts.written.update({index - 1: "", index: "", index + 1: ""})


def _is_assignment(found: Syntax, colon: int) -> bool:
    if colon + 1 >= len(found.tokens):
        return False
    behind = found.tokens[colon + 1]
    return behind.kind == "operator" and behind.text[0] == "=" and behind.start == found.tokens[colon].end


def _arrow(found: Syntax, index: int, parts: Special) -> None:
    """`name => value`"""
    if found.tokens[index].text.rstrip("+-") == "=>" and found.key(index - 2) in ("(", ","):
        parts.written.update({index - 1: "", index: ""})


def _cast(found: Syntax, index: int, parts: Special) -> None:
    """`CAST(value AS type)`"""
    if found.key(index + 1) == "(":
        end = found.closing[index + 1]
        words = (inside for inside in found.level(index + 2, end) if found.keys[inside] == "as")
        parts.blank(next(words, end), end)


def _special_call(found: Syntax, index: int, parts: Special) -> None:
    """`SUBSTRING(value FROM 1 FOR 2)`"""
    if found.key(index + 1) != "(":
        return
    first = index + 2
    for inside in found.level(first, found.closing[index + 1]):
        key = found.keys[inside]
        if key in ("both", "leading", "trailing"):
            parts.blank(inside, inside + 1)
            first = inside + 1
        elif key == "from" and found.keys[index] == "extract":
            parts.blank(first, inside + 1)
        elif key in _FORMS and found.keys[index] == "normalize":
            parts.blank(inside - 1, inside + 1)
        elif key in SPECIAL_SEPARATORS:
            parts.written[inside] = "," if inside > first else ""


def _collate(found: Syntax, index: int, parts: Special) -> None:
    parts.blank(index, found.name_end(index + 1))


def _at(found: Syntax, index: int, parts: Special) -> None:
    """`AT TIME ZONE value` and `AT LOCAL`"""
    if found.key(index + 1) == "time" and found.key(index + 2) == "zone":
        parts.written.update({index: "+", index + 1: "", index + 2: ""})
    elif found.key(index + 1) == "local" and ends_operand(found, index - 1):
        parts.blank(index, index + 2)


def _is(found: Syntax, index: int, parts: Special) -> None:
    """`IS [NOT] JSON OBJECT` and the like become a test for NULL."""
    start = index + (2 if found.key(index + 1) == "not" else 1)
    if found.key(start) in TESTS:
        end = start + 1
        while found.key(end) in TEST_TAILS:
            end += 1
        parts.blank(start + 1, end)
        parts.written[start] = "null"


def _operator(found: Syntax, index: int, parts: Special) -> None:
    """`OPERATOR(schema.+)`"""
    if found.key(index + 1) == "(":
        parts.blank(index + 1, found.closing[index + 1] + 1)
        parts.written[index] = "+" if ends_operand(found, index - 1) else ""


def _overlaps(_found: Syntax, index: int, parts: Special) -> None:
    parts.written[index] = "+"


def _filler(_found: Syntax, index: int, parts: Special) -> None:
    parts.written[index] = ""


def _any(found: Syntax, index: int, parts: Special) -> None:
    """`= ANY (value)` becomes a call; so does ALL, where it belongs to an operator and not to SELECT or UNION."""
    before = found.key(index - 1)
    if found.key(index + 1) == "(" and (before in ("like", "ilike", ")") or found.tokens[index - 1].kind == "operator"):
        parts.written[index] = "ccc"


def _materialized(found: Syntax, index: int, parts: Special) -> None:
    """`WITH name AS [NOT] MATERIALIZED (…)`"""
    last = index + (found.is_name(index) and found.tokens[index].text == "not")
    if found.is_name(last) and found.tokens[last].text == "materialized" and found.key(last + 1) == "(":
        parts.blank(index, last + 1)


def _fetch(found: Syntax, index: int, parts: Special) -> None:
    """`FETCH FIRST … ROWS ONLY`, and FOR UPDATE, at the end of a query"""
    end = index
    while found.key(end) != ")" and end < len(found.tokens):
        end = found.after(end)
    parts.blank(index, end)


def _frame(found: Syntax, index: int, parts: Special) -> None:
    """`ROWS BETWEEN …` at the end of a window"""
    if found.key(index + 1) in _FRAME_STARTS or found.is_text(index + 1):
        _fetch(found, index, parts)


def _rows(found: Syntax, index: int, parts: Special) -> None:
    if found.key(index + 1) == "from":
        parts.blank(index, index + 2)
    _frame(found, index, parts)


_Read = Callable[[Syntax, int, Special], None]
_BY_KEY: Mapping[str, _Read] = {
    ":": _colon,
    "all": _any,
    "any": _any,
    "asymmetric": _filler,
    "at": _at,
    "cast": _cast,
    "collate": _collate,
    "extract": _special_call,
    "fetch": _fetch,
    "for": _fetch,
    "groups": _frame,
    "is": _is,
    "normalize": _special_call,
    "only": _filler,
    "operator": _operator,
    "overlaps": _overlaps,
    "overlay": _special_call,
    "position": _special_call,
    "range": _frame,
    "rows": _rows,
    "some": _any,
    "substring": _special_call,
    "symmetric": _filler,
    "treat": _cast,
    "trim": _special_call,
    "variadic": _filler,
}
