"""Finds in texts where one claim is taken out of all of them: `auth.jwt() ->> 'org'` and its relatives. Pure.

What stands before and after is looked at, too: `auth.jwt() ->> 'o' || …` takes a claim, `… - 'o' || 'rg'` does not.
Only whoever knows that no user-defined object can stand for these names may ask.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.catalog.footprint.reading import is_claims_setting
from gateway.sqltext import Token

_BEFORE_WORDS = frozenset({"select", "and", "or", "not", "where", "when", "then", "else", "on", "having", "by", "in"})
_BEFORE = frozenset({"(", ",", "=", "<>", "!=", "<", ">", "<=", ">="})
_AFTER = frozenset({")", ",", ";", "=", "<>", "!=", "<", ">", "<=", ">=", "->", "->>", "||"})
# These bind the literal closer than an arrow does, or are part of it.
_NOT_AFTER_WORDS = frozenset({"at", "collate", "uescape"})
_ARROWS = frozenset({"->", "->>"})
_JWT = [("word", "auth"), ("mark", "."), ("word", "jwt"), ("mark", "("), ("mark", ")")]
_WHOLE_TYPES = frozenset({"json", "jsonb", "text"})


def take_claims(found: Sequence[Token], *, jwt: bool) -> tuple[list[Token], frozenset[str]]:
    """The tokens with every such place replaced by a literal, and the claims that are taken there. `jwt` says that
    `auth.jwt()` answers all claims."""
    rest: list[Token] = []
    claims: set[str] = set()
    position = 0
    while position < len(found):
        end = _Matcher(found, jwt).claim(position) if _may_begin(found, position) else None
        if end is None:
            rest.append(found[position])
            position += 1
        else:
            claims.add(found[end - 1].text)
            rest.append(found[end - 1]._replace(text="claim"))
            position = end
    return rest, frozenset(claims)


def _may_begin(found: Sequence[Token], position: int) -> bool:
    if position == 0:
        return True
    before = found[position - 1]
    return before.text in (_BEFORE_WORDS if before.kind == "word" else _BEFORE) and before.kind in (
        "word", "mark", "operator"
    )  # fmt: skip


class _Matcher:
    """Each method answers where what it matches ends, or None."""

    def __init__(self, found: Sequence[Token], jwt: bool) -> None:
        self._found = found
        self._jwt = jwt

    def claim(self, position: int) -> int | None:
        """All claims, an arrow, and a key with nothing that would change it."""
        end = self._whole(position)
        if end is None or not self._is("operator", end, *_ARROWS) or self._kind(end + 1) != "string":
            return None
        after = end + 2
        if after < len(self._found):
            token = self._found[after]
            if token.kind == "word":
                return None if token.text in _NOT_AFTER_WORDS else after
            return after if token.kind in ("mark", "operator") and token.text in _AFTER else None
        return after

    def _whole(self, position: int) -> int | None:
        end = self._setting(position) or self._function(position) or self._nullif(position) or self._group(position)
        while end is not None and self._is("mark", end, ":") and self._is("mark", end + 1, ":"):
            if not self._is("word", end + 2, *_WHOLE_TYPES) or self._is("mark", end + 3, ".", "[", "("):
                return None
            end += 3
        return end

    def _setting(self, position: int) -> int | None:
        if not (self._is("word", position, "current_setting") and self._is("mark", position + 1, "(")):
            return None
        if self._kind(position + 2) != "string" or not is_claims_setting(self._found[position + 2].text):
            return None
        end = position + 3
        if self._is("mark", end, ",") and self._is("word", end + 1, "true", "false"):
            end += 2
        return self._closed(end)

    def _function(self, position: int) -> int | None:
        texts = [(token.kind, token.text) for token in self._found[position : position + len(_JWT)]]
        return position + len(_JWT) if self._jwt and texts == _JWT else None

    def _nullif(self, position: int) -> int | None:
        """Only of the empty text: any other one would be compared with every claim."""
        if not (self._is("word", position, "nullif") and self._is("mark", position + 1, "(")):
            return None
        end = self._whole(position + 2)
        if end is None or not self._is("mark", end, ",") or not self._is("string", end + 1, ""):
            return None
        return self._closed(end + 2)

    def _group(self, position: int) -> int | None:
        if not self._is("mark", position, "("):
            return None
        end = self._whole(position + (2 if self._is("word", position + 1, "select") else 1))
        return None if end is None else self._closed(end)

    def _closed(self, position: int) -> int | None:
        return position + 1 if self._is("mark", position, ")") else None

    def _kind(self, position: int) -> str:
        return self._found[position].kind if position < len(self._found) else ""

    def _is(self, kind: str, position: int, *texts: str) -> bool:
        return self._kind(position) == kind and self._found[position].text in texts
