"""Providers that speak OpenID Connect, by their discovery document."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from gateway.auth.providers.authorization import authorization_url, challenge, joined_scopes
from gateway.auth.providers.cached import Cached
from gateway.auth.providers.claims import email_address, identity_data, is_true, text, web_address
from gateway.auth.providers.client import ProviderClient
from gateway.auth.providers.discovery import Metadata, discovery_url, metadata
from gateway.auth.providers.errors import AnswerUnfit, CodeRefused, EmailMissing, IdTokenRefused, ProviderUnavailable
from gateway.auth.providers.id_token import Expected, token_header, verified_claims
from gateway.auth.providers.keys import ProviderKey, chosen, provider_keys
from gateway.auth.providers.model import Attempt, Profile, ProviderTokens, Registration
from gateway.auth.providers.tokens import tokens_for

_SCOPES: Final = ("openid", "email", "profile")

Claims = Mapping[str, Any]


def standard_data(claims: Claims) -> dict[str, Any]:
    """The members of `identity_data` that OpenID Connect has claims for (Core, 5.1)."""
    picture, user_name = web_address(claims.get("picture")), text(claims.get("preferred_username"))
    return {
        "name": text(claims.get("name")),
        "full_name": text(claims.get("name")),
        "user_name": user_name,
        "preferred_username": user_name,
        "avatar_url": picture,
        "picture": picture,
    }


class OpenIdConnect:
    """A Provider and a TokenProvider. `issuer` is the issuer's URL, or that of its discovery document.

    `aliases` are other names of the issuer in tokens. `data` makes `identity_data` of verified claims. `clock` tells
    the time of day and `steady` seconds that never go back.
    """

    def __init__(
        self,
        registration: Registration,
        client: ProviderClient,
        issuer: str,
        *,
        aliases: tuple[str, ...] = (),
        data: Callable[[Claims], Mapping[str, Any]] = standard_data,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registration = registration
        self._client = client
        self._document, self._issuer = discovery_url(issuer)
        self._aliases = aliases
        self._data = data
        self._clock = clock
        self._metadata = Cached(self._fetch_metadata, steady)
        self._keys = Cached(self._fetch_keys, steady)

    @property
    def name(self) -> str:
        """As in URLs and in `auth.identities`."""
        return self._registration.name

    async def authorize_url(self, attempt: Attempt, *, scopes: str = "", extra: Sequence[tuple[str, str]] = ()) -> str:
        """See Provider."""
        async with self._client.deadline():
            known = await self._metadata.get()
        own = {
            "client_id": self._registration.client_id,
            "redirect_uri": attempt.redirect_uri,
            "response_type": "code",
            "scope": joined_scopes((*_SCOPES, *self._registration.scopes), scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
        }
        if known.pkce:
            own |= {"code_challenge": challenge(attempt.verifier), "code_challenge_method": "S256"}
        return authorization_url(known.authorization, own, extra)

    async def exchange(self, attempt: Attempt, code: str, *, issuer: str | None = None) -> Profile:
        """See Provider."""
        async with self._client.deadline():
            known = await self._metadata.get()
            if issuer != known.issuer and (issuer is not None or known.names_itself):
                raise CodeRefused("the answer names another issuer")
            tokens, answer = await tokens_for(
                self._client,
                known.token,
                self._registration,
                attempt,
                code,
                pkce=known.pkce,
                basic=known.basic,
            )
            id_token: Any = answer.get("id_token")
            if not isinstance(id_token, str):
                raise IdTokenRefused("there is none")
            own = self._registration.client_id
            expected = Expected((known.issuer, *self._aliases), (own,), attempt.nonce, party=own)
            claims = await self._verified(id_token, expected, tokens.access)
            if claims.get("email") is None and known.userinfo is not None:
                # An address and whether it is verified belong together, so both are from there.
                signed = {name: claims[name] for name in claims if name not in {"email", "email_verified"}}
                claims = {**await self._userinfo(known.userinfo, tokens.access, claims["sub"]), **signed}
            return self._profile(known, claims, tokens)

    async def identify(self, id_token: str, *, access_token: str | None = None, nonce: str | None = None) -> Profile:
        """See TokenProvider."""
        async with self._client.deadline():
            known = await self._metadata.get()
            audiences = (self._registration.client_id, *self._registration.audiences)
            hashed = hashlib.sha256(nonce.encode()).hexdigest() if nonce else None
            expected = Expected((known.issuer, *self._aliases), audiences, hashed)
            return self._profile(known, await self._verified(id_token, expected, access_token), ProviderTokens())

    async def _verified(self, id_token: str, expected: Expected, access_token: str | None) -> Claims:
        algorithm, kid = token_header(id_token)
        key = await self._key(algorithm, kid)
        return verified_claims(id_token, key, algorithm, expected, access_token=access_token, now=self._clock())

    async def _key(self, algorithm: str, kid: str | None) -> ProviderKey:
        keys = await self._keys.get()
        if kid is not None and all(key.kid != kid for key in keys):
            keys = await self._keys.newer()
        found = chosen(keys, algorithm, kid)
        if found is None:
            raise IdTokenRefused("signed with an unknown key or another algorithm")
        return found

    async def _userinfo(self, endpoint: str, access_token: str, subject: str) -> Claims:
        answer = await self._client.get(endpoint, bearer=access_token)
        body: Any = answer.body
        if not answer.ok or not isinstance(body, dict):
            raise AnswerUnfit(f"userinfo answered {answer.status}")
        claims = cast("dict[str, Any]", body)
        if claims.get("sub") != subject:  # Core, 5.3.2: else it is about somebody else
            raise AnswerUnfit("userinfo is about another subject")
        return claims

    def _profile(self, known: Metadata, claims: Claims, tokens: ProviderTokens) -> Profile:
        email = email_address(claims.get("email"))
        if email is None and not self._registration.email_optional:
            raise EmailMissing
        verified = email is not None and is_true(claims.get("email_verified"))
        others = self._data(claims)
        return Profile(
            self.name,
            claims["sub"],
            email,
            verified,
            others.get("name"),
            others.get("avatar_url"),
            identity_data(known.issuer, claims["sub"], email, verified, others),
            tokens,
        )

    async def _fetch_metadata(self) -> Metadata:
        answer = await self._client.document(self._document)
        if not answer.ok:
            raise ProviderUnavailable(f"its discovery document answers {answer.status}")
        return metadata(answer.body, self._issuer, self._client)

    async def _fetch_keys(self) -> tuple[ProviderKey, ...]:
        answer = await self._client.document((await self._metadata.get()).keys)
        if not answer.ok:
            raise ProviderUnavailable(f"its key set answers {answer.status}")
        return provider_keys(answer.body)
