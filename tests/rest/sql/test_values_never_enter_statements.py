"""Values are parameters, always: a marker put wherever a value can stand is in no statement's text, and is bound."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from gateway.catalog import Catalog
from gateway.rest.compile import Compiled, CompileRules, compile_call, compile_read, values
from gateway.rest.errors import RestError
from gateway.rest.plan.tree import ReadRules
from gateway.rest.request import Request, Rules, read_request
from tests.rest.catalogs import LIBRARY, REPRESENTED, SCHEMA

MARK = "mArKeR"
HOSTILE = f"'; drop table {MARK}; --\\\" $1 $$ /* {{}} %"

OPERATORS = [
    "eq",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
    "like",
    "ilike",
    "match",
    "imatch",
    "cs",
    "cd",
    "ov",
    "sl",
    "sr",
    "nxr",
    "nxl",
    "adj",
    "isdistinct",
    "fts",
    "plfts",
    "phfts",
    "wfts",
]
QUANTIFIED = [f"{op}({which})" for op in ("eq", "gt", "like", "imatch") for which in ("any", "all")]

PLACES = [
    *(f"title={op}.{{}}" for op in (*OPERATORS, *QUANTIFIED)),
    *(f"title=not.{op}.{{}}" for op in OPERATORS),
    "title=in.({})",
    'title=in.(x,"{}")',
    'title=not.in.("{}","{}")',
    "or=(title.eq.{},year.gt.1)",
    'or=(title.eq."{}",year.in.("{}",2))',
    "and=(not.or(title.like.{},title.cs.{}))",
    "isbn=eq.{}",
    "isbn=in.({},y)",
    "meta->a->>b=eq.{}",
    "select=authors!inner(name),readers(*)&authors.name=eq.{}&readers.name=like.{}",
    "select=authors()&authors=is.null&authors.or=(name.eq.{},name.in.({}))",
    "select=...authors(name)&authors.name=neq.{}",
    "select=similar(title)&similar.title=eq.{}",
    # keys of JSON and text search configurations belong to the shape, and are parameters all the same
    "select=x:meta->{}->>{}",
    "meta->{}=eq.1",
    "order=meta->>{}",
    "title=fts({}).x",
]
KEYS_ONLY = ("select=x:meta->", "meta->{}=eq", "order=meta", "title=fts({})")

CALLS = [
    "/rpc/books_since?year={}&lang={}",
    "/rpc/books_since?year={}&title=eq.{}&limit=1",
    "/rpc/total?amounts={}&amounts={}",
    "/rpc/found?q={}",
]


def asked(target: str, prefer: str, accept: str) -> Request:
    path, _, query = target.partition("?")
    return read_request("GET", path, query, headers={"Accept": accept}, prefer=[prefer], rules=Rules((SCHEMA,)))


def compiled(request: Request, of: Catalog) -> Compiled:
    compile_ = compile_call if request.target.value == "function" else compile_read
    return compile_(request, of, CompileRules(ReadRules(aggregates=True, max_rows=7), plans=True))


def filled(place: str) -> str:
    """The marker in the place; where only letters can stand, nothing but the marker."""
    text = MARK if place.startswith(KEYS_ONLY) or "in.({}" in place or ".({}" in place else HOSTILE
    if place.startswith(("or=", "and=")) or "or=(" in place:
        text = HOSTILE.replace(",", "").replace(")", "")
    inner = text.replace("\\", "\\\\").replace('"', '\\"') if '"{}"' in place else text
    return place.replace("{}", quote(inner))


@pytest.mark.parametrize("accept", ["*/*", "text/csv", "application/vnd.pgrst.plan+json"])
@pytest.mark.parametrize("prefer", ["", "count=exact", "count=estimated"])
@pytest.mark.parametrize("place", [*(f"/books?{place}" for place in PLACES), *CALLS])
def test_marked(place: str, prefer: str, accept: str) -> None:
    path, _, rest = place.partition("?")
    request = asked(f"{path}?{filled(rest)}", prefer, accept)
    found = compiled(request, REPRESENTED)
    bound = found.statement.bind(values(request))
    assert any(MARK in value for value in bound)
    for statement in (found.statement, found.estimate):
        if statement is not None:
            assert MARK not in statement.text
            assert "drop table" not in statement.text
            numbers = {int(number) for number in re.findall(r"\$(\d+)", statement.text)}
            assert numbers == set(range(1, len(statement.bind(values(request))) + 1))


@pytest.mark.parametrize("place", [place for place in PLACES if not place.startswith(KEYS_ONLY)])
def test_other_values_share_the_statement(place: str) -> None:
    one, other = (asked(f"/books?{place.replace('{}', text)}", "", "*/*") for text in ("a", "b"))
    assert compiled(one, LIBRARY).statement == compiled(other, LIBRARY).statement


NAMED = [
    "/books?select={}",
    "/books?select={}:id",
    "/books?{}=eq.1",
    "/books?order={}",
    "/books?or=({}.eq.1)",
    "/books?select=x:authors({})",
    "/books?select={}:authors(name)&{}.name=eq.1&order={}(name)",
    "/books?select=authors(name)&authors.{}=eq.1",
    "/rpc/books_since?year=1&select={}",
    "/rpc/books_since?year=1&{}=eq.1&order={}",
]
NAMES = [
    'a" or 1=1 --',
    '"',
    '""',
    "a'; drop table books; --",
    "$1",
    "$$",
    "/*",
    "a\\",
    "x.y",
    "id) from books; --",
    "é\u2028\u0301",
]


def outside_of_quotes(sql: str) -> str:
    """What remains when quoted identifiers and literals are taken out, as PostgreSQL would read the text."""
    rest: list[str] = []
    at = 0
    while at < len(sql):
        if sql[at] not in "\"'":
            rest.append(sql[at])
            at += 1
            continue
        end = at + 1
        while sql[end] != sql[at] or sql[end : end + 2] == sql[at] * 2:
            end += 2 if sql[end] == sql[at] else 1
        at = end + 1
    return "".join(rest)


@pytest.mark.parametrize("target", NAMED)
@pytest.mark.parametrize("name", NAMES)
def test_names_stay_within_their_quotes(target: str, name: str) -> None:
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    plain = compiled(asked(target.replace("{}", "plain"), "count=exact", "*/*"), LIBRARY)
    hostile = compiled(asked(target.replace("{}", quote(quoted)), "count=exact", "*/*"), LIBRARY)
    assert outside_of_quotes(hostile.statement.text) == outside_of_quotes(plain.statement.text)
    assert hostile.statement.sources == plain.statement.sources


@pytest.mark.parametrize("cast", ["int[]", "numeric(1)", "a.b", '"text"', "int;", "int--", 'text collate "C"', "'x'"])
def test_casts_are_words_only(cast: str) -> None:
    with pytest.raises(RestError, match="failed to parse select parameter"):
        compiled(asked(f"/books?select=id::{quote(cast)}", "", "*/*"), LIBRARY)
