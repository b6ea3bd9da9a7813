"""Sign-in through others: who a provider says somebody is."""

from gateway.auth.providers.authorization import forwarded
from gateway.auth.providers.client import ProviderClient, Reach
from gateway.auth.providers.errors import (
    AddressRefused,
    AnswerUnfit,
    ClientRefused,
    CodeRefused,
    EmailMissing,
    IdTokenRefused,
    ProviderError,
    ProviderUnavailable,
)
from gateway.auth.providers.github import GitHub
from gateway.auth.providers.google import google
from gateway.auth.providers.model import Attempt, Profile, Provider, ProviderTokens, Registration, TokenProvider
from gateway.auth.providers.oidc import OpenIdConnect

__all__ = [
    "AddressRefused",
    "AnswerUnfit",
    "Attempt",
    "ClientRefused",
    "CodeRefused",
    "EmailMissing",
    "GitHub",
    "IdTokenRefused",
    "OpenIdConnect",
    "Profile",
    "Provider",
    "ProviderClient",
    "ProviderError",
    "ProviderTokens",
    "ProviderUnavailable",
    "Reach",
    "Registration",
    "TokenProvider",
    "forwarded",
    "google",
]
