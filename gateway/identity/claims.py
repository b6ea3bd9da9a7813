"""A token's claims: read, checked against the clock and the audience, and written for `request.jwt.claims`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

from gateway.identity.errors import ClaimsRefused, RoleRefused
from gateway.identity.role_path import MISSING, RolePath

SKEW: Final = 30
"""Seconds by which the clocks of issuer and server may differ, for `exp`, `nbf` and `iat` alike."""

_INT64: Final = range(-(2**63), 2**63)
_ALWAYS: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of one token: `values` for checking, `verbatim` the same tree with every number kept as the
    text the issuer wrote, so that what PostgreSQL sees has lost no digit."""

    values: Mapping[str, Any]
    verbatim: Mapping[str, Any]

    def role(self, path: RolePath) -> str | None:
        """The role at `path`: a string as it is, any other JSON value as its JSON text, None where there is none.

        Raises `RoleRefused` for names that must not reach `SET ROLE`: `none` would mean the login role.
        """
        found = path.first(self.values)
        if found is MISSING:
            return None
        role = found if isinstance(found, str) else json.dumps(found, separators=(",", ":"), ensure_ascii=False)
        if role == "none" or "\0" in role:
            raise RoleRefused(role)
        return role

    def with_role(self, role: str) -> str:
        """Compact JSON text of all claims, `role` overwritten. Raises `ClaimsRefused`."""
        try:
            return orjson.dumps({**self.verbatim, "role": role}).decode()
        except TypeError:
            # Lone surrogates, or nesting beyond what the serializer follows.
            raise ClaimsRefused("Parsing claims failed") from None


@dataclass(frozen=True, slots=True)
class Validity:
    """When claims hold, in epoch seconds: from `since` (included) until `until` (excluded), skew counted in.
    `expires_at` is the `exp` claim itself."""

    since: float
    until: float
    expires_at: float | None


def parse_claims(payload: bytes) -> Claims:
    """The claims of a verified payload. Raises `ClaimsRefused` unless it is one JSON object without repeated names
    (RFC 7519 section 4 lets verifiers refuse those, and which one counts would be anybody's guess)."""
    try:
        text = payload.decode()
        values: Any = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        verbatim: Any = json.loads(text, parse_int=orjson.Fragment, parse_float=orjson.Fragment)
    except (ValueError, RecursionError):
        raise ClaimsRefused("Parsing claims failed") from None
    if not isinstance(values, dict):
        raise ClaimsRefused("Parsing claims failed")
    return Claims(cast("dict[str, Any]", values), cast("dict[str, Any]", verbatim))


def check_claims(claims: Mapping[str, Any], *, now: float, audience: str | None) -> Validity:
    """Check `exp`, `nbf`, `iat` and `aud`, in that order, as PostgREST does; null counts as absent.

    Times are compared in whole seconds with `SKEW`. Returns until when the same claims hold without another look.
    Raises `ClaimsRefused` with the first failure.
    """
    second = int(now // 1)
    expiry = _time(claims, "exp")
    if expiry is not None and expiry < second - SKEW:
        raise ClaimsRefused("JWT expired")
    not_before = _time(claims, "nbf")
    if not_before is not None and not_before > second + SKEW:
        raise ClaimsRefused("JWT not yet valid")
    issued_at = _time(claims, "iat")
    if issued_at is not None and issued_at > second + SKEW:
        raise ClaimsRefused("JWT issued at future")
    _check_audience(claims.get("aud"), audience)
    since = max((start - SKEW for start in (not_before, issued_at) if start is not None), default=-_ALWAYS)
    if expiry is None:
        return Validity(since, _ALWAYS, None)
    return Validity(since, expiry + SKEW + 1, float(expiry))


def _time(claims: Mapping[str, Any], name: str) -> int | None:
    """Whole epoch seconds. Fractions and numbers beyond 64 bits read as 0, which for `exp` means long ago."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClaimsRefused(f"The JWT '{name}' claim must be a number")
    if isinstance(value, float):
        value = int(value) if value.is_integer() else 0
    return value if value in _INT64 else 0


def _check_audience(value: Any, audience: str | None) -> None:
    if value is None:
        return
    listed = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in listed):
        raise ClaimsRefused("The JWT 'aud' claim must be a string or an array of strings")
    if audience is not None and listed and audience not in listed:
        raise ClaimsRefused("JWT not in audience")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated member name")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
