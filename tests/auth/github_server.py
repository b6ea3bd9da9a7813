"""A provider shaped as GitHub: OAuth 2.0 under /login/oauth, an API under /api."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.auth.provider_server import ProviderServer, Refused


class GitHubServer(ProviderServer):
    """`user` and `emails` are what its API answers."""

    def __init__(self) -> None:
        super().__init__()
        self.user: dict[str, Any] = {
            "id": 583231,
            "login": "ann",
            "name": "Ann Example",
            "email": None,
            "avatar_url": "https://avatars.example/u/583231",
        }
        self.emails: Any = [
            {"email": "old@example.com", "primary": False, "verified": True, "visibility": None},
            {"email": "Ann@Example.com", "primary": True, "verified": True, "visibility": "private"},
        ]

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login/oauth/authorize", self._authorize),
            web.post("/login/oauth/access_token", self._token),
            web.get("/api/user", self._user),
            web.get("/api/user/emails", self._emails),
        ]

    async def _authorize(self, request: web.Request) -> web.Response:
        return self.approve(request, str(self.user["id"]))

    async def _token(self, request: web.Request) -> web.Response:
        try:
            grant, token = await self.redeem(request)
        except Refused as refused:
            word = "bad_verification_code" if refused.error == "invalid_grant" else "incorrect_client_credentials"
            answer = {"error": word, "error_description": str(await request.post())}
        else:
            answer = {"access_token": token, "token_type": "bearer", "scope": ",".join(sorted(grant.scopes))}
        if request.headers.get("Accept") != "application/json":
            return web.Response(text=urlencode(answer), content_type="application/x-www-form-urlencoded")
        return web.json_response(answer)

    async def _user(self, request: web.Request) -> web.Response:
        if self.granted(request) is None or not request.headers.get("User-Agent"):
            return web.json_response({"message": "Bad credentials"}, status=401)
        return web.json_response(self.user)

    async def _emails(self, request: web.Request) -> web.Response:
        grant = self.granted(request)
        if grant is None or not grant.scopes & {"user", "user:email"}:
            return web.json_response({"message": "Not Found"}, status=404)
        return web.json_response(self.emails)
