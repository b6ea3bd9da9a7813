"""The one base error of the project.

Whoever knows what went wrong raises a subclass; each surface renders its own wire shape (PostgREST's, Auth's,
Realtime's) in one place. Nothing else produces an error body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GatewayError(Exception):
    """A request cannot be answered.

    `status` is the HTTP status, `code` the machine-readable code (``PGRST…``, an SQLSTATE or the surface's own),
    `details` and `hint` are what the wire shape carries under those names (`details` may be a JSON structure).
    `headers` are sent with the answer; `reason` replaces the standard reason phrase of the status line.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Any = None,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers: dict[str, str] = dict(headers or {})
        self.reason = reason

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.status}, {self.code!r}, {self.message!r})"


class Unavailable(GatewayError):
    """A dependency is out of reach for now; the client may try again after `retry_after` seconds."""

    def __init__(self, code: str, message: str, *, details: str | None = None, retry_after: int = 1) -> None:
        super().__init__(503, code, message, details=details, headers={"Retry-After": str(retry_after)})
