"""Who is asking: tokens and API keys in, an `Identity` (role and claims) out."""

from gateway.identity.api_keys import looks_like_browser
from gateway.identity.authenticator import Authenticator, IdentitySettings, TokenCacheCounts
from gateway.identity.errors import (
    AnonymousDisabled,
    ApiKeyRefused,
    ClaimsRefused,
    RoleRefused,
    TokenKeyMissing,
    TokenRefused,
    UndecodableToken,
)
from gateway.identity.keys import KeyFormatError
from gateway.identity.model import Identity
from gateway.identity.role_path import RolePathError, parse_role_path

__all__ = [
    "AnonymousDisabled",
    "ApiKeyRefused",
    "Authenticator",
    "ClaimsRefused",
    "Identity",
    "IdentitySettings",
    "KeyFormatError",
    "RolePathError",
    "RoleRefused",
    "TokenCacheCounts",
    "TokenKeyMissing",
    "TokenRefused",
    "UndecodableToken",
    "looks_like_browser",
    "parse_role_path",
]
