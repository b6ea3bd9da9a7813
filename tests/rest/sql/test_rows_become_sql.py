"""Trees as SQL: the rows of a read and the rows it counts. Line breaks in expected texts do not matter."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gateway.catalog import Catalog
from gateway.rest.plan.model import ReadTree
from gateway.rest.plan.tree import ReadRules
from gateway.rest.sql.arguments import Arguments
from gateway.rest.sql.counts import count_rows
from gateway.rest.sql.rows import RowWriter
from tests.rest.catalogs import LIBRARY, REPRESENTED, tree


@dataclass(frozen=True)
class Written:
    """What a request (`table?query`) becomes: SQL, and what its parameters are."""

    request: str
    sql: str
    sources: list[int | str]

    def __str__(self) -> str:
        return self.request


def asked(request: str, of: Catalog = LIBRARY, rules: ReadRules | None = None) -> ReadTree:
    table, _, query = request.partition("?")
    return tree(query, table, of=of, rules=rules or ReadRules(aggregates=True))


def check_rows(row: Written, of: Catalog = LIBRARY, rules: ReadRules | None = None) -> None:
    arguments = Arguments()
    text = RowWriter(arguments, comparable=False).select(asked(row.request, of, rules).root)
    assert " ".join(text.split()) == " ".join(row.sql.split())
    assert list(arguments.statement(text, 0).sources) == row.sources


COLUMNS = [
    Written(
        "books?",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        """,
        [],
    ),
    Written(
        "books?select=id,t:title,year::text",
        """
        SELECT "api"."books"."id", "api"."books"."title" AS "t", CAST("api"."books"."year" AS text) AS
            "year"
        FROM "api"."books"
        """,
        [],
    ),
    Written(
        "books?select=meta->a->>b,tags->0,meta->-1",
        """
        SELECT "api"."books"."meta"->$1->>$2 AS "b", pg_catalog.to_jsonb("api"."books"."tags")->$3::int
            AS "tags", "api"."books"."meta"->$4::int AS "meta"
        FROM "api"."books"
        """,
        ["a", "b", "+0", "-1"],
    ),
]

