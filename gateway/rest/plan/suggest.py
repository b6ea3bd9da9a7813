"""Suggestions for names that were not found ("Perhaps you meant …")."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_MANY = 500
"""Above this many names no suggestion is looked for: an unknown name must not cost more than a known one."""


def closest(wanted: str, names: Iterable[str], *, at_least: float = 0.75) -> str | None:
    """The most similar of `names`, if its similarity (0..1) reaches `at_least`."""
    best, best_score = None, at_least
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    for count, name in enumerate(names):
        if count >= _MANY:
            return None
        matcher.set_seq1(name)
        if matcher.real_quick_ratio() < best_score or matcher.quick_ratio() < best_score:
            continue
        score = matcher.ratio()
        if score >= best_score and (best is None or score > best_score):
            best, best_score = name, score
    return best
