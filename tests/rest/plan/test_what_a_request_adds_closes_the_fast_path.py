"""The fast path is for vouched code. A vouched relation does not help a request that adds what may be a function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.catalog import Catalog, Function, Name, Volatility
from gateway.catalog.model import MediaHandler
from gateway.database import Access
from gateway.rest.compile import Compiled, CompileRules, compile_call, compile_read
from gateway.rest.plan.tree import ReadRules
from gateway.rest.request import Rules, read_request
from tests.rest.catalogs import (
    ISBN,
    ISBN_IN,
    ISBN_OUT,
    LIBRARY,
    RELATIONSHIPS,
    SCHEMA,
    catalog,
    computed,
    function,
    name,
    tree,
)

RULES = ReadRules(aggregates=True)

PLAIN = [
    "",
    "select=id,title",
    "select=*,authors(*),readers(name),sequel_of(title)",
    "select=id::text,year::INT,price::double precision",
    "select=meta->a->>b,tags->0,x:meta->c::int",
    "year=gt.1&or=(title.like.a*,not.and(id.in.(1,2),year.is.null))",
    "body=fts(french).chat&title=plfts.x",
    "order=year.desc,title&limit=3&offset=2",
    "select=authors(name)&order=authors(name)&authors=not.is.null&authors.name=eq.x",
    "select=...authors(name),...readers(name)&readers.order=name",
]

UNKNOWN = [
    "select=id,rank",
    "rank=eq.1",
    "select=authors(count)",
    "select=count",
    "order=rank",
    "select=count(),year.max()",
    "select=id::citext",
]
"""Names that are no column's are functions or types then, and opaque ones are known by name."""

LONG = "x" * 62 + "\u00e9 and more"
OPAQUE = {
    "x" * 62: "a long name",
    "\u00c9trange": "app.\u00c9trange is plpgsql",
    "rank": "rank is plpgsql",
    "count": "app.count is plpgsql",
    "max": "app.max calls app.hidden()",
    "citext": "a cast to citext calls app.hidden()",
}

ADDED = [
    ("select=id,rank", "rank"),
    ("rank=eq.1", "rank"),
    ("or=(id.eq.1,and(year.eq.1,rank.gt.1))", "rank"),
    ("order=rank", "rank"),
    ("select=rank->a", "rank"),
    ("select=authors(rank)", "rank"),
    ("select=...authors(rank)", "rank"),
    ("select=authors(id)&authors.rank=eq.1", "rank"),
    ("select=authors(id)&authors.order=rank", "rank"),
    ("select=authors(id)&order=authors(rank)", "rank"),
    ("select=count", "count"),
    ("select=id::citext", "citext"),
    ("select=id::CITEXT", "citext"),
    ("select=authors(name::citext)", "citext"),
    ("select=year.max()::citext,id", "max"),
    ("select=year.min()::citext,id", "citext"),
    ("select=count()", "count"),
    ("select=authors(count())", "count"),
    ("select=year.max()", "max"),
    # an embed's name is no shield: in a select list or a filter it still means a column, or a function
    ("select=id,rank:authors(id)&rank=eq.1", "rank"),
    ("select=rank,rank:authors(id)", "rank"),
    # PostgreSQL cuts names after 63 bytes, folds only ASCII letters, and knows two ways to say array
    (f"select={LONG}", "x" * 62),
    (f"{LONG}=eq.1", "x" * 62),
    (f"select=id::{LONG}", "x" * 62),
    ("select=title::citext array", "citext"),
    ("select=title::CiText  Array", "citext"),
    ("select=title::\u00c9trange", "\u00c9trange"),
    ("select=year.min()::citext array,id", "citext"),
]


@pytest.mark.parametrize("query", PLAIN)
def test_plain_reads_take_the_fast_path(query: str) -> None:
    assert tree(query, rules=RULES).opaque is None


@pytest.mark.parametrize(("query", "reason"), ADDED, ids=[query for query, _ in ADDED])
def test_additions_of_the_request_close_it(query: str, reason: str) -> None:
    some = replace(LIBRARY, opaque_names=OPAQUE)
    assert tree(query, rules=RULES, of=some).opaque == OPAQUE[reason]


