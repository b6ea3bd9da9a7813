"""Bodies of every media type: what is taken from them, what is passed on untouched, and what is refused how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rest.errors import RestError
from gateway.rest.payload import FormPayload, JsonPayload, Payload, RawPayload, media_type, read_payload

FORM = "application/x-www-form-urlencoded"
CSV = "text/csv"


def keys(*names: str) -> frozenset[str]:
    return frozenset(names)


def read(body: str | bytes, kind: str | None = None, *, columns: bool = False, call: bool = False) -> Payload:
    return read_payload(body.encode() if isinstance(body, str) else body, kind, columns=columns, call=call)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (None, "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("  Text/CSV ;header=present", "text/csv"),
        ("", "application/json"),
        (";", ""),
    ],
)
def test_media_types(header: str | None, kind: str) -> None:
    assert media_type(header) == kind


JSON: list[tuple[str, bool, frozenset[str]]] = [
    ('{"a": 1, "b": null}', True, keys("a", "b")),
    ('  {"a" :1}\n', True, keys("a")),
    ("{}", True, keys()),
    ('[{"a": 1}, {"a": "x"}]', False, keys("a")),
    ('[{"b": 1, "a": 1}, {"a": 1, "b": 2}]', False, keys("a", "b")),
    ("[{}, {}]", False, keys()),
    ('{"a": {"b": [1]}, "": 2, "é": 3, "a": 4}', True, keys("a", "", "é")),
    ('{"a": 123456789012345678901234567890.5e300}', True, keys("a")),
]


@pytest.mark.parametrize(("body", "is_object", "names"), JSON)
def test_json_is_passed_on_as_it_came(body: str, is_object: bool, names: frozenset[str]) -> None:
    for call in (False, True):
        assert read(body, call=call) == JsonPayload(body, is_object, names)


@pytest.mark.parametrize("body", ["[]", " [ ] ", "null", "3", '"x"', "true"])
def test_what_is_no_row_counts_as_none(body: str) -> None:
    assert read(body) == JsonPayload("[]", is_object=False, keys=keys())


@pytest.mark.parametrize(
    ("body", "is_object"), [("{", True), (' \n{"a"', True), ("[{", False), ("", False), ("nonsense", False)]
)
def test_with_columns_nothing_is_looked_into(body: str, is_object: bool) -> None:
    assert read(body, columns=True) == JsonPayload(body, is_object, None)


def test_an_empty_body_is_a_call_without_arguments() -> None:
    assert read("", call=True) == JsonPayload("{}", is_object=True, keys=keys())


CSVS: list[tuple[str, list[dict[str, str | None]]]] = [
    ("a,b\n1,2", [{"a": "1", "b": "2"}]),
    ("a,b\r\n1,2\r\n3,4\r\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
    ("a\nNULL\nnull\n\n", [{"a": None}, {"a": "null"}]),
    ('a,b\n"NULL",\n', [{"a": None, "b": ""}]),
    ('"a,b"\n"x""y\nz"\n', [{"a,b": 'x"y\nz'}]),
    ("a\n", []),
    ("é\n ☃ \n", [{"é": " ☃ "}]),
]


@pytest.mark.parametrize(("body", "rows"), CSVS)
def test_csv_becomes_rows_of_texts(body: str, rows: list[dict[str, str | None]]) -> None:
    payload = read(body, CSV)
    assert isinstance(payload, JsonPayload)
    header = next(iter(rows), None)
    assert json.loads(payload.text) == rows
    assert not payload.is_object
    if header is not None:
        assert payload.keys == keys(*header)


@given(
    header=st.lists(st.text('abc,é" ', min_size=1).filter(str.strip), min_size=2, max_size=4, unique=True),
    rows=st.lists(st.lists(st.text("ab,\"\n \r;é'\\", max_size=5), min_size=2, max_size=2), max_size=3),
)
def test_csv_survives_quoting(header: list[str], rows: list[list[str]]) -> None:
    names = header[:2]
    lines = [names, *rows]
    body = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    payload = read(body, CSV)
    assert isinstance(payload, JsonPayload)
    assert json.loads(payload.text) == [dict(zip(names, row, strict=True)) for row in rows]


def test_forms() -> None:
    body = "a=1&b=x+y%26&a=2&c="
    as_row = read(body, FORM)
    assert isinstance(as_row, JsonPayload)
    assert (json.loads(as_row.text), as_row.is_object) == ({"a": "2", "b": "x y&", "c": ""}, True)
    assert as_row.keys == keys("a", "b", "c")
    as_call = FormPayload((("a", "1"), ("b", "x y&"), ("a", "2"), ("c", "")))
    assert read(body, FORM, call=True) == as_call


RAW: list[tuple[str, bytes, RawPayload]] = [
    ("text/plain", "a é\n".encode(), RawPayload("text", "a é\n")),
    ("text/plain; charset=x", b"", RawPayload("text", "")),
    ("text/xml", b"<a/>", RawPayload("xml", "<a/>")),
    ("application/octet-stream", b"\x00\xff\\", RawPayload("bytea", "\\x00ff5c")),
]


@pytest.mark.parametrize(("kind", "body", "payload"), RAW)
def test_raw_bodies_of_calls(kind: str, body: bytes, payload: RawPayload) -> None:
    assert read(body, kind, call=True) == payload
    assert refusal(body, kind) == f"Content-Type not acceptable: {kind.partition(';')[0]}"


def refusal(body: str | bytes, kind: str | None = None, **options: Any) -> str:
    with pytest.raises(RestError) as refused:
        read(body, kind, **options)
    error = refused.value
    assert (error.status, error.code, error.details, error.hint) == (400, "PGRST102", None, None)
    return error.message


EMPTY, KEYS = "Empty or invalid json", "All object keys must match"
REFUSED: list[tuple[str | bytes, str | None, str]] = [
    ("", None, EMPTY),
    ("{", None, EMPTY),
    ("{} {}", None, EMPTY),
    ("{'a': 1}", None, EMPTY),
    ("[1,]", None, EMPTY),
    ('{"a": Infinity}', None, EMPTY),
    ('{"a": 01}', None, EMPTY),
    (b'{"a": "\xe9"}', None, EMPTY),
    (b"\xef\xbb\xbf{}", None, EMPTY),
    ('{"a": 1e999} x', None, EMPTY),
    ('{"a": 1e999, "b": NaN}', None, EMPTY),
    ('{"a": "\t"}', None, EMPTY),
    ("[" * 5000 + "]" * 5000, None, EMPTY),
    ("[1]", None, KEYS),
    ("[null]", None, KEYS),
    ("[[]]", None, KEYS),
    ('[{"a": 1}, 1]', None, KEYS),
    ('[{"a": 1}, {}]', None, KEYS),
    ('[{}, {"a": 1}]', None, KEYS),
    ('[{"a": 1}, {"b": 1}]', None, KEYS),
    ('[{"a": 1}, {"A": 1}]', None, KEYS),
    ("a,b\n1", CSV, "All lines must have same number of fields"),
    ("a\n1,2", CSV, "All lines must have same number of fields"),
    ("x", "multipart/form-data", "Content-Type not acceptable: multipart/form-data"),
    ("x", "*/*", "Content-Type not acceptable: */*"),
]


@pytest.mark.parametrize(("body", "kind", "message"), REFUSED)
def test_refused(body: str | bytes, kind: str | None, message: str) -> None:
    assert refusal(body, kind) == message


@pytest.mark.parametrize("body", ["", "\n\n", 'a\n"x', 'a\n"x"y', b"a\n\xff"])
def test_csv_that_is_none(body: str | bytes) -> None:
    assert refusal(body, CSV)


@pytest.mark.parametrize("kind", [FORM, CSV, "text/plain", "text/xml"])
def test_text_that_is_not_utf8(kind: str) -> None:
    assert refusal(b"a=\xff\xfe", kind, call=True) == "The body is not valid UTF-8"


@given(body=st.binary(max_size=40), kind=st.sampled_from([None, CSV, FORM, "text/plain"]), call=st.booleans())
def test_any_bytes_are_read_or_refused(body: bytes, kind: str | None, call: bool) -> None:
    try:
        payload: Payload | RestError = read(body, kind, call=call)
    except RestError as refused:
        payload = refused
    assert not isinstance(payload, RestError) or payload.code == "PGRST102"
