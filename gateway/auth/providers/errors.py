"""Why nobody could be signed in through a provider. `details` are for the log: they never contain codes or tokens.

ProviderError              a GatewayError
├── ProviderUnavailable    503: it does not answer, or not in time
├── AnswerUnfit            500: it answers something that cannot be used
├── AddressRefused         500: its address is one that must not be called
├── ClientRefused          500: it does not accept our client id or secret
├── CodeRefused            400: it does not accept the code
├── IdTokenRefused         400: its ID token proves nothing
└── EmailMissing           500: it tells no e-mail address, and one is needed
"""

from __future__ import annotations

from gateway.errors import GatewayError

_FAILURE = "unexpected_failure"


class ProviderError(GatewayError):
    """Signing in through a provider failed; `message` may be shown to the person who tried."""


class ProviderUnavailable(ProviderError):
    """The provider cannot be reached, or says that it cannot answer now."""

    def __init__(self, details: str | None = None) -> None:
        super().__init__(503, _FAILURE, "The external provider does not answer", details=details)


class AnswerUnfit(ProviderError):
    """What the provider answered is not what the protocol says."""

    def __init__(self, details: str) -> None:
        super().__init__(500, _FAILURE, "The external provider gave an unusable answer", details=details)


class AddressRefused(ProviderError):
    """The provider's address is not https, or leads into a private network."""

    def __init__(self, details: str) -> None:
        super().__init__(500, _FAILURE, "The external provider's address is not allowed", details=details)


class ClientRefused(ProviderError):
    """The provider does not know us: client id or secret are wrong."""

    def __init__(self, details: str) -> None:
        super().__init__(500, _FAILURE, "The external provider refuses this server", details=details)


class CodeRefused(ProviderError):
    """The code is used, expired, or belongs to another attempt; also, when the answer came from another provider."""

    def __init__(self, details: str | None = None) -> None:
        super().__init__(400, "bad_oauth_callback", "Unable to exchange external code", details=details)


class IdTokenRefused(ProviderError):
    """The ID token is not signed by the provider, not for us, not for this attempt, or not for now."""

    def __init__(self, details: str) -> None:
        super().__init__(400, "bad_oauth_callback", "Bad ID token", details=details)


class EmailMissing(ProviderError):
    """The provider tells no e-mail address."""

    def __init__(self) -> None:
        super().__init__(500, _FAILURE, "Error getting user email from external provider")
