"""What goes to a provider and what comes from it, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Registration:
    """This server as a provider knows it, and what is asked of each user.

    `name` is the provider's in URLs and in `auth.identities`. No secret: a public client, which PKCE protects.
    `audiences` are further client ids (of mobile applications) whose ID tokens are accepted in the `id_token` grant.
    """

    name: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    email_optional: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in, the same at its start and at its end. `state`, `nonce` and `verifier` are random and
    unguessable; `verifier` has 43 to 128 characters of ``A-Za-z0-9._~-`` (RFC 7636, 4.1)."""

    state: str = field(repr=False)
    redirect_uri: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """The provider's own tokens, handed through to the application once. Empty in the `id_token` grant."""

    access: str = field(default="", repr=False)
    refresh: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who somebody is at a provider: `provider` and `subject` identify, nothing else does.

    `email` is in lower case, and `email_verified` only if the provider itself says so. `data` is for `identity_data`
    and `user_metadata`: short texts and booleans, without control characters.
    """

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    name: str | None
    avatar: str | None
    data: Mapping[str, Any]
    tokens: ProviderTokens = field(default_factory=ProviderTokens)


class Provider(Protocol):
    """Signs people in by OAuth 2.0 with codes. All methods raise ProviderError, and return or raise in ten seconds."""

    @property
    def name(self) -> str:
        """As in URLs and in `auth.identities`."""
        ...

    async def authorize_url(self, attempt: Attempt, *, scopes: str = "", extra: Sequence[tuple[str, str]] = ()) -> str:
        """Where the browser shall go. `scopes` (parted by commas or spaces) are asked for besides the usual ones;
        `extra` are parameters of the request that the provider may understand."""
        ...

    async def exchange(self, attempt: Attempt, code: str, *, issuer: str | None = None) -> Profile:
        """Who came back with `code`, and with `issuer` in the parameter `iss` (RFC 9207) if there was one."""
        ...


@runtime_checkable
class TokenProvider(Protocol):
    """A provider whose ID tokens, obtained elsewhere, also say who somebody is."""

    async def identify(self, id_token: str, *, access_token: str | None = None, nonce: str | None = None) -> Profile:
        """Who the token is about. Its nonce must be the SHA-256 of `nonce`, in hexadecimal; or neither has one."""
        ...
