"""Signatures: which keys verify what, and every way of pretending (RFC 8725)."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest

from gateway.errors import GatewayError
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
    encode,
    hand_signed,
    hs256,
    jwks,
    oct_jwk,
    pem,
    private_jwk,
    public_jwk,
    signed,
)

CLAIMS = {"role": "author"}
LONG_SECRET = b"s" * 64


def authenticator(**settings: Any) -> Authenticator:
    return Authenticator(
        IdentitySettings(**{"jwt_secret": SECRET, "postgrest_mode": True} | settings), clock=lambda: NOW
    )


def refused(token: str, **settings: Any) -> tuple[int, str, str, Any]:
    with pytest.raises(GatewayError) as caught:
        authenticator(**settings).identify("Bearer " + token, None)
    error = caught.value
    if error.code == "PGRST301":
        expected = f'Bearer error="invalid_token", error_description="{error.message}"'
        assert error.headers == {"WWW-Authenticate": expected}
    return error.status, error.code, error.message, error.details


NO_KEY = (401, "PGRST301", "No suitable key or wrong key type", "No suitable key was found to decode the JWT")
NOT_DECODED = (401, "PGRST301", "No suitable key or wrong key type", "None of the keys was able to decode the JWT")
BROKEN = (401, "PGRST301", "JWT cryptographic operation failed", None)
UNSECURED = (
    401,
    "PGRST301",
    "Wrong or unsupported encoding algorithm",
    "JWT is unsecured but expected 'alg' was not 'none'",
)


@pytest.mark.parametrize(
    ("algorithm", "key", "jwk"),
    [
        ("HS256", LONG_SECRET, oct_jwk(LONG_SECRET)),
        ("HS384", LONG_SECRET, oct_jwk(LONG_SECRET, alg="HS384")),
        ("HS512", LONG_SECRET, oct_jwk(LONG_SECRET, alg="HS512")),
        *((name, RSA, public_jwk(RSA)) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        ("RS256", RSA, public_jwk(RSA, alg="RS256", use="sig", key_ops=["verify"])),
        ("PS256", RSA, public_jwk(RSA, alg="PS256")),
        ("RS256", RSA, private_jwk(RSA)),
        ("ES256", EC_256, public_jwk(EC_256)),
        ("ES256", EC_256, private_jwk(EC_256, key_ops=["sign"])),
        ("ES384", EC_384, public_jwk(EC_384)),
        ("ES512", EC_521, public_jwk(EC_521)),
        ("EdDSA", ED_25519, public_jwk(ED_25519)),
        ("EdDSA", ED_448, public_jwk(ED_448)),
    ],
)
def test_every_supported_algorithm(algorithm: str, key: Any, jwk: dict[str, Any]) -> None:
    token = signed(CLAIMS, key, algorithm)
    for settings in (
        {"jwt_secret": json.dumps(jwk)},
        {"jwt_secret": jwks(jwk)},
        {"jwt_secret": None, "jwks": jwks(jwk)},
    ):
        assert authenticator(**settings).identify("Bearer " + token, None).role == "author"
        tampered = token[:-8] + ("A" * 8 if not token.endswith("A" * 8) else "B" * 8)
        assert refused(tampered, **settings)[1] == "PGRST301"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_has_any_case(scheme: str) -> None:
    assert authenticator().identify(f"{scheme}  {hs256(CLAIMS)}", None).role == "author"


@pytest.mark.parametrize("header", ["Basic YTpi", "Token x", "x", "BearerX a.b.c", ""])
def test_other_schemes_are_anonymous(header: str) -> None:
    assert authenticator().identify(header, None).anonymous


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer    "])
def test_an_empty_token(header: str) -> None:
    with pytest.raises(GatewayError) as caught:
        authenticator().identify(header, None)
    assert (caught.value.code, caught.value.message) == ("PGRST301", "Empty JWT is sent in Authorization header")


@pytest.mark.parametrize(
    ("token", "parts"),
    [("a", 1), ("a.b", 2), ("a.b.c.d", 4), ("a.b.c.d.e", 5), ("...", 4), ("." * 100, 101)],
)
def test_the_number_of_parts(token: str, parts: int) -> None:
    assert refused(token) == (401, "PGRST301", f"Expected 3 parts in JWT; got {parts}", None)


def unsecured(algorithm: str, signature: str = "") -> str:
    return f"{encode({'alg': algorithm})}.{encode(CLAIMS)}.{signature}"


def confused() -> str:
    """Signed by HMAC with the public RSA key that everybody knows (CVE-2015-9235)."""
    return hand_signed({"alg": "HS256", "typ": "JWT"}, CLAIMS, pem(RSA))


def self_made(private: Any, algorithm: str) -> str:
    """Signed by the sender, who offers the key in the header."""
    return signed(CLAIMS, private, algorithm, jwk=public_jwk(private), jku="https://attacker.example/keys", x5c=["AA"])


@pytest.mark.parametrize(
    ("token", "settings", "answer"),
    [
        (unsecured("none"), {}, UNSECURED),
        (unsecured("none", "AAAA"), {}, UNSECURED),
        (unsecured("none"), {"jwt_secret": jwks(public_jwk(RSA))}, UNSECURED),
        (unsecured("None"), {}, (*UNSECURED[:3], "Unsupported JWS algorithm")),
        (unsecured("NONE", "AAAA"), {}, (*UNSECURED[:3], "Unsupported JWS algorithm")),
        (unsecured("HS256"), {}, NOT_DECODED),
        (unsecured("HS999", "AAAA"), {}, (*UNSECURED[:3], "Unsupported JWS algorithm")),
        (hs256(CLAIMS, secret="another secret, also of 32 bytes."), {}, NOT_DECODED),
        (confused(), {"jwt_secret": json.dumps(public_jwk(RSA))}, NO_KEY),
        (confused(), {"jwt_secret": jwks(public_jwk(RSA))}, NO_KEY),
        (confused(), {"jwks": jwks(public_jwk(RSA))}, NOT_DECODED),
        (signed(CLAIMS, OTHER_RSA, "RS256"), {"jwt_secret": jwks(public_jwk(RSA))}, NOT_DECODED),
        (signed(CLAIMS, RSA, "RS256"), {}, NO_KEY),
        (signed(CLAIMS, RSA, "PS256"), {"jwt_secret": jwks(public_jwk(RSA, alg="RS256"))}, NO_KEY),
        (signed(CLAIMS, RSA, "RS512"), {"jwt_secret": jwks(public_jwk(RSA, alg="RS256"))}, NO_KEY),
        (signed(CLAIMS, LONG_SECRET, "HS512"), {"jwt_secret": LONG_SECRET.decode()}, NO_KEY),
        (signed(CLAIMS, EC_384, "ES384"), {"jwt_secret": jwks(public_jwk(EC_256))}, NO_KEY),
        (self_made(OTHER_RSA, "RS256"), {"jwt_secret": jwks(public_jwk(RSA))}, NOT_DECODED),
        (self_made(ED_25519, "EdDSA"), {"jwt_secret": jwks(public_jwk(ED_448))}, NOT_DECODED),
        ("quifquirndsjagnrgniur.fonvoienqhhdj.iuqvnvhojah", {}, BROKEN),
        ("..", {}, BROKEN),
        ("é.é.é", {}, BROKEN),
        ("\udcff.\udcff.\udcff", {}, BROKEN),
        (f"{encode(b'[]')}.e30.AAAA", {}, BROKEN),
        (f"{encode(b'{')}.e30.AAAA", {}, BROKEN),
        (f"{encode({})}.e30.AAAA", {}, BROKEN),
        (f"{encode({'alg': None})}.e30.AAAA", {}, BROKEN),
        (f"{encode({'alg': ['HS256']})}.e30.AAAA", {}, BROKEN),
        (f"{encode({'alg': 'HS256', 'kid': 5})}.e30.AAAA", {}, BROKEN),
        (f"{encode(b'[' * 9000)}.e30.AAAA", {}, BROKEN),
        (hs256(CLAIMS, crit=["exp"], exp=1), {}, BROKEN),
        (hs256(CLAIMS, crit=["b64"], b64=False), {}, BROKEN),
        (hs256(CLAIMS) + "==", {}, BROKEN),
        (hs256(CLAIMS).replace(".", ".!", 1), {}, BROKEN),
    ],
)
def test_forgeries(token: str, settings: dict[str, Any], answer: tuple[int, str, str, Any]) -> None:
    assert refused(token, **settings) == answer


def test_a_token_in_standard_base64_is_not_one_in_base64url() -> None:
    token = hs256({"role": "author", "x": "???>>>~~~"})
    standard = token.replace("-", "+").replace("_", "/")
    assert standard != token
    assert refused(standard) == BROKEN


@pytest.mark.parametrize("size", [17_000, 10_000_000])
def test_huge_tokens_are_refused_unread(size: int) -> None:
    begun = time.perf_counter()
    status, code, message, details = refused("." * size)
    assert (status, code, message) == (401, "PGRST301", "JWT couldn't be decoded")
    assert details == "The token is longer than 16384 bytes"
    assert refused(f"{encode({'alg': 'HS256'})}.{'A' * size}.AAAA")[1] == "PGRST301"
    assert time.perf_counter() - begun < 0.5


FIRST, SECOND = public_jwk(RSA, kid="first"), public_jwk(OTHER_RSA, kid="second")


@pytest.mark.parametrize(
    ("key", "kid", "answer"),
    [
        (RSA, "first", None),
        (OTHER_RSA, "second", None),
        (OTHER_RSA, None, None),  # without a kid every key is tried
        (OTHER_RSA, "first", NOT_DECODED),  # a kid binds, even if another key would do
        (RSA, "third", NO_KEY),
        (RSA, "", NO_KEY),
    ],
)
def test_kid_selects_among_keys(key: Any, kid: str | None, answer: Any) -> None:
    token = signed(CLAIMS, key, "RS256", **({} if kid is None else {"kid": kid}))
    settings = {"jwt_secret": jwks(FIRST, SECOND)}
    if answer is None:
        assert authenticator(**settings).identify("Bearer " + token, None).role == "author"
    else:
        assert refused(token, **settings) == answer


def test_a_plain_secret_has_no_kid_in_postgrest() -> None:
    assert refused(hs256(CLAIMS, kid="k")) == NO_KEY


def test_a_plain_secret_answers_for_any_kid_in_supabase() -> None:
    relaxed = authenticator(postgrest_mode=False, jwks=jwks(FIRST))
    assert relaxed.identify("Bearer " + hs256(CLAIMS, kid="k"), None).role == "author"
    assert relaxed.identify("Bearer " + signed(CLAIMS, RSA, "RS256", kid="first"), None).role == "author"
    with pytest.raises(GatewayError):
        relaxed.identify("Bearer " + hs256(CLAIMS, kid="first", secret="another secret, also of 32 bytes."), None)


def test_no_key_at_all() -> None:
    assert refused(hs256(CLAIMS), jwt_secret=None) == (500, "PGRST300", "Server lacks JWT secret", None)
    assert refused("junk", jwt_secret="")[1] == "PGRST300"
    assert authenticator(jwt_secret=None).identify(None, None).anonymous


def test_a_base64_secret() -> None:
    raw = bytes(range(200, 256)) * 2
    token = jwt.encode(CLAIMS, raw, algorithm="HS256")
    for text in (
        base64.b64encode(raw),
        base64.urlsafe_b64encode(raw),
        base64.urlsafe_b64encode(raw).replace(b"=", b"."),
    ):
        settings = {"jwt_secret": text.decode() + "\n", "jwt_secret_is_base64": True}
        assert authenticator(**settings).identify("Bearer " + token, None).role == "author"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"jwt_secret": "short"}, "at least 32"),
        ({"jwt_secret": "{not json"}, "at least 32"),
        ({"jwt_secret": "!" * 40, "jwt_secret_is_base64": True}, "base64"),
        ({"jwt_secret": pem(RSA).decode()}, "JWK"),
        ({"jwt_secret": json.dumps({"kty": "RSA", "n": "AQAB"})}, "valid RSA key"),
        ({"jwt_secret": json.dumps({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})}, "valid EC key"),
        ({"jwt_secret": jwks(public_jwk(RSA, use="enc"))}, "none of the given"),
        ({"jwt_secret": jwks(public_jwk(RSA, alg="HS256"))}, "none of the given"),
        ({"jwt_secret": json.dumps({"keys": 5})}, "array"),
        ({"jwks": "[]"}, "keys"),
        ({"jwks": "hello"}, "keys"),
        ({"jwks": '{"keys":["x"]}'}, "object"),
    ],
)
def test_unusable_keys_are_told_at_the_start_without_being_shown(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(KeyFormatError, match=problem) as caught:
        authenticator(**settings)
    shown = str(caught.value)
    assert "AQAB" not in shown
    assert (
        caught.value.__suppress_context__ or caught.value.__cause__ is None or "AQAB" not in str(caught.value.__cause__)
    )


def test_keys_for_other_uses_are_left_out() -> None:
    settings = {"jwt_secret": jwks(public_jwk(OTHER_RSA, use="enc"), {"kty": "XYZ"}, public_jwk(RSA))}
    assert authenticator(**settings).identify("Bearer " + signed(CLAIMS, RSA, "RS256"), None).role == "author"
    assert refused(signed(CLAIMS, OTHER_RSA, "RS256"), **settings) == NOT_DECODED


def test_secrets_are_not_printed() -> None:
    settings = IdentitySettings(
        jwt_secret=SECRET,
        jwks="J" * 9,
        anon_key="K" * 9,
        service_key="L" * 9,
        publishable_keys=("M" * 9,),
        secret_keys=("N" * 9,),
    )
    shown = repr(settings)
    assert all(text not in shown for text in (SECRET, "J" * 9, "K" * 9, "L" * 9, "M" * 9, "N" * 9))
