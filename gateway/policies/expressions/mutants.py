"""An expression with one condition dropped or turned round: what tests of policies must notice. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gateway.policies.expressions.clauses import Clause, clauses

_LONGEST_EXCERPT = 60
_NEUTRAL = {"and": "true", "or": "false"}


class Mutant(NamedTuple):
    """`text` is the whole expression with a change to what stands at `start` up to `end` of the original;
    `description` says which."""

    text: str
    description: str
    start: int
    end: int


def mutants(text: str) -> tuple[Mutant, ...]:
    """All mutants in the order of the text, in subqueries too. Each operand of AND and OR is dropped and negated; a
    condition without AND and OR becomes true, false and its negation. No two are the same text, and none is the
    original's. Raises `NotUnderstood`."""
    found: dict[str, Mutant] = {}
    for clause, replacement, change in _changes(text, clauses(text), lone=True):
        mutated = _spliced(text, clause, replacement)
        if not _same(text[clause.start : clause.end], replacement):
            description = f"{_excerpt(text[clause.start : clause.end])} {change}"
            found.setdefault(mutated, Mutant(mutated, description, clause.start, clause.end))
    return tuple(found.values())


def _changes(text: str, clause: Clause, *, lone: bool) -> Iterator[tuple[Clause, str, str]]:
    """What to put instead of which clause, and what that does to it."""
    if lone and clause.kind in ("not", "leaf"):
        yield clause, "true", "made true"
        yield clause, "false", "made false"
        yield clause, _negated(text, clause), "negated"
    for part in clause.parts:
        if neutral := _NEUTRAL.get(clause.kind):
            yield part, neutral, "removed"
            yield part, _negated(text, part), "negated"
        yield from _changes(text, part, lone=False)
    for condition in clause.inner:
        yield from _changes(text, condition, lone=True)


def _negated(text: str, clause: Clause) -> str:
    if clause.kind == "not":
        operand = clause.parts[0]
        return text[operand.outer_start : operand.outer_end]
    condition = text[clause.start : clause.end]
    return {"true": "false", "false": "true"}.get(condition.lower(), f"not ({condition})")


def _spliced(text: str, clause: Clause, replacement: str) -> str:
    before, after = text[: clause.outer_start], text[clause.outer_end :]
    left = " " if before and not before[-1].isspace() and before[-1] != "(" else ""
    right = " " if after and not after[0].isspace() and after[0] != ")" else ""
    return f"{before}{left}{replacement}{right}{after}"


def _same(condition: str, replacement: str) -> bool:
    return condition.lower() == replacement if replacement in ("true", "false") else condition == replacement


def _excerpt(condition: str) -> str:
    line = " ".join(condition.split())
    return line if len(line) <= _LONGEST_EXCERPT else f"{line[: _LONGEST_EXCERPT - 1]}…"
