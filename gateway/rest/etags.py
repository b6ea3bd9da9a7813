"""Entity tags of reads and the answer 304 (RFC 9110, 8.8.3 and 13.1.2). Pure.

Tags are weak: they say that two answers mean the same, whatever a proxy does to their bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

Header = tuple[str, str]

VARY = "Authorization, apikey, Accept-Profile"
"""What answers depend on besides what PostgREST names."""

CACHE_CONTROL: Header = ("Cache-Control", "private, no-cache")
"""A browser may keep the answer, nobody else may, and it asks each time whether the answer still holds: it cannot show
what is older than the last write."""

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_OF_BODIES = frozenset({"content-type", "content-range", "content-length", "content-encoding"})


def etag(body: bytes, meaning: str) -> str:
    """The tag of a body; `meaning` are the headers that tell how to read it (its type, and how many rows there are)."""
    digest = hashlib.blake2b(body, digest_size=16)
    digest.update(meaning.encode())
    return f'W/"{digest.hexdigest()}"'


def matches(if_none_match: str, headers: Iterable[Header]) -> bool:
    """Whether the client has the answer that these headers belong to: a list of tags, or `*` for any. SQL may have
    set a tag of its own. Compared weakly, as If-None-Match is: whether a tag is weak does not matter."""
    tag = next((value for name, value in headers if name.lower() == "etag"), None)
    if tag is None:
        return False
    if if_none_match.strip() == "*":
        return True
    opaque = tag.removeprefix("W/")
    return any(match[1] == opaque for match in _TAG.finditer(if_none_match))


def not_modified(headers: Iterable[Header]) -> list[Header]:
    """What a 304 repeats of an answer's headers: nothing that describes the body it does not have."""
    return [header for header in headers if header[0].lower() not in _OF_BODIES]
