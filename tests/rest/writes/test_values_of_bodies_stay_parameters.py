"""Values of bodies and queries reach PostgreSQL as parameters only, so that one statement serves them all."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rest.compile_write import write_key, write_values
from tests.rest.writes.compiling import FULL, asked, compiled, payload_of

MARK = "zmark"
BODIES: list[tuple[str, str]] = [
    ("POST /books", FULL),
    ("POST /books?columns=title,meta,tags", f"{FULL}, missing=default"),
    ("POST /books", f"{FULL}, resolution=merge-duplicates"),
    ("PATCH /books?title=eq.{}&select=title", FULL),
    ("DELETE /books?title=in.({},x)&meta->>{}=eq.{}", FULL),
    ("PUT /books?id=eq.{}", FULL),
    ("POST /rpc/books_since?title=eq.{}", ""),
    ("POST /rpc/whole", ""),
]
HOSTILE = st.text(alphabet="'\";$\\-/*(){}[]:,ab0 é\n", max_size=12).map(lambda text: MARK + text)


@given(value=HOSTILE, which=st.sampled_from(BODIES))
def test_values_never_enter_statements(value: str, which: tuple[str, str]) -> None:
    do, prefer = which
    encoded = quote(value, safe="")
    request = asked(do.replace("->>{}", "->>k").replace("{}", encoded), prefer or None)
    if request.is_call:
        body: Any = {"year": value} if "books_since" in do else {value: value}
    else:
        body = {"id": value, "title": value, "meta": {value: [value]}, "tags": [value]}
    payload = payload_of(request, body)
    made = compiled(request, payload).statement
    assert MARK not in made.text
    if payload is not None:
        assert any(MARK in str(parameter) for parameter in made.bind(write_values(request, payload)))


@given(first=HOSTILE, second=HOSTILE, which=st.sampled_from(BODIES[:4]))
def test_one_statement_serves_all_values(first: str, second: str, which: tuple[str, str]) -> None:
    """Requests that differ in values only have the same key and text; further keys in the body make another."""
    do, prefer = which
    requests = [asked(do.replace("{}", "x"), prefer) for _ in range(2)]
    payloads = [payload_of(r, {"title": v, "meta": v}) for r, v in zip(requests, (first, second), strict=True)]
    one, other = (write_key(r, p) for r, p in zip(requests, payloads, strict=True))
    assert one == other
    texts = {compiled(r, p).statement.text for r, p in zip(requests, payloads, strict=True)}
    assert len(texts) == 1
    if "columns" not in do:
        assert write_key(requests[0], payload_of(requests[0], {"title": first})) != one


@pytest.mark.parametrize(
    "others",
    [
        ("POST /books?on_conflict=id", FULL, {"id": 1}),
        ("POST /books", "return=minimal", {"id": 1}),
        ("POST /books", f"{FULL}, resolution=merge-duplicates", {"id": 1}),
        ("POST /books", f"{FULL}, missing=default", {"id": 1}),
        ("PATCH /books", FULL, {"id": 1}),
        ("POST /books", FULL, [{"id": 1}]),
        ("POST /books?columns=id", FULL, {"id": 1}),
        ("POST /authors", FULL, {"id": 1}),
    ],
)
def test_what_makes_another_statement_has_another_key(others: tuple[str, str, Any]) -> None:
    plain = asked("POST /books", FULL)
    do, prefer, body = others
    other = asked(do, prefer)
    assert write_key(other, payload_of(other, body)) != write_key(plain, payload_of(plain, {"id": 1}))
