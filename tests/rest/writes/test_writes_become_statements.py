"""Whole statements of writes and posted calls; and values of bodies and queries only ever as parameters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog import Catalog, Name
from gateway.catalog.model import Column, Representation, Volatility
from gateway.rest.compile import Compiled, CompileRules
from gateway.rest.compile_write import compile_posted_call, compile_write, write_key, write_values
from gateway.rest.errors import RestError
from gateway.rest.payload import Payload, read_payload
from gateway.rest.plan.tree import ReadRules
from gateway.rest.request import Request, Rules, read_request
from gateway.rest.sql.call import SCALAR as SCALAR_COLUMN
from tests.rest.catalogs import LIBRARY, REPRESENTED, SCHEMA, function

ISBN_OF_JSON = Representation(Name("pg_catalog", "json"), Name(SCHEMA, "isbn"), Name(SCHEMA, "isbn_of_json"))


def with_defaults(catalog: Catalog) -> Catalog:
    """The library, where the year of a book has a default."""
    books = catalog.relations[Name(SCHEMA, "books")]
    year: Column = replace(books.columns["year"], default="extract(year from now())")
    changed = replace(books, columns={**books.columns, "year": year})
    return replace(catalog, relations={**catalog.relations, books.name: changed})


DATABASE = replace(
    with_defaults(REPRESENTED),
    representations={**REPRESENTED.representations, (ISBN_OF_JSON.source, ISBN_OF_JSON.target): ISBN_OF_JSON},
    functions={
        **LIBRARY.functions,
        Name(SCHEMA, "whole"): (function("whole", " jsonb", returns="text"),),
        Name(SCHEMA, "text_of"): (function("text_of", " text", returns="text"),),
        Name(SCHEMA, "xml_of"): (function("xml_of", " xml", returns="text"),),
        Name(SCHEMA, "bytes_of"): (function("bytes_of", " bytea", returns="text"),),
        Name(SCHEMA, "lend"): (
            function("lend", "book int4, until date =", returns="bool", volatility=Volatility.VOLATILE),
        ),
    },
)


def asked(do: str, prefer: str | None = None, accept: str | None = None) -> Request:
    method, _, target = do.partition(" ")
    path, _, query = target.partition("?")
    headers = {"Accept": accept} if accept else {}
    return read_request(method, path, query, headers=headers, prefer=[prefer] if prefer else [], rules=Rules((SCHEMA,)))


def payload_of(request: Request, body: Any, kind: str | None = None) -> Payload | None:
    if request.method == "DELETE":
        return None
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    columns = request.method != "PUT" and any(part[0] == "columns" for part in request.query.shape)
    return read_payload(raw, kind, columns=columns, call=request.is_call)


def compiled(request: Request, payload: Payload | None) -> Compiled:
    rules = CompileRules(ReadRules(), plans=True)
    if request.is_call:
        assert payload is not None
        return compile_posted_call(request, payload, DATABASE, rules)
    return compile_write(request, payload, DATABASE, rules)


def statement(do: str, body: Any = None, prefer: str | None = None, kind: str | None = None) -> tuple[str, list[str]]:
    """The text, without what every answer has, and the parameters."""
    request = asked(do, prefer)
    payload = payload_of(request, body, kind)
    made = compiled(request, payload).statement
    return " ".join(made.text.split()), list(made.bind(write_values(request, payload)))


SETTINGS = (
    "NULLIF(pg_catalog.current_setting('response.headers', true), ''), "
    "NULLIF(pg_catalog.current_setting('response.status', true), '')"
)
COUNTER = "COALESCE(NULLIF(pg_catalog.current_setting('passerelle.inserted', true), '')::int, 0)"
UP = f"pg_catalog.set_config('passerelle.inserted', ({COUNTER} + 1)::text, true) <> '0'"
DOWN = f"pg_catalog.set_config('passerelle.inserted', ({COUNTER} + -1)::text, true) <> '-1'"
NEW = "NULLIF(pg_catalog.current_setting('passerelle.inserted', true), '')"
JSON = "COALESCE(pg_catalog.json_agg(passerelle_row), '[]')"
ROWS = "FROM (SELECT * FROM passerelle_source) AS passerelle_row"
MINIMAL = f"SELECT NULL, pg_catalog.count(passerelle_row), NULL, {SETTINGS}, NULL, {NEW} {ROWS}"
FULL = "return=representation"
BODY = "FROM (SELECT $1::json AS data) AS passerelle_payload, LATERAL"
ONE_BOOK = (
    f'SELECT "passerelle_body"."id", passerelle_body."title" {BODY} (SELECT "id", "title" '
    'FROM pg_catalog.json_to_record(passerelle_payload.data) AS r("id" int4, "title" text)) AS passerelle_body'
).replace('"passerelle_body"."id"', 'passerelle_body."id"')
BOOK = {"id": 1, "title": "x"}
BOOK_TEXT = '{"id": 1, "title": "x"}'


def source(text: str, answer: str = MINIMAL) -> str:
    return f"WITH passerelle_source AS ({text}) {answer}"


def represented(rows: str, located: str = "NULL") -> str:
    columns = f"NULL, pg_catalog.count(passerelle_row), {JSON}, {SETTINGS}, {located}, {NEW}"
    return f"SELECT {columns} FROM ({rows}) AS passerelle_row"


STATEMENTS: list[tuple[str, Any, str | None, str, list[str]]] = [
    (
        "POST /books",
        BOOK,
        None,
        source(f'INSERT INTO "api"."books" ("id", "title") {ONE_BOOK} RETURNING 1'),
        [BOOK_TEXT],
    ),
    (
        "POST /books",
        [BOOK],
        None,
        source(
            'INSERT INTO "api"."books" ("id", "title") '
            + ONE_BOOK.replace("json_to_record(", "json_to_recordset(")
            + " RETURNING 1"
        ),
        [f"[{BOOK_TEXT}]"],
    ),
    (
        "POST /books",
        {},
        None,
        source(
            f'INSERT INTO "api"."books" SELECT {BODY} (SELECT FROM (VALUES (1)) AS one) AS passerelle_body RETURNING 1'
        ),
        ["{}"],
    ),
    (
        "POST /books",
        [{}, {}],
        None,
        source(
            f'INSERT INTO "api"."books" SELECT {BODY} '
            "(SELECT FROM pg_catalog.json_array_elements(passerelle_payload.data)) AS passerelle_body RETURNING 1"
        ),
        ["[{}, {}]"],
    ),
    # filters of the root mean nothing to an insert
    (
        "POST /books?columns=id,title&id=eq.9",
        BOOK,
        None,
        source(f'INSERT INTO "api"."books" ("id", "title") {ONE_BOOK} RETURNING 1'),
        [BOOK_TEXT],
    ),
    (
        "POST /books?select=title,authors(name)&authors.name=eq.y",
        BOOK,
        FULL,
        source(
            f'INSERT INTO "api"."books" ("id", "title") {ONE_BOOK} '
            'RETURNING "api"."books"."author_id", "api"."books"."id", "api"."books"."title"',
            represented("{rows}"),
        ),
        [BOOK_TEXT, "y"],
    ),
    (
        "POST /books?select=title",
        BOOK,
        "return=headers-only",
        source(
            f'INSERT INTO "api"."books" ("id", "title") {ONE_BOOK} RETURNING "api"."books"."id", "api"."books"."title"',
            MINIMAL.replace(
                f"{SETTINGS}, NULL",
                f"{SETTINGS}, CASE WHEN pg_catalog.count(*) = 1 THEN (SELECT "
                "pg_catalog.json_object_agg(passerelle_text.name, passerelle_text.value) FROM "
                '(SELECT "id" FROM passerelle_source LIMIT 1) AS passerelle_key, '
                "pg_catalog.json_each_text(pg_catalog.row_to_json(passerelle_key)) "
                "AS passerelle_text(name, value)) END",
            ),
        ),
        [BOOK_TEXT],
    ),
    (
        "POST /books",
        BOOK,
        "resolution=merge-duplicates",
        source(
            f'INSERT INTO "api"."books" ("id", "title") {ONE_BOOK} WHERE {UP} ON CONFLICT ("id") '
            f'DO UPDATE SET "id" = EXCLUDED."id", "title" = EXCLUDED."title" WHERE {DOWN} RETURNING 1'
        ),
        [BOOK_TEXT],
    ),
    (
        "POST /books?on_conflict=title,year",
        BOOK,
        "resolution=ignore-duplicates",
        source(
            f'INSERT INTO "api"."books" ("id", "title") {ONE_BOOK} ON CONFLICT ("title", "year") DO NOTHING RETURNING 1'
        ),
        [BOOK_TEXT],
    ),
    (
        "PUT /books?id=eq.1",
        BOOK,
        None,
        source(
            'INSERT INTO "api"."books" ("id", "title") '
            + ONE_BOOK.replace("$1", "$2")
            + f' WHERE {UP} AND passerelle_body."id" = $1 ON CONFLICT ("id") '
            f'DO UPDATE SET "id" = EXCLUDED."id", "title" = EXCLUDED."title" WHERE {DOWN} RETURNING 1'
        ),
        ["1", BOOK_TEXT],
    ),
    (
        "PATCH /books?id=gt.3&title=like.a*",
        {"title": "x"},
        None,
        source(
            f'UPDATE "api"."books" SET "title" = passerelle_body."title" {BODY} (SELECT "title" '
            'FROM pg_catalog.json_to_record(passerelle_payload.data) AS r("title" text)) AS passerelle_body '
            'WHERE "api"."books"."id" > $2 AND "api"."books"."title" LIKE $3 RETURNING 1'
        ),
        ['{"title": "x"}', "3", "a%"],
    ),
    (
        "PATCH /books?id=eq.1&select=title",
        {},
        FULL,
        source('SELECT "books"."id", "books"."title" FROM "api"."books" WHERE false', represented("{rows}")),
        [],
    ),
    (
        "DELETE /books?or=(id.eq.1,id.is.null)",
        None,
        None,
        source('DELETE FROM "api"."books" WHERE ("api"."books"."id" = $1 OR "api"."books"."id" IS NULL) RETURNING 1'),
        ["1"],
    ),
    ("DELETE /books?limit=1&offset=2", None, None, source('DELETE FROM "api"."books" RETURNING 1'), []),
    (
        "DELETE /books?select=title",
        None,
        FULL,
        source('DELETE FROM "api"."books" RETURNING "api"."books"."id", "api"."books"."title"', represented("{rows}")),
        [],
    ),
    (
        "DELETE /books?select=similar(id)",
        None,
        FULL,
        source('DELETE FROM "api"."books" RETURNING "api"."books".*', represented("{rows}")),
        [],
    ),
    # representations of a domain
    (
        "PATCH /books?isbn=eq.z",
        {"isbn": "x"},
        None,
        source(
            f'UPDATE "api"."books" SET "isbn" = passerelle_body."isbn" {BODY} '
            '(SELECT "api"."isbn_of_json"("isbn") AS "isbn" FROM pg_catalog.json_to_record(passerelle_payload.data) '
            'AS r("isbn" json)) AS passerelle_body WHERE "api"."books"."isbn" = "api"."isbn_of_text"($2) RETURNING 1'
        ),
        ['{"isbn": "x"}', "z"],
    ),
    # defaults
    (
        "POST /books?columns=title,year",
        [BOOK],
        "missing=default",
        source(
            'INSERT INTO "api"."books" ("title", "year") SELECT passerelle_body."title", passerelle_body."year" '
            "FROM (SELECT $1::jsonb AS data) AS passerelle_payload, LATERAL (SELECT "
            "pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object($2::text, extract(year from now())) || element) "
            "AS data FROM pg_catalog.jsonb_array_elements(passerelle_payload.data) AS element) AS passerelle_filled, "
            'LATERAL (SELECT "title", "year" FROM pg_catalog.jsonb_to_recordset(passerelle_filled.data) '
            'AS r("title" text, "year" int4)) AS passerelle_body RETURNING 1'
        ),
        [f"[{BOOK_TEXT}]", "year"],
    ),
    (
        "PATCH /books?columns=year",
        "{}",
        "missing=default",
        source(
            'UPDATE "api"."books" SET "year" = passerelle_body."year" '
            "FROM (SELECT $1::jsonb AS data) AS passerelle_payload, LATERAL (SELECT "
            "pg_catalog.jsonb_build_object($2::text, extract(year from now())) || passerelle_payload.data AS data) "
            'AS passerelle_filled, LATERAL (SELECT "year" FROM pg_catalog.jsonb_to_record(passerelle_filled.data) '
            'AS r("year" int4)) AS passerelle_body RETURNING 1'
        ),
        ["{}", "year"],
    ),
]


@pytest.mark.parametrize(("do", "body", "prefer", "sql", "parameters"), STATEMENTS, ids=lambda v: str(v)[:50])
def test_statements(do: str, body: Any, prefer: str | None, sql: str, parameters: list[str]) -> None:
    text, bound = statement(do, body, prefer)
    # how rows are read over the written ones is the matter of tests/rest/sql
    before, shown, _ = sql.partition("{rows}")
    assert text.startswith(before)
    assert shown or text == sql
    assert bound == parameters


RECORD = "(SELECT * FROM pg_catalog.json_to_record($1::json) AS r({}) LIMIT 1) AS passerelle_arguments"
SCALAR = f"WITH passerelle_source AS (SELECT {{}} AS {SCALAR_COLUMN}{{}})"
CALLS: list[tuple[str, Any, str | None, str, list[str]]] = [
    (
        "POST /rpc/lend",
        {"book": 1},
        None,
        SCALAR.format('"api"."lend"("book" := passerelle_arguments."book")', " FROM " + RECORD.format('"book" int4')),
        ['{"book": 1}'],
    ),
    (
        "POST /rpc/lend",
        [{"book": 1, "until": "x"}],
        None,
        SCALAR.format(
            '"api"."lend"("book" := passerelle_arguments."book", "until" := passerelle_arguments."until")',
            " FROM " + RECORD.format('"book" int4, "until" date').replace("json_to_record(", "json_to_recordset("),
        ),
        ['[{"book": 1, "until": "x"}]'],
    ),
    ("POST /rpc/names", "", None, SCALAR.format('"api"."names"()', ""), []),
    (
        "POST /rpc/total",
        {"amounts": [1]},
        None,
        SCALAR.format(
            '"api"."total"(VARIADIC "amounts" := passerelle_arguments."amounts")',
            " FROM " + RECORD.format('"amounts" int4[]'),
        ),
        ['{"amounts": [1]}'],
    ),
    (
        "POST /rpc/total",
        "amounts=1&amounts=2",
        "application/x-www-form-urlencoded",
        SCALAR.format('"api"."total"(VARIADIC "amounts" := ARRAY[$1, $2]::int4[])', ""),
        ["1", "2"],
    ),
    ("POST /rpc/whole", {"a": 1}, None, SCALAR.format('"api"."whole"($1::jsonb)', ""), ['{"a": 1}']),
    ("POST /rpc/text_of", b"a", "text/plain", SCALAR.format('"api"."text_of"($1::text)', ""), ["a"]),
    ("POST /rpc/xml_of", b"<a/>", "text/xml", SCALAR.format('"api"."xml_of"($1::xml)', ""), ["<a/>"]),
    (
        "POST /rpc/bytes_of",
        b"\xff",
        "application/octet-stream",
        SCALAR.format('"api"."bytes_of"($1::bytea)', ""),
        ["\\xff"],
    ),
    (
        "POST /rpc/books_since?title=eq.z&limit=5",
        {"year": 1},
        None,
        ('WITH passerelle_source AS (SELECT passerelle_result.* FROM (SELECT * FROM '
         'pg_catalog.json_to_record($1::json) AS r("year" int4) LIMIT 1) AS passerelle_arguments, '
         'LATERAL "api"."books_since"("year" := passerelle_arguments."year") AS passerelle_result)'),
        ['{"year": 1}', "z", "5"],
    ),
    (
        "POST /rpc/close_all",
        {},
        None,
        (f'SELECT NULL, pg_catalog.count(passerelle_row), NULL, {SETTINGS} '
         f'FROM (SELECT "api"."close_all"() AS {SCALAR_COLUMN}) AS passerelle_row'),
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("do", "body", "kind", "begins", "parameters"), CALLS, ids=lambda v: str(v)[:50])
def test_posted_calls(do: str, body: Any, kind: str | None, begins: str, parameters: list[str]) -> None:
    text, bound = statement(do, body, kind=kind)
    assert text.startswith(begins), text
    assert bound == parameters


def test_calls_are_read_only_unless_volatile() -> None:
    for do, body, read_only in (("lend", {"book": 1}, False), ("total", {"amounts": []}, True)):
        request = asked(f"POST /rpc/{do}")
        assert compiled(request, payload_of(request, body)).read_only is read_only


PLANS = [
    ("PATCH /books?id=eq.1", {"titel": 1}, "PGRST204", 400),
    ("POST /books?columns=titel", "[]", "PGRST204", 400),
    ("PUT /books?id=eq.1", {"title": "x"}, "PGRST115", 400),
    ("PUT /books?title=eq.1", {"id": 1}, "PGRST105", 405),
    ("PUT /books?id=eq.1&and=(id.eq.1)", {"id": 1}, "PGRST105", 405),
    ("PUT /books?authors.id=eq.1&select=authors(id)", {"id": 1}, "PGRST105", 405),
    ("PUT /books?id->>a=eq.1", {"id": 1}, "PGRST105", 405),
    ("POST /book", {}, "PGRST205", 404),
    ("DELETE /books?authors.id=eq.1", None, "PGRST108", 400),
    ("POST /rpc/lend", {}, "PGRST202", 404),
    ("POST /rpc/twice", {"a": 1}, "PGRST203", 300),
]


@pytest.mark.parametrize(("do", "body", "code", "status"), PLANS)
def test_refused_before_anything_is_run(do: str, body: Any, code: str, status: int) -> None:
    with pytest.raises(RestError) as refused:
        statement(do, body)
    assert (refused.value.code, refused.value.status) == (code, status)


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
