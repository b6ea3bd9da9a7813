"""Verification keys from settings: a plain secret, a JWK or a JWK set (RFC 7517, RFC 7518).

The algorithms a key may verify are decided here, from the key alone. A token's `alg` can only select among them,
so a public RSA key can never be taken for an HMAC secret, and `none` belongs to no key.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final, cast

from jwt import PyJWK
from jwt.algorithms import HMACAlgorithm
from jwt.exceptions import PyJWTError

_MINIMUM_SECRET_BYTES: Final = 32
_ALGORITHMS: Final[dict[tuple[str, str | None], tuple[str, ...]]] = {
    ("oct", None): ("HS256", "HS384", "HS512"),
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
    ("OKP", "Ed448"): ("EdDSA",),
}


class KeyFormatError(ValueError):
    """A configured key cannot be used; the message says why and never contains the key."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """`material` is what PyJWT's algorithms verify with; `algorithms` is everything the key may verify.

    `any_kid` lets the key answer for tokens whose `kid` names another key, as a shared secret does that predates
    key ids (tokens of hosted Supabase projects carry one even for the plain secret).
    """

    material: Any
    algorithms: tuple[str, ...]
    kid: str | None = None
    any_kid: bool = False

    def __repr__(self) -> str:
        return f"VerificationKey(kid={self.kid!r}, algorithms={self.algorithms!r})"

    def answers(self, algorithm: str, kid: str | None) -> bool:
        """Whether a token with this header may be verified by this key."""
        return algorithm in self.algorithms and (kid is None or self.any_kid or kid == self.kid)


def keys_from_secret(secret: str, *, is_base64: bool = False, any_kid: bool = False) -> tuple[VerificationKey, ...]:
    """Keys of the `jwt-secret` setting: JSON of a JWK or JWK set, or else plain text for HS256 (32 bytes or more).

    Raises `KeyFormatError`.
    """
    raw = _from_base64(secret) if is_base64 else secret.encode()
    if raw.lstrip().startswith(b"{") and (keys := _json_keys(raw)) is not None:
        return keys
    if len(raw) < _MINIMUM_SECRET_BYTES:
        raise KeyFormatError("The JWT secret must be at least 32 characters long.")
    try:
        material = HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(raw)
    except PyJWTError as error:
        raise KeyFormatError("The JWT secret is a public key in PEM or SSH form; give it as a JWK.") from error
    return (VerificationKey(material, ("HS256",), any_kid=any_kid),)


def keys_from_jwks(text: str) -> tuple[VerificationKey, ...]:
    """Keys of a JWK set, or of a single JWK. Keys for other uses are left out. Raises `KeyFormatError`."""
    keys = _json_keys(text.encode())
    if keys is None:
        raise KeyFormatError('expected a JSON object with a member "keys", or a single JWK')
    return keys


def _from_base64(text: str) -> bytes:
    standard = text.strip().replace("_", "/").replace("-", "+").replace(".", "=")
    try:
        return base64.b64decode(standard, validate=True)
    except binascii.Error as error:
        raise KeyFormatError("The JWT secret is not valid base64.") from error


def _json_keys(raw: bytes) -> tuple[VerificationKey, ...] | None:
    try:
        document: Any = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    members = cast("dict[str, Any]", document)
    if "keys" in members:
        jwks: Any = members["keys"]
        if not isinstance(jwks, list):
            raise KeyFormatError('the member "keys" of a JWK set must be an array')
        return _usable(cast("list[Any]", jwks))
    return _usable([members], required=True) if "kty" in members else None


def _usable(jwks: list[Any], *, required: bool = False) -> tuple[VerificationKey, ...]:
    keys = tuple(key for jwk in jwks if (key := _verification_key(jwk)) is not None)
    if not keys and (jwks or required):
        raise KeyFormatError("none of the given JWKs is a key for verifying signatures")
    return keys


def _verification_key(jwk: Any) -> VerificationKey | None:
    """The key, or None if it serves another purpose. A broken key is an error, lest it be missed unnoticed."""
    if not isinstance(jwk, dict):
        raise KeyFormatError("a JWK must be a JSON object")
    members = cast("dict[str, Any]", jwk)
    operations: Any = members.get("key_ops")
    verifies = not isinstance(operations, list) or "verify" in operations or "sign" in operations
    allowed = _ALGORITHMS.get((members.get("kty", ""), members.get("crv")))
    if members.get("use", "sig") != "sig" or not verifies or allowed is None:
        return None
    algorithm: Any = members.get("alg")
    if algorithm is not None:
        allowed = tuple(name for name in allowed if name == algorithm)
    if not allowed:
        return None
    kid: Any = members.get("kid")
    try:
        material: Any = PyJWK(members, allowed[0]).key
    except PyJWTError as error:
        # The cause quotes the key, so it must not be chained into a message somebody prints.
        reason = type(error.__cause__ or error).__name__
        raise KeyFormatError(f"the JWK with kid {kid!r} is not a valid {members['kty']} key ({reason})") from None
    public = getattr(material, "public_key", None)
    return VerificationKey(public() if public else material, allowed, kid if isinstance(kid, str) else None)
