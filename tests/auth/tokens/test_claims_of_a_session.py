"""An access token's claims are those that supabase-js and policies read, and no others."""

from __future__ import annotations

from uuid import UUID

from gateway.auth.tokens import Authentication, Bearer, SessionFacts, access_claims

USER, SESSION = UUID(int=1), UUID(int=2)
FACTS = SessionFacts(SESSION, "aal1", (Authentication("password", 1_800_000_000),))


def test_all_claims() -> None:
    user = Bearer(USER, "a@b.c", "33612345678", {"provider": "email"}, {"name": "Zoé"}, is_anonymous=False)
    session = SessionFacts(
        SESSION, "aal2", (Authentication("password", 1_800_000_000.9), Authentication("totp", 1_800_000_060.2))
    )
    assert access_claims(user, session, issuer="https://x.y/auth/v1", lifetime=3600, now=1_800_000_100.99) == {
        "iss": "https://x.y/auth/v1",
        "sub": str(USER),
        "aud": "authenticated",
        "exp": 1_800_003_700,
        "iat": 1_800_000_100,
        "email": "a@b.c",
        "phone": "33612345678",
        "app_metadata": {"provider": "email"},
        "user_metadata": {"name": "Zoé"},
        "role": "authenticated",
        "aal": "aal2",
        "amr": [
            {"method": "totp", "timestamp": 1_800_000_060},
            {"method": "password", "timestamp": 1_800_000_000},
        ],
        "session_id": str(SESSION),
        "is_anonymous": False,
    }


def test_what_is_missing_is_empty_and_never_null() -> None:
    claims = access_claims(Bearer(USER, is_anonymous=True), FACTS, issuer="i", lifetime=60, now=0)
    assert (claims["email"], claims["phone"]) == ("", "")
    assert (claims["app_metadata"], claims["user_metadata"]) == ({}, {})
    assert claims["is_anonymous"] is True


def test_metadata_cannot_become_claims() -> None:
    hostile = {"role": "service_role", "sub": "x", "aal": "aal2", "exp": 0}
    claims = access_claims(Bearer(USER, user_metadata=hostile), FACTS, issuer="i", lifetime=60, now=100)
    assert (claims["role"], claims["sub"], claims["aal"], claims["exp"]) == ("authenticated", str(USER), "aal1", 160)
