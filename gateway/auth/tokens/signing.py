"""The keys that sign access tokens, and what the world may know of them (RFC 7515, RFC 7517, RFC 7638).

One key signs, any number verify, so that keys are rotated without a gap: a new one is first published, then signs,
and the old one verifies until its last token has expired. Which one signs:

1. the JWK with `sign` in its `key_ops`;
2. else the private EC or RSA key without `key_ops`;
3. else the plain secret;
4. else the secret JWK (`oct`) without `key_ops`.

Signatures are ES256, RS256 or HS256, since supabase-js throws at any other algorithm. Keys of other algorithms may
still verify tokens of other issuers; they are not published.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt import PyJWK, PyJWS
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from gateway.identity import KeyFormatError
from gateway.identity.keys import VerificationKey, keys_from_jwks, keys_from_secret

_ALGORITHMS: Final = {("EC", "P-256"): "ES256", ("RSA", None): "RS256", ("oct", None): "HS256"}
_FOREIGN: Final = {"P-384": "ES384", "P-521": "ES512", "secp256k1": "ES256K", "Ed25519": "EdDSA", "Ed448": "EdDSA"}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
_LEAST_SECRET: Final = 32
_LEAST_RSA: Final = 2048
_JWS: Final = PyJWS()


@dataclass(frozen=True, slots=True, repr=False)
class SigningKeys:
    """`document` is the JWK set to publish: public keys only, `{"keys":[]}` with a shared secret alone.

    `verification` is the JWK set for whoever verifies: the configured keys, each with the `kid` that tokens name it by,
    without private parts of key pairs, but with shared secrets. A plain secret is not in it.
    """

    algorithm: str
    kid: str | None
    material: Any
    document: bytes
    verification: str

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The claims as a compact JWS. Raises ValueError for what JSON has no form for."""
        payload = json.dumps(claims, separators=(",", ":"), allow_nan=False).encode()
        headers = None if self.kid is None else {"kid": self.kid}
        return _JWS.encode(payload, self.material, self.algorithm, headers)


def signing_keys(*, secret: str | None = None, secret_is_base64: bool = False, jwks: str | None = None) -> SigningKeys:
    """The keys of the settings `jwt-secret` (plain text, a JWK or a JWK set) and `jwks`. Raises `KeyFormatError`."""
    from_secret = keys_from_secret(secret, is_base64=secret_is_base64, any_kid=True) if secret else ()
    plain = next((key for key in from_secret if key.any_kid), None)
    keys = tuple(_key(members) for members in _jwks(jwks))
    if secret and plain is None:
        keys = tuple(_key(members) for members in _jwks(_decoded(secret) if secret_is_base64 else secret)) + keys
    verification = json.dumps({"keys": [key.for_verification() for key in keys]}, separators=(",", ":"))
    return SigningKeys(*_signer(keys, plain), _document(keys), verification)


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    """A configured JWK. `algorithm` is None for keys that neither sign nor are published."""

    members: Mapping[str, Any]
    operations: Sequence[Any] | None
    algorithm: str | None
    kid: str | None

    @property
    def shared(self) -> bool:
        return self.members.get("kty") == "oct"

    @property
    def private(self) -> bool:
        return "d" in self.members

    @property
    def marked(self) -> bool:
        return self.operations is not None and "sign" in self.operations

    def published(self) -> dict[str, Any] | None:
        if self.shared or self.algorithm is None or not (self.marked or _verifies(self.operations)):
            return None
        use = {"kid": self.kid, "alg": self.algorithm, "use": "sig", "key_ops": ["verify"]}
        return _public_members(self.members, self.algorithm) | use

    def for_verification(self) -> dict[str, Any]:
        kept = {name: value for name, value in self.members.items() if self.shared or name not in _PRIVATE}
        if not self.shared and self.marked:
            kept["key_ops"] = ["verify"]
        return kept | ({} if self.kid is None else {"kid": self.kid})


def _jwks(text: str | None) -> list[dict[str, Any]]:
    """The members of each JWK; `keys_from_jwks` has the checks and raises `KeyFormatError`."""
    if not text:
        return []
    keys_from_jwks(text)
    document = cast("dict[str, Any]", json.loads(text))
    return cast("list[dict[str, Any]]", document.get("keys", [document]))


