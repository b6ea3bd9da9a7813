"""Who is asking, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller of one request, verified.

    `role` is the PostgreSQL role the request runs as. `claims` is the JSON text of `request.jwt.claims`: all claims of
    the token with `role` overwritten by the effective role; two callers are the same identity exactly when both
    texts are equal. `subject` is the `sub` claim if it is a string, `session` the `session_id` if it is a UUID.
    `expires_at` (epoch seconds) bounds how long the verification may be reused. `anonymous` is true when the request
    runs as the configured anonymous role.
    """

    role: str
    claims: str
    anonymous: bool
    subject: str | None = None
    expires_at: float | None = None
    session: str | None = None

    def __hash__(self) -> int:
        """Of one text, which remembers its hash; a hash of all fields would be computed with each request."""
        return hash(self.claims)
