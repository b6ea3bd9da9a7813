"""From what providers say of somebody to a profile. Pure: nothing in it is longer or other than it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.auth.mail import is_address

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_LONGEST: Final = 255
_LONGEST_URL: Final = 2048


def text(value: Any) -> str | None:
    """A short line, or None. PostgreSQL's JSON knows no NUL, and a page shall not be turned round by a name."""
    if not isinstance(value, str):
        return None
    return _UNFIT.sub(" ", value[: 4 * _LONGEST]).strip()[:_LONGEST] or None


def email_address(value: Any) -> str | None:
    """An e-mail address in lower case, or None."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    address = value.strip().lower()
    return address if is_address(address) else None


def is_true(value: Any) -> bool:
    """Whether a claim says yes. Some providers write booleans as texts."""
    return value is True or value == "true"


def web_address(value: Any) -> str | None:
    """An http(s) URL, or None: it will be the source of an image."""
    if not isinstance(value, str) or len(value) > _LONGEST_URL or _UNFIT.search(value) or " " in value:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and parts.netloc else None


def identity_data(
    issuer: str,
    subject: str,
    email: str | None,
    verified: bool,
    others: Mapping[str, Any],
) -> dict[str, Any]:
    """What is kept of an identity, and shown to the user's own applications; members without a value are left out."""
    data: dict[str, Any] = {"iss": issuer, "sub": subject, "provider_id": subject}
    data |= {name: value for name, value in others.items() if value}
    if email is not None:
        data["email"] = email
    return data | {"email_verified": verified and email is not None, "phone_verified": False}
