"""An expression reduced to what a general SQL parser needs to find its names, each of them in its place. Pure.

sqlglot refuses a part of what PostgreSQL takes: operators of extensions, `OPERATOR(…)`, many types, arguments with
words between them. None of that matters for which columns and relations are named. So it is written over: operators by
`+`, types and other words by spaces or commas, literals and names by others of the same length.
"""

from __future__ import annotations

from gateway.policies.expressions.keywords import KEPT, KEPT_AFTER, KEPT_BEFORE, VALUE_WORDS
from gateway.policies.expressions.operands import ends_operand, is_star
from gateway.policies.expressions.special import Special
from gateway.policies.expressions.syntax import Syntax

_KNOWN_OPERATORS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"})
_NEVER_FIRST = _KNOWN_OPERATORS - {"+", "-"} | {"^"}
_MAY_END_IN_SIGN = frozenset("~!@#%^&|`?")


def outline(found: Syntax, parts: Special) -> str:
    """As long as the expression itself, on one line."""
    canvas = [" "] * len(found.text)
    for index, token in enumerate(found.tokens):
        text = parts.written.get(index)
        if text is None:
            text = _written(found, index)
        canvas[token.start : token.start + len(text)] = text
    return "".join(canvas)


def bare_operator(found: Syntax, index: int) -> bool:
    """Whether this is an operator that needs a value before it, and has none."""
    token = found.tokens[index]
    return (
        token.kind == "operator"
        and not ends_operand(found, index - 1)
        and not is_star(found, index)
        and _first_operator(token.text) in _NEVER_FIRST
    )


def _written(found: Syntax, index: int) -> str:
    token, key = found.tokens[index], found.keys[index]
    length = token.end - token.start
    if token.kind == "mark":
        return key
    if token.kind == "operator":
        return _operator(found, index)
    if found.is_text(index):
        return f"'{'x' * (length - 2)}'"
    if token.kind == "other" or (key in VALUE_WORDS and found.key(index + 1) != "("):
        return "1" * length
    return key if is_keyword(found, index) else "c" * length


def is_keyword(found: Syntax, index: int) -> bool:
    """Whether a word is one of the keywords that an outline keeps, where it stands."""
    key, before, after = found.keys[index], found.key(index - 1), found.key(index + 1)
    if key in ("left", "right"):
        return after != "("
    if key == "escape":
        return found.is_text(index + 1)
    return key in KEPT or before in KEPT_AFTER.get(key, ()) or after in KEPT_BEFORE.get(key, ())


def _operator(found: Syntax, index: int) -> str:
    """Between two values: itself, or `+` if the parser might not know it. Before a value: nothing."""
    text = found.tokens[index].text
    if is_star(found, index) or bare_operator(found, index):
        return text
    if not ends_operand(found, index - 1):
        return ""
    first = _first_operator(text)
    return first if first in _KNOWN_OPERATORS else "+"


def _first_operator(text: str) -> str:
    """The operator at the beginning of a run of operator characters, where signs may follow, as in `a=-1`."""
    return text if len(text) == 1 or _MAY_END_IN_SIGN & set(text) else text.rstrip("+-") or text[0]
