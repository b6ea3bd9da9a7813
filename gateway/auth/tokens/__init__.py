"""Tokens: access tokens and the keys that sign them, refresh tokens, and what is sent by mail and used once.

`refresh` and `codes` are used by their module names: `refresh.decode(…)`, `codes.new_code()`.
"""

from gateway.auth.tokens import codes, refresh
from gateway.auth.tokens.access import Authentication, Bearer, SessionFacts, access_claims
from gateway.auth.tokens.signing import SigningKeys, signing_keys

__all__ = [
    "Authentication",
    "Bearer",
    "SessionFacts",
    "SigningKeys",
    "access_claims",
    "codes",
    "refresh",
    "signing_keys",
]
