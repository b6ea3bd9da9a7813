"""API keys in the manner of Supabase: who may call, and as which role when no user is signed in."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

OPAQUE_PREFIX: Final = "sb_"
JWT_DOTS: Final = 2


def digest(key: str) -> bytes:
    """What keys and tokens are remembered by: comparing digests tells nothing about the text, by time or by memory."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def is_opaque(key: str) -> bool:
    """Whether the text is a new-style key (`sb_publishable_…`, `sb_secret_…`), which is never a JWT."""
    return key.startswith(OPAQUE_PREFIX)


def is_jwt_shaped(key: str) -> bool:
    return key.count(".") == JWT_DOTS


def looks_like_browser(headers: Mapping[str, str]) -> bool:
    """Whether a request seems to come from a page: it has an Origin, or a User-Agent as all browsers send it.
    `headers` finds names in any case."""
    return "Origin" in headers or headers.get("User-Agent", "").startswith("Mozilla/")


class KeyClass(enum.Enum):
    """PUBLISHABLE keys call as the anonymous role, row security applies; SECRET ones as the service role, past it."""

    PUBLISHABLE = "publishable"
    SECRET = "secret"  # noqa: S105 - the name of a class of keys


class ApiKeys:
    """The configured opaque keys, kept as digests only. Legacy keys (JWTs) are not here: their signature speaks."""

    __slots__ = ("_classes",)

    def __init__(self, *, publishable: Iterable[str], secret: Iterable[str]) -> None:
        self._classes = {digest(key): KeyClass.PUBLISHABLE for key in publishable}
        self._classes.update((digest(key), KeyClass.SECRET) for key in secret)

    def classify(self, key: str) -> KeyClass | None:
        """None for a key that is not configured."""
        return self._classes.get(digest(key))
