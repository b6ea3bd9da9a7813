"""GitHub: OAuth 2.0, and an API that says who somebody is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from gateway.auth.providers.authorization import authorization_url, challenge, joined_scopes
from gateway.auth.providers.claims import email_address, identity_data, text, web_address
from gateway.auth.providers.client import ProviderClient
from gateway.auth.providers.errors import AnswerUnfit, CodeRefused, EmailMissing
from gateway.auth.providers.model import Attempt, Profile, ProviderTokens, Registration
from gateway.auth.providers.tokens import tokens_for

SITE: Final = "https://github.com"
API: Final = "https://api.github.com"
_SCOPES: Final = ("user:email",)
_MOST_EMAILS: Final = 100


class GitHub:
    """A Provider. `site` and `api` are others for GitHub Enterprise Server."""

    def __init__(self, registration: Registration, client: ProviderClient, *, site: str = SITE, api: str = API) -> None:
        self._registration = registration
        self._client = client
        self._site = site.rstrip("/")
        self._api = api.rstrip("/")

    @property
    def name(self) -> str:
        """As in URLs and in `auth.identities`."""
        return self._registration.name

    async def authorize_url(self, attempt: Attempt, *, scopes: str = "", extra: Sequence[tuple[str, str]] = ()) -> str:
        """See Provider."""
        own = {
            "client_id": self._registration.client_id,
            "redirect_uri": attempt.redirect_uri,
            "response_type": "code",
            "scope": joined_scopes((*_SCOPES, *self._registration.scopes), scopes),
            "state": attempt.state,
            "code_challenge": challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return authorization_url(f"{self._site}/login/oauth/authorize", own, extra)

    async def exchange(self, attempt: Attempt, code: str, *, issuer: str | None = None) -> Profile:
        """See Provider."""
        if issuer is not None and issuer not in {self._site, f"{self._site}/login/oauth"}:
            raise CodeRefused("the answer names another issuer")
        async with self._client.deadline():
            tokens, _ = await tokens_for(
                self._client,
                f"{self._site}/login/oauth/access_token",
                self._registration,
                attempt,
                code,
                pkce=True,
            )
            user = await self._user(tokens.access)
            email, verified = await self._email(tokens.access)
            return self._profile(user, email, verified, tokens)

    async def _user(self, access_token: str) -> Mapping[str, Any]:
        answer = await self._client.get(f"{self._api}/user", bearer=access_token)
        body: Any = answer.body
        if not answer.ok or not isinstance(body, dict):
            raise AnswerUnfit(f"GitHub's /user answered {answer.status}")
        return cast("dict[str, Any]", body)

    async def _email(self, access_token: str) -> tuple[str | None, bool]:
        """The primary address, or another verified one rather than a primary one that is not."""
        answer = await self._client.get(f"{self._api}/user/emails", bearer=access_token)
        body: Any = answer.body
        if not answer.ok or not isinstance(body, list):  # the user did not grant the scope
            return None, False
        entries = cast("list[Any]", body)[:_MOST_EMAILS]
        members = [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]
        found = [
            (email, entry.get("verified") is True, entry.get("primary") is True)
            for entry in members
            if (email := email_address(entry.get("email")))
        ]
        best = max(found, key=lambda each: each[1:], default=(None, False, False))
        return best[0], best[1]

    def _profile(self, user: Mapping[str, Any], email: str | None, verified: bool, tokens: ProviderTokens) -> Profile:
        number: Any = user.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
            raise AnswerUnfit("GitHub's /user has no id")
        if email is None and not self._registration.email_optional:
            raise EmailMissing
        login = text(user.get("login"))
        name, avatar = text(user.get("name")) or login, web_address(user.get("avatar_url"))
        others = {
            "name": name,
            "full_name": name,
            "user_name": login,
            "preferred_username": login,
            "avatar_url": avatar,
        }
        data = identity_data(self._api, str(number), email, verified, others)
        return Profile(self.name, str(number), email, verified, name, avatar, data, tokens)
