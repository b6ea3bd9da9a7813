"""Everything of one document, as the clerk sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway import __version__
from tests.rest.openapi.described import Describe

ABSENT = object()


def dig(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError):
            return ABSENT
    return document


def parameters(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/parameters/{name}"} for name in names]


PAGING = ("select", "order", "range", "rangeUnit", "offset", "limit", "preferCount")
NOTE_FK_AUTHOR = "This is a Foreign Key to `authors.id`.<fk table='authors' column='id'/>"
NOTE_FK_BOOK = "This is a Foreign Key to `books.id`.<fk table='books' column='id'/>"
NOTE_PK = "This is a Primary Key.<pk/>"
ROWS = {"type": "array", "items": {"$ref": "#/definitions/authors"}}


def column(table: str, name: str) -> tuple[str, ...]:
    return ("definitions", table, "properties", name)


def argument(name: str, function: str = "find_books") -> tuple[str | int, ...]:
    return ("paths", f"/rpc/{function}", "post", "parameters", 0, "schema", "properties", name)


TOLD: list[tuple[tuple[str | int, ...], Any]] = [
    (("swagger",), "2.0"),
    (("info",), {"version": __version__, "title": "Town library", "description": "Loans and books.\nOpen daily."}),
    (("paths", "/", "get", "tags"), ["Introspection"]),
    (("security",), ABSENT),
    (("securityDefinitions",), ABSENT),
    # paths of relations
    (("paths", "/authors", "get", "tags"), ["authors"]),
    (("paths", "/authors", "get", "summary"), "Who wrote it"),
    (("paths", "/authors", "get", "description"), "Living and dead.\nMostly dead."),
    (("paths", "/authors", "get", "responses", "200"), {"description": "OK", "schema": ROWS}),
    (("paths", "/authors", "get", "responses", "206"), {"description": "Partial Content"}),
    (
        ("paths", "/authors", "get", "parameters"),
        parameters("rowFilter.authors.id", "rowFilter.authors.name", *PAGING),
    ),
    (("paths", "/authors", "post", "parameters"), parameters("body.authors", "select", "preferPost")),
    (("paths", "/authors", "post", "responses"), {"201": {"description": "Created"}}),
    (
        ("paths", "/authors", "patch", "parameters"),
        parameters("rowFilter.authors.id", "rowFilter.authors.name", "body.authors", "preferReturn"),
    ),
    (
        ("paths", "/authors", "delete", "parameters"),
        parameters("rowFilter.authors.id", "rowFilter.authors.name", "preferReturn"),
    ),
    (("paths", "/authors", "delete", "responses"), {"204": {"description": "No Content"}}),
    (("paths", "/books", "get", "summary"), ABSENT),
    (("paths", "/lent_books", "post", "tags"), ["lent_books"]),
    (("paths", "/book_counts", "get", "tags"), ["book_counts"]),
    (("paths", "/book_counts", "post"), ABSENT),
    (("paths", "/titles", "patch"), ABSENT),
    (("paths", "/titles", "delete"), ABSENT),
    (("paths", "/ledgers"), ABSENT),
    # rows
    (("definitions", "authors", "required"), ["id", "name"]),
    (("definitions", "book_counts", "required"), ABSENT),
    (column("authors", "id"), {"format": "int64", "type": "integer", "description": f"Note:\n{NOTE_PK}"}),
    (column("authors", "name"), {"format": "text", "type": "string", "description": "As printed"}),
    (
        column("books", "author_id"),
        {"format": "int64", "type": "integer", "description": f"May be unknown\n\nNote:\n{NOTE_FK_AUTHOR}"},
    ),
    (
        column("lent_books", "author_id"),
        {"format": "int64", "type": "integer", "description": f"Note:\n{NOTE_FK_AUTHOR}"},
    ),
    (
        column(
            "covers",
            "book_id",
        ),
        {"format": "int32", "type": "integer", "description": f"Note:\n{NOTE_PK}\n{NOTE_FK_BOOK}"},
    ),
    # the referenced end of a one-to-one relationship refers to nothing
    (column("books", "id"), {"format": "int32", "type": "integer", "description": f"Note:\n{NOTE_PK}"}),
    # nor does one column of a key of two
    (column("loans", "a"), {"format": "int32", "type": "integer"}),
    (column("loans", "book_id"), {"format": "int32", "type": "integer", "description": f"Note:\n{NOTE_FK_BOOK}"}),
    (column("books", "title"), {"format": "character varying", "type": "string", "maxLength": 80}),
    (column("books", "shelf"), {"format": "character", "type": "string", "maxLength": 2, "default": "A1"}),
    (
        column("books", "condition"),
        {"format": "library.condition", "type": "string", "enum": ["new", "worn", "lost"], "default": "new"},
    ),
    (column("books", "pages"), {"format": "int32", "type": "integer", "default": 100}),
    (column("books", "price"), {"format": "numeric", "type": "number", "default": 9.5}),
    (column("books", "lent"), {"format": "boolean", "type": "boolean", "default": False}),
    (column("books", "tags"), {"format": "text[]", "type": "array", "items": {"type": "string"}}),
    (column("books", "extra"), {"format": "jsonb"}),
    (column("books", "note"), {"format": "text", "type": "string", "default": "it's here"}),
    (column("books", "added"), {"format": "timestamp with time zone", "type": "string", "default": "now()"}),
    (column("covers", "picture"), {"format": "bytea", "type": "string"}),
    # functions
    (("paths", "/rpc/find_books", "get", "tags"), ["(rpc) find_books"]),
    (("paths", "/rpc/find_books", "post", "summary"), "Search"),
    (("paths", "/rpc/find_books", "post", "description"), "By words."),
    (("paths", "/rpc/find_books", "post", "responses"), {"200": {"description": "OK"}}),
    (("paths", "/rpc/find_books", "post", "parameters", 1), {"$ref": "#/parameters/preferParams"}),
    (("paths", "/rpc/find_books", "post", "parameters", 0, "schema", "required"), ["words"]),
    (("paths", "/rpc/find_books", "post", "parameters", 0, "schema", "description"), "Search\nBy words."),
    (argument("condition"), {"format": "condition", "type": "string"}),
    (argument("tags"), {"format": "text[]", "type": "array", "items": {"type": "string"}}),
    (argument("book", "measure"), {"format": "isbn", "type": "string"}),
    (argument("width", "measure"), {"format": "real", "type": "number"}),
    (argument("height", "measure"), ABSENT),
    (
        ("paths", "/rpc/find_books", "get", "parameters"),
        [
            {"name": "words", "in": "query", "required": True, "type": "string", "format": "text"},
            {"name": "condition", "in": "query", "required": False, "type": "string", "format": "condition"},
            {
                "name": "tags",
                "in": "query",
                "required": False,
                "type": "array",
                "items": {"type": "string", "format": "text"},
                "collectionFormat": "multi",
            },
        ],
    ),
    (("paths", "/rpc/open_hours", "get", "parameters"), ABSENT),
    (("paths", "/rpc/lend", "get"), ABSENT),
    (("paths", "/rpc/lend", "post", "parameters", 0, "schema", "required"), ["book", "until", "who"]),
    (argument("who", "lend"), {"format": "json"}),
    (("paths", "/rpc/on_lend"), ABSENT),
    # parameters
    (("parameters", "preferParams", "enum"), ABSENT),
    (("parameters", "preferReturn", "enum"), ["return=representation", "return=minimal", "return=none"]),
    (("parameters", "rangeUnit", "default"), "items"),
    (
        ("parameters", "rowFilter.authors.name"),
        {"name": "name", "in": "query", "required": False, "type": "string", "description": "As printed"},
    ),
    (
        ("parameters", "body.authors"),
        {
            "name": "authors",
            "description": "authors",
            "in": "body",
            "required": False,
            "schema": {"$ref": "#/definitions/authors"},
        },
    ),
]


@pytest.mark.parametrize(("path", "expected"), TOLD, ids=["/".join(map(str, path)) for path, _ in TOLD])
async def test_each_part_is_told(describe: Describe, path: tuple[str | int, ...], expected: Any) -> None:
    assert dig(await describe(), path) == expected


async def test_every_reference_leads_somewhere_whatever_names_hold(describe: Describe) -> None:
    document = await describe()
    assert "odd/name~ %1" in document["definitions"]
    found = set(references(document))
    assert "#/definitions/odd~1name~0 %251" in found
    assert "#/parameters/rowFilter.odd~1name~0 %251.a~1b" in found
    for reference in found:
        _, section, escaped = reference.split("/")
        name = escaped.replace("%25", "%").replace("~1", "/").replace("~0", "~")
        assert name in document[section]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


@pytest.mark.parametrize("mode", ["follow-privileges", "ignore-privileges"])
async def test_another_schema_has_its_own_document(describe: Describe, mode: str) -> None:
    document = await describe(schema="archive", mode=mode)
    assert set(document["paths"]) == {"/", "/ledgers", "/books", "/rpc/burn"}
    assert set(document["definitions"]["books"]["properties"]) == {"burnt"}
    assert document["info"]["title"] == "PostgREST API"


async def test_security_is_told_when_active(describe: Describe) -> None:
    document = await describe(security_active=True)
    assert document["security"] == [{"JWT": []}]
    assert document["securityDefinitions"]["JWT"]["type"] == "apiKey"
    assert document["securityDefinitions"]["JWT"]["in"] == "header"


async def test_the_address_is_the_proxys_or_its_own(describe: Describe) -> None:
    document = await describe(host="127.0.0.1", port=8000, prefix="/rest/v1")
    assert (document["schemes"], document["host"], document["basePath"]) == (["http"], "127.0.0.1:8000", "/rest/v1")
    document = await describe(proxy_uri="https://books.example/api")
    assert (document["schemes"], document["host"], document["basePath"]) == (["https"], "books.example:443", "/api")
