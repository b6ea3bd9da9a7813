"""Cross-origin rules (Fetch standard), as PostgREST answers them (docs: "CORS"). Pure functions of headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Final

POSTGREST_EXPOSED: Final = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, "
    "Range-Unit"
)
SUPABASE_EXPOSED: Final = (
    f"{POSTGREST_EXPOSED}, Cache-Status, Content-Profile, ETag, Idempotency-Replayed, Link, Next-Cursor, "
    "Preference-Applied, Proxy-Status, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id, "
    "X-Sb-Error-Code, X-Supabase-Api-Version, X-Total-Count"
)
POSTGREST_METHODS: Final = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
METHODS: Final = f"{POSTGREST_METHODS}, QUERY"
_MAX_AGE: Final = "86400"
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """`allowed_origins` None or empty allows every origin, without credentials; listed ones are echoed, with
    credentials. `exposed` is the text of `Access-Control-Expose-Headers`, `methods` that of
    `Access-Control-Allow-Methods`. `vary` adds `Vary: Origin` where the
    answer depends on it, which PostgREST does not do."""

    allowed_origins: frozenset[str] | None = None
    exposed: str = SUPABASE_EXPOSED
    methods: str = METHODS
    vary: bool = True

    @classmethod
    def postgrest(cls, allowed_origins: frozenset[str] | None = None, *, also: str = "") -> CorsPolicy:
        """PostgREST's headers to the letter; `also` are further ones to expose."""
        exposed = f"{POSTGREST_EXPOSED}, {also}" if also else POSTGREST_EXPOSED
        return cls(allowed_origins or None, exposed=exposed, methods=POSTGREST_METHODS, vary=False)


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether this is a browser asking for permission rather than an OPTIONS request of its own."""
    return method == "OPTIONS" and "Origin" in headers and "Access-Control-Request-Method" in headers


def preflight_headers(policy: CorsPolicy, origin: str, requested: str | None) -> dict[str, str]:
    """Headers of a preflight's answer. `requested` is `Access-Control-Request-Headers`, echoed name by name. For
    an origin that is not allowed there are none, which is how a browser learns of it."""
    headers = _origin_headers(policy, origin)
    if headers:
        headers["Access-Control-Allow-Methods"] = policy.methods
        headers["Access-Control-Allow-Headers"] = ", ".join(
            ("Authorization", *_names(requested or ""), "Accept", "Accept-Language", "Content-Language")
        )
        headers["Access-Control-Max-Age"] = _MAX_AGE
    return headers


def add_cors_headers(policy: CorsPolicy, method: str, origin: str | None, headers: MutableMapping[str, str]) -> None:
    """Add to a response's headers what its request's origin may see. Applies to errors as well: without them a
    browser reports a network failure, and clients retry."""
    if origin is None:
        if method == "OPTIONS" and not policy.allowed_origins:
            headers["Access-Control-Allow-Origin"] = "*"
        return
    if not policy.allowed_origins:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = policy.exposed
        return
    allowed = _origin_headers(policy, origin)
    if allowed:
        headers.update(allowed)
        headers["Access-Control-Expose-Headers"] = policy.exposed
    else:
        headers.pop("Access-Control-Allow-Origin", None)
    if policy.vary:
        varies = headers.get("Vary")
        headers["Vary"] = f"{varies}, Origin" if varies else "Origin"


def _origin_headers(policy: CorsPolicy, origin: str) -> dict[str, str]:
    if not policy.allowed_origins:
        return {"Access-Control-Allow-Origin": "*"}
    if origin not in policy.allowed_origins:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}


def _names(requested: str) -> list[str]:
    return [name for part in requested.split(",") if _TOKEN.fullmatch(name := part.strip())]
