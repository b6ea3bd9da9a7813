"""What everything here works with, and the rules of the house."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from gateway.auth.mail import Library, Mailer
from gateway.auth.passwords import Hasher, PasswordRules
from gateway.auth.redirects import Redirects
from gateway.auth.store.connection import Pool
from gateway.auth.tokens.signing import SigningKeys


@dataclass(frozen=True, slots=True)
class AuthRules:
    """The settings. `public_url` is that of the surface, with its prefix; times are in seconds.

    `confirms`: who signs up must confirm the address before signing in. `tells_expiry`: answers say when a token ends
    by the server's clock; without it clients reckon by their own, however wrong that is.
    """

    public_url: str
    redirects: Redirects
    sign_up: bool = True
    anonymous: bool = False
    confirms: bool = True
    secure_email_change: bool = True
    token_lifetime: int = 3600
    reuse_interval: float = 10.0
    code_lifetime: float = 3600.0
    code_attempts: int = 5
    mail_gap: float = 60.0
    flow_lifetime: float = 86400.0
    auth_code_lifetime: float = 300.0
    passwords: PasswordRules = field(default_factory=PasswordRules)
    language: str = "en"
    tells_expiry: bool = True


@dataclass(frozen=True, slots=True)
class Context:
    """`server_key` is under the MACs of codes. `ended` returns when no instance accepts tokens of these sessions any
    more."""

    rules: AuthRules
    pool: Pool
    hasher: Hasher
    keys: SigningKeys
    server_key: bytes = field(repr=False)
    library: Library
    mailer: Mailer
    ended: Callable[[Sequence[UUID]], Awaitable[None]]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