@pytest.mark.parametrize("query", UNKNOWN)
def test_other_names_that_are_no_columns_do_not(query: str) -> None:
    assert tree(query, rules=RULES).opaque is None


def test_array_types_by_their_own_name_close_it() -> None:
    assert tree("select=tags::_citext", rules=RULES).opaque == "_citext may be an array type"


def opaque_at(relation: str, reason: str) -> Catalog:
    relations = {
        each.name: replace(each, opaque=reason) if each.name.name == relation else each
        for each in LIBRARY.relations.values()
    }
    return replace(LIBRARY, relations=relations)


@pytest.mark.parametrize(
    ("relation", "query"),
    [
        ("books", ""),
        ("authors", "select=id,authors(name)"),
        ("authors", "select=id,authors!inner()"),
        ("authors", "select=id,...authors(name)"),
        ("authors", "select=reviews(books(authors(id)))"),
        ("loans", "select=readers(name)"),  # the junction is read too
    ],
)
def test_an_opaque_relation_anywhere_closes_it(relation: str, query: str) -> None:
    assert (
        tree(query, of=opaque_at(relation, "its policy calls app.hidden()")).opaque == "its policy calls app.hidden()"
    )
    assert tree(query).opaque is None


def test_a_relation_that_is_not_in_the_catalog_closes_it() -> None:
    some = catalog(
        *(each for each in LIBRARY.relations.values() if each.name.name != "loans"), relationships=RELATIONSHIPS
    )
    assert tree("select=readers(name)", of=some).opaque == "api.loans is not in the catalog"
    assert tree("select=loans(due)", of=some).opaque == "api.loans is not in the catalog"


@pytest.mark.parametrize(
    "query", ["id=eq.1", "order=id", "select=authors(id)", "or=(id.eq.1)", "select=id::text", "select=meta->a"]
)
def test_user_defined_operators_and_casts_close_it_where_they_are_used(query: str) -> None:
    operators = replace(LIBRARY, opaque_operators="the operator app.=(text, text)")
    assert tree(query, of=operators).opaque == "the operator app.=(text, text)"
    assert tree("", of=operators).opaque is None


def test_an_opaque_computed_relationship_closes_it() -> None:
    for opaque in (None, "its body cannot be read"):
        fans = computed("fans", "books", "readers", opaque=opaque)
        found = tree("select=fans(name)", of=catalog(*LIBRARY.relations.values(), relationships=[fans]))
        assert found.opaque == opaque


@pytest.mark.parametrize("which", [ISBN_IN, ISBN_OUT])
def test_an_opaque_representation_closes_it_for_relations_that_have_the_domain(which: object) -> None:
    representations = [
        replace(each, opaque="app.convert is not vouched for") if each is which else each
        for each in (ISBN_IN, ISBN_OUT)
    ]
    represented = replace(LIBRARY, representations={(each.source, each.target): each for each in representations})
    assert ISBN in {column.type_name for column in LIBRARY.relations[name("books")].columns.values()}
    assert tree("select=id", of=represented).opaque == "app.convert is not vouched for"
    assert tree("select=id", "authors", of=represented).opaque is None


# -- and what the whole request adds --------------------------------------------------------------------------------

HANDLER = MediaHandler("text/html", Name(SCHEMA, "as_html"), None)


