"""Patterns of texts. Pure."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r"\*{2,}|.", re.DOTALL)
_SEPARATORS: Final = "./"


class Glob:
    """`**` is any text, `*` any without `.` and `/`, `?` one character that is neither; the rest stands for itself.

    Matching takes time proportional to the text: all places in the pattern are followed at once, one bit for each.
    """

    __slots__ = ("_crossing", "_end", "_literals", "_single", "_stars", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._literals: dict[str, int] = {}
        self._single = self._stars = self._crossing = 0
        place = 1
        for part in _PART.findall(pattern):
            if part == "?":
                self._single |= place
            elif part[0] == "*":
                self._stars |= place
                self._crossing |= place if len(part) > 1 else 0
            else:
                self._literals[part] = self._literals.get(part, 0) | place
            place <<= 1
        self._end = place

    def matches(self, text: str) -> bool:
        at = self._past_stars(1)
        for character in text:
            stays, moves = self._crossing, self._literals.get(character, 0)
            if character not in _SEPARATORS:
                stays, moves = self._stars, moves | self._single
            at = self._past_stars((at & moves) << 1 | at & stays)
            if not at:
                return False
        return at & self._end != 0

    def _past_stars(self, at: int) -> int:
        """A star may stand for nothing; no two follow each other."""
        return at | (at & self._stars) << 1
