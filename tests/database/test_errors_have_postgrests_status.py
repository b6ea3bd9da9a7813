"""SQLSTATE to HTTP, and what a function can raise."""

from __future__ import annotations

import json

import asyncpg
import pytest

from gateway.database import DatabaseError, quote_identifier, refuse_server_version
from gateway.database.errors import ConnectionLost, server_error, translate


def raised(code: str, message: str = "m", detail: str | None = None, hint: str | None = None) -> asyncpg.PostgresError:
    fields = {"S": "ERROR", "C": code, "M": message}
    if detail is not None:
        fields["D"] = detail
    if hint is not None:
        fields["H"] = hint
    return asyncpg.PostgresError.new(fields)


STATUSES = [
    ("08000", 503), ("08P01", 503), ("09000", 500), ("0L000", 403), ("0P000", 403), ("23503", 409), ("23505", 409),
    ("23502", 400), ("23514", 400), ("25006", 405), ("25P02", 500), ("21000", 500), ("22023", 400), ("22P02", 400),
    ("28000", 403), ("28P01", 403), ("2D000", 500), ("38000", 500), ("39000", 500), ("3B000", 500), ("3D000", 400),
    ("40001", 500), ("40P01", 500), ("42501", 403), ("42601", 400), ("42883", 404), ("42P01", 404), ("42P17", 500),
    ("42703", 400), ("53000", 503), ("53300", 503), ("53400", 500), ("54001", 500), ("55P03", 500), ("57014", 500),
    ("57P01", 503), ("58000", 500), ("F0000", 500), ("HV000", 500), ("P0001", 400), ("P0002", 500), ("XX000", 500),
    ("PT402", 402), ("PT200", 200), ("PTabc", 500), ("PT100", 500), ("PT", 500), ("PT\u0664", 500), ("ABCDE", 400),
]  # fmt: skip


@pytest.mark.parametrize(("code", "status"), STATUSES)
def test_status(code: str, status: int) -> None:
    error = server_error(raised(code, "text", "detail", "hint"), anonymous=False)
    assert (error.status, error.code, error.message, error.details, error.hint) == (
        status,
        code,
        "text",
        "detail",
        "hint",
    )
    assert ("Retry-After" in error.headers) == (status == 503)


@pytest.mark.parametrize(
    ("code", "message", "anonymous", "status", "headers"),
    [
        ("42501", "permission denied", True, 401, {"WWW-Authenticate": "Bearer"}),
        ("42501", "permission denied", False, 403, {}),
        ("22023", 'role "x" does not exist', False, 401, {"WWW-Authenticate": "Bearer"}),
        ("22023", "time zone does not exist", False, 400, {}),
        ("21000", "DELETE requires a WHERE clause", False, 400, {}),
        ("42883", "function xmlagg(json) does not exist", False, 406, {}),
    ],
)
def test_status_by_message(code: str, message: str, anonymous: bool, status: int, headers: dict[str, str]) -> None:
    error = server_error(raised(code, message), anonymous=anonymous)
    assert (error.status, error.headers) == (status, headers)


def test_a_pt_code_gives_the_reason_phrase_but_no_line() -> None:
    assert server_error(raised("PT402", "Pay\r\nSet-Cookie: a"), anonymous=False).reason == "Pay Set-Cookie: a"


def test_the_driver_adds_no_advice() -> None:
    assert server_error(raised("26000", "no such statement"), anonymous=False).hint is None


MESSAGE = {"code": "123", "message": "ABC", "details": "DEF", "hint": "XYZ"}
DETAIL = {"status": 332, "status_text": "My Custom Status", "headers": {"X-Header": "str"}}


def test_a_raised_response() -> None:
    error = server_error(raised("PGRST", json.dumps(MESSAGE), json.dumps(DETAIL)), anonymous=False)
    assert (error.status, error.reason, error.headers) == (332, "My Custom Status", {"X-Header": "str"})
    assert (error.code, error.message, error.details, error.hint) == ("123", "ABC", "DEF", "XYZ")


