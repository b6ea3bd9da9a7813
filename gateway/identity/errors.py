"""Why a caller was not accepted, worded as PostgREST words it (docs: "Errors", group 3; "Authentication")."""

from __future__ import annotations

from typing import Final

from gateway.errors import GatewayError

_NO_CREDENTIALS: Final = {"WWW-Authenticate": "Bearer"}


class TokenRefused(GatewayError):
    """401: the token's form, signature (PGRST301) or claims (PGRST303) do not hold."""

    def __init__(self, code: str, message: str, *, details: str | None = None) -> None:
        challenge = f'Bearer error="invalid_token", error_description="{message}"'
        super().__init__(401, code, message, details=details, headers={"WWW-Authenticate": challenge})


class UndecodableToken(TokenRefused):
    """PGRST301: not a JWT this server can verify."""

    def __init__(self, message: str, *, details: str | None = None) -> None:
        super().__init__("PGRST301", message, details=details)


class ClaimsRefused(TokenRefused):
    """PGRST303: a genuine token whose claims do not allow this request."""

    def __init__(self, message: str) -> None:
        super().__init__("PGRST303", message)


class TokenKeyMissing(GatewayError):
    """500 PGRST300: a token came, but no key is configured to verify it with."""

    def __init__(self) -> None:
        super().__init__(500, "PGRST300", "Server lacks JWT secret")


class AnonymousDisabled(GatewayError):
    """401 PGRST302: the request names no role and no anonymous role is configured."""

    def __init__(self) -> None:
        super().__init__(401, "PGRST302", "Anonymous access is disabled", headers=_NO_CREDENTIALS)


class RoleRefused(GatewayError):
    """401 22023: the token names a role that PostgreSQL can never have; answered as PostgreSQL would."""

    def __init__(self, role: str) -> None:
        super().__init__(401, "22023", f'role "{role}" does not exist', headers=_NO_CREDENTIALS)


class ApiKeyRefused(GatewayError):
    """401: the API key is missing, unknown, or may not be used from where it came."""

    def __init__(self, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(401, code, message, hint=hint, headers=_NO_CREDENTIALS)

    @classmethod
    def missing(cls) -> ApiKeyRefused:
        return cls(
            "no_api_key",
            "No API key found in request",
            hint="Send the key in the `apikey` header or the `apikey` query parameter.",
        )

    @classmethod
    def unknown(cls) -> ApiKeyRefused:
        return cls(
            "invalid_api_key",
            "Invalid API key",
            hint="Compare the key with the ones this server is configured with; it may have been revoked or rotated.",
        )

    @classmethod
    def secret_in_browser(cls) -> ApiKeyRefused:
        return cls(
            "secret_key_in_browser",
            "Forbidden use of secret API key in browser",
            hint="Secret keys bypass row security and belong on servers; use a publishable key here and "
            "replace this secret key, for it has been exposed.",
        )
