"""A provider that speaks OpenID Connect, and can be told to lie.

async with OidcServer() as server:
    server.person = Person(email="ann@example.com")
    …                                  # `server.url` is the issuer; CLIENT_ID and CLIENT_SECRET are its client
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.auth.provider_server import CLIENT_ID, Grant, ProviderServer, Refused

__all__ = ["CLIENT_ID", "OidcServer", "Person", "SigningKey"]

Claims = dict[str, Any]


@dataclass
class Person:
    """Who is signed in at the provider. `more` are further claims."""

    subject: str = "person-1"
    email: str | None = "ann@example.com"
    email_verified: Any = True
    name: str = "Ann Example"
    more: Claims = field(default_factory=dict)

    def claims(self) -> Claims:
        email = {} if self.email is None else {"email": self.email, "email_verified": self.email_verified}
        return {"name": self.name, **email, **self.more}


class SigningKey:
    """A private key that signs with one algorithm."""

    def __init__(self, kid: str | None, algorithm: str = "ES256", *, bits: int = 2048) -> None:
        self.kid = kid
        self.algorithm = algorithm
        if algorithm.startswith("ES"):
            self.private: Any = ec.generate_private_key(ec.SECP256R1())
        else:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def sign(self, claims: Claims, *, algorithm: str | None = None, headers: Claims | None = None) -> str:
        named = {"kid": self.kid} if self.kid is not None else {}
        payload = json.dumps(claims).encode()
        return jwt.PyJWS().encode(
            payload, self.private, algorithm or self.algorithm, headers={"typ": "JWT", **named, **(headers or {})}
        )

    def public(self, **more: Any) -> Claims:
        kind = jwt.get_algorithm_by_name(self.algorithm)
        jwk: Claims = json.loads(kind.to_jwk(self.private.public_key()))
        jwk.pop("key_ops", None)
        named = {"kid": self.kid} if self.kid is not None else {}
        return {**jwk, **named, "alg": self.algorithm, "use": "sig", **more}


def at_hash(access_token: str, algorithm: str) -> str:
    digest = hashlib.new(f"sha{algorithm[-3:]}", access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


class OidcServer(ProviderServer):
    """How it lies: `alter` changes the claims before they are signed, `token` makes another token of them, `signing`
    signs with another key, `document` changes the discovery document, `answer` the token endpoint's answer."""

    def __init__(self, *, algorithm: str = "ES256") -> None:
        super().__init__()
        self.person = Person()
        self.keys = [SigningKey("key-1", algorithm)]
        self.signing: SigningKey | None = None
        self.published: list[Claims] | None = None
        self.alter: Callable[[Claims], Claims] = lambda claims: claims
        self.token: Callable[[Claims], str] | None = None
        self.document: Claims = {}
        self.answer: Claims = {}
        self.email_in_token = True
        self.userinfo: Claims = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/openid-configuration", self._discovery),
            web.get("/authorize", self._authorize),
            web.post("/token", self._token),
            web.get("/jwks", self._jwks),
            web.get("/userinfo", self._userinfo),
        ]

    def rotate(self, kid: str) -> None:
        """Sign with a new key from now on; the old one is no longer published."""
        self.keys = [SigningKey(kid, self.keys[0].algorithm)]

    def id_token(self, audience: str = CLIENT_ID, *, nonce: str | None = None, access_token: str | None = None) -> str:
        """A token as the token endpoint gives it, with all its lies."""
        now = int(time.time())
        claims: Claims = {"iss": self.url, "sub": self.person.subject, "aud": audience, "iat": now, "exp": now + 300}
        claims |= self.person.claims()
        if not self.email_in_token:
            claims = {name: value for name, value in claims.items() if not name.startswith("email")}
        if nonce is not None:
            claims["nonce"] = nonce
        if access_token is not None:
            claims["at_hash"] = at_hash(access_token, self.keys[0].algorithm)
        claims = self.alter(claims)
        return self.token(claims) if self.token is not None else (self.signing or self.keys[0]).sign(claims)

    async def _discovery(self, request: web.Request) -> web.Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": [self.keys[0].algorithm],
            **self.document,
        }
        return web.json_response({name: value for name, value in document.items() if value is not None})

    async def _authorize(self, request: web.Request) -> web.Response:
        if "openid" not in request.query.get("scope", "").split():
            return web.Response(status=400, text="not OpenID Connect")
        return self.approve(request, self.person.subject)

    def back(self, redirect_uri: str, answer: dict[str, str]) -> web.Response:
        named = {"iss": self.url} if self.document.get("authorization_response_iss_parameter_supported") else {}
        return super().back(redirect_uri, {**answer, **named})

    async def _token(self, request: web.Request) -> web.Response:
        try:
            grant, access_token = await self.redeem(request)
        except Refused as refused:
            body = {"error": refused.error, "error_description": "It says too much: " + str(await request.post())}
            return web.json_response(body, status=refused.status)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": "refresh-1" if "offline_access" in grant.scopes else None,
            "id_token": self.id_token(nonce=grant.nonce, access_token=access_token),
            **self.answer,
        }
        return web.json_response({name: value for name, value in answer.items() if value is not None})

    async def _jwks(self, request: web.Request) -> web.Response:
        keys = self.published if self.published is not None else [key.public() for key in self.keys]
        return web.json_response({"keys": keys})

    async def _userinfo(self, request: web.Request) -> web.Response:
        grant: Grant | None = self.granted(request)
        if grant is None:
            return web.json_response({"error": "invalid_token"}, status=401)
        return web.json_response({"sub": grant.subject, **self.person.claims(), **self.userinfo})
