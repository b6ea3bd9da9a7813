"""A text with a position, and a memory of what would have been accepted there.

Users' code matches on PostgREST's parse errors ("unexpected … expecting …"), which come from a combinator library.
This reproduces that library's rules for error messages without its parsers: every failed attempt notes what it
expected; consuming input forgets all notes; of the notes that remain at the end, those furthest to the right count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from gateway.rest.errors import RestError, unparsable

T = TypeVar("T")

_END = "end of input"


class Mismatch(Exception):
    """The text does not match here. Only the scanner's memory says why."""


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Scanner:
    """Reads one parameter's text from left to right."""

    __slots__ = ("_at", "_expected", "_found", "_surprise", "position", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._at = 0
        self._expected: list[str] = []
        self._found = ""
        self._surprise = ""

    def error(self, what: str, shown: str | None = None) -> RestError:
        """The error for the whole text; `what` names the part that was parsed, `shown` is the text to print."""
        unexpected = f"unexpected {self._surprise or self._found or _END}"
        expected = list(dict.fromkeys(self._expected))
        if not expected:
            details = unexpected
        elif len(expected) == 1:
            details = f"{unexpected} expecting {expected[0]}"
        else:
            details = f"{unexpected} expecting {', '.join(expected[:-1])} or {expected[-1]}"
        return unparsable(what, self.text if shown is None else shown, self._at + 1, details)

    # -- memory -----------------------------------------------------------------------------------------------------

    def note(self, expected: str = "", *, at: int | None = None, found: str | None = None, surprise: str = "") -> None:
        """Remember that something else was expected at `at` (default: here)."""
        where = self.position if at is None else at
        if where < self._at:
            return
        if where > self._at:
            self._forget(where)
        if found is None:
            found = quoted(self.text[where]) if where < len(self.text) else ""
        if not self._found:
            self._found = found
        if surprise:
            self._surprise = surprise
        if expected:
            self._expected.append(expected)

    def _forget(self, at: int) -> None:
        self._at = at
        self._expected = []
        self._found = self._surprise = ""

    def advance(self, to: int) -> None:
        """Consume the text up to `to`; what was expected before does not matter any more."""
        if to > self.position:
            self.position = to
            self._forget(to)

    # -- primitives -------------------------------------------------------------------------------------------------

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def literal(self, text: str, label: str | None = None) -> None:
        """Consume exactly `text`. A failure counts at its first character, naming the first one that differs."""
        if self.text.startswith(text, self.position):
            self.advance(self.position + len(text))
            return
        differs = self.position
        for expected in text:
            if differs >= len(self.text) or self.text[differs] != expected:
                break
            differs += 1
        found = quoted(self.text[differs]) if differs < len(self.text) else ""
        self.note(quoted(text) if label is None else label, found=found)
        raise Mismatch

    def run(self, pattern: re.Pattern[str], *labels: str) -> str:
        """Consume a non-empty match; then and on failure, more of the same (`labels`) was possible."""
        match = pattern.match(self.text, self.position)
        if match is None or not match.group():
            for label in labels or ("",):
                self.note(label)
            raise Mismatch
        self.advance(match.end())
        for label in labels or ("",):
            self.note(label)
        return match.group()

    def blanks(self) -> None:
        end = self.position
        while end < len(self.text) and self.text[end] in " \t":
            end += 1
        self.advance(end)

    def end(self) -> None:
        if self.position < len(self.text):
            self.note(_END, surprise=_character(self.text[self.position]))
            raise Mismatch

    # -- combining --------------------------------------------------------------------------------------------------

    def attempt(self, parse: Callable[[], T]) -> T | None:
        """Try `parse`; on failure go back and answer None. What was expected, before and within, stays noted."""
        start = self.position
        before = (self._at, self._expected, self._found, self._surprise)
        self._expected = list(self._expected)
        try:
            return parse()
        except Mismatch:
            self.position = start
            self._merge(*before)
            return None

    def _merge(self, at: int, expected: list[str], found: str, surprise: str) -> None:
        """Take back notes from before an attempt: those furthest to the right count."""
        if at > self._at:
            self._at, self._expected, self._found, self._surprise = at, expected, found, surprise
        elif at == self._at:
            self._expected = expected + self._expected
            self._found = found or self._found
            self._surprise = surprise or self._surprise

    def accepts(self, text: str, label: str | None = None) -> bool:
        """Consume `text` if it is next."""
        try:
            self.literal(text, label)
        except Mismatch:
            return False
        return True

    def ahead(self, text: str) -> bool:
        """Whether `text` is next; consumes nothing."""
        if self.text.startswith(text, self.position):
            return True
        with suppress(Mismatch):
            self.literal(text)
        return False


def _character(char: str) -> str:
    return "'\\''" if char == "'" else f"'{char}'"
