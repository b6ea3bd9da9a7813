"""The errors of what takes several steps: flows through a browser, linked identities, second factors."""

from __future__ import annotations

from gateway.auth.errors import AuthError, validation_failed


def flow_state_not_found() -> AuthError:
    return AuthError(404, "flow_state_not_found", "invalid flow state, no valid flow state found")


def flow_state_expired() -> AuthError:
    return AuthError(422, "flow_state_expired", "invalid flow state, flow state has expired")


def flow_state_already_used() -> AuthError:
    return AuthError(400, "flow_state_already_used", "invalid flow state, flow state was already used")


def bad_code_verifier() -> AuthError:
    message = "code challenge does not match previously saved code verifier"
    return AuthError(400, "bad_code_verifier", message)


def bad_oauth_state(message: str = "OAuth state is missing, invalid or expired") -> AuthError:
    return AuthError(400, "bad_oauth_state", message)


def oauth_invalid_state(message: str = "OAuth state does not belong to this browser") -> AuthError:
    return AuthError(400, "oauth_invalid_state", message)


def bad_oauth_callback(message: str) -> AuthError:
    return AuthError(400, "bad_oauth_callback", message)


def oauth_provider_not_supported(provider: str) -> AuthError:
    return AuthError(400, "oauth_provider_not_supported", f"Provider {provider} is not supported")


def provider_email_missing() -> AuthError:
    """The provider told no email address. Only ever seen as parameters of a redirect."""
    return validation_failed("Error getting user email from external provider")


def identity_not_found() -> AuthError:
    return AuthError(422, "identity_not_found", "Identity doesn't exist")


def identity_already_exists() -> AuthError:
    return AuthError(422, "identity_already_exists", "Identity is already linked to another user")


def single_identity_not_deletable() -> AuthError:
    message = "User must have at least 1 identity after unlinking"
    return AuthError(422, "single_identity_not_deletable", message)


def email_conflict_identity_not_deletable() -> AuthError:
    message = "Unable to unlink identity due to email conflict"
    return AuthError(422, "email_conflict_identity_not_deletable", message)


def provider_email_needs_verification(provider: str) -> AuthError:
    message = f"Unverified email with {provider}. A confirmation email has been sent to your {provider} email"
    return AuthError(422, "provider_email_needs_verification", message)


def mfa_factor_not_found() -> AuthError:
    return AuthError(404, "mfa_factor_not_found", "Factor not found")


def mfa_factor_name_conflict(name: str) -> AuthError:
    message = f'A factor with the friendly name "{name}" for this user already exists'
    return AuthError(422, "mfa_factor_name_conflict", message)


def too_many_enrolled_mfa_factors() -> AuthError:
    return AuthError(422, "too_many_enrolled_mfa_factors", "Maximum number of factors reached, unenroll to continue")


def mfa_challenge_expired() -> AuthError:
    return AuthError(422, "mfa_challenge_expired", "MFA challenge has expired, verify against another challenge")


def mfa_verification_failed() -> AuthError:
    return AuthError(422, "mfa_verification_failed", "Invalid TOTP code entered")


def mfa_totp_enroll_not_enabled() -> AuthError:
    return AuthError(422, "mfa_totp_enroll_not_enabled", "MFA enroll is disabled for TOTP")


def mfa_totp_verify_not_enabled() -> AuthError:
    return AuthError(422, "mfa_totp_verify_not_enabled", "MFA verification is disabled for TOTP")
