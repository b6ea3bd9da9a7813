"""Making the JWT secret and the API keys."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Final, Self

_TEN_YEARS: Final = 10 * 365 * 86400
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """A JWT secret (HS256) and the keys that go with it; the last two are independent of the secret."""

    jwt_secret: str
    anon_key: str
    service_key: str
    publishable_key: str
    secret_key: str

    @classmethod
    def from_env(cls, text: str) -> Self:
        """Read back what `env_text` wrote. Raises ValueError when a key is missing."""
        lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
        values = {name: value for name, _, value in lines}
        try:
            return cls(*(values[variable] for variable in _VARIABLES))
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from None


_VARIABLES: Final = (
    "PASSERELLE_JWT_SECRET",
    "PASSERELLE_ANON_KEY",
    "PASSERELLE_SERVICE_KEY",
    "PASSERELLE_PUBLISHABLE_KEYS",
    "PASSERELLE_SECRET_KEYS",
)


def new_keys(now: int | None = None) -> Keys:
    """Fresh keys. The anonymous and the service key are tokens that hold for ten years from `now` (epoch seconds)."""
    issued = int(time.time()) if now is None else now
    secret = secrets.token_urlsafe(_RANDOM_BYTES)
    return Keys(
        jwt_secret=secret,
        anon_key=role_token("anon", secret, issued),
        service_key=role_token("service_role", secret, issued),
        publishable_key=f"sb_publishable_{secrets.token_urlsafe(24)}",
        secret_key=f"sb_secret_{secrets.token_urlsafe(24)}",
    )


def role_token(role: str, secret: str, issued: int, lifetime: int = _TEN_YEARS) -> str:
    """An HS256 token for a role without a user."""
    import jwt

    claims = {"iss": "passerelle", "role": role, "iat": issued, "exp": issued + lifetime}
    return jwt.encode(claims, secret, algorithm="HS256")


def env_text(keys: Keys) -> str:
    """The keys as lines of an .env file."""
    values = (keys.jwt_secret, keys.anon_key, keys.service_key, keys.publishable_key, keys.secret_key)
    comments = {
        "PASSERELLE_JWT_SECRET": "# Signs and verifies tokens. Keep it secret.",
        "PASSERELLE_ANON_KEY": "# Public keys for clients; row security applies.",
        "PASSERELLE_SERVICE_KEY": "# For servers only: passes row security.",
        "PASSERELLE_PUBLISHABLE_KEYS": "# The same two in the newer form.",
    }
    lines: list[str] = []
    for variable, value in zip(_VARIABLES, values, strict=True):
        lines += [comments[variable]] if variable in comments else []
        lines.append(f"{variable}={value}")
    return "\n".join(lines) + "\n"