INVALID_MESSAGE = "Invalid JSON value for MESSAGE: '{}'"
INVALID_DETAIL = "Invalid JSON value for DETAIL: '{}'"
MISSING_DETAIL = "DETAIL is missing in the RAISE statement"


@pytest.mark.parametrize(
    ("message", "detail", "details"),
    [
        ("INVALID", json.dumps(DETAIL), INVALID_MESSAGE),
        ("[]", json.dumps(DETAIL), INVALID_MESSAGE),
        ('{"code": "1"}', json.dumps(DETAIL), INVALID_MESSAGE),
        ('{"code": 1, "message": "x"}', json.dumps(DETAIL), INVALID_MESSAGE),
        (json.dumps(MESSAGE), None, MISSING_DETAIL),
        (json.dumps(MESSAGE), "INVALID", INVALID_DETAIL),
        (json.dumps(MESSAGE), '{"status": 200}', INVALID_DETAIL),
        (json.dumps(MESSAGE), '{"status": true, "headers": {}}', INVALID_DETAIL),
        (json.dumps(MESSAGE), '{"status": 200, "headers": {"a": 1}}', INVALID_DETAIL),
        (json.dumps(MESSAGE), '{"status": 200, "headers": {"a": "b\\r\\nSet-Cookie: c"}}', INVALID_DETAIL),
        (json.dumps(MESSAGE), '{"status": 200, "headers": {"a: b": "c"}}', INVALID_DETAIL),
    ],
)
def test_a_raised_response_that_cannot_be_read(message: str, detail: str | None, details: str) -> None:
    error = server_error(raised("PGRST", message, detail), anonymous=False)
    assert (error.status, error.code) == (500, "PGRST121")
    assert error.message == "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"
    assert error.details == details.format(detail if details is INVALID_DETAIL else message)
    assert error.hint is not None


def test_losing_the_connection() -> None:
    shut_down = asyncpg.ConnectionDoesNotExistError("closed")
    shut_down.__cause__ = raised("57P01", "terminating connection due to administrator command")
    crashed = asyncpg.ConnectionDoesNotExistError("closed")
    crashed.__cause__ = raised("57P02", "terminating connection because of crash")
    told = [
        translate(error, anonymous=False)
        for error in (shut_down, crashed, OSError("reset"), asyncpg.InterfaceError("closed"))
    ]
    assert [error and (error.status, error.code) for error in told] == [
        (503, "57P01"),
        (503, "PGRST001"),
        (503, "PGRST001"),
        (503, "PGRST001"),
    ]
    assert isinstance(told[2], ConnectionLost)
    assert told[2].message == "Database client error. Retrying the connection."
    assert translate(ValueError("ours"), anonymous=False) is None
    by_a_function = translate(raised("08006", "said a function"), anonymous=False)
    assert by_a_function is not None
    assert (by_a_function.status, by_a_function.code) == (503, "08006")


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a", '"a"'),
        ('a"b', '"a""b"'),
        ('"', '""""'),
        ("Ä", '"Ä"'),
        ("a.b; --", '"a.b; --"'),
        ("", '""'),
        ("\\", '"\\"'),
    ],
)
def test_quoted_identifiers(name: str, quoted: str) -> None:
    assert quote_identifier(name) == quoted


@pytest.mark.parametrize("name", ["\0", "a\0b", "\udc80", "x\ud800"])
def test_what_no_identifier_can_be(name: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        quote_identifier(name)
    assert (refused.value.status, refused.value.code) == (400, "22021")


@pytest.mark.parametrize(
    ("version", "refused"),
    [
        (140014, True), (150008, True), (150009, False), (150018, False), (160004, True), (160005, False),
        (170000, True), (170001, False), (180000, False), (190001, False), (90600, True),
    ],
)  # fmt: skip
def test_server_versions(version: int, refused: bool) -> None:
    assert (refuse_server_version(version) is not None) == refused
