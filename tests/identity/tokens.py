"""Keys and tokens for the tests, forged ones included."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

SECRET = "a secret of the tests, 32 bytes at least"
NOW = 1_800_000_000

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_256 = ec.generate_private_key(ec.SECP256R1())
EC_384 = ec.generate_private_key(ec.SECP384R1())
EC_521 = ec.generate_private_key(ec.SECP521R1())
ED_25519 = ed25519.Ed25519PrivateKey.generate()
ED_448 = ed448.Ed448PrivateKey.generate()


def encode(part: bytes | dict[str, Any] | list[Any]) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256(claims: bytes | dict[str, Any], *, secret: str = SECRET, **header: Any) -> str:
    """A token signed by hand, so that it may say anything at all."""
    return hand_signed({"alg": "HS256", "typ": "JWT", **header}, claims, secret.encode())


def hand_signed(header: bytes | dict[str, Any], claims: bytes | dict[str, Any], key: bytes) -> str:
    signed = f"{encode(header)}.{encode(claims)}"
    return f"{signed}.{encode(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def signed(claims: dict[str, Any], key: Any, algorithm: str, **header: Any) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


def public_jwk(private: Any, **members: Any) -> dict[str, Any]:
    return _as_jwk(private.public_key()) | members


def private_jwk(private: Any, **members: Any) -> dict[str, Any]:
    return _as_jwk(private) | members


def oct_jwk(secret: bytes, **members: Any) -> dict[str, Any]:
    return HMACAlgorithm.to_jwk(secret, as_dict=True) | members


def jwks(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


def pem(private: Any) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _as_jwk(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        return RSAAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return ECAlgorithm.to_jwk(key, as_dict=True)
    return OKPAlgorithm.to_jwk(key, as_dict=True)