FILTERS = [
    Written(
        "books?id=eq.1",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        WHERE "api"."books"."id" = $1
        """,
        [0],
    ),
    Written(
        "books?id=not.in.(1,2)&title=like.a*&year=is.null",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        WHERE NOT "api"."books"."id" = ANY ($1) AND "api"."books"."title" LIKE $2 AND
            "api"."books"."year" IS NULL
        """,
        [0, 1],
    ),
    Written(
        "books?title=like(any).{a*,b}&id=gte(all).{1}",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        WHERE "api"."books"."title" LIKE ANY ($1) AND "api"."books"."id" >= ALL ($2)
        """,
        [0, 1],
    ),
    Written(
        "books?tags=cs.{a}&year=isdistinct.1",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        WHERE "api"."books"."tags" @> $1 AND "api"."books"."year" IS DISTINCT
        FROM $2
        """,
        [0, 1],
    ),
    Written(
        "books?title=fts(fr).x&body=fts.x&body=not.wfts(en).y&meta->>a=plfts.z",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        WHERE pg_catalog.to_tsvector($1, "api"."books"."title") @@ pg_catalog.to_tsquery($1, $2) AND
            "api"."books"."body" @@ pg_catalog.to_tsquery($3) AND NOT "api"."books"."body" @@
            pg_catalog.websearch_to_tsquery($4, $5) AND
            pg_catalog.to_tsvector("api"."books"."meta"->>$6) @@ pg_catalog.plainto_tsquery($7)
        """,
        ["fr", 0, 1, "en", 2, "a", 3],
    ),
    Written(
        "books?or=(id.eq.1,not.and(year.gt.1,title.is.null))&id=lt.9",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        WHERE ("api"."books"."id" = $1 OR NOT ("api"."books"."year" > $2 AND "api"."books"."title" IS
            NULL)) AND "api"."books"."id" < $3
        """,
        [0, 1, 2],
    ),
    Written(
        "books?meta->a->>b=eq.1&tags->0=eq.2",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        WHERE "api"."books"."meta"->$1->>$2 = $3 AND pg_catalog.to_jsonb("api"."books"."tags")->$4::int
            = $5
        """,
        ["a", "b", 0, "+0", 1],
    ),
    Written(
        "books?order=id.desc.nullslast,meta->a,title&limit=3&offset=4",
        """
        SELECT "api"."books".*
        FROM "api"."books"
        ORDER BY "api"."books"."id" DESC NULLS LAST, "api"."books"."meta"->$1, "api"."books"."title"
        LIMIT $2 OFFSET $3
        """,
        ["a", 0, 1],
    ),
]

EMBEDS = [
    Written(
        "books?select=id,authors(name)",
        """
        SELECT "api"."books"."id", pg_catalog.row_to_json("books_authors_1".*) AS "authors"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT "authors_1"."name"
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."id" = "api"."books"."author_id") AS "books_authors_1" ON TRUE
        """,
        [],
    ),
    Written(
        "books?select=id,a:authors!inner(name)&a.name=eq.x",
        """
        SELECT "api"."books"."id", pg_catalog.row_to_json("books_a_1".*) AS "a"
        FROM "api"."books"
        INNER JOIN LATERAL (SELECT "authors_1"."name"
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."name" = $1 AND "authors_1"."id" = "api"."books"."author_id") AS "books_a_1"
            ON TRUE
        """,
        [0],
    ),
    Written(
        "authors?select=biographies(text)",
        """
        SELECT pg_catalog.row_to_json("authors_biographies_1".*) AS "biographies"
        FROM "api"."authors"
        LEFT JOIN LATERAL (SELECT "biographies_1"."text"
        FROM "api"."biographies" AS "biographies_1"
        WHERE "biographies_1"."author_id" = "api"."authors"."id") AS "authors_biographies_1" ON TRUE
        """,
        [],
    ),
    Written(
        "books?select=shelves(room)",
        """
        SELECT pg_catalog.row_to_json("books_shelves_1".*) AS "shelves"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT "shelves_1"."room"
        FROM "api"."shelves" AS "shelves_1"
        WHERE "shelves_1"."row" = "api"."books"."shelf_row" AND "shelves_1"."no" =
            "api"."books"."shelf_no") AS "books_shelves_1" ON TRUE
        """,
        [],
    ),
    Written(
        "authors?select=books!inner(title)",
        """
        SELECT COALESCE("authors_books_1"."passerelle_rows", '[]') AS "books"
        FROM "api"."authors"
        INNER JOIN LATERAL (SELECT pg_catalog.json_agg("authors_books_1") AS "passerelle_rows"
        FROM (SELECT "books_1"."title"
        FROM "api"."books" AS "books_1"
        WHERE "books_1"."author_id" = "api"."authors"."id") AS "authors_books_1") AS "authors_books_1"
            ON "authors_books_1"."passerelle_rows" IS NOT NULL
        """,
        [],
    ),
    Written(
        "books?select=readers(name)&readers.limit=2",
        """
        SELECT COALESCE("books_readers_1"."passerelle_rows", '[]') AS "readers"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_readers_1") AS "passerelle_rows"
        FROM (SELECT "readers_1"."name"
        FROM "api"."readers" AS "readers_1", "api"."loans" AS "readers_1_junction"
        WHERE "readers_1_junction"."reader_id" = "readers_1"."id" AND "readers_1_junction"."book_id" =
            "api"."books"."id"
        LIMIT $1) AS "books_readers_1") AS "books_readers_1" ON TRUE
        """,
        [0],
    ),
    Written(
        "books?select=sequel_of(title),books(title)",
        """
        SELECT pg_catalog.row_to_json("books_sequel_of_1".*) AS "sequel_of",
            COALESCE("books_books_1"."passerelle_rows", '[]') AS "books"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT "books_1"."title"
        FROM "api"."books" AS "books_1"
        WHERE "books_1"."id" = "api"."books"."sequel_of") AS "books_sequel_of_1" ON TRUE
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_books_1") AS "passerelle_rows"
        FROM (SELECT "books_1"."title"
        FROM "api"."books" AS "books_1"
        WHERE "books_1"."sequel_of" = "api"."books"."id") AS "books_books_1") AS "books_books_1" ON TRUE
        """,
        [],
    ),
    Written(
        "authors?select=best_book(title)",
        """
        SELECT pg_catalog.row_to_json("authors_best_book_1".*) AS "best_book"
        FROM "api"."authors"
        LEFT JOIN LATERAL (SELECT "books_1"."title"
        FROM "api"."best_book"("authors"::"api"."authors") AS "books_1") AS "authors_best_book_1" ON
            TRUE
        """,
        [],
    ),
    Written(
        "books?select=similar(similar(title))",
        """
        SELECT COALESCE("books_similar_1"."passerelle_rows", '[]') AS "similar"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_similar_1") AS "passerelle_rows"
        FROM (SELECT COALESCE("books_similar_2"."passerelle_rows", '[]') AS "similar"
        FROM "api"."similar"("books"::"api"."books") AS "books_1"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_similar_2") AS "passerelle_rows"
        FROM (SELECT "books_2"."title"
        FROM "api"."similar"("books_1"::"api"."books") AS "books_2") AS "books_similar_2") AS
            "books_similar_2" ON TRUE) AS "books_similar_1") AS "books_similar_1" ON TRUE
        """,
        [],
    ),
]

NULL_FILTERS_AND_RELATED_ORDERS = [
    Written(
        "books?select=id,authors()&authors=is.null",
        """
        SELECT "api"."books"."id"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."id" = "api"."books"."author_id") AS "books_authors_1" ON TRUE
        WHERE "books_authors_1" IS NOT DISTINCT
        FROM NULL
        """,
        [],
    ),
    Written(
        "books?select=id,readers()&readers=not.is.null",
        """
        SELECT "api"."books"."id"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_readers_1") AS "passerelle_rows"
        FROM (SELECT
        FROM "api"."readers" AS "readers_1", "api"."loans" AS "readers_1_junction"
        WHERE "readers_1_junction"."reader_id" = "readers_1"."id" AND "readers_1_junction"."book_id" =
            "api"."books"."id") AS "books_readers_1") AS "books_readers_1" ON TRUE
        WHERE "books_readers_1"."passerelle_rows" IS NOT NULL
        """,
        [],
    ),
    Written(
        "books?select=authors(name)&order=authors(name).desc,id",
        """
        SELECT pg_catalog.row_to_json("books_authors_1".*) AS "authors"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT "authors_1"."name"
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."id" = "api"."books"."author_id") AS "books_authors_1" ON TRUE
        ORDER BY "books_authors_1"."name" DESC, "api"."books"."id"
        """,
        [],
    ),
]

SPREADS = [
    Written(
        "books?select=...authors(name,b:born)",
        """
        SELECT "books_authors_1"."name", "books_authors_1"."b"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT "authors_1"."name", "authors_1"."born" AS "b"
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."id" = "api"."books"."author_id") AS "books_authors_1" ON TRUE
        """,
        [],
    ),
    Written(
        "books?select=id,...readers(name)&readers.order=name.desc",
        """
        SELECT "api"."books"."id", "books_readers_1"."name"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_readers_1") AS "passerelle_rows",
            COALESCE(pg_catalog.json_agg("books_readers_1"."name"
        ORDER BY "books_readers_1"."books_readers_1_order_0" DESC), '[]') AS "name"
        FROM (SELECT "readers_1"."name", "readers_1"."name" AS "books_readers_1_order_0"
        FROM "api"."readers" AS "readers_1", "api"."loans" AS "readers_1_junction"
        WHERE "readers_1_junction"."reader_id" = "readers_1"."id" AND "readers_1_junction"."book_id" =
            "api"."books"."id") AS "books_readers_1") AS "books_readers_1" ON TRUE
        """,
        [],
    ),
    Written(
        "books?select=id,...reviews(stars,...by_reader(name))",
        """
        SELECT "api"."books"."id", "books_reviews_1"."stars", "books_reviews_1"."name"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_reviews_1") AS "passerelle_rows",
            COALESCE(pg_catalog.json_agg("books_reviews_1"."stars"), '[]') AS "stars",
            COALESCE(pg_catalog.json_agg("books_reviews_1"."name"), '[]') AS "name"
        FROM (SELECT "reviews_1"."stars", "reviews_by_reader_2"."name"
        FROM "api"."reviews" AS "reviews_1"
        LEFT JOIN LATERAL (SELECT "readers_2"."name"
        FROM "api"."readers" AS "readers_2"
        WHERE "readers_2"."id" = "reviews_1"."by_reader") AS "reviews_by_reader_2" ON TRUE
        WHERE "reviews_1"."book_id" = "api"."books"."id") AS "books_reviews_1") AS "books_reviews_1" ON
            TRUE
        """,
        [],
    ),
]

AGGREGATES = [
    Written(
        "books?select=count()",
        """
        SELECT COUNT(*)
        FROM "api"."books"
        """,
        [],
    ),
    Written(
        "books?select=year,price.sum(),n:count()::text",
        """
        SELECT "api"."books"."year", SUM("api"."books"."price"), CAST(COUNT(*) AS text) AS "n"
        FROM "api"."books"
        GROUP BY 1
        """,
        [],
    ),
    Written(
        "books?select=authors(name),count()",
        """
        SELECT COUNT(*), pg_catalog.row_to_json("books_authors_1".*) AS "authors"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT "authors_1"."name"
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."id" = "api"."books"."author_id") AS "books_authors_1" ON TRUE
        GROUP BY 2
        """,
        [],
    ),
    Written(
        "books?select=...authors(born.max(),name),year",
        """
        SELECT "api"."books"."year", MAX("books_authors_1"."max") AS "max", "books_authors_1"."name"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT "authors_1"."born" AS "max", "authors_1"."name"
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."id" = "api"."books"."author_id") AS "books_authors_1" ON TRUE
        GROUP BY 1, 3
        """,
        [],
    ),
    Written(
        "authors?select=books(id.count())",
        """
        SELECT COALESCE("authors_books_1"."passerelle_rows", '[]') AS "books"
        FROM "api"."authors"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("authors_books_1") AS "passerelle_rows"
        FROM (SELECT COUNT("books_1"."id")
        FROM "api"."books" AS "books_1"
        WHERE "books_1"."author_id" = "api"."authors"."id") AS "authors_books_1") AS "authors_books_1"
            ON TRUE
        """,
        [],
    ),
    Written(
        "books?select=count,readers(count)",
        """
        SELECT "api"."books"."count", COALESCE("books_readers_1"."passerelle_rows", '[]') AS "readers"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_readers_1") AS "passerelle_rows"
        FROM (SELECT "readers_1"."count"
        FROM "api"."readers" AS "readers_1", "api"."loans" AS "readers_1_junction"
        WHERE "readers_1_junction"."reader_id" = "readers_1"."id" AND "readers_1_junction"."book_id" =
            "api"."books"."id") AS "books_readers_1") AS "books_readers_1" ON TRUE
        """,
        [],
    ),
]

REPRESENTATIONS = [
    Written(
        "books?select=isbn,title&isbn=in.(1,2)&isbn=eq.3&isbn=like.x&isbn=isdistinct.4",
        """
        SELECT "api"."isbn_to_json"("api"."books"."isbn") AS "isbn", "api"."books"."title"
        FROM "api"."books"
        WHERE "api"."books"."isbn" = ANY (SELECT "api"."isbn_of_text"(pg_catalog.unnest($1::text[])))
            AND "api"."books"."isbn" = "api"."isbn_of_text"($2) AND "api"."books"."isbn" LIKE $3 AND
            "api"."books"."isbn" IS DISTINCT
        FROM $4
        """,
        [0, 1, 2, 3],
    ),
]

MAX_ROWS = [
    Written(
        "books?limit=3&select=readers(id)&readers.limit=2",
        """
        SELECT COALESCE("books_readers_1"."passerelle_rows", '[]') AS "readers"
        FROM "api"."books"
        LEFT JOIN LATERAL (SELECT pg_catalog.json_agg("books_readers_1") AS "passerelle_rows"
        FROM (SELECT "readers_1"."id"
        FROM "api"."readers" AS "readers_1", "api"."loans" AS "readers_1_junction"
        WHERE "readers_1_junction"."reader_id" = "readers_1"."id" AND "readers_1_junction"."book_id" =
            "api"."books"."id"
        LIMIT LEAST($1::bigint, 9)) AS "books_readers_1") AS "books_readers_1" ON TRUE
        LIMIT LEAST($2::bigint, 9)
        """,
        [0, 1],
    ),
    Written(
        "books?select=id&offset=2",
        """
        SELECT "api"."books"."id"
        FROM "api"."books"
        LIMIT 9 OFFSET $1
        """,
        [0],
    ),
]

COUNTS = [
    Written(
        "books?id=eq.1&limit=1&order=id",
        """
        SELECT 1
        FROM "api"."books"
        WHERE "api"."books"."id" = $1
        """,
        [0],
    ),
    Written(
        "books?select=authors!inner(name)&authors.name=eq.x",
        """
        SELECT 1
        FROM "api"."books"
        WHERE EXISTS (SELECT 1
        FROM "api"."authors" AS "authors_1"
        WHERE "authors_1"."name" = $1 AND "authors_1"."id" = "api"."books"."author_id")
        """,
        [0],
    ),
    Written(
        "books?select=authors(name)&authors.name=eq.x",
        """
        SELECT 1
        FROM "api"."books"
        """,
        [],
    ),
    Written(
        "books?select=readers()&readers=is.null&readers.name=eq.x",
        """
        SELECT 1
        FROM "api"."books"
        WHERE NOT EXISTS (SELECT 1
        FROM "api"."readers" AS "readers_1", "api"."loans" AS "readers_1_junction"
        WHERE "readers_1"."name" = $1 AND "readers_1_junction"."reader_id" = "readers_1"."id" AND
            "readers_1_junction"."book_id" = "api"."books"."id")
        """,
        [0],
    ),
    Written(
        "books?select=readers!inner(loans!inner())",
        """
        SELECT 1
        FROM "api"."books"
        WHERE EXISTS (SELECT 1
        FROM "api"."readers" AS "readers_1", "api"."loans" AS "readers_1_junction"
        WHERE "readers_1_junction"."reader_id" = "readers_1"."id" AND "readers_1_junction"."book_id" =
            "api"."books"."id" AND EXISTS (SELECT 1
        FROM "api"."loans" AS "loans_2"
        WHERE "loans_2"."reader_id" = "readers_1"."id"))
        """,
        [],
    ),
    Written(
        "books?select=similar!inner(title)&or=(id.eq.1,similar.not.is.null)",
        """
        SELECT 1
        FROM "api"."books"
        WHERE ("api"."books"."id" = $1 OR EXISTS (SELECT 1
        FROM "api"."similar"("books"::"api"."books") AS "books_1")) AND EXISTS (SELECT 1
        FROM "api"."similar"("books"::"api"."books") AS "books_1")
        """,
        [0],
    ),
]


@pytest.mark.parametrize("row", COLUMNS, ids=str)
def test_columns(row: Written) -> None:
    check_rows(row)


@pytest.mark.parametrize("row", FILTERS, ids=str)
def test_filters_order_and_range(row: Written) -> None:
    check_rows(row)


@pytest.mark.parametrize("row", EMBEDS, ids=str)
def test_embeds(row: Written) -> None:
    check_rows(row)


@pytest.mark.parametrize("row", NULL_FILTERS_AND_RELATED_ORDERS, ids=str)
def test_null_filters_and_related_orders(row: Written) -> None:
    check_rows(row)


@pytest.mark.parametrize("row", SPREADS, ids=str)
def test_spreads(row: Written) -> None:
    check_rows(row)


@pytest.mark.parametrize("row", AGGREGATES, ids=str)
def test_aggregates(row: Written) -> None:
    check_rows(row)


@pytest.mark.parametrize("row", REPRESENTATIONS, ids=str)
def test_representations(row: Written) -> None:
    check_rows(row, REPRESENTED)


@pytest.mark.parametrize("row", MAX_ROWS, ids=str)
def test_max_rows(row: Written) -> None:
    check_rows(row, rules=ReadRules(max_rows=9))


@pytest.mark.parametrize("row", COUNTS, ids=str)
def test_counted_rows(row: Written) -> None:
    arguments = Arguments()
    text = count_rows(asked(row.request).root, arguments)
    assert " ".join(text.split()) == " ".join(row.sql.split())
    assert list(arguments.statement(text, 0).sources) == row.sources
