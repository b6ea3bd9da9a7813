"""One key signs, all verify, and only public keys are published."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.auth.tokens import SigningKeys, signing_keys
from gateway.identity import Authenticator, IdentitySettings, KeyFormatError
from tests.identity.tokens import (
    EC_256,
    EC_384,
    EC_521,
    ED_448,
    ED_25519,
    NOW,
    OTHER_RSA,
    RSA,
    SECRET,
    jwks,
    oct_jwk,
    private_jwk,
    public_jwk,
)

OTHER_EC = ec.generate_private_key(ec.SECP256R1())
CLAIMS = {"sub": "u", "role": "authenticated", "exp": NOW + 60}


def bare(jwk: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Without the key_ops that PyJWT adds."""
    return {name: value for name, value in jwk.items() if name != "key_ops"} | members


SIGNING_EC = bare(private_jwk(EC_256), kid="ec", key_ops=["sign", "verify"])
SIGNING_RSA = bare(private_jwk(RSA), kid="rsa", key_ops=["sign"])
STANDBY_RSA = bare(private_jwk(OTHER_RSA), kid="standby", key_ops=["verify"])
OLD_SECRET = bare(oct_jwk(SECRET.encode()), kid="old", key_ops=["verify"])


def as_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("settings", "algorithm", "kid"),
    [
        ({"secret": SECRET}, "HS256", None),
        ({"secret": as_base64(SECRET), "secret_is_base64": True}, "HS256", None),
        ({"secret": json.dumps(SIGNING_EC)}, "ES256", "ec"),
        ({"secret": as_base64(jwks(SIGNING_EC)), "secret_is_base64": True}, "ES256", "ec"),
        ({"secret": json.dumps(OLD_SECRET | {"key_ops": ["sign"]})}, "HS256", "old"),
        ({"secret": json.dumps(bare(oct_jwk(SECRET.encode())))}, "HS256", None),
        ({"jwks": jwks(SIGNING_EC)}, "ES256", "ec"),
        ({"jwks": json.dumps(SIGNING_EC)}, "ES256", "ec"),
        ({"jwks": jwks(SIGNING_RSA)}, "RS256", "rsa"),
        ({"jwks": jwks(SIGNING_RSA), "secret": SECRET}, "RS256", "rsa"),
        ({"jwks": jwks(OLD_SECRET, STANDBY_RSA, SIGNING_EC)}, "ES256", "ec"),
        ({"jwks": jwks(bare(private_jwk(EC_256), kid="x"))}, "ES256", "x"),
        ({"jwks": jwks(bare(private_jwk(EC_256), kid="x"), bare(oct_jwk(SECRET.encode())))}, "ES256", "x"),
        ({"jwks": jwks(bare(private_jwk(EC_256), kid="x"), SIGNING_RSA)}, "RS256", "rsa"),
        ({"jwks": jwks(public_jwk(EC_256)), "secret": SECRET}, "HS256", None),  # another issuer's
        ({"jwks": jwks(public_jwk(ED_25519)), "secret": SECRET}, "HS256", None),
        ({"jwks": jwks(STANDBY_RSA), "secret": SECRET}, "HS256", None),
    ],
)
def test_the_key_that_signs(settings: dict[str, Any], algorithm: str, kid: str | None) -> None:
    keys = signing_keys(**settings)
    header = jwt.get_unverified_header(keys.sign(CLAIMS))
    expected = {"typ": "JWT", "alg": algorithm} | ({} if kid is None else {"kid": kid})
    assert header == expected
    assert (keys.algorithm, keys.kid) == (algorithm, kid)


