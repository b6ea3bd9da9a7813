"""A provider's public keys from its JWK set (RFC 7517). Pure.

What a key may verify follows from the key, so that a token's header can only choose among that. Shared secrets in a
public document are known to everybody and verify nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from gateway.auth.providers.errors import AnswerUnfit

ALGORITHMS: Final[dict[tuple[str, str | None], tuple[str, ...]]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
_MOST: Final = 100
_SMALLEST_RSA, _LARGEST_RSA = 2048, 8192


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A public key, as PyJWT takes it, and all that it may verify."""

    kid: str | None
    algorithms: tuple[str, ...]
    material: Any = field(repr=False)


def provider_keys(document: Any) -> tuple[ProviderKey, ...]:
    """The keys for signatures in a JWK set; those that nobody can use are left out. Raises AnswerUnfit."""
    members: Any = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise AnswerUnfit("the key set is none")
    found = (_key(each) for each in cast("list[Any]", members)[:_MOST])
    return tuple(key for key in found if key is not None)


def chosen(keys: Sequence[ProviderKey], algorithm: str, kid: str | None) -> ProviderKey | None:
    """The key for a token with this header. Without a `kid` there must be no choice (OpenID Connect Core, 10.1)."""
    fit = [key for key in keys if algorithm in key.algorithms and (kid is None or key.kid == kid)]
    return fit[0] if len(fit) == 1 else None


def _key(document: Any) -> ProviderKey | None:
    if not isinstance(document, dict):
        return None
    jwk = cast("dict[str, Any]", document)
    kind, curve, kid, operations = (jwk.get(name) for name in ("kty", "crv", "kid", "key_ops"))
    if not isinstance(kind, str) or not isinstance(curve, str | None) or not isinstance(kid, str | None):
        return None
    allowed = ALGORITHMS.get((kind, curve), ())
    if "alg" in jwk:
        allowed = tuple(name for name in allowed if name == jwk["alg"])
    if not allowed or jwk.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        return None
    try:
        material: Any = PyJWK(jwk, allowed[0]).key
    except (PyJWTError, ValueError, TypeError):
        return None
    public = getattr(material, "public_key", None)
    material = public() if public is not None else material
    if isinstance(material, RSAPublicKey) and not _SMALLEST_RSA <= material.key_size <= _LARGEST_RSA:
        return None
    return ProviderKey(kid, allowed, material)
