"""The URLs at the end of a flow, letter by letter, and that no value leaves its parameter."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import errors, flow_errors
from gateway.auth.redirect_urls import Tokens, code_url, error_url, message_url, tokens_url
from gateway.auth.weburl import read_url
from gateway.database.errors import DatabaseError
from gateway.errors import GatewayError, Unavailable

HOME = read_url("https://x.example/cb?next=%2Fa&sb_flow_id=1#/route")
TOKENS = Tokens("ey.J.x", "r-1", 3600)


def test_the_implicit_flow() -> None:
    tokens = Tokens("ey.J.x", "r-1", 3600, expires_at=1767326645, kind="signup")
    assert tokens_url(HOME, tokens) == (
        "https://x.example/cb?next=%2Fa&sb_flow_id=1#access_token=ey.J.x&expires_at=1767326645&expires_in=3600"
        "&refresh_token=r-1&sb=&token_type=bearer&type=signup"
    )


def test_the_implicit_flow_after_a_provider() -> None:
    tokens = Tokens("a", "r", 60, provider_token="gho_/+", provider_refresh_token="1//x")
    assert tokens_url(read_url("https://x.example"), tokens) == (
        "https://x.example#access_token=a&expires_in=60&provider_refresh_token=1%2F%2Fx&provider_token=gho_%2F%2B"
        "&refresh_token=r&sb=&token_type=bearer"
    )


@pytest.mark.parametrize(
    ("destination", "url"),
    [
        ("https://x.example", "https://x.example?code=c-1"),
        ("https://x.example/cb", "https://x.example/cb?code=c-1"),
        ("https://x.example/cb?", "https://x.example/cb?code=c-1"),
        ("https://x.example/cb?a=1&b[]=%2f&c", "https://x.example/cb?a=1&b[]=%2f&c&code=c-1"),
        ("https://x.example/cb?code=evil&a=1", "https://x.example/cb?a=1&code=c-1"),
        ("https://x.example/cb?c%6fde=evil", "https://x.example/cb?code=c-1"),
        ("https://x.example/cb?error=old&access_token=evil", "https://x.example/cb?code=c-1"),
        ("https://x.example/cb#/route", "https://x.example/cb?code=c-1#/route"),
        ("myapp://cb", "myapp://cb?code=c-1"),
        ("com.example.app:/cb?a=1", "com.example.app:/cb?a=1&code=c-1"),
    ],
)
def test_pkce_keeps_the_query(destination: str, url: str) -> None:
    assert code_url(read_url(destination), "c-1") == url


def test_a_session_that_somebody_put_into_the_query_does_not_win_over_the_real_one() -> None:
    planted = read_url("https://x.example/?access_token=evil&refresh_token=evil&expires_in=1&token_type=bearer&a=1")
    assert tokens_url(planted, TOKENS).startswith("https://x.example/?a=1#access_token=ey.J.x&")
    assert message_url(planted, "m", in_query=False) == "https://x.example/?a=1#message=m&sb="


def test_a_message() -> None:
    text = "Confirmation link accepted"
    assert message_url(HOME, text, in_query=False) == (
        "https://x.example/cb?next=%2Fa&sb_flow_id=1#message=Confirmation+link+accepted&sb="
    )
    assert message_url(HOME, text, in_query=True) == (
        "https://x.example/cb?next=%2Fa&sb_flow_id=1&message=Confirmation+link+accepted"
        "#message=Confirmation+link+accepted&sb="
    )


EXPIRED = "error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired"


@pytest.mark.parametrize(
    ("in_query", "in_fragment", "url"),
    [
        (False, True, f"https://x.example/cb?a=1#{EXPIRED}&sb="),
        (True, True, f"https://x.example/cb?a=1&{EXPIRED}#{EXPIRED}&sb="),
        (True, False, f"https://x.example/cb?a=1&{EXPIRED}"),
    ],
)
def test_an_error(in_query: bool, in_fragment: bool, url: str) -> None:
    destination = read_url("https://x.example/cb?a=1&error=stale")
    assert error_url(destination, errors.link_expired(), in_query=in_query, in_fragment=in_fragment) == url


@pytest.mark.parametrize(
    ("error", "word", "code"),
    [
        (flow_errors.bad_oauth_state(), "invalid_request", "bad_oauth_state"),
        (errors.no_authorization(), "unauthorized_client", "no_authorization"),
        (errors.otp_expired(), "access_denied", "otp_expired"),
        (errors.signup_disabled(), "access_denied", "signup_disabled"),
        (flow_errors.identity_already_exists(), "invalid_request", "identity_already_exists"),
        (errors.saving_user_failed(), "server_error", "unexpected_failure"),
        (Unavailable("PGRST001", "inner-secret"), "temporarily_unavailable", "temporarily_unavailable"),
        (DatabaseError(409, "23505", "inner-secret"), "server_error", "unexpected_failure"),
    ],
)
def test_the_word_for_an_error(error: GatewayError, word: str, code: str) -> None:
    url = error_url(read_url("https://x.example"), error)
    for part in (urlsplit(url).query, urlsplit(url).fragment):
        told = dict(parse_qsl(part))
        assert (told["error"], told["error_code"]) == (word, code)
    assert "inner-secret" not in url


@given(st.text())
def test_no_value_leaves_its_parameter(text: str) -> None:
    for url in (
        code_url(HOME, text),
        message_url(HOME, text, in_query=True),
        error_url(HOME, errors.validation_failed(text)),
        tokens_url(HOME, Tokens(text, text, 1, kind=text, provider_token=text)),
    ):
        assert url.isascii()
        assert url.isprintable()
        assert " " not in url
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc, parts.path) == ("https", "x.example", "/cb")
        told = parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment, keep_blank_values=True)
        assert text in [value for _, value in told]
        assert {name for name, _ in told} <= {"next", "sb_flow_id", "code", "message", "sb", "/route"} | {
            *("error", "error_code", "error_description", "access_token", "refresh_token", "expires_in"),
            *("provider_token", "token_type", "type"),
        }


def test_half_a_surrogate_pair_is_no_fault() -> None:
    assert code_url(HOME, "\ud800") == "https://x.example/cb?next=%2Fa&sb_flow_id=1&code=%3F#/route"


def test_tokens_are_not_printed() -> None:
    assert "ey.J.x" not in repr(TOKENS)
