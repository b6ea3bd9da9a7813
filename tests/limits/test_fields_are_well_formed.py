"""RateLimit-Policy and RateLimit are lists of strings with parameters (RFC 9651), whatever limits are called."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Limit, Rate, Standing, Verdict
from gateway.web import rate_limit_fields

ITEM = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"(?:;[a-z][a-z-]*=(?:[0-9]{1,15}|"[a-z]+"))*'


def standing(name: str, *, refused: bool = False, unit: str = "requests") -> Standing:
    return Standing(Limit(name, Rate(10, 60, 5), "test", unit), 3, 1_500_000, refused)


@pytest.mark.parametrize(
    ("name", "written"),
    [("reads", '"reads"'), ('public."x', '"public.\\"x"'), ("a\\b", '"a\\\\b"'), ("café\r\nX: y", '"caf???X: y"')],
)
def test_names(name: str, written: str) -> None:
    assert rate_limit_fields(Verdict(True, [standing(name)])) == {
        "RateLimit-Policy": f"{written};q=10;w=60;passerelle-burst=5",
        "RateLimit": f"{written};r=3;t=2",
    }


def test_a_refusal_names_who_refused() -> None:
    fields = rate_limit_fields(Verdict(False, [standing("a"), standing("b", refused=True, unit="rows")], 3))
    assert fields["RateLimit-Policy"] == '"a";q=10;w=60;passerelle-burst=5, "b";q=10;qu="rows";w=60;passerelle-burst=5'
    assert fields["RateLimit"] == '"b";r=3;t=2'


def test_nothing_limited_nothing_said() -> None:
    assert rate_limit_fields(Verdict(True, ())) == {}


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_names(names: list[str]) -> None:
    for text in rate_limit_fields(Verdict(True, [standing(name) for name in names])).values():
        assert re.fullmatch(f"{ITEM}(?:, {ITEM})*", text)
