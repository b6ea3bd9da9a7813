"""An ID token counts only if the provider signed it, for us, for this attempt, and lately."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any, NamedTuple

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.auth.providers import (
    AnswerUnfit,
    GitHub,
    IdTokenRefused,
    OpenIdConnect,
    ProviderClient,
    ProviderError,
    ProviderUnavailable,
    Registration,
)
from tests.auth.oidc_server import Claims, OidcServer, SigningKey
from tests.auth.provider_server import CLIENT_ID, CLIENT_SECRET
from tests.auth.providers.browser import attempt, visit

MINE = Registration("oidc", CLIENT_ID, CLIENT_SECRET)


async def exchange(server: OidcServer, client: ProviderClient, provider: OpenIdConnect | None = None) -> str:
    provider = provider or OpenIdConnect(MINE, client, server.url)
    code = (await visit(await provider.authorize_url(attempt())))["code"]
    return (await provider.exchange(attempt(), code)).subject


def without(name: str) -> Any:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


class FromNow(NamedTuple):
    """A time so many seconds from when the token is made."""

    seconds: float


def having(**more: Any) -> Any:
    def value(given: Any) -> Any:
        return int(time.time()) + given.seconds if isinstance(given, FromNow) else given

    return lambda claims: {**claims, **{name: value(given) for name, given in more.items()}}


@pytest.mark.parametrize(
    ("alter", "why"),
    [
        (having(aud="somebody else"), "another audience"),
        (having(aud=[]), "another audience"),
        (having(aud={"a": CLIENT_ID}), "another audience"),
        (without("aud"), "another audience"),
        (having(aud=[CLIENT_ID, "other"]), "another authorized party"),
        (having(aud=[CLIENT_ID, "other"], azp="other"), "another authorized party"),
        (having(azp="other"), "another authorized party"),
        (having(iss="https://evil.example"), "another issuer"),
        (without("iss"), "another issuer"),
        (having(iss=["x"]), "another issuer"),
        (having(exp=FromNow(-120)), "expired"),
        (without("exp"), "no time in exp"),
        (having(exp="9999999999"), "no time in exp"),
        (having(exp=True), "no time in exp"),
        (having(exp=None), "no time in exp"),
        (without("iat"), "no time in iat"),
        (having(iat=FromNow(600)), "from the future"),
        (having(nbf=FromNow(600)), "from the future"),
        (having(nbf="x"), "no time in nbf"),
        (without("nonce"), "another nonce"),
        (having(nonce="other"), "another nonce"),
        (having(nonce=None), "another nonce"),
        (having(nonce="é"), "another nonce"),
        (having(at_hash="x"), "another access token"),
        (having(at_hash=7), "another access token"),
        (without("sub"), "no subject"),
        (having(sub=""), "no subject"),
        (having(sub=7), "no subject"),
        (having(sub="a\x00b"), "no subject"),
        (having(sub="x" * 256), "no subject"),
    ],
)
async def test_claims(oidc: OidcServer, client: ProviderClient, alter: Any, why: str) -> None:
    oidc.alter = alter
    with pytest.raises(IdTokenRefused) as caught:
        await exchange(oidc, client)
    assert caught.value.details == why
    assert (caught.value.status, caught.value.message) == (400, "Bad ID token")


@pytest.mark.parametrize(
    "alter",
    [
        having(aud=[CLIENT_ID]),
        having(aud=[CLIENT_ID, "other"], azp=CLIENT_ID),
        having(exp=FromNow(-10)),
        having(iat=FromNow(30)),
        having(exp=FromNow(600.5)),
        without("at_hash"),
    ],
)
async def test_claims_that_will_do(oidc: OidcServer, client: ProviderClient, alter: Any) -> None:
    oidc.alter = alter
    assert await exchange(oidc, client) == "person-1"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(claims: Claims, algorithm: str = "none") -> str:
    return f"{part({'alg': algorithm, 'kid': 'key-1'})}.{part(claims)}."


def with_secret(claims: Claims, secret: bytes, kid: str) -> str:
    signed = f"{part({'alg': 'HS256', 'kid': kid})}.{part(claims)}"
    mac = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def tampered(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{header}.{part({**claims, 'sub': 'victim'})}.{signature}"


async def test_signatures(client: ProviderClient) -> None:
    async with OidcServer(algorithm="RS256") as server:
        key = server.keys[0]
        public = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        other = SigningKey("key-9", "RS256")
        lies: dict[str, Any] = {
            "none": unsigned,
            "None": lambda claims: unsigned(claims, "None"),
            "other key, same kid": SigningKey("key-1", "RS256").sign,
            "unknown kid": SigningKey("key-2", "RS256").sign,
            "other kind of key": SigningKey("key-1", "ES256").sign,
            "algorithm the key is not for": lambda claims: key.sign(claims, algorithm="RS512"),
            "public key as secret": lambda claims: with_secret(claims, public, "key-1"),
            "tampered": lambda claims: tampered(key.sign(claims)),
            "unknown crit": lambda claims: key.sign(claims, headers={"crit": ["x"], "x": 1}),
            "own key in header": lambda claims: other.sign(claims, headers={"jwk": other.public(), "jku": server.url}),
            "array": lambda claims: jwt.PyJWS().encode(b"[]", key.private, "RS256", headers={"kid": "key-1"}),
            "no JSON": lambda claims: jwt.PyJWS().encode(b"x", key.private, "RS256", headers={"kid": "key-1"}),
            "garbage": lambda claims: "garbage",
            "surrogates": lambda claims: "\ud800.a.b".encode("utf-8", "replace").decode(),
            "too long": lambda claims: key.sign({**claims, "x": "x" * 20_000}),
        }
        for name, lie in lies.items():
            server.token = lie
            with pytest.raises(IdTokenRefused):
                pytest.fail(f"{name}: {await exchange(server, client)}")
        server.token = None
        assert await exchange(server, client) == "person-1"


@pytest.mark.parametrize(
    "answer", [{"id_token": None}, {"id_token": 7}, {"id_token": ""}, {"access_token": None}, {"token_type": "mac"}]
)
async def test_answers_without_what_is_needed(oidc: OidcServer, client: ProviderClient, answer: Claims) -> None:
    oidc.answer = answer
    with pytest.raises((IdTokenRefused, AnswerUnfit)):
        await exchange(oidc, client)


@pytest.mark.parametrize("access_token", ["a\r\nX: y", "é", "x" * 20_000, 7])
async def test_an_access_token_that_fits_no_header(oidc: OidcServer, client: ProviderClient, access_token: Any) -> None:
    oidc.answer = {"access_token": access_token}
    with pytest.raises(AnswerUnfit):
        await exchange(oidc, client)


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
async def test_secrets_and_weak_keys_in_a_key_set_verify_nothing(oidc: OidcServer, client: ProviderClient) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    weak = SigningKey("weak", "RS256", bits=1024)
    broken = {"kty": "RSA", "kid": "broken", "n": "!", "e": []}
    encrypting = SigningKey("enc", "RS256")
    oidc.published = [
        {"kty": "oct", "kid": "oct", "k": base64.urlsafe_b64encode(secret).decode(), "alg": "HS256"},
        weak.public(),
        broken,
        "no key",  # type: ignore[list-item]
        encrypting.public(use="enc"),
        *(key.public() for key in oidc.keys),
    ]
    for lie in (
        lambda claims: with_secret(claims, secret, "oct"),
        weak.sign,
        encrypting.sign,
    ):
        oidc.token = lie
        with pytest.raises(IdTokenRefused):
            await exchange(oidc, client)
    oidc.token = None
    assert await exchange(oidc, client) == "person-1"


async def test_without_a_kid_there_must_be_no_choice(oidc: OidcServer, client: ProviderClient) -> None:
    nameless, other = SigningKey(None), SigningKey(None)
    oidc.keys = [nameless]
    assert await exchange(oidc, client) == "person-1"
    oidc.keys = [nameless, other]
    with pytest.raises(IdTokenRefused):
        await exchange(oidc, client)


async def test_an_unknown_key_is_looked_for_at_most_once_a_minute(oidc: OidcServer, client: ProviderClient) -> None:
    now = [1000.0]
    provider = OpenIdConnect(MINE, client, oidc.url, steady=lambda: now[0])
    await exchange(oidc, client, provider)
    oidc.rotate("key-2")
    for wait, calls, accepted in ((30, 1, False), (29, 1, False), (2, 2, True), (10, 2, True)):
        now[0] += wait
        if accepted:
            assert await exchange(oidc, client, provider) == "person-1"
        else:
            with pytest.raises(IdTokenRefused):
                await exchange(oidc, client, provider)
        assert oidc.calls("/jwks") == calls
    now[0] += 100
    for number in range(20):
        with pytest.raises(IdTokenRefused):
            await provider.identify(SigningKey(f"guess-{number}").sign({"sub": "x"}))
    assert oidc.calls("/jwks") == 3


async def test_a_failed_search_for_a_key_is_not_repeated_sooner(oidc: OidcServer, client: ProviderClient) -> None:
    now = [1000.0]
    provider = OpenIdConnect(MINE, client, oidc.url, steady=lambda: now[0])
    await exchange(oidc, client, provider)
    stranger = SigningKey("guess").sign({"sub": "x"})
    oidc.raw["/jwks"] = web.Response(status=500)
    now[0] += 100
    with pytest.raises(ProviderUnavailable):
        await provider.identify(stranger)
    for _ in range(5):
        now[0] += 10
        with pytest.raises(IdTokenRefused):
            await provider.identify(stranger)
    assert await exchange(oidc, client, provider) == "person-1"
    assert oidc.calls("/jwks") == 2


async def test_a_withdrawn_key_is_forgotten_within_the_hour(oidc: OidcServer, client: ProviderClient) -> None:
    now = [1000.0]
    provider = OpenIdConnect(MINE, client, oidc.url, steady=lambda: now[0])
    oidc.signing = oidc.keys[0]
    assert await exchange(oidc, client, provider) == "person-1"
    oidc.rotate("key-2")
    now[0] += 3599
    assert await exchange(oidc, client, provider) == "person-1"
    now[0] += 2
    with pytest.raises(IdTokenRefused):
        await exchange(oidc, client, provider)


@pytest.mark.parametrize(
    ("hashed", "given"), [("the nonce", "other"), ("the nonce", None), (None, "the nonce"), (None, "")]
)
async def test_the_nonce_of_a_token_from_elsewhere(
    oidc: OidcServer, client: ProviderClient, hashed: str | None, given: str | None
) -> None:
    nonce = hashlib.sha256(hashed.encode()).hexdigest() if hashed else None
    token = oidc.id_token(nonce=nonce)
    provider = OpenIdConnect(MINE, client, oidc.url)
    if given == "" and nonce is None:  # both absent
        assert (await provider.identify(token, nonce=given)).subject == "person-1"
        return
    with pytest.raises(IdTokenRefused):
        await provider.identify(token, nonce=given)


async def test_a_token_from_elsewhere_for_somebody_else(oidc: OidcServer, client: ProviderClient) -> None:
    provider = OpenIdConnect(MINE, client, oidc.url)
    with pytest.raises(IdTokenRefused):
        await provider.identify(oidc.id_token("another application"))
    with pytest.raises(IdTokenRefused):
        await provider.identify(oidc.id_token(access_token="mine"), access_token="other")


@pytest.mark.parametrize("userinfo", [{"sub": "somebody else"}, {"sub": None}])
async def test_userinfo_about_somebody_else(oidc: OidcServer, client: ProviderClient, userinfo: Claims) -> None:
    oidc.email_in_token = False
    oidc.userinfo = userinfo
    with pytest.raises(AnswerUnfit, match="unusable answer"):
        await exchange(oidc, client)


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"token_endpoint": 7},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://user:secret@127.0.0.1/"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "http://[::1"},
        {"userinfo_endpoint": "x" * 4000},
    ],
)
async def test_discovery_documents(oidc: OidcServer, client: ProviderClient, document: Claims) -> None:
    oidc.document = document
    with pytest.raises(ProviderError):
        await OpenIdConnect(MINE, client, oidc.url).authorize_url(attempt())


@pytest.mark.parametrize("number", [None, "7", 0, -1, True, 1.5, 10**40])
async def test_a_github_user_without_an_id(github: Any, client: ProviderClient, number: Any) -> None:
    provider = GitHub(Registration("github", CLIENT_ID, CLIENT_SECRET), client, site=github.url, api=github.api)
    code = (await visit(await provider.authorize_url(attempt())))["code"]
    github.user["id"] = number
    with pytest.raises(AnswerUnfit):
        await provider.exchange(attempt(), code)
