"""A query string: what wins among duplicates, what is ignored, what is shape and what is value."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from gateway.rest.errors import RestError
from gateway.rest.grammar.order import parse_names, parse_order
from gateway.rest.grammar.query import Argument, Clauses, parse_shape, read_query
from gateway.rest.grammar.syntax import OrderTerm
from tests.rest.grammar.syntax_words import by, column, text_key, where

ORDERS: list[tuple[str, tuple[OrderTerm, ...]]] = [
    ("id", (by("id"),)),
    ("id.asc", (by("id", descending=False),)),
    ("id.desc,name", (by("id", descending=True), by("name"))),
    (" id , name ", (by("id"), by("name"))),
    ("id.desc.nullslast", (by("id", descending=True, nulls_first=False),)),
    ("id.nullsfirst", (by("id", nulls_first=True),)),
    ("data->a->>b.desc", (by("data", *(parse_order("data->a->>b")[0].field.path), descending=True),)),
    ("data->>n.asc", (by("data", text_key("n"), descending=False),)),
    ("rel(id)", (by("id", relation="rel"),)),
    ("rel( id ).desc.nullsfirst", (by("id", relation="rel", descending=True, nulls_first=True),)),
    ('"a.b","c,d".desc', (by("a.b"), by("c,d", descending=True))),
    ("asc.desc", (by("asc", descending=True),)),
]


def read(raw: str, *, call: bool = False) -> tuple[Clauses, tuple[str, ...]]:
    query = read_query(raw, call=call)
    return parse_shape(query.shape), query.values


@pytest.mark.parametrize(("text", "terms"), ORDERS, ids=[text for text, _ in ORDERS])
def test_order(text: str, terms: tuple[OrderTerm, ...]) -> None:
    assert parse_order(text) == terms


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ("a",)),
        ("a,b", ("a", "b")),
        ("a , b c", ("a", "b c")),
        ('"a","b,c"', ("a", "b,c")),
        ("a.b,c", ("a",)),  # like PostgREST, which does not look beyond what it could read
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert parse_names("columns", text) == names


@pytest.mark.parametrize(
    ("raw", "clauses"),
    [
        ("", Clauses((column("*"),))),
        ("&&", Clauses((column("*"),))),
        ("id", Clauses((column("*"),))),
        ("select", Clauses((column("*"),))),
        ("select=", Clauses((column("*"),))),
        ("select=a&select=b", Clauses((column("a"),))),
        ("columns=a&columns=b&on_conflict=c", Clauses((column("*"),), columns=("a",), on_conflict=("c",))),
        ("order=a&order=b", Clauses((column("*"),), orders=(((), (by("a"),)),))),
        ("r.order=a&order=b", Clauses((column("*"),), orders=((("r",), (by("a"),)), ((), (by("b"),))))),
        ("r.s.limit=5&r.offset=2", Clauses((column("*"),), limits={("r", "s"): 0}, offsets={("r",): 1})),
        ("r.limit=x&r.offset=0&r.offset=-3", Clauses((column("*"),))),
        ("a.b.c=eq.1", Clauses((column("*"),), conditions=((("a", "b"), where("c", 0)),))),
        ('"a.b".c=eq.1', Clauses((column("*"),), conditions=((("a.b",), where("c", 0)),))),
        ("a=eq.1&a=eq.2", Clauses((column("*"),), conditions=(((), where("a", 0)), ((), where("a", 1))))),
        (
            "a.data->>k=eq.1",
            Clauses((column("*"),), conditions=((("a",), where("data", 0, text_key("k"))),)),
        ),
        ("a%20b=eq.1", Clauses((column("*"),), conditions=(((), where("a b", 0)),))),
        ("a+b=eq.1", Clauses((column("*"),), conditions=(((), where("a b", 0)),))),
    ],
)
def test_clauses(raw: str, clauses: Clauses) -> None:
    assert read(raw)[0] == clauses


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ("a=eq.1+2%2B3", ("1 2+3",)),
        ("a=eq.x%26y%3Dz", ("x&y=z",)),
        ("a=eq.x=y=z", ("x=y=z",)),
        ("a=eq.%C3%A9t%C3%A9", ("été",)),
        ("a=eq.%25", ("%",)),
        ("a=eq.%zz", ("%zz",)),
        ("a=is.null&b=eq.1", ("1",)),
        ("or=(a.eq.1,b.eq.2)&c=in.(3,4)&r.limit=5", ("1", "2", '{"3","4"}', "5")),
        ("r.limit=5&a=eq.1", ("1", "5")),
        ("r.limit=5&r.limit=6", ("6",)),
    ],
)
def test_values(raw: str, values: tuple[str, ...]) -> None:
    assert read(raw)[1] == values


@pytest.mark.parametrize(
    ("raw", "limit", "offset"),
    [
        ("limit=5&offset=2", 5, 2),
        ("limit=5&limit=6&offset=1&offset=2", 6, 2),
        ("limit=0", 0, 0),
        ("limit=-1&offset=-1", -1, 0),
        ("limit=x&offset=y", None, 0),
        ("limit=1.5&offset=0x1", None, 0),
        ("limit=+5", 5, 0),  # the plus is a blank
        ("limit=%2B5", None, 0),
        ("limit=", None, 0),
        ("limit=9223372036854775807", 9223372036854775807, 0),
        ("limit=9223372036854775808&offset=99999999999999999999", None, 0),
        ("limit=\u0665", None, 0),
        (f"limit={'9' * 10_000}", None, 0),
    ],
)
def test_ranges_of_the_root(raw: str, limit: int | None, offset: int) -> None:
    query = read_query(raw)
    assert (query.limit, query.offset) == (limit, offset)
    assert (query.shape, query.values) == ((), ())


@pytest.mark.parametrize(
    ("raw", "arguments", "values"),
    [
        ("a=1&b=x", (Argument("a", 0), Argument("b", 1)), ("1", "x")),
        ("a=1&b=eq.2&c=3", (Argument("a", 0), Argument("c", 2)), ("1", "2", "3")),
        ("a=&b=in.x", None, None),
        ("v=1&v=2", (Argument("v", 0), Argument("v", 1)), ("1", "2")),
        ("p.a=1", (Argument("a", 0),), ("1",)),
        ("a=not.a.filter", (Argument("a", 0),), ("not.a.filter",)),
        ("a=", (Argument("a", 0),), ("",)),
    ],
)
def test_what_is_no_filter_is_an_argument(
    raw: str, arguments: tuple[Argument, ...] | None, values: tuple[str, ...] | None
) -> None:
    if arguments is None:
        with pytest.raises(RestError, match=r"failed to parse filter \(in\.x\)"):
            read(raw, call=True)
        return
    clauses, found = read(raw, call=True)
    assert (clauses.arguments, found) == (arguments, values)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("", ""),
        ("b=eq.1&a=eq.2", "a=eq.2&b=eq.1"),
        ("select=id,name&limit=2", "limit=2&select=id%2Cname"),
        ("a=eq.x+y%2Bz", "a=eq.x%20y%2Bz"),
        ("a=eq.-_.~", "a=eq.-_.~"),
        ("a=eq.%C3%A9", "a=eq.%C3%A9"),
        ("a", "a="),
        ("b=eq.1&a=eq.2&b=eq.0", "a=eq.2&b=eq.1&b=eq.0"),
    ],
)
def test_canonical_form_is_sorted_by_key_and_encoded_anew(raw: str, canonical: str) -> None:
    assert read_query(raw).canonical == canonical


@pytest.mark.parametrize(
    ("raw", "details"),
    [
        ("a=eq.%FF", "the query string is not valid UTF-8"),
        ("%C3=eq.1", "the query string is not valid UTF-8"),
        ("a=eq.%ED%A0%80", "the query string is not valid UTF-8"),  # an encoded surrogate
        ("a=eq.%00", "the query string contains a NUL character"),
        ("a%00=eq.1", "the query string contains a NUL character"),
        ("select=%00", "the query string contains a NUL character"),
        ("a=eq.\0", "the query string contains a NUL character"),
        ("a=eq.\udcff", "the query string is not valid UTF-8"),
    ],
)
def test_what_is_no_text_for_postgresql_is_refused(raw: str, details: str) -> None:
    with pytest.raises(RestError) as refused:
        read_query(raw)
    assert (refused.value.code, refused.value.details) == ("PGRST100", details)


@pytest.mark.parametrize("length", [100, 60_000])
def test_long_queries_are_read_like_short_ones(length: int) -> None:
    value: Any = "x" * length
    assert read_query(f"a=eq.{quote(value)}&or=(b.eq.{value})").values == (value, value)