def _key(members: dict[str, Any]) -> _Key:
    operations: Any = members.get("key_ops")
    kid: Any = members.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise KeyFormatError("the kid of a JWK must be a string")
    listed = cast("list[Any]", operations) if isinstance(operations, list) else None
    algorithm = _ALGORITHMS.get((members.get("kty", ""), members.get("crv")))
    if members.get("use", "sig") != "sig" or (members.get("alg") or algorithm) != algorithm:
        algorithm = None
    if kid is None and algorithm in {"ES256", "RS256"}:
        kid = _thumbprint(_public_members(members, algorithm))
    return _Key(members, listed, algorithm, kid)


def _signer(keys: Sequence[_Key], plain: VerificationKey | None) -> tuple[str, str | None, Any]:
    """Algorithm, kid and material of the key that signs."""
    unmarked = [key for key in keys if key.operations is None and key.members.get("use", "sig") == "sig"]
    marked = [key for key in keys if key.marked]
    for candidates in (marked, [key for key in unmarked if key.private]):
        if candidates:
            return _material(_only(candidates))
    if plain is not None:
        return "HS256", None, plain.material
    shared = [key for key in unmarked if key.shared]
    if not shared:
        raise KeyFormatError('no key to sign tokens with: set a JWT secret, or a private JWK with "sign" in key_ops')
    return _material(_only(shared))


def _only(candidates: Sequence[_Key]) -> _Key:
    if len(candidates) > 1:
        names = " and ".join(repr(key.members.get("kid")) for key in candidates)
        raise KeyFormatError(
            f'the JWKs with kid {names} would all sign; leave "sign" in the key_ops of one, ["verify"] in the others'
        )
    return candidates[0]


def _material(key: _Key) -> tuple[str, str | None, Any]:
    name = f"the signing key with kid {key.members.get('kid')!r}"
    if key.algorithm is None:
        given = key.members.get("alg") or _FOREIGN.get(key.members.get("crv", ""), "another use or kind of key")
        raise KeyFormatError(f"{name} is for {given}; clients accept ES256 (P-256), RS256 and HS256 only")
    if not key.shared and not key.private:
        raise KeyFormatError(f"{name} has no private part")
    try:
        material: Any = PyJWK(dict(key.members), key.algorithm).key
    except PyJWTError as error:
        # The cause quotes the key, so it must not be chained into a message somebody prints.
        reason = type(error.__cause__ or error).__name__
        raise KeyFormatError(f"{name} is not valid ({reason})") from None
    if isinstance(material, bytes) and len(material) < _LEAST_SECRET:
        raise KeyFormatError(f"{name} must be at least {_LEAST_SECRET} bytes long")
    if isinstance(material, RSAPrivateKey) and material.key_size < _LEAST_RSA:
        raise KeyFormatError(f"{name} must have at least {_LEAST_RSA} bits")
    return key.algorithm, key.kid, material


def _verifies(operations: Sequence[Any] | None) -> bool:
    return operations is None or "verify" in operations


def _document(keys: Sequence[_Key]) -> bytes:
    found: dict[str, dict[str, Any]] = {}
    for public in filter(None, (key.published() for key in keys)):
        if found.setdefault(public["kid"], public) != public:
            raise KeyFormatError(f"two different JWKs have the kid {public['kid']!r}")
    return json.dumps({"keys": list(found.values())}, separators=(",", ":")).encode()


def _public_members(members: Mapping[str, Any], algorithm: str) -> dict[str, Any]:
    """What defines the public key and no more, in the one form that RFC 7638 takes the digest of."""
    try:
        key: Any = PyJWK(dict(members), algorithm).key
    except PyJWTError as error:
        reason = type(error.__cause__ or error).__name__
        raise KeyFormatError(f"the JWK with kid {members.get('kid')!r} is not valid ({reason})") from None
    if isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
        key = key.public_key()
    if isinstance(key, EllipticCurvePublicKey):
        full, names = ECAlgorithm.to_jwk(key, as_dict=True), ("crv", "kty", "x", "y")
    else:
        full, names = RSAAlgorithm.to_jwk(cast("RSAPublicKey", key), as_dict=True), ("e", "kty", "n")
    return {name: full[name] for name in names}


def _thumbprint(public: Mapping[str, Any]) -> str:
    canonical = json.dumps(public, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def _decoded(secret: str) -> str:
    """The text of a base64 secret, in whichever alphabet; `keys_from_secret` has read it before."""
    return base64.b64decode(secret.strip().replace("_", "/").replace("-", "+").replace(".", "=")).decode()
