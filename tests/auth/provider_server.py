"""What the tests' providers have in common: clients, codes that work once, PKCE, and access tokens.

They answer over real HTTP on 127.0.0.1. `/authorize` approves by itself: it redirects back at once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote_plus, urlencode

from aiohttp import web

CLIENT_ID = "client-of-tests"
CLIENT_SECRET = "s3cret: of+tests"


@dataclass(frozen=True)
class Grant:
    """What a code or an access token stands for."""

    redirect_uri: str
    challenge: str | None
    nonce: str | None
    scopes: frozenset[str]
    subject: str
    expires: float = field(default_factory=lambda: time.time() + 60)


class Refused(Exception):
    """The token endpoint says no."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class ProviderServer:
    """`requests` are all that came: method, path and the query or form."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.cookies: list[str] = []
        self.raw: dict[str, web.Response] = {}
        """Answers by path that replace the right ones."""
        self.slow: set[str] = set()
        """Paths that never answer."""
        self.denies = False
        """The person says no to the application."""
        self.port = 0
        self._codes: dict[str, Grant] = {}
        self.grants: dict[str, Grant] = {}
        """By access token."""
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def calls(self, path: str) -> int:
        return sum(each[1] == path for each in self.requests)

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._around])
        application.add_routes(self.routes())
        self._runner = web.AppRunner(application, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    @web.middleware
    async def _around(self, request: web.Request, handler: Any) -> web.StreamResponse:
        fields = dict(request.query) | {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append((request.method, request.path, fields))
        self.cookies += request.headers.getall("Cookie", [])
        if request.path in self.slow:
            await self._closing.wait()
        if request.path in self.raw:
            prepared = self.raw[request.path]
            return web.Response(status=prepared.status, body=prepared.body, headers=prepared.headers)
        return await handler(request)

    def approve(self, request: web.Request, subject: str) -> web.Response:
        """The end of an authorization request: back to the application, with a code or an error."""
        query = request.query
        if query.get("client_id") != CLIENT_ID or query.get("response_type", "code") != "code":
            return web.Response(status=400, text="unknown client or response type")
        back = {"state": query["state"]}
        if self.denies:
            back |= {"error": "access_denied", "error_description": "The user said no"}
        else:
            back["code"] = secrets.token_urlsafe(16)
            assert query.get("code_challenge_method", "S256") == "S256"
            self._codes[back["code"]] = Grant(
                query["redirect_uri"],
                query.get("code_challenge"),
                query.get("nonce"),
                frozenset(query.get("scope", "").split()),
                subject,
            )
        return self.back(query["redirect_uri"], back)

    def back(self, redirect_uri: str, answer: dict[str, str]) -> web.Response:
        return web.Response(status=302, headers={"Location": f"{redirect_uri}?{urlencode(answer)}"})

    async def redeem(self, request: web.Request) -> tuple[Grant, str]:
        """The grant of a code, and a new access token. Raises Refused."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        if self._client(request.headers, form) != (CLIENT_ID, CLIENT_SECRET):
            raise Refused("invalid_client", 401)
        grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or grant.expires < time.time() or form.get("grant_type", "") != "authorization_code":
            raise Refused("invalid_grant")
        if form.get("redirect_uri") != grant.redirect_uri or not _proves(form.get("code_verifier"), grant.challenge):
            raise Refused("invalid_grant")
        token = f"access-{secrets.token_urlsafe(16)}"
        self.grants[token] = grant
        return grant, token

    def granted(self, request: web.Request) -> Grant | None:
        return self.grants.get(request.headers.get("Authorization", "").removeprefix("Bearer "))

    @staticmethod
    def _client(headers: Mapping[str, str], form: dict[str, str]) -> tuple[str, str]:
        kind, _, credentials = headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return form.get("client_id", ""), form.get("client_secret", "")
        name, _, secret = base64.b64decode(credentials).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)


def _proves(verifier: str | None, challenge: str | None) -> bool:
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
