"""The token endpoint: a code for tokens (RFC 6749, 4.1.3)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final, TypeGuard, cast
from urllib.parse import quote_plus

from gateway.auth.providers.client import ProviderClient
from gateway.auth.providers.errors import AnswerUnfit, ClientRefused, CodeRefused
from gateway.auth.providers.model import Attempt, ProviderTokens, Registration

_LONGEST_CODE: Final = 4096
_LONGEST_TOKEN: Final = 16 * 1024
_ERROR: Final = re.compile(r"[a-z_]{1,64}")
_OURS: Final = frozenset(
    {"invalid_client", "unauthorized_client", "incorrect_client_credentials", "redirect_uri_mismatch"}
)
_UNAUTHORIZED: Final = 401


async def tokens_for(
    client: ProviderClient,
    endpoint: str,
    registration: Registration,
    attempt: Attempt,
    code: str,
    *,
    pkce: bool,
    basic: bool = False,
) -> tuple[ProviderTokens, Mapping[str, Any]]:
    """The tokens, and the whole answer. `basic`: the secret goes into a header, not into the form.

    Raises ProviderError.
    """
    if not 0 < len(code) <= _LONGEST_CODE:
        raise CodeRefused("empty or too long")
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": attempt.redirect_uri}
    authorization: str | None = None
    if basic and registration.client_secret:
        authorization = _basic(registration)
    else:
        fields["client_id"] = registration.client_id
        if registration.client_secret:
            fields["client_secret"] = registration.client_secret
    if pkce:
        fields["code_verifier"] = attempt.verifier
    answer = await client.post(endpoint, fields, authorization=authorization)
    answered: Any = answer.body
    body: Mapping[str, Any] = cast("dict[str, Any]", answered) if isinstance(answered, dict) else {}
    # GitHub says with status 200 that something went wrong.
    if not answer.ok or "error" in body:
        raise _refusal(answer.status, body.get("error"))
    return _tokens(body), body


def _tokens(body: Mapping[str, Any]) -> ProviderTokens:
    access, kind, refresh = (body.get(name) for name in ("access_token", "token_type", "refresh_token"))
    if not _is_token(access) or not isinstance(kind, str) or kind.lower() != "bearer":
        raise AnswerUnfit("no bearer token in the token endpoint's answer")
    return ProviderTokens(access, refresh if _is_token(refresh) else None)


def _is_token(value: Any) -> TypeGuard[str]:
    """Whether it can be a token: it will be in a header."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN and value.isascii() and value.isprintable()


def _refusal(status: int, error: Any) -> CodeRefused | ClientRefused:
    # Only words of the protocol: a description may repeat what was sent.
    word = error if isinstance(error, str) and _ERROR.fullmatch(error) else f"status {status}"
    return ClientRefused(word) if status == _UNAUTHORIZED or word in _OURS else CodeRefused(word)


def _basic(registration: Registration) -> str:
    """RFC 6749, 2.3.1: both are encoded as in forms first."""
    pair = f"{quote_plus(registration.client_id)}:{quote_plus(registration.client_secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"
