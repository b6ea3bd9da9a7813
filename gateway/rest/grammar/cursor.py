"""Cursors: a position in an ordered result as an opaque token (`after=cursor.<token>`, docs/pagination.md).

A token is base64url of a JSON array: the digest of what it belongs to, then the values of one row that its order
compares, as text or null. It is checked, not signed: whoever makes one up asks for nothing that a filter could not.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from gateway.rest.read_errors import invalid_cursor

PARAMETER = "after"
MARK = "cursor."
"""What the value of `after` begins with. It is no operator of the grammar, so it is never a filter on a column."""


@dataclass(frozen=True, slots=True)
class Position:
    """`values` are those of the row to go on after, by the terms of its order."""

    digest: str
    values: tuple[str | None, ...]


def read_cursor(token: str) -> Position | None:
    """The position that a token stands for; None for the empty one, which is before the first row. Raises 400."""
    if not token:
        return None
    try:
        content: object = orjson.loads(base64.b64decode(_padded(token), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise invalid_cursor() from None
    items = cast("list[object]", content) if isinstance(content, list) else []
    digest, *values = items or [None]
    if not isinstance(digest, str) or not values or not all(map(_is_value, values)):
        raise invalid_cursor()
    return Position(digest, tuple(cast("list[str | None]", values)))


def write_cursor(digest: str, values: Sequence[str | None]) -> str:
    """The token of a position; only characters that a URL takes as they are."""
    return base64.urlsafe_b64encode(orjson.dumps([digest, *values])).rstrip(b"=").decode()


def _padded(token: str) -> str:
    return token + "=" * (-len(token) % 4)


def _is_value(value: object) -> bool:
    return value is None or (isinstance(value, str) and "\0" not in value)
