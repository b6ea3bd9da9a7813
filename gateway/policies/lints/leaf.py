"""The smallest parts of a condition, and what they ask. Pure."""

from __future__ import annotations

import enum
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from gateway.policies.expressions.calls import Call
from gateway.policies.expressions.keywords import CLOCK_FUNCTIONS, ROLE_WORDS
from gateway.policies.expressions.special import type_end
from gateway.policies.lints.reading import Reading

_CONSTANT_WORDS: Final = frozenset({
    "and", "any", "array", "between", "boolean", "false", "in", "is", "like", "not", "null", "or", "true", "unknown",
})  # fmt: skip
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType({
    "=": operator.eq, "<>": operator.ne, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le,
    ">=": operator.ge,
})  # fmt: skip
_SIGNED_IN: Final = frozenset({"authenticated", "service_role"})

Span = tuple[int, int]


class Openness(enum.IntEnum):
    """Whom a condition lets through, the widest last."""

    NEVER = 0
    DEPENDS = 1
    SIGNED_IN = 2
    ALWAYS = 3


class Side(enum.Enum):
    """What one side of a comparison is: the same for everybody (LITERAL), the same for all rows (CALLER), one column,
    or something else that depends on the row."""

    LITERAL = enum.auto()
    CALLER = enum.auto()
    COLUMN = enum.auto()
    ROW = enum.auto()


@dataclass(frozen=True, slots=True)
class Comparison:
    """`column` is compared by `operator` (`=`, `in`, `is distinct from`, …) with something that is `other`; `is_query`
    if that reads relations."""

    column: str
    operator: str
    other: Side
    is_query: bool


@dataclass(frozen=True, eq=False)
class Leaf:
    """A condition without AND, OR and NOT: the tokens from `first` up to `end`. It must be false if it is `negated`."""

    reading: Reading
    first: int
    end: int
    negated: bool

    @property
    def text(self) -> str:
        """On one line."""
        found = self.reading.found
        return " ".join(found.text[found.tokens[self.first].start : found.tokens[self.end - 1].end].split())

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns of the policy's own table in it."""
        return frozenset(name for index, name in self.reading.columns if self.first <= index < self.end)

    @cached_property
    def openness(self) -> Openness:
        if self.columns:
            return Openness.ALWAYS if self._is_tautology() else Openness.DEPENDS
        if not self._names_something(self.first, self.end):
            return self._constant()
        return Openness.SIGNED_IN if self._asks_for_sign_in() else Openness.DEPENDS

    @property
    def is_guard(self) -> bool:
        """Whether it asks something of the caller, whatever the row is, that not everybody who signed in fulfils."""
        if self.columns or self.negated or self.openness is not Openness.DEPENDS:
            return False
        called = {call.name for call in self.reading.calls if self.first <= call.first < self.end}
        return bool(called - CLOCK_FUNCTIONS) or self.reading.reads(self.first, self.end)

    @cached_property
    def comparison(self) -> Comparison | None:
        """Its comparison of one column with something else."""
        split = self.reading.comparison(self.first, self.end)
        if split is None:
            return None
        left, sign, right = split
        if self._side(left) is not Side.COLUMN:
            left, right = right, left
            if sign in ("in", "not in") or self._side(left) is not Side.COLUMN:
                return None
        _, end = self.reading.bare(*left)
        column = self.reading.found.tokens[end - 1].text
        return Comparison(column, sign, self._side(right), self.reading.reads(*right))

    def _side(self, side: Span) -> Side:
        own = [index for index, _ in self.reading.columns if side[0] <= index < side[1]]
        if not own:
            return Side.CALLER if self._names_something(*side) else Side.LITERAL
        first, end = self.reading.bare(*side)
        is_qualified = end - first == len(("table", ".", "column")) and self.reading.found.key(first + 1) == "."
        alone = own == [end - 1] and (end - first == 1 or is_qualified)
        return Side.COLUMN if alone else Side.ROW

    def _names_something(self, first: int, end: int) -> bool:
        """Whether there is more than literals, operators, types and words of the grammar."""
        found = self.reading.found
        index = first
        while index < end:
            if found.key(index) == ":":
                index = max(type_end(found, index + 1), index + 1)
            elif found.is_name(index) and found.key(index) not in _CONSTANT_WORDS:
                return True
            else:
                index += 1
        return False

    def _texts(self, side: Span) -> Sequence[str]:
        first, end = self.reading.bare(*side)
        return [token.text for token in self.reading.found.tokens[first:end]]

    def _constant(self) -> Openness:
        """A condition without names lets everybody through, unless it is plainly false, or null."""
        split = self.reading.comparison(self.first, self.end)
        is_comparison = split is not None and split[1] in _COMPARED
        texts = self._texts((self.first, self.end))
        if "null" in texts:
            return Openness.NEVER if is_comparison or texts == ["null"] else Openness.DEPENDS
        holds = texts != ["false"]
        if split is not None and is_comparison:
            sides = [" ".join(self._texts(side)) for side in (split[0], split[2])]
            # Numbers are equal and in order as numbers; of texts only equality is certain.
            numbers = [float(side) for side in sides if _NUMBER.fullmatch(side)]
            if len(numbers) == len(sides):
                holds = _COMPARED[split[1]](*numbers)
            elif split[1] in ("=", "<>", "!="):
                holds = _COMPARED[split[1]](*sides)
        return Openness.ALWAYS if holds != self.negated else Openness.NEVER

    def _is_tautology(self) -> bool:
        """Such as `id = id` and `id is not null`, where `id` cannot be null."""
        split = self.reading.comparison(self.first, self.end)
        if split is None or not self.columns <= self.reading.about.required:
            return False
        left, sign, right = split
        if sign == "=" and not self.negated:
            return self._side(left) is Side.COLUMN and self._texts(left) == self._texts(right)
        is_null = self._side(left) is Side.COLUMN and self._texts(right) == ["null"]
        return is_null and sign == ("is" if self.negated else "is not")

    def _asks_for_sign_in(self) -> bool:
        """Forms of "there is a caller": `uid() is not null`, `role() = 'authenticated'` and the like."""
        split = self.reading.comparison(self.first, self.end)
        if split is None:
            return False
        left, sign, right = split
        if self._claim(left) is None:
            left, right = right, left
        claim, values = self._claim(left), self.reading.strings(*right)
        if claim in ("sub", "all"):
            return self._texts(right) == ["null"] and sign == ("is" if self.negated else "is not")
        if claim != "role" or self.negated:
            return False
        if sign in ("=", "in"):
            return "authenticated" in values and values <= _SIGNED_IN
        return sign in ("<>", "!=", "not in") and values == frozenset({"anon"})

    def _claim(self, side: Span) -> str | None:
        """Which claim a side is: `sub`, `role`, or `all` of them."""
        first, end = side
        called = [call for call in self.reading.calls if first <= call.first < end]
        strings = self.reading.strings(first, end)
        if any(self.reading.found.key(index) in ROLE_WORDS for index in range(first, end)):
            return "role"
        if not called or not all(is_caller_call(call) or call.name == "current_setting" for call in called):
            return None
        names = {call.name for call in called}
        if names & {"uid", "role"}:
            return "sub" if "uid" in names else "role"
        for claim in ("sub", "role"):
            forms = ({claim}, {"request.jwt.claims", claim}, {f"request.jwt.claim.{claim}"})
            if strings in map(frozenset, forms):
                return claim
        return "all" if "jwt" in names and not strings else None


def is_caller_call(call: Call) -> bool:
    """Whether it is one of the functions that tell who is asking."""
    return call.schema == "auth" and call.name in ("uid", "jwt", "role", "email")
