"""What an OpenID provider says of itself (OpenID Connect Discovery 1.0). Pure, but for the check of addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from gateway.auth.providers.client import ProviderClient
from gateway.auth.providers.errors import AnswerUnfit

WELL_KNOWN: Final = "/.well-known/openid-configuration"
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Metadata:
    """`pkce`: it understands S256. `basic`: secrets go into a header. `names_itself`: answers carry `iss`."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str | None
    pkce: bool
    basic: bool
    names_itself: bool


def metadata(document: Any, expected_issuer: str, client: ProviderClient) -> Metadata:
    """What the document says. It must be of the issuer that was asked (4.3). Raises AnswerUnfit and AddressRefused."""
    if not isinstance(document, dict):
        raise AnswerUnfit("the discovery document is none")
    members = cast("dict[str, Any]", document)
    issuer: Any = members.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") != expected_issuer.rstrip("/"):
        raise AnswerUnfit("the discovery document is of another issuer")
    userinfo = members.get("userinfo_endpoint")
    methods = _listed(members, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        issuer,
        _address(members, "authorization_endpoint", client),
        _address(members, "token_endpoint", client),
        _address(members, "jwks_uri", client),
        None if userinfo is None else _address(members, "userinfo_endpoint", client),
        pkce="S256" in _listed(members, "code_challenge_methods_supported", []),
        basic="client_secret_basic" in methods or "client_secret_post" not in methods,
        names_itself=members.get("authorization_response_iss_parameter_supported") is True,
    )


def discovery_url(text: str) -> tuple[str, str]:
    """The URL of the document and the issuer it must be of, from either of them."""
    issuer = text.strip().removesuffix(WELL_KNOWN)
    return issuer.rstrip("/") + WELL_KNOWN, issuer


def _address(members: Mapping[str, Any], name: str, client: ProviderClient) -> str:
    url: Any = members.get(name)
    if not isinstance(url, str) or len(url) > _LONGEST or not url.isprintable():
        raise AnswerUnfit(f"the discovery document has no {name}")
    client.checked(url)
    return url


def _listed(members: Mapping[str, Any], name: str, default: list[str]) -> list[Any]:
    value: Any = members.get(name)
    return cast("list[Any]", value) if isinstance(value, list) else list[Any](default)