WRONG_PARTS = SIGNING_EC | {"d": private_jwk(OTHER_EC)["d"]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "no key to sign tokens with"),
        ({"jwks": jwks()}, "no key to sign tokens with"),
        ({"jwks": jwks(public_jwk(EC_256))}, "no key to sign tokens with"),
        ({"jwks": jwks(STANDBY_RSA)}, "no key to sign tokens with"),
        ({"jwks": jwks(SIGNING_EC, SIGNING_RSA)}, "kid 'ec' and 'rsa' would all sign"),
        ({"jwks": jwks(SIGNING_EC), "secret": json.dumps(SIGNING_RSA)}, "kid 'rsa' and 'ec' would all sign"),
        ({"jwks": jwks(bare(private_jwk(EC_256)), bare(private_jwk(RSA)))}, "would all sign"),
        ({"jwks": jwks(private_jwk(ED_25519, kid="e", key_ops=["sign"]))}, "kid 'e' is for EdDSA"),
        ({"jwks": jwks(private_jwk(ED_448, kid="e", key_ops=["sign"]))}, "kid 'e' is for EdDSA"),
        ({"jwks": jwks(bare(private_jwk(ED_25519), kid="e")), "secret": SECRET}, "kid 'e' is for EdDSA"),
        ({"jwks": jwks(private_jwk(EC_521, kid="e", key_ops=["sign"]))}, "kid 'e' is for ES512"),
        ({"jwks": jwks(private_jwk(EC_384, kid="e", key_ops=["sign"]))}, "kid 'e' is for ES384"),
        ({"jwks": jwks(SIGNING_RSA | {"alg": "RS512"})}, "kid 'rsa' is for RS512"),
        ({"jwks": jwks(SIGNING_RSA | {"alg": "PS256"})}, "kid 'rsa' is for PS256"),
        ({"jwks": jwks(OLD_SECRET | {"alg": "HS512", "key_ops": ["sign"]})}, "kid 'old' is for HS512"),
        ({"jwks": jwks(SIGNING_EC | {"use": "enc"}, OLD_SECRET)}, "another use"),
        ({"jwks": jwks(public_jwk(EC_256, kid="p", key_ops=["sign"]))}, "kid 'p' has no private part"),
        ({"jwks": jwks(oct_jwk(b"short", kid="o", key_ops=["sign"]))}, "at least 32 bytes"),
        (
            {"jwks": jwks(private_jwk(rsa.generate_private_key(65537, 1024), kid="r", key_ops=["sign"]))},
            "at least 2048 bits",
        ),
        ({"jwks": jwks(SIGNING_EC | {"kid": 7})}, "kid of a JWK must be a string"),
        ({"jwks": jwks(WRONG_PARTS)}, "kid 'ec'"),
        ({"jwks": jwks(SIGNING_RSA | {"d": STANDBY_RSA["d"]})}, "kid 'rsa'"),
        ({"jwks": jwks(SIGNING_EC, bare(public_jwk(OTHER_EC), kid="ec"))}, "two different JWKs have the kid 'ec'"),
        ({"jwks": jwks(SIGNING_EC | {"x": "AAAA"})}, "kid 'ec'"),
        ({"jwks": "not JSON"}, "expected a JSON object"),
        ({"secret": "short"}, "at least 32 characters"),
    ],
)
def test_keys_that_cannot_be_used_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(KeyFormatError) as refused:
        signing_keys(**settings)
    assert message in str(refused.value)
    assert refused.value.__cause__ is None
    for private in (SIGNING_EC["d"], SIGNING_RSA["d"], WRONG_PARTS["d"], OLD_SECRET["k"]):
        assert private not in str(refused.value)


ALL = (OLD_SECRET, STANDBY_RSA, SIGNING_EC, bare(public_jwk(RSA), kid="previous"), public_jwk(ED_25519, kid="foreign"))


def published(keys: SigningKeys) -> list[dict[str, Any]]:
    return json.loads(keys.document)["keys"]


def test_a_shared_secret_is_never_published() -> None:
    assert signing_keys(secret=SECRET).document == b'{"keys":[]}'
    assert signing_keys(jwks=jwks(OLD_SECRET | {"key_ops": ["sign"]})).document == b'{"keys":[]}'


