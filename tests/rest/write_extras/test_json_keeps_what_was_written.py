"""Bodies that are taken apart: numbers come out as they went in, whatever their size."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rest.errors import RestError
from gateway.rest.exact_json import Number, parse, text_of

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,60})(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS.map(Number),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@given(VALUES)
def test_what_is_written_is_read(value: object) -> None:
    text = text_of(value)  # type: ignore[arg-type]
    assert parse(text) == value
    json.loads(text)


@given(NUMBERS)
def test_numbers_are_not_touched(number: str) -> None:
    assert text_of(parse(f'{{"n": [{number}]}}')) == f'{{"n":[{number}]}}'


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"NaN", b"[Infinity]", b"01", b'"\xff"', b'"\\ud800"', b'{"a":1,}', b"\xef\xbb\xbf1", b"[" * 9999],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(RestError) as refused:
        parse(body)
    assert refused.value.code == "PGRST102"


def test_depth_is_bounded() -> None:
    with pytest.raises(RestError):
        text_of(parse(b"[" * 500 + b"]" * 500))
