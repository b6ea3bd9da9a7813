"""What a token's claims must satisfy, and the words when they do not (PostgREST docs: "JWT Claims Validation")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.identity import Authenticator, IdentitySettings
from tests.identity.tokens import NOW, SECRET, hs256


def refusal(claims: bytes | dict[str, Any], *, audience: str | None = None, now: float = NOW) -> str | None:
    authenticator = Authenticator(IdentitySettings(jwt_secret=SECRET, jwt_aud=audience), clock=lambda: now)
    refused: GatewayError | None = None
    try:
        authenticator.identify("Bearer " + hs256(claims), None)
    except GatewayError as error:
        refused = error
    if refused is None:
        return None
    assert (refused.status, refused.code, refused.details, refused.hint) == (401, "PGRST303", None, None)
    challenge = f'Bearer error="invalid_token", error_description="{refused.message}"'
    assert refused.headers == {"WWW-Authenticate": challenge}
    return refused.message


def not_a_number(name: str) -> str:
    return f"The JWT '{name}' claim must be a number"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({}, None),
        ({"exp": NOW + 1}, None),
        ({"exp": NOW - 30}, None),
        ({"exp": NOW - 31}, "JWT expired"),
        ({"exp": 0}, "JWT expired"),
        ({"exp": -1}, "JWT expired"),
        ({"exp": float(NOW)}, None),
        ({"exp": NOW + 0.5}, "JWT expired"),  # a fraction reads as 0
        ({"exp": 10**30}, "JWT expired"),  # beyond 64 bits reads as 0
        ({"exp": 2**63 - 1}, None),
        ({"nbf": NOW + 30}, None),
        ({"nbf": NOW + 31}, "JWT not yet valid"),
        ({"nbf": NOW + 31.5}, None),
        ({"iat": NOW + 30}, None),
        ({"iat": NOW + 31}, "JWT issued at future"),
        ({"exp": None, "nbf": None, "iat": None, "aud": None}, None),
        ({"exp": "soon"}, not_a_number("exp")),
        ({"exp": True}, not_a_number("exp")),
        ({"exp": [NOW + 9]}, not_a_number("exp")),
        ({"nbf": "x"}, not_a_number("nbf")),
        ({"iat": {}}, not_a_number("iat")),
        # the first failure is told, in the order exp, nbf, iat, aud
        ({"aud": 1, "iat": "x", "nbf": "x", "exp": 0}, "JWT expired"),
        ({"aud": 1, "iat": "x", "nbf": NOW + 99}, "JWT not yet valid"),
        ({"aud": 1, "iat": "x"}, not_a_number("iat")),
        ({"exp": "x", "nbf": NOW + 99}, not_a_number("exp")),
    ],
)
def test_times(claims: dict[str, Any], message: str | None) -> None:
    assert refusal(claims) == message


@pytest.mark.parametrize(("now", "message"), [(NOW + 30.999, None), (NOW + 31, "JWT expired")])
def test_expiry_is_compared_in_whole_seconds(now: float, message: str | None) -> None:
    assert refusal({"exp": NOW}, now=now) == message


OUTSIDE = "JWT not in audience"
WRONG_TYPE = "The JWT 'aud' claim must be a string or an array of strings"


@pytest.mark.parametrize(
    ("aud", "with_audience", "without"),
    [
        ("us", None, None),
        ("them", OUTSIDE, None),
        ("US", OUTSIDE, None),
        ("", OUTSIDE, None),
        (["them", "us"], None, None),
        (["them"], OUTSIDE, None),
        ([""], OUTSIDE, None),
        ([], None, None),
        (None, None, None),
        ({"us": 1}, WRONG_TYPE, WRONG_TYPE),
        ([{"us": 1}, "us"], WRONG_TYPE, WRONG_TYPE),
        (["us", None], WRONG_TYPE, WRONG_TYPE),
        (7, WRONG_TYPE, WRONG_TYPE),
        (False, WRONG_TYPE, WRONG_TYPE),
    ],
)
def test_audience(aud: Any, with_audience: str | None, without: str | None) -> None:
    assert refusal({"aud": aud}, audience="us") == with_audience
    assert refusal({"aud": aud}) == without


def test_no_audience_claim_is_accepted() -> None:
    assert refusal({"role": "x"}, audience="us") is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"role"',
        b"1",
        b"{",
        b"{} {}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"role":"anon","role":"service_role"}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        '{"role":"x"}'.encode("utf-16"),
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_payloads_that_are_no_single_json_object(payload: bytes) -> None:
    assert refusal(payload) == "Parsing claims failed"


def identity(claims: bytes | dict[str, Any], **settings: Any) -> Any:
    authenticator = Authenticator(IdentitySettings(jwt_secret=SECRET, **settings), clock=lambda: NOW)
    return authenticator.identify("Bearer " + hs256(claims), None)


def test_claims_text_has_everything_and_the_effective_role() -> None:
    caller = identity({"sub": "u-1", "role": "author", "app": {"deep": [1, None, "é"]}, "exp": NOW + 5})
    assert caller.claims == '{"sub":"u-1","role":"author","app":{"deep":[1,null,"é"]},"exp":1800000005}'
    assert (caller.role, caller.subject, caller.anonymous) == ("author", "u-1", False)
    assert caller.expires_at == NOW + 5


@pytest.mark.parametrize(
    "number",
    ["12345678901234567890123456789", "0.1000000000000000055511151231257827", "1.10", "-0", "1e400", "1E5", "1.0"],
)
def test_numbers_keep_every_digit(number: str) -> None:
    caller = identity(b'{"n":' + number.encode() + b',"role":"r"}')
    assert caller.claims == f'{{"n":{number},"role":"r"}}'


def test_no_role_means_the_anonymous_one() -> None:
    caller = identity({"sub": "u-1"}, anon_role="visitor")
    assert (caller.role, caller.anonymous, json.loads(caller.claims)) == (
        "visitor",
        True,
        {"sub": "u-1", "role": "visitor"},
    )


def test_a_token_may_name_the_anonymous_role_itself() -> None:
    assert identity({"role": "anon"}).anonymous


def test_no_role_and_no_anonymous_role() -> None:
    with pytest.raises(GatewayError) as caught:
        identity({"sub": "u-1"}, anon_role=None)
    assert (caught.value.status, caught.value.code, caught.value.message) == (
        401,
        "PGRST302",
        "Anonymous access is disabled",
    )
    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize(
    ("value", "role"),
    [("a b", "a b"), (None, "null"), (True, "true"), (5, "5"), (["x", 1], '["x",1]'), ({"é": 1}, '{"é":1}'), ("", "")],
)
def test_a_role_that_is_no_string_is_taken_as_its_json(value: Any, role: str) -> None:
    caller = identity({"role": value})
    assert caller.role == role
    assert json.loads(caller.claims)["role"] == role


@pytest.mark.parametrize("role", ["none", "a\0b"])
def test_roles_that_would_leave_the_caller_as_the_login_role(role: str) -> None:
    with pytest.raises(GatewayError) as caught:
        identity({"role": role})
    assert (caught.value.status, caught.value.code) == (401, "22023")


def test_a_subject_that_is_no_string_is_none() -> None:
    assert identity({"sub": 5}).subject is None
