"""What PostgreSQL reports, as errors a client can be told. Pure."""

from __future__ import annotations

import re
from typing import Any, cast

import asyncpg
import orjson

from gateway.errors import GatewayError, Unavailable

_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}

# PostgREST, "Errors: HTTP status codes". The first prefix that fits wins.
_STATUSES: tuple[tuple[str, int], ...] = (
    ("08", 503),
    ("09", 500),
    ("0L", 403),
    ("0P", 403),
    ("23503", 409),
    ("23505", 409),
    ("25006", 405),
    ("21000", 500),
    ("25", 500),
    ("28", 403),
    ("2D", 500),
    ("38", 500),
    ("39", 500),
    ("3B", 500),
    ("40", 500),
    ("53400", 500),
    ("53", 503),
    ("54", 500),
    ("55", 500),
    ("57P01", 503),
    ("57", 500),
    ("58", 500),
    ("F0", 500),
    ("HV", 500),
    ("P0001", 400),
    ("P0", 500),
    ("XX", 500),
    ("42883", 404),
    ("42P01", 404),
    ("42P17", 500),
    ("42501", 403),
)
_EVERYTHING_ELSE = 400
_MESSAGE_SHAPE = (
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."
)
_DETAIL_SHAPE = (
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."
)
_SMALLEST_STATUS, _LARGEST_STATUS = 200, 999
_LOSSES = {"57P02", "57P03", "57P05", "25P03", "25P04"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ASYNCPG_ADVICE = "\nNOTE: pgbouncer"


class DatabaseError(GatewayError):
    """PostgreSQL refused a statement; `code` is the SQLSTATE, the texts are PostgreSQL's own."""


class ConnectionLost(Unavailable):
    """The connection broke while a statement was under way; whether a write happened is unknown."""

    def __init__(self, details: str) -> None:
        super().__init__("PGRST001", "Database client error. Retrying the connection.", details=details)


class ConnectionFailed(Unavailable):
    """No connection to the server can be made for now."""

    def __init__(self, details: str) -> None:
        super().__init__("PGRST000", "Database connection error.", details=details)


class PoolTimeout(GatewayError):
    """No connection became free in time, or too many requests are already waiting for one."""

    def __init__(self) -> None:
        super().__init__(504, "PGRST003", "Timed out acquiring connection from connection pool.")


class IdentityMismatch(Unavailable):
    """A session did not carry the caller's identity when its statement ran. The result was discarded."""

    def __init__(self) -> None:
        super().__init__("PGRSTX00", "The database session did not carry the identity of this request.")


def translate(error: BaseException, *, anonymous: bool) -> GatewayError | None:
    """The error to tell a client about `error` of the driver; None if it did not come from the database.

    `anonymous` says that the statement ran as the anonymous role, which turns "not allowed" into "log in" (401).
    """
    if isinstance(error, asyncpg.PostgresConnectionError) and error.severity is None:  # the driver's, not a server's
        cause = error.__cause__
        if isinstance(cause, asyncpg.PostgresError) and cause.sqlstate not in _LOSSES:
            return server_error(cause, anonymous=anonymous)
        return ConnectionLost(str(cause or error))
    if isinstance(error, asyncpg.PostgresError):
        if error.sqlstate in _LOSSES:
            return ConnectionLost(error.message or "")
        return server_error(error, anonymous=anonymous)
    if is_unencodable(error):
        return DatabaseError(400, "22021", 'invalid byte sequence for encoding "UTF8"')
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError | OSError):
        return ConnectionLost(str(error))
    return None


def is_unencodable(error: BaseException) -> bool:
    """Whether an argument was refused before anything was sent, because it is not UTF-8."""
    if isinstance(error, asyncpg.InterfaceError):
        # The driver's DataError; it has the name of PostgreSQL's class 22 and is not exported.
        return isinstance(error, ValueError)
    return isinstance(error, UnicodeEncodeError)


def server_error(error: asyncpg.PostgresError, *, anonymous: bool) -> DatabaseError:
    """`error` with the status, headers and texts of PostgREST's documentation ("Errors")."""
    code, message = error.sqlstate or "", error.message or ""
    if code == "PGRST":
        return _raised_response(message, error.detail)
    status, reason = _status(code, message, anonymous=anonymous)
    hint = error.hint.partition(_ASYNCPG_ADVICE)[0] or None if error.hint else None
    return DatabaseError(
        status, code, message, details=error.detail, hint=hint, headers=_HEADERS.get(status), reason=reason
    )


def _status(code: str, message: str, *, anonymous: bool) -> tuple[int, str | None]:
    if code.startswith("PT"):
        return _raised_status(code[2:]), _CONTROL.sub(" ", message)
    if code == "21000" and message.endswith("requires a WHERE clause"):
        return 400, None
    if code == "22023" and message.startswith("role") and message.endswith("does not exist"):
        return 401, None
    if code == "42883" and message.startswith("function xmlagg("):
        return 406, None
    if code == "42501" and anonymous:
        return 401, None
    return next((status for prefix, status in _STATUSES if code.startswith(prefix)), _EVERYTHING_ELSE), None


def _raised_status(digits: str) -> int:
    # A status outside of HTTP's final ones (1xx would never end the exchange) is treated like one that is no number.
    status = int(digits) if digits.isascii() and digits.isdigit() else 0
    return status if _SMALLEST_STATUS <= status <= _LARGEST_STATUS else 500


def _raised_response(message: str, detail: str | None) -> DatabaseError:
    """A whole response made by RAISE SQLSTATE 'PGRST' (PostgREST, "Raise errors with HTTP status codes")."""
    body = _json_object(message)
    if body is None or not _fits(body, {"code": str, "message": str}, {"details": str, "hint": str}):
        return _unreadable(f"Invalid JSON value for MESSAGE: '{message}'", _MESSAGE_SHAPE)
    if detail is None:
        return _unreadable("DETAIL is missing in the RAISE statement", _DETAIL_SHAPE)
    answer = _json_object(detail)
    if answer is None or not _fits(answer, {"status": int, "headers": dict}, {"status_text": str}):
        return _unreadable(f"Invalid JSON value for DETAIL: '{detail}'", _DETAIL_SHAPE)
    headers: dict[Any, Any] = answer["headers"]
    if not all(_is_header(name, value) for name, value in headers.items()):
        return _unreadable(f"Invalid JSON value for DETAIL: '{detail}'", _DETAIL_SHAPE)
    reason = answer.get("status_text")
    return DatabaseError(
        _raised_status(str(answer["status"])),
        body["code"],
        body["message"],
        details=body.get("details"),
        hint=body.get("hint"),
        headers=headers,
        reason=_CONTROL.sub(" ", reason) if reason is not None else None,
    )


def _unreadable(details: str, hint: str) -> DatabaseError:
    message = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"
    return DatabaseError(500, "PGRST121", message, details=details, hint=hint)


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _fits(value: dict[str, Any], obligatory: dict[str, type], optional: dict[str, type]) -> bool:
    return all(type(value.get(key)) is kind for key, kind in obligatory.items()) and all(
        value.get(key) is None or type(value[key]) is kind for key, kind in optional.items()
    )


def _is_header(name: Any, value: Any) -> bool:
    return isinstance(value, str) and _HEADER_NAME.fullmatch(name) is not None and _CONTROL.search(value) is None
