"""Whole statements of a request: body, counts, proof or settings, calls, CSV, custom media types, EXPLAIN."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.catalog import Catalog, Name
from gateway.catalog.model import MediaDomain, MediaHandler
from gateway.database import PROOF_COLUMNS
from gateway.rest.compile import Compiled, CompileRules, compile_call, compile_read, values
from gateway.rest.plan.tree import ReadRules
from gateway.rest.request import Rules, read_request
from tests.rest.catalogs import LIBRARY, SCHEMA, function

IDS = 'SELECT "api"."books"."id" FROM "api"."books"'
SETTINGS = (
    "NULLIF(pg_catalog.current_setting('response.headers', true), ''), "
    "NULLIF(pg_catalog.current_setting('response.status', true), '')"
)
JSON = "COALESCE(pg_catalog.json_agg(passerelle_row), '[]')"
OBJECT = "COALESCE(pg_catalog.json_agg(passerelle_row)->0, 'null')"
HTML = Name(SCHEMA, "text/html")
BINARY = Name(SCHEMA, "application/octet-stream")
DATABASE = replace(
    LIBRARY,
    media_handlers=(
        MediaHandler("text/html", Name(SCHEMA, "page"), Name(SCHEMA, "books")),
        MediaHandler("text/xml", Name(SCHEMA, "any_xml"), None),
        MediaHandler("application/octet-stream", Name(SCHEMA, "packed"), None, binary=True),
    ),
    media_domains={
        HTML: MediaDomain("text/html", binary=False),
        BINARY: MediaDomain("application/octet-stream", binary=True),
    },
    functions={
        **LIBRARY.functions,
        Name(SCHEMA, "home"): (function("home", returns="api.text/html"),),
        Name(SCHEMA, "cover"): (function("cover", "id int4", returns="api.application/octet-stream"),),
    },
)


def compiled(
    target: str,
    *,
    accept: str | None = None,
    prefer: str | None = None,
    method: str = "GET",
    of: Catalog = DATABASE,
    max_rows: int | None = None,
) -> Compiled:
    path, _, query = target.partition("?")
    headers = {"Accept": accept} if accept else {}
    rules = CompileRules(ReadRules(aggregates=True, max_rows=max_rows), plans=True)
    asked = read_request(
        method, path, query, headers=headers, prefer=[prefer] if prefer else [], rules=Rules((SCHEMA,))
    )
    found = (compile_call if path.startswith("/rpc/") else compile_read)(asked, of, rules)
    assert len(found.statement.bind(values(asked))) == len(found.statement.sources)
    return found


def check(found: str, expected: str) -> None:
    assert " ".join(found.split()) == " ".join(expected.split())


@pytest.mark.parametrize(
    ("options", "total", "body"),
    [
        ({}, "NULL", JSON),
        ({"method": "HEAD"}, "NULL", "NULL"),
        ({"prefer": "count=exact"}, "pg_catalog.count(*)", JSON),
        (
            {"prefer": "count=exact", "max_rows": 5},
            '(SELECT pg_catalog.count(*) FROM (SELECT 1 FROM "api"."books") AS passerelle_all)',
            JSON,
        ),
        ({"accept": "application/vnd.pgrst.object+json"}, "NULL", OBJECT),
        (
            {"accept": "application/vnd.pgrst.object+json;nulls=stripped"},
            "NULL",
            "COALESCE(pg_catalog.json_strip_nulls(pg_catalog.json_agg(passerelle_row)->0), 'null')",
        ),
        (
            {"accept": "application/vnd.pgrst.array+json;nulls=stripped"},
            "NULL",
            "COALESCE(pg_catalog.json_strip_nulls(pg_catalog.json_agg(passerelle_row)), '[]')",
        ),
    ],
)
def test_reads_on_the_fast_path(options: dict[str, Any], total: str, body: str) -> None:
    limit = " LIMIT 5" if "max_rows" in options else ""
    statement = compiled("/books?select=id", **options).statement
    check(
        statement.text,
        f"SELECT {total}, pg_catalog.count(*), {body}, {PROOF_COLUMNS} FROM ({IDS}{limit}) AS passerelle_row",
    )
    assert statement.sources == ()


@pytest.mark.parametrize(
    ("prefer", "max_rows", "total"),
    [
        ("count=planned", None, "NULL"),
        ("count=estimated", None, "pg_catalog.count(*)"),
        (
            "count=estimated",
            5,
            '(SELECT pg_catalog.count(*) FROM (SELECT 1 FROM "api"."books" LIMIT 6) AS passerelle_all)',
        ),
    ],
)
def test_estimates_ask_the_planner_beside(prefer: str, max_rows: int | None, total: str) -> None:
    found = compiled("/books?select=id", prefer=prefer, max_rows=max_rows)
    assert found.estimate is not None
    check(found.estimate.text, 'EXPLAIN (FORMAT JSON) SELECT 1 FROM "api"."books"')
    limit = f" LIMIT {max_rows}" if max_rows else ""
    check(
        found.statement.text,
        f"SELECT {total}, pg_catalog.count(*), {JSON}, {SETTINGS} FROM ({IDS}{limit}) AS passerelle_row",
    )


def test_a_count_and_its_page_share_parameters() -> None:
    found = compiled("/books?select=id&year=gt.1990&limit=2", prefer="count=exact")
    check(
        found.statement.text,
        f"""
        SELECT (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM "api"."books" WHERE "api"."books"."year" > $1)
                AS passerelle_all),
            pg_catalog.count(*), {JSON}, {PROOF_COLUMNS}
        FROM ({IDS} WHERE "api"."books"."year" > $1 LIMIT $2) AS passerelle_row
        """,
    )
    assert found.statement.sources == (0, 1)
    assert found.statement.identical


def test_csv_shows_embeds_as_text_and_takes_its_header_from_the_first_row() -> None:
    found = compiled("/books?select=id,authors(name)", accept="text/csv").statement.text
    assert found.startswith('WITH passerelle_page AS (SELECT "api"."books"."id", pg_catalog.row_to_json(')
    assert '"books_authors_1".*)::jsonb AS "authors"' in found
    assert "json_object_keys((SELECT pg_catalog.row_to_json(r) FROM passerelle_page AS r LIMIT 1))" in found
    assert found.endswith(f"{PROOF_COLUMNS} FROM passerelle_page AS passerelle_row")


@pytest.mark.parametrize(
    ("target", "accept", "body", "binary"),
    [
        ("/books", "text/html", '"api"."page"(passerelle_row::"api"."books")', False),
        ("/books?select=id", "text/xml", '"api"."any_xml"(passerelle_row)', False),
        ("/authors?select=id", "text/xml", '"api"."any_xml"(passerelle_row)', False),
        ("/books?select=id", "application/octet-stream", '("api"."packed"(passerelle_row))::bytea', True),
        ("/rpc/books_since?year=1", "text/html", '"api"."page"(passerelle_row::"api"."books")', False),
        ("/rpc/home", "text/html", "(pg_catalog.array_agg(passerelle_row.pgrst_scalar))[1]", False),
        (
            "/rpc/cover?id=1",
            "application/octet-stream",
            "((pg_catalog.array_agg(passerelle_row.pgrst_scalar))[1])::bytea",
            True,
        ),
    ],
)
def test_custom_media_types(target: str, accept: str, body: str, binary: bool) -> None:
    found = compiled(target, accept=accept)
    assert f", {body}, {SETTINGS} FROM " in found.statement.text
    assert found.binary is binary


CALLS = [
    (
        "/rpc/books_since?year=1990&select=id&title=like.A*",
        """
        WITH passerelle_source AS (
            SELECT passerelle_result.* FROM "api"."books_since"("year" := $1::int4) AS passerelle_result)
        SELECT NULL, pg_catalog.count(passerelle_row), {JSON}, {SETTINGS}
        FROM (SELECT "books"."id" FROM passerelle_source AS "books" WHERE "books"."title" LIKE $2) AS passerelle_row
        """,
        (0, 1),
    ),
    (
        "/rpc/books_since?year=1&lang=fr&select=rank&order=rank",
        """
        WITH passerelle_source AS (
            SELECT passerelle_result.*, passerelle_result."rank"
            FROM "api"."books_since"("year" := $1::int4, "lang" := $2::text) AS passerelle_result)
        SELECT NULL, pg_catalog.count(passerelle_row), {JSON}, {PROOF}
        FROM (SELECT "books"."rank" FROM passerelle_source AS "books" ORDER BY "books"."rank") AS passerelle_row
        """,
        (0, 1),
    ),
    (
        "/rpc/total?amounts=1&amounts=2",
        """
        WITH passerelle_source AS (SELECT "api"."total"(VARIADIC "amounts" := ARRAY[$1, $2]::int4[]) AS pgrst_scalar)
        SELECT NULL, pg_catalog.count(passerelle_row),
            COALESCE(pg_catalog.json_agg(passerelle_row.pgrst_scalar)->0, 'null'), {PROOF}
        FROM (SELECT "total".* FROM passerelle_source AS "total") AS passerelle_row
        """,
        (0, 1),
    ),
    (
        "/rpc/names",
        """
        WITH passerelle_source AS (SELECT "api"."names"() AS pgrst_scalar)
        SELECT NULL, pg_catalog.count(passerelle_row),
            COALESCE(pg_catalog.json_agg(passerelle_row.pgrst_scalar), '[]'), {PROOF}
        FROM (SELECT "names".* FROM passerelle_source AS "names") AS passerelle_row
        """,
        (),
    ),
    (
        "/rpc/pair?select=a",
        """
        WITH passerelle_source AS (SELECT passerelle_result.* FROM "api"."pair"() AS passerelle_result)
        SELECT NULL, pg_catalog.count(passerelle_row), {OBJECT}, {SETTINGS}
        FROM (SELECT "pair"."a" FROM passerelle_source AS "pair") AS passerelle_row
        """,
        (),
    ),
    (
        "/rpc/close_all",
        """
        SELECT NULL, pg_catalog.count(passerelle_row), NULL, {SETTINGS}
        FROM (SELECT "api"."close_all"() AS pgrst_scalar) AS passerelle_row
        """,
        (),
    ),
]


@pytest.mark.parametrize(("target", "sql", "sources"), CALLS, ids=[row[0] for row in CALLS])
def test_calls(target: str, sql: str, sources: tuple[int, ...]) -> None:
    statement = compiled(target).statement
    expected = sql.format(JSON=JSON, OBJECT=OBJECT, SETTINGS=SETTINGS, PROOF=PROOF_COLUMNS).replace("AS (\n", "AS (")
    assert "".join(statement.text.split()) == "".join(expected.split())
    assert statement.sources == sources


@pytest.mark.parametrize(
    ("accept", "options"),
    [
        ("application/vnd.pgrst.plan", "FORMAT TEXT"),
        ("application/vnd.pgrst.plan+text", "FORMAT TEXT"),
        ("application/vnd.pgrst.plan+json", "FORMAT JSON"),
        ("application/vnd.pgrst.plan+json; options=verbose|analyze", "FORMAT JSON, ANALYZE, VERBOSE"),
        ("application/vnd.pgrst.plan+json; options=analyze) SELECT 1 --|buffers", "FORMAT JSON, BUFFERS"),
        ('application/vnd.pgrst.plan+text; for="text/csv"; options=wal|settings|', "FORMAT TEXT, SETTINGS, WAL"),
    ],
)
def test_plans(accept: str, options: str) -> None:
    found = compiled("/books?select=id", accept=accept)
    assert found.statement.text.startswith(f"EXPLAIN ({options}) ")
    assert found.statement.text.count("EXPLAIN") == 1
