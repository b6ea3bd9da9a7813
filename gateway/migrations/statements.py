"""A SQL file, cut into its statements.

PostgreSQL would take the whole file at once, but a failure at run time then names no statement. The rules are those
of psql: quotes, dollar quotes, nested comments, parentheses and the bodies of `BEGIN ATOMIC … END` hide semicolons
(PostgreSQL manual, "Lexical Structure" and "CREATE FUNCTION").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<string>\b[eE]'(?:[^'\\]|''|\\.)*'?|'(?:[^']|'')*'?)
    | (?P<name>"(?:[^"]|"")*"?)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<mark>[;()])
    """,
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"(?:\s+|--[^\n]*)*")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_ROUTINE = re.compile(r"create (or replace )?(function|procedure)\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without its semicolon; `line` (1-based) is where its first word stands."""

    line: int
    text: str

    @property
    def verb(self) -> str:
        """The first word, in lower case."""
        match = re.match(r"\w+", self.text)
        return match.group().lower() if match else ""


def split(text: str) -> tuple[Statement, ...]:
    """The statements of `text` in order. Comments before a statement are left out, those within it are kept."""
    found: list[Statement] = []
    begin = 0
    for end in (*_terminators(text), len(text)):
        start = _first_visible(text, begin, end)
        if start < end:
            found.append(Statement(text.count("\n", 0, start) + 1, text[start:end].rstrip()))
        begin = end + 1
    return tuple(found)


def _terminators(text: str) -> Iterator[int]:
    """Where the semicolons stand that end a statement."""
    words: list[str] = []
    parentheses = blocks = at = 0
    while (match := _TOKEN.search(text, at)) is not None:
        at = match.end()
        if match["block"]:
            at = _end_of_block(text, at)
        elif match["dollar"]:
            close = text.find(match["dollar"], at)
            at = len(text) if close < 0 else close + len(match["dollar"])
        elif match["word"]:
            words.append(match["word"].lower())
            blocks += _block_change(words, blocks)
        elif match["mark"] == ";":
            if parentheses == 0 and blocks == 0:
                yield match.start()
                words.clear()
        elif match["mark"]:
            parentheses = max(0, parentheses + (1 if match["mark"] == "(" else -1))


def _block_change(words: list[str], blocks: int) -> int:
    """What the last word does to the depth of `BEGIN ATOMIC` and `CASE` blocks of a routine."""
    if not _ROUTINE.match(" ".join(words[:4])):
        return 0
    if words[-1] == "end":
        return -1 if blocks else 0
    opens = words[-2:] == ["begin", "atomic"] or (words[-1] == "case" and blocks > 0)
    return 1 if opens else 0


def _end_of_block(text: str, at: int) -> int:
    """The position behind the block comment whose opening ends at `at`; block comments nest."""
    depth = 1
    while depth and (edge := _BLOCK_EDGE.search(text, at)) is not None:
        depth += 1 if edge.group() == "/*" else -1
        at = edge.end()
    return at if depth == 0 else len(text)


def _first_visible(text: str, begin: int, end: int) -> int:
    """The position of the first character from `begin` that is neither blank nor comment, at most `end`."""
    at = begin
    while True:
        blank = _BLANK.match(text, at, end)
        at = blank.end() if blank else at
        if not text.startswith("/*", at) or at >= end:
            return at
        at = min(end, _end_of_block(text, at + 2))