def compiled(
    query: str,
    *,
    accept: str | None = None,
    prefer: str | None = None,
    method: str = "GET",
    path: str = "/books",
    fast: bool = True,
) -> Compiled:
    headers = {"Accept": accept} if accept else {}
    asked = read_request(
        method, path, query, headers=headers, prefer=[prefer] if prefer else [], rules=Rules((SCHEMA,))
    )
    rules = CompileRules(RULES, plans=True, fast_path=fast)
    with_handler = replace(LIBRARY, media_handlers=(HANDLER,))
    return (compile_call if path.startswith("/rpc/") else compile_read)(asked, with_handler, rules)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"method": "HEAD"},
        {"accept": "application/vnd.pgrst.object+json"},
        {"accept": "application/vnd.pgrst.array+json;nulls=stripped"},
        {"accept": "text/csv"},
        {"prefer": "count=exact"},
    ],
)
def test_built_in_renderings_and_exact_counts_keep_it_open(options: dict[str, str]) -> None:
    assert compiled("select=id", **options).access is Access.VOUCHED


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"accept": "text/html"}, "text/html is rendered by other code"),
        ({"accept": "application/geo+json"}, "application/geo+json is rendered by other code"),
        ({"accept": "application/vnd.pgrst.plan+json"}, "application/json is rendered by other code"),
        ({"prefer": "count=planned"}, None),
        ({"prefer": "count=estimated"}, None),
        ({"path": "/rpc/close_all"}, "it may write"),
        ({"fast": False}, "the fast path is switched off"),
    ],
)
def test_other_renderings_estimates_and_calls_close_it(options: dict[str, object], reason: str | None) -> None:
    found = compiled("" if "path" in options else "select=id", **options)  # type: ignore[arg-type]
    assert found.access is Access.TRANSACTION
    assert found.opaque == reason


@pytest.mark.parametrize("fast", [True, False])
def test_only_the_fast_path_asks_for_proof(fast: bool) -> None:
    text = compiled("select=id", fast=fast).statement.text
    assert ("request.jwt.claims" in text) is fast
    assert ("response.status" in text) is not fast


# -- functions ------------------------------------------------------------------------------------------------------

CALLED = function("called", "a int4, b text", returns="int4")
OWN_TYPE = Name(SCHEMA, "isbn")


def call_of(made: Function, query: str = "a=1&b=x") -> Compiled:
    some = catalog(*LIBRARY.relations.values(), functions=[made])
    asked = read_request("GET", "/rpc/called", query, headers={}, prefer=[], rules=Rules((SCHEMA,)))
    return compile_call(asked, some, CompileRules(RULES))


def test_a_vouched_function_of_plain_types_takes_the_fast_path() -> None:
    assert call_of(CALLED).access is Access.VOUCHED
    assert call_of(replace(CALLED, volatility=Volatility.IMMUTABLE)).access is Access.VOUCHED


def with_parameter(made: Function, **changes: Any) -> Function:
    first, *others = made.parameters
    return replace(made, parameters=(replace(first, **changes), *others))


@pytest.mark.parametrize(
    ("made", "query", "reason"),
    [
        (replace(CALLED, opaque="its body is plpgsql"), "a=1&b=x", "its body is plpgsql"),
        (replace(CALLED, volatility=Volatility.VOLATILE), "a=1&b=x", "it may write"),
        (replace(CALLED, settings=(("statement_timeout", "1s"),)), "a=1&b=x", "it has settings of its own"),
        (replace(CALLED, isolation="SERIALIZABLE"), "a=1&b=x", "it has settings of its own"),
        (with_parameter(CALLED, required=False), "b=x", "it uses default arguments"),
        (with_parameter(CALLED, type_name=OWN_TYPE), "a=1&b=x", "its arguments are of user-defined types"),
        (
            replace(CALLED, returns=replace(CALLED.returns, type_name=OWN_TYPE)),
            "a=1&b=x",
            "its results are of user-defined types",
        ),
        (
            replace(CALLED, returns=replace(CALLED.returns, composite=True, columns=(("a", "int4"),))),
            "a=1&b=x",
            "its results are of user-defined types",
        ),
        (CALLED, "a=1&b=x&select=other", "its results are of user-defined types"),
    ],
)
def test_whatever_else_a_call_may_run_closes_it(made: Function, query: str, reason: str) -> None:
    found = call_of(made, query)
    assert (found.access, found.opaque) == (Access.TRANSACTION, reason)


def test_rows_of_an_opaque_relation_close_it() -> None:
    made = function("called", "a int4, b text", rows_of="books", setof=True)
    closed = opaque_at("books", "its policy calls app.hidden()")
    for of, access in ((LIBRARY, Access.VOUCHED), (closed, Access.TRANSACTION)):
        some = catalog(*of.relations.values(), functions=[made])
        asked = read_request("GET", "/rpc/called", "a=1&b=x", headers={}, prefer=[], rules=Rules((SCHEMA,)))
        assert compile_call(asked, some, CompileRules(RULES)).access is access
