"""Which overload a call means: names decide, types never; and what is said when none or many fit."""

from __future__ import annotations

import pytest

from gateway.rest.errors import RestError
from gateway.rest.grammar.query import Argument, parse_shape, read_query
from gateway.rest.plan.functions import call_by_get, computed_fields, find_function
from gateway.rest.plan.model import CallArgument
from tests.rest.catalogs import LIBRARY, name, tree


def arguments(query: str) -> tuple[Argument, ...]:
    return parse_shape(read_query(query, call=True).shape).arguments


@pytest.mark.parametrize(
    ("function", "keys", "parameters"),
    [
        ("books_since", "year", ["year", "lang"]),
        ("books_since", "year lang", ["year", "lang"]),
        ("total", "amounts", ["amounts"]),
        ("close_all", "", []),
        ("found", "q", ["q"]),
        ("found", "q lang", ["q", "lang"]),
    ],
)
def test_found(function: str, keys: str, parameters: list[str]) -> None:
    found = find_function(LIBRARY, name(function), frozenset(keys.split()))
    assert [parameter.name for parameter in found.parameters] == parameters


@pytest.mark.parametrize(
    ("function", "keys", "message", "searched", "hint"),
    [
        ("books_since", "lang", "api.books_since(lang)", "with parameter lang", "api.books_since(lang, year)"),
        ("books_since", "", "api.books_since without parameters", "without parameters", None),
        (
            "books_since",
            "year lang zz",
            "api.books_since(lang, year, zz)",
            "with parameters lang, year, zz",
            "api.books_since(lang, year)",
        ),
        ("close_all", "x", "api.close_all(x)", "with parameter x", "api.close_all()"),
        ("close_al", "", "api.close_al without parameters", "without parameters", "api.close_all"),
        ("xyzzy", "", "api.xyzzy without parameters", "without parameters", None),
    ],
)
def test_not_found(function: str, keys: str, message: str, searched: str, hint: str | None) -> None:
    with pytest.raises(RestError) as refused:
        find_function(LIBRARY, name(function), frozenset(keys.split()))
    error = refused.value
    assert (error.status, error.code) == (404, "PGRST202")
    assert error.message == f"Could not find the function {message} in the schema cache"
    assert error.details == (
        f"Searched for the function api.{function} {searched}, but no matches were found in the schema cache."
    )
    if hint is not None:
        assert error.hint == f"Perhaps you meant to call the function {hint}"


def test_types_do_not_tell_overloads_apart() -> None:
    with pytest.raises(RestError) as refused:
        find_function(LIBRARY, name("twice"), frozenset({"a"}))
    error = refused.value
    assert (error.status, error.code, error.details) == (300, "PGRST203", None)
    assert error.message == (
        "Could not choose the best candidate function between: api.twice(a => int4), api.twice(a => text)"
    )
    assert error.hint == (
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved"
    )


@pytest.mark.parametrize(
    ("function", "query", "given"),
    [
        ("books_since", "year=1&lang=fr", (CallArgument("year", "int4", (0,)), CallArgument("lang", "text", (1,)))),
        ("books_since", "lang=fr&year=1", (CallArgument("year", "int4", (1,)), CallArgument("lang", "text", (0,)))),
        ("books_since", "year=1&year=2", (CallArgument("year", "int4", (1,)),)),
        (
            "books_since",
            "year=1&title=eq.x&lang=fr",
            (CallArgument("year", "int4", (0,)), CallArgument("lang", "text", (2,))),
        ),
        ("total", "amounts=1&amounts=2", (CallArgument("amounts", "int4[]", (0, 1), variadic=True),)),
        ("close_all", "", ()),
    ],
)
def test_arguments(function: str, query: str, given: tuple[CallArgument, ...]) -> None:
    asked = arguments(query)
    found = find_function(LIBRARY, name(function), frozenset(argument.name for argument in asked))
    assert call_by_get(found, asked).arguments == given


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("select=id,full_name", ("full_name",)),
        ("select=id&full_name=eq.x&order=rank.desc", ("full_name", "rank")),
        ("or=(a.eq.1,and(b.eq.2,id.eq.3))", ("a", "b")),
        ("select=*,count", ()),
        ("select=authors(id)&authors=not.is.null&authors.x=eq.1", ()),
    ],
)
def test_computed_fields_of_the_result_are_known(query: str, fields: tuple[str, ...]) -> None:
    assert computed_fields(tree(query, call=True), LIBRARY) == fields
