"""Google: OpenID Connect with names of its own."""

from __future__ import annotations

from typing import Any, Final

from gateway.auth.providers.claims import text
from gateway.auth.providers.client import ProviderClient
from gateway.auth.providers.model import Registration
from gateway.auth.providers.oidc import Claims, OpenIdConnect, standard_data

ISSUER: Final = "https://accounts.google.com"
_ALIASES: Final = ("accounts.google.com",)
"""Google's documentation allows both in `iss`."""


def google(registration: Registration, client: ProviderClient, *, issuer: str = ISSUER) -> OpenIdConnect:
    """Google as a provider. A refresh token comes only if the application asks for `access_type=offline`."""
    return OpenIdConnect(registration, client, issuer, aliases=_ALIASES, data=google_data)


def google_data(claims: Claims) -> dict[str, Any]:
    """With `hd`, the domain of an organisation's account, which no other account has."""
    domain = text(claims.get("hd"))
    return {**standard_data(claims), "custom_claims": {"hd": domain} if domain else None}
