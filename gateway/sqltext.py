"""PostgreSQL's lexical structure (documentation: "SQL Syntax", section 4.1) and no grammar. Pure.

What the lexer does not know for certain raises `NotUnderstood`: a text that it reads, PostgreSQL reads the same way,
whatever its settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LETTER = r"A-Za-z_\x80-\U0010ffff"

# `escaped` and `prefixed` leave out a backslash before a quote: there the string ends or goes on depending on
# standard_conforming_strings, so it is not understood.
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t\n\r\f]+|--[^\r\n]*)
    | (?P<comment>/\*)
    | (?P<unicode>[uU]&['"])
    | (?P<prefixed>[eEbBxXnN]'(?:[^'\\]|''|\\[^'])*')
    | (?P<string>'(?:[^'\\]|'')*')
    | (?P<escaped>'(?:[^'\\]|''|\\[^'])*')
    | (?P<quoted>"(?:[^"]|"")+")
    | (?P<word>[{_LETTER}][{_LETTER}0-9$]*)
    | (?P<number>(?:0[xXoObB][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
        (?![{_LETTER}0-9$]))
    | (?P<parameter>\$[0-9]+(?![{_LETTER}0-9$]))
    | (?P<dollar>\$(?:[{_LETTER}][{_LETTER}0-9]*)?\$)
    | (?P<operator>(?:(?!--|/\*)[-+*/<>=~!@#%^&|`?])+)
    | (?P<mark>[()\[\],;:.])
    """,
    re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")

_LONGEST_NAME = 63


class NotUnderstood(ValueError):
    """The text cannot be vouched for; the message says why, `offset` where."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


class Token(NamedTuple):
    """`kind` is word (folded to lower case), quoted (a name), string (a plain literal's value), operator, mark or
    other. It stands at `start` up to `end` of the text, which is all of it where `text` is not: an `other` literal in
    dollar quotes has its delimiter as `text`."""

    kind: str
    text: str
    start: int
    end: int

    def is_mark(self, text: str) -> bool:
        return self.text == text and self.kind == "mark"

    def is_word(self, text: str) -> bool:
        return self.text == text and self.kind == "word"


def tokens(text: str) -> Iterator[Token]:
    """The tokens without white space and comments. Raises `NotUnderstood`."""
    end = 0
    while end < len(text):
        start = end
        match = _TOKEN.match(text, start)
        if match is None:
            raise NotUnderstood(f"cannot be read at {text[start : start + 20]!r}", start)
        end = match.end()
        kind = match.lastgroup
        if kind == "comment":
            end = _comment_end(text, end)
        elif kind == "dollar":
            end = _dollar_end(text, match.group(), end)
            yield Token("other", match.group(), start, end)
        elif kind == "unicode":
            raise NotUnderstood("uses Unicode escapes", start)
        elif kind == "word":
            yield Token("word", _name(_folded(match.group()), start), start, end)
        elif kind == "quoted":
            yield Token("quoted", _name(match.group()[1:-1].replace('""', '"'), start), start, end)
        elif kind == "string":
            yield Token("string", match.group()[1:-1].replace("''", "'"), start, end)
        elif kind in ("operator", "mark"):
            yield Token(kind, match.group(), start, end)
        elif kind != "space":
            yield Token("other", match.group(), start, end)


def _comment_end(text: str, position: int) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise NotUnderstood("has an open comment", position - len("/*"))


def _dollar_end(text: str, delimiter: str, position: int) -> int:
    end = text.find(delimiter, position)
    if end < 0:
        raise NotUnderstood("has an open string", position - len(delimiter))
    return end + len(delimiter)


def _folded(word: str) -> str:
    """As PostgreSQL folds names where characters may have several bytes: ASCII letters only."""
    return word.encode().lower().decode()


def _name(name: str, start: int) -> str:
    if len(name.encode()) > _LONGEST_NAME:
        raise NotUnderstood("has a name that PostgreSQL would truncate", start)
    return name
