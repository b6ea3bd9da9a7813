"""The claims of a session's access token. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a token says of its user, as it is when the token is made; it stays so until the next refresh."""

    id: UUID
    email: str | None = None
    phone: str | None = None
    app_metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    user_metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    role: str = "authenticated"
    audience: str = "authenticated"
    is_anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Authentication:
    """One way in which the user proved who they are (`password`, `otp`, `oauth`, `totp`, …), in epoch seconds."""

    method: str
    at: float


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """`aal` is `aal1`, or `aal2` after a second factor."""

    id: UUID
    aal: str
    authentications: tuple[Authentication, ...]


def access_claims(user: Bearer, session: SessionFacts, *, issuer: str, lifetime: int, now: float) -> dict[str, Any]:
    """The claims as supabase-js reads them. `now` is in epoch seconds, `lifetime` in seconds; `amr` is newest first."""
    issued = int(now)
    newest_first = sorted(session.authentications, key=lambda proof: proof.at, reverse=True)
    return {
        "iss": issuer,
        "sub": str(user.id),
        "aud": user.audience,
        "exp": issued + lifetime,
        "iat": issued,
        "email": user.email or "",
        "phone": user.phone or "",
        "app_metadata": dict(user.app_metadata),
        "user_metadata": dict(user.user_metadata),
        "role": user.role,
        "aal": session.aal,
        "amr": [{"method": proof.method, "timestamp": int(proof.at)} for proof in newest_first],
        "session_id": str(session.id),
        "is_anonymous": user.is_anonymous,
    }
