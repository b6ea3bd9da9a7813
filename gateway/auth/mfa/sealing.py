"""Secrets of factors as they are stored: encrypted under a server key, and bound to their factor. Pure.

    totp1:base64url(nonce 12 | AES-256-GCM of the secret | tag 16)

The factor's id is associated data, so that a secret copied into another factor's row opens nothing. Databases that
come from Supabase have plain base32 texts; they are read too, and stay until the factor is enrolled anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import GatewayError

KEY_BYTES: Final = 32
"""The least that a server key has."""

_PREFIX: Final = "totp1:"
_NONCE_BYTES: Final = 12
_LEAST_PLAIN: Final = 10
_LABEL: Final = b"passerelle totp secret"


class SecretUnreadable(GatewayError):
    """500: a factor's stored secret is damaged, of another factor, or was sealed under another server key."""

    def __init__(self) -> None:
        super().__init__(500, "unexpected_failure", "The secret of this factor cannot be read")


def seal(secret: bytes, *, key: bytes, factor: UUID, random: Callable[[int], bytes] = os.urandom) -> str:
    """The text to store. `random` must never give the same 12 bytes twice."""
    nonce = random(_NONCE_BYTES)
    sealed = nonce + _cipher(key).encrypt(nonce, secret, factor.bytes)
    return _PREFIX + base64.urlsafe_b64encode(sealed).decode()


def unseal(stored: str, *, key: bytes, factor: UUID) -> bytes:
    """The secret of a stored text. Raises `SecretUnreadable`."""
    cipher = _cipher(key)
    try:
        if not stored.startswith(_PREFIX):
            return _plain(stored)
        raw = base64.b64decode(stored.removeprefix(_PREFIX), altchars=b"-_", validate=True)
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], factor.bytes)
    except (InvalidTag, ValueError):
        raise SecretUnreadable from None


def _cipher(key: bytes) -> AESGCM:
    """Under a key of its own, derived from the server key, which has other uses too."""
    if len(key) < KEY_BYTES:
        raise ValueError(f"a server key has at least {KEY_BYTES} bytes")
    return AESGCM(hmac.digest(key, _LABEL, hashlib.sha256))


def _plain(text: str) -> bytes:
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    if len(secret) < _LEAST_PLAIN:
        raise binascii.Error("too short for a secret")
    return secret
