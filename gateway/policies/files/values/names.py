"""Names of tables, functions and roles as text: what PostgreSQL takes, and SQL's notation for qualified ones."""

from __future__ import annotations

import re
from typing import Final

from gateway.policies.model import QualifiedName
from gateway.sqltext import NotUnderstood, Token, tokens

LONGEST: Final = 63
"""Bytes of a name; PostgreSQL cuts off what is longer."""

_BARE: Final = re.compile(r"[a-z_\x80-\U0010ffff][a-z0-9_$\x80-\U0010ffff]*")
_DEFAULT_SCHEMA: Final = "public"
_FORM: Final = 'write `schema.name`, with "double quotes" around a part that has capitals or special characters'
_CLOSING: Final = {"(": ")", "[": "]"}


class NotAName(ValueError):
    """The text is no name; the message says why."""


def check_name(name: str) -> str:
    """`name`, if PostgreSQL takes it as it is. Raises NotAName."""
    if not name:
        raise NotAName("it is empty")
    if len(name.encode()) > LONGEST:
        raise NotAName(f"it has more than {LONGEST} bytes")
    return name


def qualified_name(text: str) -> QualifiedName:
    """Read `schema.name`, or a name in schema public, with double quotes as in SQL. Raises NotAName."""
    name, rest = _qualified(text)
    if rest:
        raise NotAName(_FORM)
    return name


def signature(text: str) -> tuple[QualifiedName, str | None]:
    """Read a function's name with or without argument types. The types are None without any, else in a form that is
    the same for the same spelling, whatever the case and white space. Raises NotAName."""
    name, rest = _qualified(text)
    if not rest:
        return name, None
    _check_brackets(rest)
    return name, " ".join(token.text for token in rest[1:-1])


def sql_name(name: QualifiedName) -> str:
    """The text that `qualified_name` reads as this."""
    return ".".join(part if _BARE.fullmatch(part) else '"' + part.replace('"', '""') + '"' for part in name)


def _qualified(text: str) -> tuple[QualifiedName, list[Token]]:
    """The name that `text` begins with, and what follows."""
    try:
        found = list(tokens(text))
    except NotUnderstood as refused:
        raise NotAName(f"it {refused}") from None
    first = _part(text, found[:1])
    if len(found) > 1 and found[1].is_mark("."):
        return QualifiedName(first, _part(text, found[2:3])), found[3:]
    return QualifiedName(_DEFAULT_SCHEMA, first), found[1:]


def _part(text: str, found: list[Token]) -> str:
    """A name of one token. A bare one must be what SQL makes of it: who writes capitals means them."""
    for token in found:
        if token.kind == "quoted" or (token.kind == "word" and text[token.start : token.end] == token.text):
            return check_name(token.text)
    raise NotAName(_FORM)


def _check_brackets(found: list[Token]) -> None:
    """Raises NotAName unless one pair of parentheses is around everything."""
    expected: list[str] = []
    for index, token in enumerate(found):
        if token.kind == "mark" and token.text in _CLOSING:
            expected.append(_CLOSING[token.text])
        elif not expected or token.is_mark(";"):
            raise NotAName("write `schema.name(type, type)`")
        elif token.kind == "mark" and token.text in _CLOSING.values() and expected.pop() != token.text:
            raise NotAName("its parentheses do not match")
        if not expected and index + 1 < len(found):
            raise NotAName("something follows its parentheses")
    if expected:
        raise NotAName("its parentheses do not match")
