"""Where a value ends: what decides whether an operator stands between two values or before one. Pure."""

from __future__ import annotations

from gateway.policies.expressions.keywords import BEFORE_OPERANDS
from gateway.policies.expressions.syntax import Syntax


def ends_operand(found: Syntax, index: int) -> bool:
    """Whether a value may end with this token."""
    if not 0 <= index < len(found.tokens):
        return False
    kind, key = found.tokens[index].kind, found.keys[index]
    if kind == "operator":
        return is_star(found, index)
    if kind == "mark":
        return key == "]" or (key == ")" and found.key(found.opening[index] - 1) != "operator")
    return key not in BEFORE_OPERANDS and not _takes_operand(found, index)


def is_star(found: Syntax, index: int) -> bool:
    """Whether `*` means everything, as in `count(*)` and `t.*`."""
    return found.tokens[index].text == "*" and found.key(index - 1) in ("(", ".", ",", "select")


def _takes_operand(found: Syntax, index: int) -> bool:
    match found.keys[index]:
        case "zone":
            return found.key(index - 1) == "time" and found.key(index - 2) == "at"
        case "by":
            return found.key(index - 1) in ("group", "order", "partition")
        case "all" | "any" | "some":
            return found.key(index - 1) == "select"
        case _:
            return False
