"""The caller that `cache explain` speaks of. Nothing is verified: whoever runs it knows the database's password."""

from __future__ import annotations

import base64
import binascii
import json

from gateway.commands.console import EXIT_SETTINGS, fail
from gateway.errors import GatewayError
from gateway.identity import Identity, parse_role_path
from gateway.identity.claims import Claims, parse_claims
from gateway.settings import Settings

_PARTS = 3


def identity_of(
    settings: Settings, *, role: str | None, sub: str | None, claims: str | None, token: str | None
) -> Identity:
    """As the gateway would make it of a token with these claims. `role` counts before the claims' own; without either
    it is the anonymous one. Ends the command for what is no token, or no claims."""
    if token is not None and not (claims is None and sub is None):
        fail("--token has the claims: leave --claims and --sub out", code=EXIT_SETTINGS)
    payload = _payload(token) if token is not None else (claims if claims is not None else "{}").encode()
    try:
        read = parse_claims(payload)
        named = role or read.role(parse_role_path(settings.jwt_role_claim_key)) or settings.anon_role
        if named is None:
            fail("say which role: --role ROLE", code=EXIT_SETTINGS)
        text = read.with_role(named) if sub is None else _with_sub(read, sub).with_role(named)
    except GatewayError as error:
        what = "--token" if token is not None else "--claims"
        fail(f"{what} cannot be used: {error.details or error.message}", code=EXIT_SETTINGS)
    subject = json.loads(text).get("sub")
    return Identity(
        role=named,
        claims=text,
        anonymous=named == settings.anon_role,
        subject=subject if isinstance(subject, str) else None,
    )


def _with_sub(claims: Claims, sub: str) -> Claims:
    return Claims({**claims.values, "sub": sub}, {**claims.verbatim, "sub": sub})


def _payload(token: str) -> bytes:
    parts = token.removeprefix("Bearer ").strip().split(".")
    try:
        if len(parts) != _PARTS:
            raise ValueError
        return base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        fail("--token is no JWT", code=EXIT_SETTINGS)
