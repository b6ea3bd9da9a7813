"""The function calls that an expression writes out. Pure."""

from __future__ import annotations

from typing import NamedTuple

from gateway.policies.expressions.keywords import NO_FUNCTIONS, SPECIAL_CALLS, SPECIAL_SEPARATORS
from gateway.policies.expressions.outline import is_keyword
from gateway.policies.expressions.special import Special
from gateway.policies.expressions.syntax import Syntax

_CATALOG = (None, "pg_catalog")


class Call(NamedTuple):
    """A call from the start of its name to the closing parenthesis. `arguments` counts them, `setting` is the setting
    that `current_setting` reads if that is written as a literal. `first` and `opening` are tokens: of the name, and of
    the parenthesis."""

    schema: str | None
    name: str
    arguments: int
    start: int
    end: int
    setting: str | None
    first: int
    opening: int


def calls(found: Syntax, parts: Special) -> tuple[Call, ...]:
    """In the order of the text, the outer before the inner. Operators, casts and types are none, nor are those parts
    of the grammar that look like calls (COALESCE, ROW, …)."""
    result: list[Call] = []
    index = 0
    while index < len(found.tokens):
        end = found.name_end(index)
        if end == index:
            index += 1
            continue
        is_type = parts.written.get(index) == "" or parts.written.get(end - 1) == ""
        if found.key(end) == "(" and not is_type and _is_call(found, index, end):
            result.append(_call(found, index, end))
        index = end
    return tuple(result)


def _is_call(found: Syntax, first: int, opening: int) -> bool:
    if opening == first + 1 and found.keys[first] in NO_FUNCTIONS:
        return False
    return not _renames(found, first) and not _is_common_table(found, opening)


def _renames(found: Syntax, first: int) -> bool:
    """Whether this is a new name with names of columns, as in `f() AS t(a, b)`."""
    if first == 0:
        return False
    before = found.tokens[first - 1]
    if before.kind == "word":
        return before.text == "as" or not (is_keyword(found, first - 1) or found.key(first - 1) in NO_FUNCTIONS)
    return before.kind in ("quoted", "other", "string") or before.text in (")", "]")


def _is_common_table(found: Syntax, opening: int) -> bool:
    """`WITH t(a, b) AS (SELECT …)`"""
    index = found.after(opening)
    if found.key(index) != "as":
        return False
    while found.is_name(index):
        index += 1
    return found.key(index) == "(" and found.is_query(index + 1, found.closing[index] - 1)


def _call(found: Syntax, first: int, opening: int) -> Call:
    names = [token.text for token in found.tokens[first:opening:2]]
    schema = names[-2] if len(names) > 1 else None
    closing = found.closing[opening]
    return Call(
        schema=schema,
        name=names[-1],
        arguments=_arguments(found, first, opening),
        start=found.tokens[first].start,
        end=found.tokens[closing].end,
        setting=_setting(found, opening) if names[-1] == "current_setting" and schema in _CATALOG else None,
        first=first,
        opening=opening,
    )


def _arguments(found: Syntax, first: int, opening: int) -> int:
    closing = found.closing[opening]
    if closing == opening + 1 or (closing == opening + 2 and found.tokens[opening + 1].text == "*"):
        return 0
    is_special = opening == first + 1 and found.keys[first] in SPECIAL_CALLS
    count = 1
    for index in found.level(opening + 1, closing):
        key = found.keys[index]
        if key == "order":
            break
        if key == "," or (is_special and key in SPECIAL_SEPARATORS and index > opening + 1):
            count += 1
    return count


def _setting(found: Syntax, opening: int) -> str | None:
    token = found.tokens[opening + 1]
    behind = opening + 2
    if found.key(behind) == ":" and found.key(behind + 2) == "text":
        behind += 3
    return token.text if token.kind == "string" and found.key(behind) in (",", ")") else None
