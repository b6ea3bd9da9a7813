"""The key under which codes are kept, made of another secret (RFC 5869)."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES = 32


def server_key(secret: str) -> bytes:
    """32 bytes that say nothing of the secret. With another one they are others, and codes that were sent are void."""
    return HKDF(SHA256(), _BYTES, salt=None, info=b"passerelle auth server key").derive(secret.encode())
