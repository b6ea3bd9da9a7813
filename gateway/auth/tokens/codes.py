"""What is sent by mail and used once: codes of a few digits and links; and PKCE (RFC 7636). Pure.

A code has a million values, so a plain hash of it would hide nothing from a reader of the database. What is stored is
an HMAC under a server key, for one purpose and one address: a code for recovery is none for changing the address, and
user A's code is none of user B's. Attempts are counted where the code is stored. Links carry 256 random bits instead.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final

KEY_BYTES: Final = 32
"""The least that a server key has."""
LINK_BYTES: Final = 32
DIGITS: Final = range(6, 11)

_LABEL: Final = b"passerelle one-time secret"
_LINK: Final = re.compile(r"[0-9a-f]{64}")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class ChallengeMethod(StrEnum):
    S256 = "s256"
    PLAIN = "plain"


def new_code(digits: int = 6, *, below: Callable[[int], int] = secrets.randbelow) -> str:
    """A uniform code of 6 to 10 digits, zeros in front included. Raises ValueError for other lengths."""
    if digits not in DIGITS:
        raise ValueError(f"a code has {DIGITS.start} to {DIGITS.stop - 1} digits")
    return f"{below(10**digits):0{digits}d}"


def new_link(*, random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """The secret of a link: 256 bits in lower-case hexadecimal."""
    return random(LINK_BYTES).hex()


def is_link(text: str) -> bool:
    """Whether the text has the form of a link's secret."""
    return _LINK.fullmatch(text) is not None


def stored_code(key: bytes, purpose: str, address: str, code: str) -> str:
    """What is stored of a code, 64 hexadecimal characters. `address` is in the form users are found by."""
    return _bound(key, purpose, address, code)


def stored_link(key: bytes, purpose: str, link: str) -> str:
    """What is stored of a link's secret and looked up by, 64 hexadecimal characters."""
    return _bound(key, purpose, link)


def is_same(stored: str, presented: str) -> bool:
    """Whether two stored forms are equal, in constant time."""
    return hmac.compare_digest(_bytes(stored), _bytes(presented))


def challenge_method(text: str) -> ChallengeMethod | None:
    """A `code_challenge_method` in any case; None for unknown ones."""
    lower = text.lower()
    return ChallengeMethod(lower) if lower in {"s256", "plain"} else None


def is_challenge(text: str) -> bool:
    """Whether a `code_challenge` is one: 43 to 128 unreserved characters."""
    return _UNRESERVED.fullmatch(text) is not None


def answers(verifier: str, challenge: str, method: ChallengeMethod) -> bool:
    """Whether a `code_verifier` belongs to a challenge, in constant time. Anything but 43 to 128 unreserved
    characters belongs to none."""
    if not is_challenge(verifier):
        return False
    derived = verifier.encode()
    if method is ChallengeMethod.S256:
        derived = base64.urlsafe_b64encode(hashlib.sha256(derived).digest()).rstrip(b"=")
    return hmac.compare_digest(derived, _bytes(challenge))


def _bound(key: bytes, *parts: str) -> str:
    """Each part has its length in front, so that no two lists of parts make one message; the label keeps other uses
    of the server key apart."""
    if len(key) < KEY_BYTES:
        raise ValueError(f"a server key has at least {KEY_BYTES} bytes")
    message = _LABEL + b"".join(len(raw).to_bytes(8, "big") + raw for raw in map(_bytes, parts))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    """UTF-8, of lone surrogates as well: a stranger's text may hold them, and must do no harm."""
    return text.encode("utf-8", "surrogatepass")
