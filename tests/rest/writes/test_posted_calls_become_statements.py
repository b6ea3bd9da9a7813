"""Whole statements of functions called by POST; and writes and calls that are refused before anything is run."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.rest.errors import RestError
from gateway.rest.sql.call import SCALAR as SCALAR_COLUMN
from tests.rest.writes.compiling import SETTINGS, asked, compiled, payload_of, statement

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
