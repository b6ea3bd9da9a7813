"""What an ID token proves (OpenID Connect Core 1.0, 3.1.3.7). Pure; the time is given."""

from __future__ import annotations

import hashlib
import hmac
import math
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import orjson
from jwt import PyJWS
from jwt.exceptions import PyJWTError

from gateway.auth.providers.errors import IdTokenRefused
from gateway.auth.providers.keys import ALGORITHMS, ProviderKey

LEEWAY: Final = 60
"""Seconds by which clocks may differ."""

_LONGEST: Final = 16 * 1024
_LONGEST_SUBJECT: Final = 255
_JWS: Final = PyJWS(algorithms=[name for names in ALGORITHMS.values() for name in names])
_HASHES: Final = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. `nonce` None: it must have none. `party` is who must have asked for it, if that matters
    (`azp`); a token for several audiences must in any case have been asked for by one of `audiences`."""

    issuers: tuple[str, ...]
    audiences: tuple[str, ...]
    nonce: str | None = field(repr=False)
    party: str | None = None


def token_header(token: str) -> tuple[str, str | None]:
    """Algorithm and key id that a token names; nothing is known of it yet. Raises IdTokenRefused."""
    if len(token) > _LONGEST:
        raise IdTokenRefused("too long")
    try:
        header: dict[str, Any] = _JWS.get_unverified_header(token)
    except (PyJWTError, UnicodeError):
        raise IdTokenRefused("not a JWT") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str | None):
        raise IdTokenRefused("not a JWT")
    return algorithm, kid


def verified_claims(
    token: str, key: ProviderKey, algorithm: str, expected: Expected, *, access_token: str | None, now: float
) -> Mapping[str, Any]:
    """The claims of a token that is signed with `key` and says what is expected. Raises IdTokenRefused."""
    claims = _payload(token, key, algorithm)
    if claims.get("iss") not in expected.issuers:
        raise IdTokenRefused("another issuer")
    _check_audience(claims, expected)
    _check_times(claims, now)
    subject: Any = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise IdTokenRefused("no subject")
    _check_nonce(claims.get("nonce"), expected.nonce)
    if access_token is not None and "at_hash" in claims:
        _check_hash(claims["at_hash"], access_token, algorithm)
    return claims


def _payload(token: str, key: ProviderKey, algorithm: str) -> dict[str, Any]:
    if algorithm not in key.algorithms:
        raise IdTokenRefused("another algorithm")
    try:
        payload: Any = _JWS.decode_complete(token, key.material, algorithms=[algorithm])["payload"]
        claims: Any = orjson.loads(payload)
    except (PyJWTError, UnicodeError):
        raise IdTokenRefused("not signed by the provider") from None
    except ValueError:
        raise IdTokenRefused("not a JWT") from None
    if not isinstance(claims, dict):
        raise IdTokenRefused("not a JWT")
    return cast("dict[str, Any]", claims)


def _check_audience(claims: Mapping[str, Any], expected: Expected) -> None:
    audience: Any = claims.get("aud")
    audiences = cast("list[Any]", audience) if isinstance(audience, list) else [audience]
    if not any(each in expected.audiences for each in audiences if isinstance(each, str)):
        raise IdTokenRefused("another audience")
    party: Any = claims.get("azp")
    if len(audiences) > 1 and party not in expected.audiences:
        raise IdTokenRefused("another authorized party")
    if expected.party is not None and party is not None and party != expected.party:
        raise IdTokenRefused("another authorized party")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, issued, begins = _time(claims, "exp"), _time(claims, "iat"), _time(claims, "nbf", now)
    if expires + LEEWAY <= now:
        raise IdTokenRefused("expired")
    if max(issued, begins) > now + LEEWAY:
        raise IdTokenRefused("from the future")


def _time(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value: Any = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise IdTokenRefused(f"no time in {name}")
    return value


def _check_nonce(nonce: Any, expected: str | None) -> None:
    if expected is None:
        if nonce is not None:
            raise IdTokenRefused("a nonce where none was expected")
    elif not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.encode()):
        raise IdTokenRefused("another nonce")


def _check_hash(stated: Any, access_token: str, algorithm: str) -> None:
    digest = _HASHES[algorithm[-3:]](access_token.encode()).digest()
    computed = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not isinstance(stated, str) or not hmac.compare_digest(stated.rstrip("=").encode(), computed):
        raise IdTokenRefused("another access token")
