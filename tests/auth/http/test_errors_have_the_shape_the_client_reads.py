"""Both shapes of errors, chosen by the version header, and what other rooms' errors become."""

from __future__ import annotations

import inspect
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.auth import errors, flow_errors
from gateway.auth.error_answers import AuthErrors, answer, hides, speaks_new
from gateway.auth.errors import AuthError, OAuthError
from gateway.bus.errors import BusUnavailable, Reason
from gateway.database.errors import ConnectionLost, DatabaseError, PoolTimeout
from gateway.errors import GatewayError
from gateway.identity import (
    AnonymousDisabled,
    ApiKeyRefused,
    ClaimsRefused,
    RoleRefused,
    TokenKeyMissing,
    UndecodableToken,
)
from gateway.web import Request
from gateway.web.errors import (
    BodyTimeout,
    BodyTooLarge,
    HeadersTooLarge,
    InternalError,
    MethodNotAllowed,
    RequestMalformed,
    RouteUnknown,
    TooManyBodies,
)

NEW = "2024-01-01"


def shape(error: GatewayError, version: str | None = NEW) -> dict[str, Any]:
    return json.loads(answer(error, version, "req-1")[2])


def test_the_new_shape_to_the_byte() -> None:
    status, headers, body = answer(errors.invalid_credentials(), NEW, "req-1")
    assert status == 400
    assert body == (
        b'{"code":"invalid_credentials","message":"Invalid login credentials","error_code":"invalid_credentials"}'
    )
    assert headers == {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Supabase-Api-Version": "2024-01-01",
        "x-sb-error-code": "invalid_credentials",
    }


def test_the_old_shape_to_the_byte() -> None:
    status, headers, body = answer(errors.email_exists(), None, "req-1")
    assert status == 422
    assert body == (
        b'{"code":422,"error_code":"email_exists","msg":"A user with this email address has already been registered"}'
    )
    assert "X-Supabase-Api-Version" not in headers
    assert headers["x-sb-error-code"] == "email_exists"


@pytest.mark.parametrize(
    ("version", "new"),
    [
        ("2024-01-01", True),
        ("2024-06-30", True),
        ("9999-12-31", True),
        ("2023-12-31", False),
        ("0000-01-01", False),
        (None, False),
        ("", False),
        ("2024", False),
        ("20240101", False),
        ("2024-W01-1", False),
        ("2024-13-01", False),
        ("2025-02-29", False),
        ("2024-01-01 ", False),
        ("2024-01-01\n", False),
        ("\u0662\u0660\u0662\u0664-01-01", False),
        ("tomorrow", False),
    ],
)
def test_the_version_chooses_the_shape(version: str | None, new: bool) -> None:
    assert speaks_new(version) is new
    assert ("message" in shape(errors.not_admin(), version)) is new


@pytest.mark.parametrize("version", [NEW, None])
def test_a_weak_password_has_its_reasons(version: str | None) -> None:
    found = shape(errors.weak_password(["length", "characters"], "Too weak"), version)
    assert found["weak_password"] == {"reasons": ["length", "characters"]}
    assert "weak_password" not in shape(errors.same_password(), version)


def test_the_shape_of_oauth_has_no_code() -> None:
    status, headers, body = answer(OAuthError("Bad ID token"), NEW, "req-1")
    assert (status, json.loads(body)) == (400, {"error": "invalid request", "error_description": "Bad ID token"})
    assert headers["Cache-Control"] == "no-store"
    assert "x-sb-error-code" not in headers


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BodyTooLarge(1), 413, "request_entity_too_large"),
        (BodyTimeout(), 408, "request_timeout"),
        (TooManyBodies(), 503, "temporarily_unavailable"),
        (HeadersTooLarge(8), 431, "headers_too_large"),
        (RequestMalformed(), 400, "validation_failed"),
        (GatewayError(400, "bad_request", "Bad Request"), 400, "validation_failed"),
        (RouteUnknown(), 404, "not_found"),
        (MethodNotAllowed("PUT", "GET"), 405, "method_not_allowed"),
        (UndecodableToken("Expected 3 parts in JWT; got 1"), 403, "bad_jwt"),
        (ClaimsRefused("JWT expired"), 403, "bad_jwt"),
        (RoleRefused("none"), 403, "bad_jwt"),
        (AnonymousDisabled(), 401, "no_authorization"),
        (ApiKeyRefused.missing(), 401, "no_api_key"),
        (ApiKeyRefused.unknown(), 401, "invalid_api_key"),
        (TokenKeyMissing(), 500, "unexpected_failure"),
        (InternalError("req-1"), 500, "unexpected_failure"),
        (ConnectionLost("server closed the connection"), 503, "temporarily_unavailable"),
        (BusUnavailable(Reason.BUSY), 503, "temporarily_unavailable"),
        (PoolTimeout(), 504, "request_timeout"),
        (DatabaseError(409, "23505", "duplicate key value violates ..."), 500, "unexpected_failure"),
        (DatabaseError(403, "42501", "permission denied for table users"), 500, "unexpected_failure"),
        (DatabaseError(400, "bad_request", "a trigger may name its code"), 500, "unexpected_failure"),
        (DatabaseError(302, "X", "a trigger may name its status"), 500, "unexpected_failure"),
    ],
)
def test_errors_of_other_rooms(error: GatewayError, status: int, code: str) -> None:
    for version in (NEW, None):
        told, headers, body = answer(error, version, "req-1")
        assert told == status
        assert headers["x-sb-error-code"] == code
        assert json.loads(body)["error_code"] == code


