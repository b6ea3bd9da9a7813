"""From an error to the answer of `/auth/v1`, in the shape that the client's version asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import orjson

from gateway.auth import errors
from gateway.auth.errors import AuthError, OAuthError
from gateway.errors import GatewayError
from gateway.identity import AnonymousDisabled, ApiKeyRefused, ClaimsRefused, RoleRefused, UndecodableToken
from gateway.web import BytesResponse, Request
from gateway.web.errors import (
    JSON,
    BodyTimeout,
    BodyTooLarge,
    HeadersTooLarge,
    InternalError,
    MethodNotAllowed,
    RequestMalformed,
    RouteUnknown,
    TargetTooLong,
    TooManyHeaders,
)

VERSION_HEADER: Final = "X-Supabase-Api-Version"
VERSION: Final = "2024-01-01"
"""The version from which on errors have their code as text under `code`."""

CODE_HEADER: Final = "x-sb-error-code"

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")
_FAULT: Final = 500
_TOLD_AS_THEY_ARE: Final = (ApiKeyRefused, BodyTimeout, TargetTooLong, HeadersTooLarge, TooManyHeaders)
_KEPT: Final = ("Allow", "Retry-After", "WWW-Authenticate")

Record = Callable[[Request, BaseException], None]


class AuthErrors:
    """Renders errors for this surface, those of other rooms in its own words. A business error is never a 5xx.

    `record` is told of errors that the client learns nothing of, such as a statement that PostgreSQL refused.
    """

    def __init__(self, record: Record | None = None) -> None:
        self._record = record

    def __call__(self, error: GatewayError, request: Request) -> BytesResponse:
        if self._record is not None and hides(error):
            self._record(request, error)
        status, headers, body = answer(error, request.headers.get(VERSION_HEADER), request.id)
        return BytesResponse(status, headers, body)


def answer(error: GatewayError, version: str | None, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. `version` is the request's header; `request_id` is told with faults of the server."""
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    if isinstance(error, OAuthError):
        return error.status, headers, _dump({"error": error.code, "error_description": error.message})
    told = told_as(error)
    headers.update((name, told.headers[name]) for name in _KEPT if name in told.headers)
    headers[CODE_HEADER] = _UNPRINTABLE.sub("?", told.code)
    shape: dict[str, Any]
    if speaks_new(version):
        headers[VERSION_HEADER] = VERSION
        shape = {"code": told.code, "message": told.message, "error_code": told.code}
    else:
        shape = {"code": told.status, "error_code": told.code, "msg": told.message}
    if told.hint is not None:
        shape["hint"] = told.hint
    if isinstance(told, AuthError) and told.reasons:
        shape["weak_password"] = {"reasons": told.reasons}
    if told.status >= _FAULT:
        shape["error_id"] = request_id
    return told.status, headers, _dump(shape)


def speaks_new(version: str | None) -> bool:
    """Whether a request's version is a date from `VERSION` on; anything that is no date asks for the old shape."""
    if version is None or not _DATE.fullmatch(version):
        return False
    try:
        return date.fromisoformat(version) >= date.fromisoformat(VERSION)
    except ValueError:
        return False


def told_as(error: GatewayError) -> GatewayError:
    """The error that stands for `error` on this surface.

    Only what is known to concern the caller is told. PostgreSQL's texts hold values and names of tables; what they
    are about is decided where the statement is run, and here they are a fault like any other.
    """
    match error:
        case AuthError():
            return error
        case BodyTooLarge():
            return errors.request_entity_too_large()
        case UndecodableToken() | ClaimsRefused() | RoleRefused():
            return errors.bad_jwt(error.message)
        case AnonymousDisabled():
            return errors.no_authorization()
        case RouteUnknown():
            return errors.not_found()
        case MethodNotAllowed():
            return GatewayError(405, "method_not_allowed", error.message, headers=error.headers)
        case RequestMalformed():
            return errors.validation_failed(error.message)
        case InternalError():
            return errors.unexpected_failure()
        case _ if _is_of_reading(error):
            return errors.validation_failed(error.message, status=error.status)
        case _ if isinstance(error, _TOLD_AS_THEY_ARE):
            return error
        case _:
            return _fault(error)


def hides(error: GatewayError) -> bool:
    """Whether the client is told of a fault whose cause nobody has written down yet."""
    if isinstance(error, AuthError | InternalError):  # whoever raised them knew the cause
        return False
    return told_as(error).status == _FAULT


def _is_of_reading(error: GatewayError) -> bool:
    """The web room's answer to aiohttp's own 4xx."""
    return type(error) is GatewayError and error.code == "bad_request" and error.status < _FAULT


def _fault(error: GatewayError) -> AuthError:
    match error.status:
        case 503:
            return AuthError(
                503,
                "temporarily_unavailable",
                "The service is temporarily unavailable, try again",
                retry_after=_seconds(error.headers),
            )
        case 504:
            return errors.request_timeout()
        case _:
            return errors.unexpected_failure()


def _seconds(headers: Mapping[str, str]) -> int:
    sent = headers.get("Retry-After", "")
    return int(sent) if sent.isascii() and sent.isdigit() else 1


def _dump(shape: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(shape)
    except TypeError:  # quoted input may hold halves of surrogate pairs
        return json.dumps(shape, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
