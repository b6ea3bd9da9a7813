"""From the credentials of a request to an `Identity`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import orjson

from gateway.identity.api_keys import ApiKeys, KeyClass, digest, is_jwt_shaped, is_opaque
from gateway.identity.claims import Claims, Validity, check_claims, parse_claims
from gateway.identity.errors import AnonymousDisabled, ApiKeyRefused
from gateway.identity.keys import VerificationKey, keys_from_jwks, keys_from_secret
from gateway.identity.model import Identity
from gateway.identity.role_path import parse_role_path
from gateway.identity.sieve import Sieve
from gateway.identity.token import MAX_TOKEN_BYTES, verified_payload

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """What identities depend on. Names and defaults as in `gateway.settings.Settings`; secrets are not printed.

    `anon_key` and `service_key` may be legacy JWTs, which are verified like any token, or any other text, which
    then counts among the publishable and secret keys. With `postgrest_mode` API keys do not exist: `apikey` is
    ignored and `Bearer sb_…` is a malformed token.
    """

    jwt_secret: str | None = field(default=None, repr=False)
    jwt_secret_is_base64: bool = False
    jwks: str | None = field(default=None, repr=False)
    jwt_aud: str | None = None
    jwt_role_claim_key: str = "$.role"
    jwt_cache_max_entries: int = 1000
    anon_role: str | None = "anon"
    service_role: str = "service_role"
    anon_key: str | None = field(default=None, repr=False)
    service_key: str | None = field(default=None, repr=False)
    publishable_keys: tuple[str, ...] = field(default=(), repr=False)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    require_api_key: bool = False
    postgrest_mode: bool = False


@dataclass(frozen=True, slots=True)
class TokenCacheCounts:
    """Totals since the authenticator was made (PostgREST: `pgrst_jwt_cache_*_total`)."""

    requests: int
    hits: int
    evictions: int


@dataclass(frozen=True, slots=True)
class _Verified:
    identity: Identity
    since: float
    until: float


class Authenticator:
    """Says who is asking. Synchronous and without I/O; made anew when settings change.

    Verified tokens are cached. Key: the SHA-256 digest of the token's whole text. Bound: `jwt_cache_max_entries`,
    SIEVE. Each hit still compares the clock with the token's own times; beyond them the entry is dropped and the
    token examined afresh, so that the refusal is the same as without a cache. Nothing refused is ever kept. No
    caller can see another's entry, since only a token equal byte for byte has its digest. Keys and audience are
    fixed for the life of the authenticator, which is why entries need not be checked against them again.

    Equal tokens give the same `Identity` object while cached, and so do all anonymous requests.
    """

    def __init__(self, settings: IdentitySettings, *, clock: Callable[[], float] = time.time) -> None:
        """Raises `KeyFormatError` or `RolePathError` for settings that cannot be used."""
        self._settings = settings
        self._clock = clock
        self._keys = _verification_keys(settings)
        self._role_path = parse_role_path(settings.jwt_role_claim_key)
        self._api_keys = _api_keys(settings)
        self._anonymous = None if settings.anon_role is None else _claimless(settings.anon_role, anonymous=True)
        self._service = _claimless(settings.service_role, anonymous=settings.service_role == settings.anon_role)
        self._cache: Sieve[bytes, _Verified] = Sieve(settings.jwt_cache_max_entries)
        self._requests = 0
        self._hits = 0

    def identify(self, authorization: str | None, apikey: str | None, *, browser: bool = False) -> Identity:
        """The caller behind an `Authorization` header and an API key (header or query parameter `apikey`).

        A user's token in `Authorization` decides; else the API key; else a key sent as Bearer, as supabase-js does
        when nobody is signed in; else the caller is anonymous. `browser` says that the request looks like one from
        a web page (see `looks_like_browser`), where secret keys are refused. Raises the errors of
        `gateway.identity.errors`.
        """
        token = None if authorization is None else _bearer(authorization)
        if self._settings.postgrest_mode:
            return self.anonymous() if token is None else self._from_token(token)
        if not apikey:
            return self._without_key(token, browser=browser)
        if token is None or token == apikey:
            return self._from_key(apikey, browser=browser)
        caller = self._from_key(apikey, browser=browser)
        if not is_opaque(token):
            return self._from_token(token)
        self._from_key(token, browser=browser)
        return caller

    def anonymous(self) -> Identity:
        """Raises `AnonymousDisabled` if no anonymous role is configured."""
        if self._anonymous is None:
            raise AnonymousDisabled
        return self._anonymous

    def counts(self) -> TokenCacheCounts:
        return TokenCacheCounts(self._requests, self._hits, self._cache.evictions)

    def _without_key(self, token: str | None, *, browser: bool) -> Identity:
        if token is not None and is_opaque(token):
            return self._from_key(token, browser=browser)
        if self._settings.require_api_key:
            raise ApiKeyRefused.missing()
        return self.anonymous() if token is None else self._from_token(token)

    def _from_key(self, key: str, *, browser: bool) -> Identity:
        known = self._api_keys.classify(key)
        if known is KeyClass.PUBLISHABLE:
            return self.anonymous()
        if known is KeyClass.SECRET:
            if browser:
                raise ApiKeyRefused.secret_in_browser()
            return self._service
        if is_jwt_shaped(key) and not is_opaque(key):
            return self._from_token(key)
        raise ApiKeyRefused.unknown()

    def _from_token(self, token: str) -> Identity:
        if len(token) > MAX_TOKEN_BYTES:
            return self._verify(token).identity
        self._requests += 1
        key = digest(token)
        known = self._cache.get(key)
        if known is not None:
            if known.since <= self._clock() < known.until:
                self._hits += 1
                return known.identity
            self._cache.remove(key)
        verified = self._verify(token)
        self._cache.put(key, verified)
        return verified.identity

    def _verify(self, token: str) -> _Verified:
        claims = parse_claims(verified_payload(token, self._keys))
        validity = check_claims(claims.values, now=self._clock(), audience=self._settings.jwt_aud)
        return _Verified(self._identity(claims, validity), validity.since, validity.until)

    def _identity(self, claims: Claims, validity: Validity) -> Identity:
        role = claims.role(self._role_path)
        if role is None:
            role = self.anonymous().role
        subject, session = claims.values.get("sub"), claims.values.get("session_id")
        return Identity(
            role=role,
            claims=claims.with_role(role),
            anonymous=role == self._settings.anon_role,
            subject=subject if isinstance(subject, str) else None,
            expires_at=validity.expires_at,
            session=session if isinstance(session, str) and _UUID.fullmatch(session) else None,
        )


def _bearer(authorization: str) -> str | None:
    """The credentials of the Bearer scheme (any case; RFC 6750), possibly empty; None for other schemes."""
    scheme, _, credentials = authorization.partition(" ")
    return credentials.lstrip() if scheme.lower() == "bearer" else None


def _claimless(role: str, *, anonymous: bool) -> Identity:
    return Identity(role=role, claims=orjson.dumps({"role": role}).decode(), anonymous=anonymous)


def _verification_keys(settings: IdentitySettings) -> tuple[VerificationKey, ...]:
    keys: tuple[VerificationKey, ...] = ()
    if settings.jwt_secret:
        keys += keys_from_secret(
            settings.jwt_secret,
            is_base64=settings.jwt_secret_is_base64,
            any_kid=not settings.postgrest_mode,
        )
    if settings.jwks:
        keys += keys_from_jwks(settings.jwks)
    return keys


def _api_keys(settings: IdentitySettings) -> ApiKeys:
    anon = [key for key in (settings.anon_key,) if key and not is_jwt_shaped(key)]
    service = [key for key in (settings.service_key,) if key and not is_jwt_shaped(key)]
    return ApiKeys(publishable=(*settings.publishable_keys, *anon), secret=(*settings.secret_keys, *service))
