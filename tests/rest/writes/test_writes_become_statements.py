"""Whole statements of inserts, upserts, updates and deletes, and their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.writes.compiling import FULL, SETTINGS, statement

COUNTER = "COALESCE(NULLIF(pg_catalog.current_setting('passerelle.inserted', true), '')::int, 0)"
UP = f"pg_catalog.set_config('passerelle.inserted', ({COUNTER} + 1)::text, true) <> '0'"
DOWN = f"pg_catalog.set_config('passerelle.inserted', ({COUNTER} + -1)::text, true) <> '-1'"
NEW = "NULLIF(pg_catalog.current_setting('passerelle.inserted', true), '')"
JSON = "COALESCE(pg_catalog.json_agg(passerelle_row), '[]')"
ROWS = "FROM (SELECT * FROM passerelle_source) AS passerelle_row"
MINIMAL = f"SELECT NULL, pg_catalog.count(passerelle_row), NULL, {SETTINGS}, NULL, {NEW} {ROWS}"
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
