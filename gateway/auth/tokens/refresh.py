"""Refresh tokens: a session, a counter, and a code that only the server can make. Pure.

    base64url(version 1 byte | session 16 | counter 6 | MAC 16)        52 characters, none of them redundant

No table of tokens is kept: a session has a random key and a counter, and token number n of a session is always the
same text. So answering a repeated request with the same token takes no memory, and tabs that refresh at once agree.
The MAC is HMAC-SHA-256 under the session's key, cut to 128 bits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

KEY_BYTES: Final = 32
"""Of a session's key; it is drawn at random with the session and never leaves the server."""
MOST_COUNTER: Final = 2**48 - 1

_VERSION: Final = b"\x01"
_UUID_END: Final = 17
_MAC_AT: Final = 23
_MAC_BYTES: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{52}")


@dataclass(frozen=True, slots=True)
class Presented:
    """A well-formed token: what it says of itself. Nothing is true before `is_genuine` says so."""

    session: UUID
    counter: int
    mac: bytes

    def is_genuine(self, key: bytes) -> bool:
        """Whether it was made with the key of its session. Compares in constant time."""
        return hmac.compare_digest(self.mac, _mac(_body(self.session, self.counter), key))

    def __repr__(self) -> str:
        return f"Presented(session={self.session}, counter={self.counter})"


class Verdict(Enum):
    """What a genuine token may do.

    ADVANCE     it is the current one: count on from it, and answer with the token of the new count
    REPEAT      its answer was probably lost: answer with the current token again, and count nothing
    REUSED      it was replaced long ago, and two have it: end the session
    """

    ADVANCE = "advance"
    REPEAT = "repeat"
    REUSED = "reused"


def encode(session: UUID, counter: int, key: bytes) -> str:
    """The session's token of that number. Raises ValueError for counters and keys that cannot be."""
    if not 0 <= counter <= MOST_COUNTER or len(key) < KEY_BYTES:
        raise ValueError(f"a counter is from 0 to {MOST_COUNTER}, and a key has {KEY_BYTES} bytes")
    body = _body(session, counter)
    return base64.urlsafe_b64encode(body + _mac(body, key)).decode()


def decode(token: str) -> Presented | None:
    """The parts of a token; None for texts that are none (400 `validation_failed`). Says nothing about the MAC."""
    if _TOKEN.fullmatch(token) is None:
        return None
    raw = base64.urlsafe_b64decode(token)
    if raw[:1] != _VERSION:
        return None
    return Presented(UUID(bytes=raw[1:_UUID_END]), int.from_bytes(raw[_UUID_END:_MAC_AT], "big"), raw[_MAC_AT:])


def verdict(presented: int, current: int, since_last_refresh: float | None, reuse_interval: float) -> Verdict:
    """What a genuine token with counter `presented` may do when its session is at `current`.

    The direct parent may always be repeated: a client that never got its answer has nothing else. Older ones only
    within `reuse_interval` seconds of the session's last refresh (None: there was none). Both times must be of one
    clock, the database's; a small step back of it counts like a step forward.

    A counter beyond the current one was issued too, or it would not be genuine: the database has lost its latest
    commits, in a failover or a restored backup, and the client knows better. The next count is `presented` + 1.

    Within the interval, older tokens lead to the current one, skipped counters or not. When a session rises to aal2,
    what was issued before must not, so the session then gets a new key.
    """
    if presented >= current:
        return Verdict.ADVANCE
    if presented == current - 1:
        return Verdict.REPEAT
    if since_last_refresh is not None and abs(since_last_refresh) <= reuse_interval:
        return Verdict.REPEAT
    return Verdict.REUSED


def _body(session: UUID, counter: int) -> bytes:
    return _VERSION + session.bytes + counter.to_bytes(_MAC_AT - _UUID_END, "big")


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.digest(key, body, hashlib.sha256)[:_MAC_BYTES]
