"""Mistakes that the neighbours of a word show: certain, with their exact place. Pure."""

from __future__ import annotations

from gateway.policies.expressions.keywords import KEPT, RESERVED, TESTS, VALUE_WORDS
from gateway.policies.expressions.operands import ends_operand
from gateway.policies.expressions.outline import bare_operator, is_keyword
from gateway.policies.expressions.special import Special
from gateway.policies.expressions.syntax import Syntax

_NEGATED = frozenset({"between", "ilike", "in", "like", "similar"})
_BEFORE_NAMES = frozenset({"escape", "is", "over"})
_LONGEST_EXCERPT = 40
_IS = TESTS | {"distinct", "false", "null", "true"}


def mistake(found: Syntax, parts: Special) -> tuple[int, str] | None:
    """The first one: its offset, and a sentence."""
    if found.key(0) != "(" and found.is_query(0, len(found.tokens) - 1):
        return found.tokens[0].start, "a query as a value needs parentheses around it"
    queries = _queries(found)
    for index, token in enumerate(found.tokens):
        check = _mark_mistake if token.kind == "mark" else _mistake
        message = check(found, parts, index)
        if message is None and found.enclosing[index] not in queries:
            message = _outside_mistake(found, parts, index)
        if message:
            return token.start, message
    return None


def quoted(found: Syntax, index: int) -> str:
    """A token as the text has it, shortened."""
    token = found.tokens[index]
    text = found.text[token.start : token.end]
    return f"`{text}`" if len(text) <= _LONGEST_EXCERPT else f"`{text[: _LONGEST_EXCERPT - 1]}…`"


def _queries(found: Syntax) -> set[int]:
    """The brackets that are queries, or anywhere inside of one."""
    queries: set[int] = set()
    for bracket, end in sorted(found.closing.items()):
        if found.enclosing[bracket] in queries or found.is_query(bracket + 1, end - 1):
            queries.add(bracket)
    return queries


def _outside_mistake(found: Syntax, parts: Special, index: int) -> str | None:
    """What may be right in a query, because a name behind a value renames it there."""
    key, before = found.keys[index], found.key(index - 1)
    if key == "case" and index not in found.closing:
        return "this CASE has no END"
    if not found.is_name(index) or index in parts.written or before in _BEFORE_NAMES:
        return None
    if ends_operand(found, index - 1) and not (key and is_keyword(found, index)):
        return f"an operator is missing before {quoted(found, index)}"
    return None


def _mark_mistake(found: Syntax, parts: Special, index: int) -> str | None:
    key, before, after = found.keys[index], found.key(index - 1), found.key(index + 1)
    bracket = found.key(found.enclosing[index])
    match key:
        case ",":
            if before in ("(", "[", ",") or after in (")", "]", ",") or index in (0, len(found.keys) - 1):
                return "a value is missing next to this comma"
        case ":":
            if index not in parts.written and bracket != "[":
                return "`:` is not expected here"
            if after == ":" and index + 1 in parts.written and index + 2 not in parts.written:
                return "a type is missing after `::`"
        case "[":
            if before != "array" and bracket != "[" and not ends_operand(found, index - 1):
                return "a list of values begins with `array[`"
        case ")":
            if (
                before == "("
                and index > 1
                and found.tokens[index - 2].kind == "operator"
                and index not in parts.written
            ):
                return "a value is missing between these parentheses"
        case _:
            pass
    return None


def _mistake(found: Syntax, parts: Special, index: int) -> str | None:
    if index in parts.written:
        return None
    key, before, after = found.keys[index], found.key(index - 1), found.key(index + 1)
    if found.is_text(index) and found.is_text(index - 1) and not _continues(found, index):
        return f"an operator is missing before {quoted(found, index)}"
    if bare_operator(found, index):
        return f"a value is missing before {quoted(found, index)}"
    if key == "is" and found.key(index + (2 if after == "not" else 1)) not in _IS:
        return "`is` is not followed by null, true, false, unknown or distinct from"
    if key == "not" and ends_operand(found, index - 1) and before != "is" and after not in _NEGATED:
        return "`not` is not expected here"
    if key == "from" and before == "(":
        return "`from` is not expected here"
    if key == "in" and (after != "(" or found.key(index + 2) == ")"):
        return "`in` is not followed by a list in parentheses"
    if key in RESERVED and key not in KEPT | VALUE_WORDS and after not in ("(", "["):
        return f"{quoted(found, index)} is a reserved word"
    return None


def _continues(found: Syntax, index: int) -> bool:
    """A literal goes on behind a line break."""
    gap = found.text[found.tokens[index - 1].end : found.tokens[index].start]
    return "\n" in gap or "\r" in gap