def test_the_document_has_public_keys_and_nothing_else() -> None:
    keys = published(signing_keys(jwks=jwks(*ALL), secret=SECRET))
    assert [key["kid"] for key in keys] == ["standby", "ec", "previous"]
    of_ec = {"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"}
    of_rsa = {"kty", "n", "e", "kid", "alg", "use", "key_ops"}
    assert [set(key) for key in keys] == [of_rsa, of_ec, of_rsa]
    assert {(key["alg"], key["use"], *key["key_ops"]) for key in keys} == {
        ("ES256", "sig", "verify"),
        ("RS256", "sig", "verify"),
    }


def test_a_members_extra_is_not_published() -> None:
    [key] = published(signing_keys(jwks=jwks(SIGNING_EC | {"ext": False, "note": "internal"})))
    assert not {"ext", "note", "d"} & set(key)


@pytest.mark.parametrize("signing", [SIGNING_EC, SIGNING_RSA], ids=["ES256", "RS256"])
def test_clients_verify_with_the_document(signing: dict[str, Any]) -> None:
    keys = signing_keys(jwks=jwks(OLD_SECRET, signing))
    [public] = jwt.PyJWKSet.from_json(keys.document.decode()).keys
    assert jwt.decode(keys.sign({"sub": "u"}), public, algorithms=[keys.algorithm]) == {"sub": "u"}


@pytest.mark.parametrize(
    "settings",
    [
        {"secret": SECRET},
        {"secret": as_base64(SECRET), "secret_is_base64": True},
        {"secret": json.dumps(bare(private_jwk(RSA)))},
        {"jwks": jwks(*ALL), "secret": SECRET},
        {"jwks": jwks(bare(private_jwk(EC_256)))},  # no kid: tokens carry the thumbprint all the same
        {"jwks": jwks(bare(private_jwk(RSA), key_ops=["sign"]))},
    ],
)
def test_the_gateway_accepts_what_it_signs(settings: dict[str, Any]) -> None:
    keys = signing_keys(**settings)
    verifying = IdentitySettings(
        jwt_secret=settings.get("secret"),
        jwt_secret_is_base64=settings.get("secret_is_base64", False),
        jwks=keys.verification,
    )
    identity = Authenticator(verifying, clock=lambda: NOW).identify(f"Bearer {keys.sign(CLAIMS)}", None)
    assert (identity.role, identity.subject) == ("authenticated", "u")


def test_what_verifiers_get_has_no_private_part() -> None:
    given = json.loads(signing_keys(jwks=jwks(*ALL)).verification)["keys"]
    assert [key["kid"] for key in given] == ["old", "standby", "ec", "previous", "foreign"]
    assert not any({"d", "p", "q", "dp", "dq", "qi"} & set(key) for key in given)
    assert not any("sign" in key.get("key_ops", ()) for key in given)


def test_without_a_kid_the_thumbprint_is_the_kid() -> None:
    example = {  # RFC 7638, section 3.1
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
        "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
        "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
        "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
    }
    [key] = published(signing_keys(jwks=jwks(example), secret=SECRET))
    assert key["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_secrets_are_not_printed() -> None:
    keys = signing_keys(jwks=jwks(*ALL), secret=SECRET)
    assert SECRET not in repr(keys)
    assert SIGNING_EC["d"] not in repr(keys)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_claims_are_json_or_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        signing_keys(secret=SECRET).sign({"n": value})


def test_claims_arrive_as_they_were() -> None:
    claims = {"text": "été 😀 \u2028 \0", "big": 2**70, "deep": {"a": [None, True, 1.5]}}
    assert jwt.decode(signing_keys(secret=SECRET).sign(claims), SECRET, algorithms=["HS256"]) == claims


def test_thumbprints_of_elliptic_curves() -> None:
    members = {name: SIGNING_EC[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    [key] = published(signing_keys(jwks=jwks(bare(private_jwk(EC_256)))))
    assert key["kid"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
