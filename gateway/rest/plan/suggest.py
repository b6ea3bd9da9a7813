"""Suggestions for names that were not found ("Perhaps you meant …")."""

from __future__ import annotations

from collections.abc import Iterable

_MANY = 500
"""With this many names no suggestion is looked for: an unknown name must not cost more than a known one."""

_LONG = 64
"""No suggestion for longer texts either: PostgreSQL's names end at 63 bytes, and the work grows with the square."""


def closest(wanted: str, names: Iterable[str], *, at_least: float = 0.75) -> str | None:
    """The most similar of `names`, if its similarity (0..1) reaches `at_least`."""
    if len(wanted) > _LONG:
        return None
    best, best_score = None, 0.0
    for count, name in enumerate(names):
        if count >= _MANY:
            return None
        if abs(len(wanted) - len(name)) > (1.0 - at_least) * max(len(wanted), len(name)):
            continue  # too different in length, whatever the letters
        score = similarity(wanted, name)
        if score >= at_least and score > best_score:
            best, best_score = name, score
    return best


def similarity(one: str, other: str) -> float:
    """1 for equal texts, 0 for texts with nothing in common: 1 - edit distance / length of the longer one."""
    longest = max(len(one), len(other))
    return 1.0 - _distance(one.lower(), other.lower()) / longest if longest else 1.0


def _distance(one: str, other: str) -> int:
    """Levenshtein's: insertions, deletions and substitutions."""
    row = list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        diagonal, row[0] = row[0], at
        for to, against in enumerate(other, 1):
            diagonal, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, diagonal + (char != against))
    return row[-1]
