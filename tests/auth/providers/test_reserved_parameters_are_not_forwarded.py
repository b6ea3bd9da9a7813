"""What a link to `/authorize` may say to the provider, and what it may not (T20)."""

from __future__ import annotations

import pytest

from gateway.auth.providers import forwarded


@pytest.mark.parametrize(
    "name",
    [
        *("client_id", "CLIENT_SECRET", "Redirect_Uri", "response_type", "response_mode", "STATE", "scope", "nonce"),
        *("code_challenge", "Code_Challenge_Method", "code_verifier", "request", "request_uri", "registration"),
        *("claims", "provider", "scopes", "redirect_to", "apikey", "skip_http_redirect", "sb_flow_id"),
        *("", "a b", "a\r\nb", "é", "x" * 65, "state\x00", "\uff53tate", "a[b]"),
    ],
)
def test_names_that_stay_here(name: str) -> None:
    assert forwarded([(name, "evil")]) == ()


@pytest.mark.parametrize("name", ["access_type", "prompt", "login_hint", "hd", "allow_signup", "ui_locales"])
def test_names_that_go_on(name: str) -> None:
    assert forwarded([(name, "a b&c=é")]) == ((name, "a b&c=é"),)


@pytest.mark.parametrize("value", ["a\r\nb", "\x00", "x" * 1025])
def test_values_that_stay_here(value: str) -> None:
    assert forwarded([("prompt", value)]) == ()


def test_each_goes_once_and_not_too_many() -> None:
    assert forwarded([("prompt", "a"), ("PROMPT", "b"), ("prompt", "c")]) == (("prompt", "a"),)
    assert len(forwarded([(f"p{number}", "x") for number in range(500)])) == 20
