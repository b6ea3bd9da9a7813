"""Errors that every HTTP surface can meet, and their rendering in PostgREST's shape."""

from __future__ import annotations

import json
import re
from typing import Any, Final, Protocol

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError
from multidict import CIMultiDict

from gateway.errors import GatewayError
from gateway.web.request import Request
from gateway.web.response import BytesResponse

JSON: Final = "application/json; charset=utf-8"
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


class RouteUnknown(GatewayError):
    """404: no surface is mounted there."""

    def __init__(self) -> None:
        super().__init__(404, "PGRST125", "Invalid path specified in request URL")


class RequestMalformed(GatewayError):
    """400: what arrived is not HTTP, or its body is not what its headers say."""

    def __init__(self, message: str = "The request is not valid HTTP") -> None:
        super().__init__(400, "bad_request", message)


class BodyTooLarge(GatewayError):
    """413: more than `limit` bytes of body."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, "request_too_large", f"The request body is larger than {limit} bytes")


class BodyTimeout(GatewayError):
    """408: the body did not arrive within the time for it."""

    def __init__(self) -> None:
        super().__init__(408, "request_timeout", "The request body did not arrive in time")


class TooManyBodies(GatewayError):
    """503: the large bodies of other requests leave no room for this one."""

    def __init__(self) -> None:
        super().__init__(503, "too_many_bodies", "There are too many large request bodies at once")


class TargetTooLong(GatewayError):
    """414: a request line of more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            414,
            "uri_too_long",
            f"The request line is longer than {limit} bytes",
            hint="Send long lists in the body: call a function with POST.",
        )


class HeadersTooLarge(GatewayError):
    """431: a header field of more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(431, "headers_too_large", f"A request header is larger than {limit} bytes")


class TooManyHeaders(GatewayError):
    """431: more than `limit` header fields."""

    def __init__(self, limit: int) -> None:
        super().__init__(431, "headers_too_large", f"The request has more than {limit} headers")


class MethodNotAllowed(GatewayError):
    """405, with the methods that are allowed where they are known."""

    def __init__(self, method: str, allowed: str | None = None) -> None:
        headers = {"Allow": allowed} if allowed else None
        super().__init__(405, "PGRST117", f"Unsupported HTTP method: {method}", headers=headers)


class InternalError(GatewayError):
    """500: a fault of the gateway. The log has it under the request's id; the client learns nothing else."""

    def __init__(self, request_id: str) -> None:
        super().__init__(
            500, "PGRSTX00", "Internal server error", hint=f"The server's log has the details of request {request_id}."
        )


class ErrorRenderer(Protocol):
    """Makes the answer for an error in one surface's wire shape."""

    def __call__(self, error: GatewayError, request: Request) -> web.StreamResponse: ...


class PostgrestErrors:
    """PostgREST's shape (docs: "Errors"): four keys in alphabetical order, and `Proxy-Status`.

    With `verbose` off (`client-error-verbosity = minimal`) only `code` and `message` are told.
    """

    def __init__(self, *, verbose: bool = True) -> None:
        self._verbose = verbose

    def __call__(self, error: GatewayError, request: Request) -> BytesResponse:
        code = _UNPRINTABLE.sub("?", error.code)
        headers = CIMultiDict({"Content-Type": JSON, "Proxy-Status": f"PostgREST; error={code}"})
        headers.update(error.headers)
        return BytesResponse(error.status, headers, self.body(error), reason=error.reason)

    def body(self, error: GatewayError) -> bytes:
        shape: dict[str, Any] = (
            {"code": error.code, "details": error.details, "hint": error.hint, "message": error.message}
            if self._verbose
            else {"code": error.code, "message": error.message}
        )
        try:
            return orjson.dumps(shape)
        except TypeError:
            # Quoted input may hold bytes that are not UTF-8 (lone surrogates here), or numbers beyond 64 bits.
            return json.dumps(shape, ensure_ascii=False, separators=(",", ":"), default=str).encode(errors="replace")


def reading_error(failure: BaseException, limit: int) -> GatewayError | None:
    """What to answer if a request's body could not be read; None for any other failure. `limit` is that of bodies."""
    match failure:
        case web.HTTPRequestEntityTooLarge():
            return BodyTooLarge(limit)
        case web.HTTPRequestTimeout():
            return BodyTimeout()
        case web.HTTPServiceUnavailable():
            return TooManyBodies()
        case web.HTTPClientError():
            return GatewayError(failure.status, "bad_request", failure.reason)
        case RequestPayloadError():
            return RequestMalformed("The request body is incomplete or wrongly encoded")
        case _:
            return None
