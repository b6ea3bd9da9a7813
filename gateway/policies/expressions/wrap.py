"""Calls that need not run for every row become scalar subqueries, which PostgreSQL runs once per statement. Pure.

`user_id = auth.uid()` becomes `user_id = (select auth.uid())`: the planner makes an InitPlan of a subquery that names
no column, but calls a STABLE function again for each row. Text is put in at the places of tokens; nothing else changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cached_property

from gateway.policies.expressions.calls import Call, calls
from gateway.policies.expressions.keywords import CLOCK_FUNCTIONS
from gateway.policies.expressions.operands import ends_operand
from gateway.policies.expressions.parsing import parsed
from gateway.policies.expressions.scopes import names
from gateway.policies.expressions.special import special
from gateway.policies.expressions.syntax import Syntax, syntax

Stable = Callable[[str | None, str, int], bool]
"""Whether the function of this schema (None where none is written), name and number of arguments is STABLE and returns
no set. Of overloads, all must be."""

_CONSTANTS = frozenset({",", "[", "]", "false", "null", "true"})
_AGGREGATE_TAILS = frozenset({"filter", "over", "within"})
_BEFORE_ITEMS = frozenset({"(", ",", "from", "join", "lateral"})
_CLAUSES = frozenset({"by", "having", "limit", "offset", "select", "where"})


def wrap(text: str, stable: Stable) -> str:
    """The expression with `(select …)` around calls of stable functions whose arguments are literals, casts and other
    such calls. Wrapping again changes nothing. Raises `NotUnderstood`.

    Left alone are built-in functions except `current_setting` (the planner estimates `now()` by its value), calls in
    FROM and VALUES, and a call that is all of an IN or ANY, where PostgreSQL would read the subquery as a list."""
    pieces: list[str] = []
    end = 0
    for call in _Wrapping(syntax(text), stable).calls():
        pieces += (text[end : call.start], "(select ", text[call.start : call.end], ")")
        end = call.end
    return "".join((*pieces, text[end:]))


class _Wrapping:
    def __init__(self, found: Syntax, stable: Stable) -> None:
        self._found = found
        self._stable = stable
        parts = special(found)
        self._calls = calls(found, parts)
        self._by_token = {call.first: call for call in self._calls}
        self._written = parts.written

    def calls(self) -> Iterator[Call]:
        """The outermost calls to wrap."""
        end = 0
        constant = [call for call in self._calls if self._is_constant(call)]
        needs_row = _RowQueries(self._found)
        for call in constant:
            if call.start < end:
                continue
            if _stands_alone(self._found, call) or not needs_row.around(call) or _in_values(self._found, call):
                end = call.end
            elif not _in_from(self._found, call.first) and not _is_list(self._found, call):
                yield call
                end = call.end

    def _is_constant(self, call: Call) -> bool:
        """Whether the call answers the same for every row of a statement."""
        is_built_in = call.schema == "pg_catalog" or (call.schema is None and call.name in CLOCK_FUNCTIONS)
        if is_built_in and call.name != "current_setting":
            return False
        closing = self._found.closing[call.opening]
        return (
            self._found.key(closing + 1) not in _AGGREGATE_TAILS
            and self._stable(call.schema, call.name, call.arguments)
            and self._are_constants(call.opening + 1, closing)
        )

    def _are_constants(self, first: int, end: int) -> bool:
        index = first
        while index < end:
            behind = self._constant_end(index)
            if behind == index:
                return False
            index = behind
        return True

    def _constant_end(self, index: int) -> int:
        """The token behind the piece of an argument that begins here; `index` itself if that may differ from row to
        row."""
        found = self._found
        key, after = found.keys[index], found.key(index + 1)
        call = self._by_token.get(index)
        if call is not None:
            return found.closing[call.opening] + 1 if self._is_constant(call) else index
        if key == "(" and after == "select":
            call, end = self._by_token.get(index + 2), found.closing[index]
            is_wrapped = call is not None and found.closing[call.opening] + 1 == end and self._is_constant(call)
            return end + 1 if is_wrapped else index
        if key == "cast" and after == "(":
            end = found.closing[index + 1]
            return end + 1 if self._are_constants(index + 2, end) else index
        is_constant = (
            key in _CONSTANTS
            or (key == "array" and after == "[")
            or (self._written.get(index) == "" and key != "collate")
            or found.is_text(index)
            or self._is_number(index)
        )
        return index + 1 if is_constant else index

    def _is_number(self, index: int) -> bool:
        """A number, or the sign before one."""
        found = self._found
        if found.tokens[index].text in ("+", "-") and not ends_operand(found, index - 1):
            index += 1
        return found.is_number(index) and found.tokens[index].text[0] != "$"


class _RowQueries:
    """Which subqueries may answer differently for each row: all but those that name no column and read nothing."""

    def __init__(self, found: Syntax) -> None:
        self._found = found
        self._known: dict[int, bool] = {}

    @cached_property
    def _columns(self) -> list[int] | None:
        """Where columns stand; None if that is not known."""
        tree = parsed(self._found.text).tree
        return sorted(column.start for column in names(self._found, tree).columns) if tree is not None else None

    def around(self, call: Call) -> bool:
        """Whether all queries around a call are such."""
        return all(self._needs_row(bracket) for bracket in _around(self._found, call.first))

    def _needs_row(self, bracket: int) -> bool:
        if bracket not in self._known:
            self._known[bracket] = not self._is_constant(bracket)
        return self._known[bracket]

    def _is_constant(self, bracket: int) -> bool:
        found, end = self._found, self._found.closing[bracket]
        if found.key(bracket + 1) != "select" or "from" in (
            found.keys[index] for index in found.level(bracket + 1, end)
        ):
            return False
        start, stop = found.tokens[bracket].start, found.tokens[end].start
        return self._columns is not None and bisect_left(self._columns, start) == bisect_left(self._columns, stop)


def _around(found: Syntax, index: int) -> Iterator[int]:
    """The brackets around a token, the innermost first."""
    while (index := found.enclosing[index]) >= 0:
        yield index


def _stands_alone(found: Syntax, call: Call) -> bool:
    """Whether it is already `(select call())`."""
    before, behind = call.first - 1, found.closing[call.opening] + 1
    return found.key(before) == "select" and found.key(before - 1) == "(" and found.key(behind) == ")"


def _in_values(found: Syntax, call: Call) -> bool:
    for bracket in _around(found, call.first):
        before = bracket - 1
        while found.key(before) == "," and found.key(before - 1) == ")":
            before = found.opening[before - 1] - 1
        if found.key(before) == "values":
            return True
    return False


def _in_from(found: Syntax, first: int) -> bool:
    """Whether something is itself an item of FROM, and not an argument or a condition of one."""
    index, behind_comma = first - 1, False
    bracket = found.enclosing[first]
    while index > bracket:
        key = found.keys[index]
        if key in ("join", "lateral") or (key == "from" and _begins_from(found, index)):
            return True
        if key in ("on", "using"):
            return behind_comma
        if key in _CLAUSES:
            return False
        behind_comma = behind_comma or key == ","
        index = found.opening.get(index, index) - 1
    # Parentheses in FROM: around a join, or ROWS FROM (f(), g()).
    return bracket > 0 and found.key(bracket - 1) in _BEFORE_ITEMS and _in_from(found, bracket)


def _begins_from(found: Syntax, index: int) -> bool:
    """FROM of a query, and not of EXTRACT or IS DISTINCT FROM."""
    bracket = found.enclosing[index]
    is_query = bracket >= 0 and found.is_query(bracket + 1, found.closing[bracket] - 1)
    return is_query and found.key(index - 1) != "distinct"


def _is_list(found: Syntax, call: Call) -> bool:
    """Whether the call is all there is between the parentheses of IN, ANY, SOME or ALL."""
    first, last = call.first, found.closing[call.opening]
    while found.key(first - 1) == "(" and found.key(last + 1) == ")":
        if found.key(first - 2) in ("all", "any", "in", "some"):
            return True
        if found.is_name(first - 2):
            return False
        first, last = first - 1, last + 1
    return False
