"""Reads the text of SQL function bodies: which names and operators they mention. Pure.

This is PostgreSQL's lexical structure (documentation: "SQL Syntax", section 4.1) and no grammar: whatever a body may
mean, it can only call what it names, so the names are enough, and they are taken generously. What the lexer does not
know for certain raises `NotUnderstood`. A full parser would have to agree with PostgreSQL's on every input to be as
safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

_QUERY_STARTS = frozenset({"select", "with", "values", "table", "("})
_FORBIDDEN = frozenset({"insert", "update", "delete", "merge", "into"})
_BEFORE_SHARE = frozenset({"for", "key"})


class NotUnderstood(ValueError):
    """The text cannot be vouched for; the message says why."""


class Token(NamedTuple):
    """`kind` is word (folded to lower case), quoted (a name), string (a plain literal's value), operator, mark or
    other."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a body names: `functions` may be called, `names` may be types or relations, `operators` are runs of
    operator characters. Calls of `current_setting` by literal name are in `settings` and not in `functions`."""

    functions: frozenset[str]
    names: frozenset[str]
    operators: frozenset[str]
    settings: frozenset[str]


def tokens(text: str) -> Iterator[Token]:
    """The tokens without white space and comments. Raises `NotUnderstood`."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotUnderstood(f"cannot be read at {text[position : position + 20]!r}")
        position = match.end()
        kind = match.lastgroup
        if kind == "comment":
            position = _comment_end(text, position)
        elif kind == "dollar":
            position = _dollar_end(text, match.group(), position)
            yield Token("other", match.group())
        elif kind == "unicode":
            raise NotUnderstood("uses Unicode escapes")
        elif kind == "word":
            yield Token("word", _name(_folded(match.group())))
        elif kind == "quoted":
            yield Token("quoted", _name(match.group()[1:-1].replace('""', '"')))
        elif kind == "string":
            yield Token("string", match.group()[1:-1].replace("''", "'"))
        elif kind in ("operator", "mark"):
            yield Token(kind, match.group())
        elif kind != "space":
            yield Token("other", match.group())


def _comment_end(text: str, position: int) -> int:
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise NotUnderstood("has an open comment")


def _dollar_end(text: str, delimiter: str, position: int) -> int:
    end = text.find(delimiter, position)
    if end < 0:
        raise NotUnderstood("has an open string")
    return end + len(delimiter)


def _folded(word: str) -> str:
    """As PostgreSQL folds names where characters may have several bytes: ASCII letters only."""
    return word.encode().lower().decode()


def _name(name: str) -> str:
    if len(name.encode()) > _LONGEST_NAME:
        raise NotUnderstood("has a name that PostgreSQL would truncate")
    return name


def normalized(text: str) -> str:
    """The text without comments, with single spaces and without a final semicolon. Raises `NotUnderstood`."""
    found = [f"'{token.text}'" if token.kind == "string" else token.text for token in tokens(text)]
    while found and found[-1] == ";":
        found.pop()
    return " ".join(found)


def mentions(text: str) -> Mentions:
    """What a body of queries mentions. Raises `NotUnderstood` for anything but queries."""
    found = list(tokens(text))
    _require_queries(found)
    functions: set[str] = set()
    names: set[str] = set()
    operators: set[str] = set()
    settings: set[str] = set()
    for position, token in enumerate(found):
        if token.kind == "operator":
            operators.add(token.text)
        if token.kind not in ("word", "quoted"):
            continue
        # Databases with a single-byte encoding fold the other letters too, by their locale.
        spellings = {token.text} if token.kind == "quoted" else {token.text, token.text.lower()}
        names |= spellings
        called = found[position + 1 : position + 2] == [Token("mark", "(")]
        if called and token.text == "current_setting":
            settings.add(_setting(found[position + 2 : position + 7]))
        # `row.f` is another way to write `f(row)`.
        elif called or found[max(position - 1, 0) : position] == [Token("mark", ".")]:
            functions |= spellings
    return Mentions(frozenset(functions), frozenset(names), frozenset(operators), frozenset(settings))


def _require_queries(found: Sequence[Token]) -> None:
    start = True
    previous = ""
    for token in found:
        if token == Token("mark", ";"):
            start = True
            continue
        if start and (token.kind not in ("word", "mark") or token.text not in _QUERY_STARTS):
            raise NotUnderstood("is more than queries")
        if token.kind == "word" and (token.text in _FORBIDDEN or (token.text == "share" and previous in _BEFORE_SHARE)):
            raise NotUnderstood(f"says {token.text.upper()}")
        start = False
        previous = token.text


def _setting(following: Sequence[Token]) -> str:
    """The literal that is the first argument of a call, given what follows the parenthesis."""
    kinds = [token.kind for token in following]
    texts = [token.text for token in following]
    if kinds[:1] == ["string"]:
        after = texts[4:5] if texts[1:4] == [":", ":", "text"] else texts[1:2]
        if after in ([")"], [","]):
            return texts[0]
    raise NotUnderstood("reads a setting whose name is not a literal")
