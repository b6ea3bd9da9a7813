"""What a condition can turn out to be, and how AND, OR and NOT combine that. Pure.

A condition may raise an error instead of having a value, and PostgreSQL chooses in which order it looks at the
operands of AND and OR: so a combination has a set of possible outcomes.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from functools import reduce
from itertools import product
from typing import Final


class Truth(enum.StrEnum):
    """ERROR: PostgreSQL raises one."""

    TRUE = "true"
    FALSE = "false"
    NULL = "null"
    ERROR = "error"


Possible = frozenset[Truth]

TRUE: Final = frozenset({Truth.TRUE})
FALSE: Final = frozenset({Truth.FALSE})
ANYTHING: Final = frozenset(Truth)


def any_of(operands: Iterable[Possible]) -> Possible:
    """OR; FALSE without operands."""
    return reduce(lambda left, right: _combined(left, right, Truth.TRUE, Truth.FALSE), operands, FALSE)


def all_of(operands: Iterable[Possible]) -> Possible:
    """AND; TRUE without operands."""
    return reduce(lambda left, right: _combined(left, right, Truth.FALSE, Truth.TRUE), operands, TRUE)


def negation(operand: Possible) -> Possible:
    """NOT."""
    opposite = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}
    return frozenset(opposite.get(truth, truth) for truth in operand)


def lets_through(condition: Possible) -> Possible:
    """What a condition does to a row: to be null is as good as to be false."""
    return frozenset(Truth.FALSE if truth is Truth.NULL else truth for truth in condition)


def then(first: Possible, second: Possible) -> Possible:
    """`second` is only asked if `first` is true."""
    return (first - TRUE) | second if Truth.TRUE in first else first


def _combined(left: Possible, right: Possible, decisive: Truth, neutral: Truth) -> Possible:
    return frozenset(truth for pair in product(left, right) for truth in _pair(*pair, decisive, neutral))


def _pair(left: Truth, right: Truth, decisive: Truth, neutral: Truth) -> Possible:
    both = {left, right}
    if Truth.ERROR in both:
        # Whichever is looked at first decides whether the error comes up. Where a row must be let through, the planner
        # takes null for false, below NOT as well, and drops what cannot matter then.
        return frozenset((both & {decisive, Truth.NULL}) | {Truth.ERROR})
    if decisive in both:
        return frozenset({decisive})
    return frozenset({Truth.NULL}) if Truth.NULL in both else frozenset({neutral})
