"""The URL that sends a browser to a provider. Pure."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

_RESERVED: Final = frozenset(
    {
        *("client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "state", "scope", "nonce"),
        *("code_challenge", "code_challenge_method", "code_verifier"),
        *("request", "request_uri", "registration", "claims"),  # each could say again what is said here
        *("provider", "scopes", "redirect_to", "apikey", "skip_http_redirect", "invite_token", "sb_flow_id"),
    }
)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")
_MOST_PARAMETERS: Final = 20
_LONGEST: Final = 1024
_MOST_SCOPES: Final = 50


def forwarded(query: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The parameters of a request to `/authorize` that are for the provider (`access_type`, `prompt`, `login_hint`…).

    Left out are those that the gateway sets itself, in whatever case they are written, ours, and what is too long.
    """
    kept: dict[str, tuple[str, str]] = {}
    for name, value in query:
        key = name.lower()
        if key in _RESERVED or key in kept or not _NAME.fullmatch(name):
            continue
        if len(value) <= _LONGEST and not _CONTROL.search(value) and len(kept) < _MOST_PARAMETERS:
            kept[key] = (name, value)
    return tuple(kept.values())


def joined_scopes(usual: Iterable[str], wanted: str) -> str:
    """The scopes to ask for, each once, parted by spaces. What can be no scope (RFC 6749, 3.3) is left out."""
    extra = re.split(r"[\s,]+", wanted[: _MOST_SCOPES * 256])
    scopes = dict.fromkeys([*usual, *(scope for scope in extra if _SCOPE.fullmatch(scope))])
    return " ".join(list(scopes)[:_MOST_SCOPES])


def authorization_url(endpoint: str, own: Mapping[str, str], extra: Sequence[tuple[str, str]]) -> str:
    """`endpoint`, whose own query stays (RFC 6749, 3.1), with our parameters and then others'."""
    parts = urlsplit(endpoint)
    query = urlencode([*own.items(), *forwarded(extra)], quote_via=quote)
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query, fragment=""))


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636, 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
