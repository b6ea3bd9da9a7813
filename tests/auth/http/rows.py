"""Rows as the tests want them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ID = UUID("8f3c0000-0000-4000-8000-000000000001")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def user_row(**columns: Any) -> dict[str, Any]:
    """Only what a table cannot do without."""
    return {"id": ID, "created_at": NOW, "updated_at": NOW, "email": "a@b.co", **columns}


def identity_row(**columns: Any) -> dict[str, Any]:
    return {
        "id": UUID("77aa0000-0000-4000-8000-000000000002"),
        "user_id": ID,
        "provider": "email",
        "provider_id": str(ID),
        "identity_data": {"sub": str(ID), "email": "A@b.co", "email_verified": False},
        "last_sign_in_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
        **columns,
    }


def factor_row(**columns: Any) -> dict[str, Any]:
    return {
        "id": UUID("fac00000-0000-4000-8000-000000000003"),
        "user_id": ID,
        "friendly_name": "phone",
        "factor_type": "totp",
        "status": "verified",
        "secret": "inner-secret",
        "created_at": NOW,
        "updated_at": NOW,
        **columns,
    }
