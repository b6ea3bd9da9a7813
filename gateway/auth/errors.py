"""The errors of `/auth/v1`, as constructors. Clients match on code and status; texts are shown to people.

Status is part of the contract: clients take 500 to 504 for a failing network and try again, and 403 for the end of a
session where the code says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import GatewayError


class AuthError(GatewayError):
    """A request to `/auth/v1` that cannot be answered. `reasons` say why a password is weak."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        reasons: Sequence[str] = (),
        hint: str | None = None,
        retry_after: int | None = None,
        allow: str | None = None,
    ) -> None:
        headers: dict[str, str] = {}
        if retry_after is not None:
            headers["Retry-After"] = str(max(1, retry_after))
        if allow is not None:
            headers["Allow"] = allow
        super().__init__(status, code, message, hint=hint, headers=headers)
        self.reasons = tuple(reasons)


class OAuthError(GatewayError):
    """400 in the shape of OAuth (RFC 6749, 5.2): `code` is its `error`, `message` its `error_description`."""

    def __init__(self, message: str, code: str = "invalid request") -> None:
        super().__init__(400, code, message)


def validation_failed(message: str, *, status: int = 400) -> AuthError:
    return AuthError(status, "validation_failed", message)


def bad_json(message: str = "Could not parse request body as JSON") -> AuthError:
    return AuthError(400, "bad_json", message)


def request_entity_too_large() -> AuthError:
    return AuthError(413, "request_entity_too_large", "Request body is too large")


def email_address_invalid(message: str = "Unable to validate email address: invalid format") -> AuthError:
    """For addresses that mail cannot go to; a malformed one in a body is `validation_failed`."""
    return AuthError(400, "email_address_invalid", message)


def email_address_not_authorized() -> AuthError:
    return AuthError(400, "email_address_not_authorized", "Emails to this address are not authorized")


def not_found() -> AuthError:
    return AuthError(404, "not_found", "There is no such endpoint")


def method_not_allowed(method: str, allow: str) -> AuthError:
    return AuthError(405, "method_not_allowed", f"{method} is not allowed here", allow=allow)


def signup_disabled() -> AuthError:
    return AuthError(422, "signup_disabled", "Signups not allowed for this instance")


def anonymous_provider_disabled() -> AuthError:
    return AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")


def otp_disabled() -> AuthError:
    return AuthError(422, "otp_disabled", "Signups not allowed for otp")


def email_signups_disabled() -> AuthError:
    return AuthError(400, "email_provider_disabled", "Email signups are disabled")


def email_logins_disabled() -> AuthError:
    return AuthError(422, "email_provider_disabled", "Email logins are disabled")


def phone_signups_disabled() -> AuthError:
    return AuthError(400, "phone_provider_disabled", "Phone signups are disabled")


def phone_logins_disabled() -> AuthError:
    return AuthError(422, "phone_provider_disabled", "Phone logins are disabled")


def provider_disabled(provider: str) -> AuthError:
    """Of the id_token grant; `/authorize` answers `unsupported_provider`."""
    return AuthError(400, "provider_disabled", f"Provider {provider} is not enabled")


def unsupported_provider(why: str) -> AuthError:
    return validation_failed(f"Unsupported provider: {why}")


def manual_linking_disabled() -> AuthError:
    return AuthError(404, "manual_linking_disabled", "Manual linking is disabled")


def saml_provider_disabled() -> AuthError:
    return AuthError(404, "saml_provider_disabled", "SAML 2.0 is disabled")


def passkey_disabled() -> AuthError:
    return AuthError(404, "passkey_disabled", "Passkeys are disabled")


def feature_disabled(feature: str) -> AuthError:
    return AuthError(404, "feature_disabled", f"{feature} is disabled")


def invalid_credentials() -> AuthError:
    return AuthError(400, "invalid_credentials", "Invalid login credentials")


def unsupported_grant_type() -> AuthError:
    return AuthError(400, "invalid_credentials", "unsupported_grant_type")


def email_not_confirmed(*, status: int = 400) -> AuthError:
    """`/reauthenticate` answers 422."""
    return AuthError(status, "email_not_confirmed", "Email not confirmed")


def phone_not_confirmed(*, status: int = 400) -> AuthError:
    """`/reauthenticate` answers 422."""
    return AuthError(status, "phone_not_confirmed", "Phone not confirmed")


def user_banned(*, status: int = 400) -> AuthError:
    """400 for a password or a refresh token, 403 for a bearer token or a code."""
    return AuthError(status, "user_banned", "User is banned")


def user_already_exists() -> AuthError:
    return AuthError(422, "user_already_exists", "User already registered")


