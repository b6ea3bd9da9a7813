"""From a request and its body to the statement, on the library of `tests.rest.catalogs`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from gateway.catalog import Catalog, Name
from gateway.catalog.model import Column, Representation, Volatility
from gateway.rest.compile import Compiled, CompileRules
from gateway.rest.compile_write import compile_posted_call, compile_write, write_values
from gateway.rest.payload import Payload, read_payload
from gateway.rest.plan.tree import ReadRules
from gateway.rest.request import Request, Rules, read_request
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
FULL = "return=representation"
