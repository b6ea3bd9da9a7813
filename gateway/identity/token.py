"""A token's signature: from text to the payload that a configured key vouches for (RFC 7515, RFC 7519)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from jwt import PyJWS
from jwt.exceptions import InvalidKeyError, InvalidSignatureError, PyJWTError

from gateway.identity.errors import TokenKeyMissing, UndecodableToken
from gateway.identity.keys import VerificationKey

MAX_TOKEN_BYTES: Final = 16 * 1024
"""Longer tokens are refused unread: no issuer makes them, and decoding costs the server more than the sender."""

_PARTS: Final = 3
_ALGORITHMS: Final = (
    *("HS256", "HS384", "HS512"),
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
    "EdDSA",
)
_JWS: Final = PyJWS(algorithms=_ALGORITHMS)


def verified_payload(token: str, keys: Sequence[VerificationKey]) -> bytes:
    """The payload of a signed token. Raises `UndecodableToken` (PGRST301) or `TokenKeyMissing` (PGRST300)."""
    if not keys:
        raise TokenKeyMissing
    if not token:
        raise UndecodableToken("Empty JWT is sent in Authorization header")
    if len(token) > MAX_TOKEN_BYTES:
        raise UndecodableToken("JWT couldn't be decoded", details=f"The token is longer than {MAX_TOKEN_BYTES} bytes")
    parts = token.count(".") + 1
    if parts != _PARTS:
        raise UndecodableToken(f"Expected 3 parts in JWT; got {parts}")
    candidates = _candidates(_header(token), keys)
    for key, algorithm in candidates:
        payload = _payload(token, key, algorithm)
        if payload is not None:
            return payload
    raise UndecodableToken("No suitable key or wrong key type", details="None of the keys was able to decode the JWT")


def _header(token: str) -> dict[str, Any]:
    try:
        return _JWS.get_unverified_header(token)
    except (PyJWTError, UnicodeError):
        raise UndecodableToken("JWT cryptographic operation failed") from None


def _candidates(header: dict[str, Any], keys: Sequence[VerificationKey]) -> list[tuple[VerificationKey, str]]:
    algorithm: Any = header.get("alg")
    if not isinstance(algorithm, str):
        raise UndecodableToken("JWT cryptographic operation failed")
    if algorithm == "none":
        raise UndecodableToken(
            "Wrong or unsupported encoding algorithm", details="JWT is unsecured but expected 'alg' was not 'none'"
        )
    if algorithm not in _ALGORITHMS:
        raise UndecodableToken("Wrong or unsupported encoding algorithm", details="Unsupported JWS algorithm")
    found = [(key, algorithm) for key in keys if key.answers(algorithm, header.get("kid"))]
    if not found:
        raise UndecodableToken(
            "No suitable key or wrong key type", details="No suitable key was found to decode the JWT"
        )
    return found


def _payload(token: str, key: VerificationKey, algorithm: str) -> bytes | None:
    try:
        payload: Any = _JWS.decode_complete(token, key.material, algorithms=[algorithm])["payload"]
    except (InvalidSignatureError, InvalidKeyError):
        return None
    except PyJWTError:
        raise UndecodableToken("JWT cryptographic operation failed") from None
    return payload
