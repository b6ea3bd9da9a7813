"""The URLs that browsers are sent to when a flow ends: the destination, and what came of it. Pure.

Every value is form-encoded, so that nothing in it can end the header or begin another parameter. Answers that a
destination already holds in its query are taken out: the client would believe them before those of the fragment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote_plus, urlencode

from gateway.auth.error_answers import told_as
from gateway.auth.weburl import WebUrl
from gateway.errors import GatewayError

_WORDS: Final = {
    400: "invalid_request",
    401: "unauthorized_client",
    403: "access_denied",
    429: "temporarily_unavailable",
    500: "server_error",
    503: "temporarily_unavailable",
    504: "temporarily_unavailable",
}
_DENIED: Final = "signup_disabled"
_ANSWERS: Final = frozenset(
    {
        "access_token",
        "code",
        "error",
        "error_code",
        "error_description",
        "expires_at",
        "expires_in",
        "provider_refresh_token",
        "provider_token",
        "refresh_token",
        "token_type",
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """What the fragment of an implicit flow carries. `kind` is its `type`: `signup`, `recovery`, `magiclink`,
    `invite` or `email_change`, none after a provider. Times in seconds; `expires_at` None leaves it to the client."""

    access_token: str
    refresh_token: str
    expires_in: int
    expires_at: int | None = None
    kind: str | None = None
    provider_token: str | None = None
    provider_refresh_token: str | None = None


def tokens_url(destination: WebUrl, tokens: Tokens) -> str:
    """The implicit flow's end: everything in the fragment, which no server sees."""
    parameters = {
        "access_token": tokens.access_token,
        "expires_at": None if tokens.expires_at is None else str(tokens.expires_at),
        "expires_in": str(tokens.expires_in),
        "provider_refresh_token": tokens.provider_refresh_token,
        "provider_token": tokens.provider_token,
        "refresh_token": tokens.refresh_token,
        "token_type": "bearer",
        "type": tokens.kind,
    }
    told = {name: value for name, value in parameters.items() if value is not None}
    return str(_with_fragment(_with_query(destination, {}), told))


def code_url(destination: WebUrl, code: str) -> str:
    """PKCE's end: a code that only the browser with the verifier can exchange."""
    return str(_with_query(destination, {"code": code}))


def message_url(destination: WebUrl, message: str, *, in_query: bool) -> str:
    """A success without a session. PKCE flows have it `in_query` as well."""
    parameters = {"message": message}
    return str(_with_fragment(_with_query(destination, parameters if in_query else {}), parameters))


def error_url(destination: WebUrl, error: GatewayError, *, in_query: bool = True, in_fragment: bool = True) -> str:
    """What the client makes an error of. An unknown state has only `in_query`; a link of an implicit flow only
    `in_fragment`; the rest both."""
    told = told_as(error)
    parameters = {"error": _word(told), "error_code": told.code, "error_description": told.message}
    url = _with_query(destination, parameters if in_query else {})
    return str(_with_fragment(url, parameters) if in_fragment else url)


def _word(error: GatewayError) -> str:
    """RFC 6749, 4.1.2.1; codes say more."""
    if error.code == _DENIED:
        return "access_denied"
    return _WORDS.get(error.status, "invalid_request")


def _with_query(url: WebUrl, parameters: Mapping[str, str]) -> WebUrl:
    taken = _ANSWERS | parameters.keys()
    kept = [pair for pair in url.query[1:].split("&") if pair and unquote_plus(pair.partition("=")[0]) not in taken]
    query = "&".join([*kept, *([_form(parameters)] if parameters else [])])
    return replace(url, query=f"?{query}" if query else "")


def _with_fragment(url: WebUrl, parameters: Mapping[str, str]) -> WebUrl:
    """`sb` says that the fragment is ours and no page's own."""
    return replace(url, fragment=f"#{_form(dict(sorted({**parameters, 'sb': ''}.items())))}")


def _form(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, errors="replace")
