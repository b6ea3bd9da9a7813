"""Reads the text of SQL function bodies: which names and operators they mention. Pure.

There is no grammar in it: whatever a body may mean, it can only call what it names, so the names are enough, and they
are taken generously. What is not known for certain raises `NotUnderstood`. A full parser would have to agree with
PostgreSQL's on every input to be as safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.sqltext import NotUnderstood, Token, tokens

_QUERY_STARTS = frozenset({"select", "with", "values", "table", "("})
_FORBIDDEN = frozenset({"insert", "update", "delete", "merge", "into"})
_BEFORE_SHARE = frozenset({"for", "key"})


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a body names: `functions` may be called, `names` may be types or relations, `operators` are runs of
    operator characters. Calls of `current_setting` by literal name are in `settings` and not in `functions`."""

    functions: frozenset[str]
    names: frozenset[str]
    operators: frozenset[str]
    settings: frozenset[str]


def normalized(text: str) -> str:
    """The text without comments, with single spaces and without a final semicolon. Different for texts of different
    tokens, but for what stands between dollar quotes. Raises `NotUnderstood`."""
    found = [_spelt(token) for token in tokens(text)]
    while found and found[-1] == ";":
        found.pop()
    return " ".join(found)


def _spelt(token: Token) -> str:
    if token.kind == "string":
        return "'" + token.text.replace("'", "''") + "'"
    return '"' + token.text.replace('"', '""') + '"' if token.kind == "quoted" else token.text


def mentions(text: str) -> Mentions:
    """What a body of queries mentions. Raises `NotUnderstood` for anything but queries."""
    return mentioned(list(tokens(text)))


def mentioned(found: Sequence[Token]) -> Mentions:
    """The same of a body that is cut into tokens already."""
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
        spelt = spellings(token)
        names |= spelt
        called = position + 1 < len(found) and found[position + 1].is_mark("(")
        if called and token.text == "current_setting":
            settings.add(_setting(token, found[position + 2 : position + 7]))
        # `row.f` is another way to write `f(row)`.
        elif called or (position > 0 and found[position - 1].is_mark(".")):
            functions |= spelt
    return Mentions(frozenset(functions), frozenset(names), frozenset(operators), frozenset(settings))


def spellings(name: Token) -> set[str]:
    """How PostgreSQL may read a name. Databases with a single-byte encoding fold other letters than ASCII's too, by
    their locale."""
    return {name.text} if name.kind == "quoted" else {name.text, name.text.lower()}


def _require_queries(found: Sequence[Token]) -> None:
    start = True
    previous = ""
    for token in found:
        if token.is_mark(";"):
            start = True
            continue
        if start and (token.kind not in ("word", "mark") or token.text not in _QUERY_STARTS):
            raise NotUnderstood("is more than queries", token.start)
        if token.kind == "word" and (token.text in _FORBIDDEN or (token.text == "share" and previous in _BEFORE_SHARE)):
            raise NotUnderstood(f"says {token.text.upper()}", token.start)
        start = False
        previous = token.text


def _setting(call: Token, following: Sequence[Token]) -> str:
    """The literal that is the first argument of a call, given what follows the parenthesis."""
    kinds = [token.kind for token in following]
    texts = [token.text for token in following]
    if kinds[:1] == ["string"]:
        after = texts[4:5] if texts[1:4] == [":", ":", "text"] else texts[1:2]
        if after in ([")"], [","]):
            return texts[0]
    raise NotUnderstood("reads a setting whose name is not a literal", call.start)