def email_exists() -> AuthError:
    return AuthError(422, "email_exists", "A user with this email address has already been registered")


def phone_exists() -> AuthError:
    return AuthError(422, "phone_exists", "A user with this phone number has already been registered")


def otp_expired() -> AuthError:
    """For a code, be it wrong, used or old: which of them is nobody's business."""
    return AuthError(403, "otp_expired", "Token has expired or is invalid")


def link_expired() -> AuthError:
    """`otp_expired` for the token of a link."""
    return AuthError(403, "otp_expired", "Email link is invalid or has expired")


def refresh_token_malformed() -> AuthError:
    return validation_failed("Refresh token is not valid")


def refresh_token_not_found() -> AuthError:
    return AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")


def refresh_token_already_used() -> AuthError:
    return AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")


def refresh_session_not_found() -> AuthError:
    return AuthError(400, "session_not_found", "Invalid Refresh Token: No Valid Session Found")


def session_expired(cause: str | None = None) -> AuthError:
    """`cause` is told in parentheses: `Inactivity`, `Revoked by Newer Login`, `Low AAL`."""
    told = f" ({cause})" if cause else ""
    return AuthError(400, "session_expired", f"Invalid Refresh Token: Session Expired{told}")


def temporarily_unavailable(message: str = "The service is too busy, try again", *, retry_after: int = 1) -> AuthError:
    """503: the client keeps its session and tries again, which after a 409 or 429 to a refresh it would not."""
    return AuthError(503, "temporarily_unavailable", message, retry_after=retry_after)


def no_authorization(message: str = "This endpoint requires a valid Bearer token") -> AuthError:
    return AuthError(401, "no_authorization", message)


def anonymous_refused() -> AuthError:
    return AuthError(403, "no_authorization", "Anonymous users are not allowed here")


def bad_jwt(why: str) -> AuthError:
    return AuthError(403, "bad_jwt", f"invalid JWT: {why}")


def session_not_found() -> AuthError:
    return AuthError(403, "session_not_found", "Session from session_id claim in JWT does not exist")


def user_of_token_not_found() -> AuthError:
    return AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")


def not_admin() -> AuthError:
    return AuthError(403, "not_admin", "User not allowed")


def insufficient_aal(*, status: int = 401) -> AuthError:
    """401 from PUT /user, 403 when enrolling a factor, 422 when removing one."""
    return AuthError(status, "insufficient_aal", "AAL2 session is required")


def user_not_found() -> AuthError:
    return AuthError(404, "user_not_found", "User not found")


def weak_password(reasons: Sequence[str], message: str) -> AuthError:
    """`reasons` out of `length`, `characters` and `pwned`."""
    return AuthError(422, "weak_password", message, reasons=reasons)


def same_password() -> AuthError:
    return AuthError(422, "same_password", "New password should be different from the old password.")


def reauthentication_needed() -> AuthError:
    return AuthError(400, "reauthentication_needed", "Password update requires reauthentication")


def reauthentication_not_valid() -> AuthError:
    return AuthError(422, "reauthentication_not_valid", "Nonce has expired or is invalid")


def current_password_required() -> AuthError:
    return AuthError(400, "current_password_required", "Current password is required to set a new one")


def current_password_invalid() -> AuthError:
    return AuthError(400, "current_password_invalid", "Current password is not valid")


def user_sso_managed() -> AuthError:
    return AuthError(422, "user_sso_managed", "Email and password of single sign-on users cannot be changed here")


def over_request_rate_limit(seconds: int) -> AuthError:
    return AuthError(429, "over_request_rate_limit", "Request rate limit reached", retry_after=seconds)


def over_email_send_rate_limit(seconds: int) -> AuthError:
    """For one person; `over_email_quota` for everybody."""
    seconds = max(1, seconds)
    message = f"For security purposes, you can only request this after {seconds} seconds."
    return AuthError(429, "over_email_send_rate_limit", message, retry_after=seconds)


def over_email_quota(seconds: int) -> AuthError:
    return AuthError(429, "over_email_send_rate_limit", "email rate limit exceeded", retry_after=seconds)


def unexpected_failure(message: str = "Unexpected failure, please check server logs for more information") -> AuthError:
    return AuthError(500, "unexpected_failure", message)


def saving_user_failed() -> AuthError:
    """A trigger or a constraint of the team's own refused a new user."""
    return unexpected_failure("Database error saving new user")


def deleting_user_failed() -> AuthError:
    return unexpected_failure("Database error deleting user")


def request_timeout() -> AuthError:
    message = "Processing this request timed out, please retry after a moment."
    return AuthError(504, "request_timeout", message)