@pytest.mark.parametrize(
    "error",
    [
        DatabaseError(400, "P0001", "inner-secret", details="inner-secret", hint="inner-secret"),
        ConnectionLost("inner-secret"),
        GatewayError(500, "inner-secret", "inner-secret", headers={"X-Inner": "inner-secret"}),
        GatewayError(599, "inner-secret", "inner-secret"),
    ],
)
def test_faults_tell_nothing_of_the_inside(error: GatewayError) -> None:
    for version in (NEW, None):
        assert "inner-secret" not in repr(answer(error, version, "req-1"))


def test_faults_tell_the_id_under_which_they_are_logged() -> None:
    assert shape(errors.saving_user_failed(), None) == {
        "code": 500,
        "error_code": "unexpected_failure",
        "msg": "Database error saving new user",
        "error_id": "req-1",
    }
    assert shape(errors.saving_user_failed())["error_id"] == "req-1"
    assert "error_id" not in shape(errors.not_admin(), None)


def test_headers_that_clients_need_are_kept() -> None:
    assert answer(errors.over_email_send_rate_limit(42), NEW, "")[1]["Retry-After"] == "42"
    assert answer(errors.over_request_rate_limit(0), NEW, "")[1]["Retry-After"] == "1"
    assert answer(MethodNotAllowed("PUT", "GET"), NEW, "")[1]["Allow"] == "GET"
    assert answer(ApiKeyRefused.missing(), NEW, "")[1]["WWW-Authenticate"] == "Bearer"
    assert answer(BusUnavailable(Reason.BUSY, retry_after=3), NEW, "")[1]["Retry-After"] == "3"


def test_an_api_key_is_refused_with_a_message_and_a_hint() -> None:
    found = shape(ApiKeyRefused.missing())
    assert found["message"] == "No API key found in request"
    assert "apikey" in found["hint"]


def test_a_message_with_half_a_surrogate_pair_is_still_an_answer() -> None:
    assert b"\xed" not in answer(errors.validation_failed("\ud800"), NEW, "")[2]


def test_a_code_cannot_inject_a_header() -> None:
    headers = answer(AuthError(400, "a\r\nX-Evil: 1", "m"), NEW, "")[1]
    assert headers["x-sb-error-code"] == "a??X-Evil: 1"


def test_hidden_faults_are_recorded_and_others_are_not() -> None:
    recorded: list[BaseException] = []
    render = AuthErrors(lambda _, error: recorded.append(error))
    request = cast("Request", SimpleNamespace(headers={"X-Supabase-Api-Version": NEW}, id="req-9"))
    hidden = DatabaseError(409, "23505", "duplicate key")
    for error in (hidden, errors.not_admin(), InternalError("req-9"), ConnectionLost("x"), BodyTooLarge(1)):
        response = render(error, request)
        assert response.headers["X-Supabase-Api-Version"] == NEW
    assert recorded == [hidden]
    assert json.loads(render(hidden, request).body)["error_id"] == "req-9"
    assert AuthErrors()(hidden, request).status == 500


def _made(make: Any) -> AuthError:
    values = {"seconds": 5, "reasons": ["length"], "allow": "GET"}
    required = [
        parameter for parameter in inspect.signature(make).parameters.values() if parameter.default is parameter.empty
    ]
    return make(**{each.name: values.get(each.name, "x") for each in required})


FACTORIES = [
    make
    for module in (errors, flow_errors)
    for name, make in vars(module).items()
    if inspect.isfunction(make) and make.__module__ == module.__name__
]

OFFICIAL = {
    400: "validation_failed bad_json invalid_credentials email_not_confirmed phone_not_confirmed user_banned "
    "refresh_token_not_found refresh_token_already_used session_not_found session_expired bad_code_verifier "
    "bad_oauth_state bad_oauth_callback flow_state_already_used oauth_provider_not_supported oauth_invalid_state "
    "email_provider_disabled phone_provider_disabled reauthentication_needed current_password_required "
    "current_password_invalid email_address_invalid email_address_not_authorized provider_disabled",
    401: "no_authorization insufficient_aal",
    403: "bad_jwt user_not_found session_not_found not_admin otp_expired no_authorization",
    404: "flow_state_not_found user_not_found mfa_factor_not_found manual_linking_disabled saml_provider_disabled "
    "feature_disabled passkey_disabled not_found",
    405: "method_not_allowed",
    413: "request_entity_too_large",
    422: "weak_password user_already_exists email_exists phone_exists same_password signup_disabled "
    "anonymous_provider_disabled otp_disabled flow_state_expired reauthentication_not_valid user_sso_managed "
    "identity_not_found identity_already_exists single_identity_not_deletable "
    "email_conflict_identity_not_deletable provider_email_needs_verification mfa_factor_name_conflict "
    "too_many_enrolled_mfa_factors mfa_challenge_expired mfa_verification_failed mfa_totp_enroll_not_enabled "
    "mfa_totp_verify_not_enabled email_provider_disabled phone_provider_disabled",
    429: "over_request_rate_limit over_email_send_rate_limit",
    500: "unexpected_failure",
    503: "temporarily_unavailable",
    504: "request_timeout",
}


def test_the_catalogue_is_the_official_table() -> None:
    made = {(error.status, error.code) for error in map(_made, FACTORIES)}
    assert made == {(status, code) for status, codes in OFFICIAL.items() for code in codes.split()}


@pytest.mark.parametrize("make", FACTORIES, ids=lambda make: make.__name__)
def test_no_business_error_makes_clients_try_again(make: Any) -> None:
    error = _made(make)
    retried = error.status in {500, 501, 502, 503, 504} or 520 <= error.status <= 530
    assert retried == (error.code in {"unexpected_failure", "temporarily_unavailable", "request_timeout"})
    assert not hides(error)
    assert error.message
