"""Statuses, headers, media types and errors of reads, served by two gateways whose answers must be equal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.mediatheque import MEMBER, STAFF, Mediatheque, both
from tests.serving import token

JSON = "application/json; charset=utf-8"
Headers = dict[str, str]

RANGES: list[tuple[str, Headers, int, str | None]] = [
    ("/books?select=id&order=id", {}, 200, "0-4/*"),
    ("/books?select=id&limit=2", {}, 200, "0-1/*"),
    ("/books?select=id&limit=2&offset=1", {}, 200, "1-2/*"),
    ("/books?select=id&offset=99", {}, 200, "*/*"),
    ("/books?select=id", {"Prefer": "count=exact"}, 200, "0-4/5"),
    ("/books?select=id&limit=2", {"Prefer": "count=exact"}, 206, "0-1/5"),
    ("/books?select=id&offset=5", {"Prefer": "count=exact"}, 206, "*/5"),
    ("/books?select=id&offset=6", {"Prefer": "count=exact"}, 416, "*/5"),
    ("/books?select=id&limit=0", {"Prefer": "count=exact"}, 206, "*/5"),
    ("/books?select=id&id=eq.0", {"Prefer": "count=exact"}, 200, "*/0"),
    ("/books?select=id,authors!inner()", {"Prefer": "count=exact"}, 200, "0-3/4"),
    ("/books?select=id,authors!inner()&limit=1", {"Prefer": "count=exact"}, 206, "0-0/4"),
    ("/books?select=id,authors()&authors=is.null&limit=1", {"Prefer": "count=exact"}, 200, "0-0/1"),
    ("/books?select=id,readers()&readers=not.is.null&limit=1", {"Prefer": "count=exact"}, 206, "0-0/2"),
    ("/books?select=id,authors(name)&authors.name=eq.x&limit=1", {"Prefer": "count=exact"}, 206, "0-0/5"),
    ("/books?select=id&id=gt.1&limit=1", {"Prefer": "count=exact", "Range": "1-9"}, 416, None),
    ("/books?select=id", {"Range": "1-2"}, 200, "1-2/*"),
    ("/books?select=id", {"Range": "3-"}, 200, "3-4/*"),
    ("/books?select=id", {"Range": "0-99"}, 200, "0-4/*"),
    ("/books?select=id&limit=3&offset=1", {"Range": "2-9"}, 200, "2-3/*"),
    ("/books?select=id", {"Range": "items=0-1"}, 200, "0-4/*"),
    ("/books?select=id", {"Range": "0-1", "Prefer": "count=exact"}, 206, "0-1/5"),
    ("/books?select=id", {"Prefer": "count=planned"}, 200, "0-4/5"),
    ("/books?select=id&limit=1", {"Prefer": "count=estimated"}, 206, "0-0/5"),
    ("/rpc/add?a=1&b=2", {"Prefer": "count=exact"}, 200, "0-0/1"),
    ("/rpc/books_since?since=1945", {"Prefer": "count=exact"}, 200, "0-1/2"),
    ("/rpc/books_since?since=1945&limit=1", {"Prefer": "count=exact"}, 206, "0-0/2"),
    ("/rpc/nothing", {}, 204, "0-0/*"),
    ("/nothing_here", {}, 200, "*/*"),
]


@pytest.mark.parametrize(
    ("target", "headers", "status", "content_range"), RANGES, ids=[f"{row[0]} {row[1]}" for row in RANGES]
)
async def test_ranges(
    mediatheque: Mediatheque, target: str, headers: Headers, status: int, content_range: str | None
) -> None:
    answer = await both(mediatheque, target, **headers)
    assert (answer.status, answer.headers.get("Content-Range")) == (status, content_range)
    if "Range" in headers:
        return
    head = await both(mediatheque, target, method="HEAD", **headers)
    assert (head.status, head.body, head.headers.get("Content-Range")) == (status, b"", content_range)
    assert head.headers.get("Content-Type") == answer.headers.get("Content-Type")


async def test_head_has_no_range(mediatheque: Mediatheque) -> None:
    answer = await both(mediatheque, "/books", method="HEAD", Range="1-2")
    assert (answer.status, answer.headers["Content-Range"]) == (200, "0-4/*")


BODIES: list[tuple[str, Headers, str, bytes]] = [
    (
        "/authors?select=id,name&id=lt.3&order=id",
        {},
        JSON,
        b'[{"id":1,"name":"Simone Weil"}, \n {"id":2,"name":"Albert Camus"}]',
    ),
    (
        "/books?select=price,acquired&id=eq.1",
        {"Accept": "*/*"},
        JSON,
        b'[{"price":7.50,"acquired":"2020-01-02T03:04:05+00:00"}]',
    ),
    (
        "/books?select=meta&id=eq.2",
        {"Accept": "application/vnd.pgrst.array+json"},
        JSON,
        b'[{"meta":{"at": {"room": "B"}, "pages": 186, "copies": [3, 5]}}]',
    ),
    (
        "/books?select=acquired&id=eq.1",
        {"Prefer": "timezone=America/New_York"},
        JSON,
        b'[{"acquired":"2020-01-01T22:04:05-05:00"}]',
    ),
    ("/nothing_here", {"Accept": "application/json, text/csv"}, JSON, b"[]"),
    (
        "/books?select=id&id=eq.1",
        {"Accept": "application/vnd.pgrst.object+json"},
        "application/vnd.pgrst.object+json; charset=utf-8",
        b'{"id":1}',
    ),
    (
        "/books?select=id,year,meta&id=eq.4",
        {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"},
        "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
        b'[{"id":4,"year":1939,"meta":{}}]',
    ),
    (
        "/books?select=id,year&id=eq.5",
        {"Accept": "application/vnd.pgrst.object+json;nulls=stripped"},
        "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
        b'{"id":5}',
    ),
    (
        "/books?select=id,title,year,tags&id=gt.3&order=id",
        {"Accept": "text/csv"},
        "text/csv; charset=utf-8",
        b"""id,title,year,tags\n4,"Cahier d'un retour",1939,"{short,""a,b""}"\n5,Anonyme,,{}""",
    ),
    (
        "/books?select=id,authors(name)&id=eq.3",
        {"Accept": "text/csv"},
        "text/csv; charset=utf-8",
        b'id,authors\n3,"{""name"": ""Albert Camus""}"',
    ),
    ("/nothing_here", {"Accept": "text/csv"}, "text/csv; charset=utf-8", b"\n"),
    ("/authors?id=lt.3&order=id", {"Accept": "text/html"}, "text/html", b"<ul><li>Simone Weil<li>Albert Camus</ul>"),
    (
        "/authors?id=lt.3&order=id",
        {"Accept": "text/html;q=0.5, text/csv"},
        "text/csv; charset=utf-8",
        b'id,name,born,mentor_id\n1,"Simone Weil",1909-02-03,\n2,"Albert Camus",1913-11-07,',
    ),
    ("/rpc/welcome", {"Accept": "text/html"}, "text/html", b"<h1>Bonjour</h1>"),
    ("/rpc/logo", {"Accept": "application/octet-stream"}, "application/octet-stream", b"\x89PNG"),
    ("/rpc/echo?line=x", {"Accept": "text/csv"}, "text/csv; charset=utf-8", b"pgrst_scalar\nx"),
    (
        "/rpc/names?limit=2",
        {"Accept": "text/csv"},
        "text/csv; charset=utf-8",
        b'pgrst_scalar\n"Simone Weil"\n"Albert Camus"',
    ),
]


@pytest.mark.parametrize(("target", "headers", "kind", "body"), BODIES, ids=[f"{row[0]} {row[1]}" for row in BODIES])
async def test_bodies(mediatheque: Mediatheque, target: str, headers: Headers, kind: str, body: bytes) -> None:
    answer = await both(mediatheque, target, **headers)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, kind, body)
    assert answer.headers["Content-Length"] == str(len(body))


HEADERS: list[tuple[str, Headers, Headers]] = [
    (
        "/books?select=id&id=eq.1",
        {},
        {"Content-Location": "/books?id=eq.1&select=id", "Content-Profile": "api", "Vary": "Accept, Prefer, Range"},
    ),
    ("/books", {}, {"Content-Location": "/books"}),
    ("/books", {"Accept-Profile": "archive"}, {"Content-Profile": "archive"}),
    ("/books?limit=1", {"Prefer": "count=exact"}, {"Preference-Applied": "count=exact"}),
    (
        "/books?limit=1",
        {"Prefer": "handling=lenient, count=nonsense, tx=rollback"},
        {"Preference-Applied": "handling=lenient"},
    ),
    (
        "/books?limit=1",
        {"Prefer": "timezone=Europe/Paris,count=planned,handling=strict"},
        {"Preference-Applied": "count=planned, handling=strict, timezone=Europe/Paris"},
    ),
    ("/books?select=a:authors(id)&authors.id=eq.1", {}, {"Warning": "..."}),
]


@pytest.mark.parametrize(("target", "sent", "expected"), HEADERS, ids=[f"{row[0]} {row[1]}" for row in HEADERS])
async def test_headers(mediatheque: Mediatheque, target: str, sent: Headers, expected: Headers) -> None:
    answer = await both(mediatheque, target, **sent)
    assert answer.status in (200, 206)
    for name, value in expected.items():
        assert answer.headers[name] == value or (value == "..." and answer.headers[name])


async def test_a_profile_chooses_the_schema(mediatheque: Mediatheque) -> None:
    answer = await both(mediatheque, "/books", **{"Accept-Profile": "archive", "Content-Profile": "zzz"})
    assert answer.json == [{"id": 1, "title": "Old catalogue"}]


PGRST100 = '"failed to parse {}'
ERRORS: list[tuple[str, dict[str, Any], int, str, str, Any, Any]] = [
    (
        "/book",
        {},
        404,
        "PGRST205",
        "Could not find the table 'api.book' in the schema cache",
        None,
        "Perhaps you meant the table 'api.books'",
    ),
    ("/zzzzzz", {}, 404, "PGRST205", "Could not find the table 'api.zzzzzz' in the schema cache", None, None),
    ("/visits_2024", {}, 404, "PGRST205", "Could not find the table 'api.visits_2024' in the schema cache", None, None),
    ("/canary", {}, 404, "PGRST205", "Could not find the table 'api.canary' in the schema cache", None, None),
    ("/books/1", {}, 404, "PGRST125", "Invalid path specified in request URL", None, None),
    ("/books/", {}, 404, "PGRST125", "Invalid path specified in request URL", None, None),
    ("/rpc/", {}, 404, "PGRST125", "Invalid path specified in request URL", None, None),
    (
        "/rpc/ad?a=1&b=2",
        {},
        404,
        "PGRST202",
        "Could not find the function api.ad(a, b) in the schema cache",
        "Searched for the function api.ad with parameters a, b, but no matches were found in the schema cache.",
        None,
    ),
    (
        "/rpc/add?a=1",
        {},
        404,
        "PGRST202",
        "Could not find the function api.add(a) in the schema cache",
        "Searched for the function api.add with parameter a, but no matches were found in the schema cache.",
        "Perhaps you meant to call the function api.add(a, b)",
    ),
    (
        "/rpc/overloaded?a=1",
        {},
        300,
        "PGRST203",
        "Could not choose the best candidate function between: api.overloaded(a => integer), api.overloaded(a => text)",
        None,
        ...,
    ),
    ("/books?select=nope", {}, 400, "42703", "column books.nope does not exist", None, None),
    ("/books?nope=eq.1", {}, 400, "42703", "column books.nope does not exist", None, None),
    (
        "/books?select=authors(id)&order=authors(name)",
        {},
        400,
        "42703",
        "column books_authors_1.name does not exist",
        None,
        None,
    ),
    ("/books?select=id::nope", {}, 400, "42704", 'type "nope" does not exist', None, None),
    ("/books?id=eq.x", {}, 400, "22P02", 'invalid input syntax for type integer: "x"', None, None),
    ("/books?id=eq.99999999999", {}, 400, "22003", 'value "99999999999" is out of range for type integer', None, None),
    ("/books?id=like.1", {}, 404, "42883", "operator does not exist: integer ~~ unknown", None, ...),
    ("/books?title=match.(", {}, 400, "2201B", "invalid regular expression: parentheses () not balanced", None, None),
    ("/books?tags=cs.x", {}, 400, "22P02", 'malformed array literal: "x"', ..., None),
    ("/books?title=fts(klingon).x", {}, 400, "42704", 'text search configuration "klingon" does not exist', None, None),
    ("/books?body=fts.%26", {}, 400, "42601", ..., None, None),
    (
        "/books?id=5",
        {},
        400,
        "PGRST100",
        '"failed to parse filter (5)" (line 1, column 1)',
        'unexpected "5" expecting "not" or operator (eq, gt, ...)',
        None,
    ),
    (
        "/books?select=id,authors(name",
        {},
        400,
        "PGRST100",
        '"failed to parse select parameter (id,authors(name)" (line 1, column 16)',
        ...,
        None,
    ),
    ("/books?order=id.up", {}, 400, "PGRST100", '"failed to parse order (id.up)" (line 1, column 4)', ..., None),
    ("/books?or=()", {}, 400, "PGRST100", '"failed to parse logic tree (())" (line 1, column 4)', ..., None),
    (
        "/books?limit=-1",
        {},
        416,
        "PGRST103",
        "Requested range not satisfiable",
        "Limit should be greater than or equal to zero.",
        None,
    ),
    (
        "/books",
        {"Range": "5-2"},
        416,
        "PGRST103",
        "Requested range not satisfiable",
        "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
        None,
    ),
    (
        "/books?offset=9",
        {"Prefer": "count=exact"},
        416,
        "PGRST103",
        "Requested range not satisfiable",
        "An offset of 9 was requested, but there are only 5 rows.",
        None,
    ),
    (
        "/books?authors.name=eq.x",
        {},
        400,
        "PGRST108",
        "'authors' is not an embedded resource in this request",
        None,
        "Verify that 'authors' is included in the 'select' query parameter.",
    ),
    (
        "/books?select=author(name)",
        {},
        400,
        "PGRST200",
        "Could not find a relationship between 'books' and 'author' in the schema cache",
        ...,
        "Perhaps you meant 'authors' instead of 'author'.",
    ),
    (
        "/letters?select=readers(name)",
        {},
        300,
        "PGRST201",
        "Could not embed because more than one relationship was found for 'letters' and 'readers'",
        ...,
        ...,
    ),
    (
        "/books?select=readers(id)&order=readers(id)",
        {},
        400,
        "PGRST118",
        "A related order on 'readers' is not possible",
        ...,
        None,
    ),
    ("/readers?select=...books(count())", {}, 400, "PGRST127", "Feature not implemented", ..., None),
    (
        "/books",
        {"Accept": "text/unknown, application/pdf"},
        406,
        "PGRST107",
        "None of these media types are available: text/unknown, application/pdf",
        None,
        None,
    ),
    (
        "/books",
        {"Accept": "application/vnd.pgrst.object+json"},
        406,
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        "The result contains 5 rows",
        None,
    ),
    (
        "/nothing_here",
        {"Accept": "application/vnd.pgrst.object+json"},
        406,
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        "The result contains 0 rows",
        None,
    ),
    (
        "/books",
        {"Accept-Profile": "secret"},
        406,
        "PGRST106",
        "Invalid schema: secret",
        None,
        "Only the following schemas are exposed: api, archive",
    ),
    (
        "/books",
        {"Prefer": "handling=strict, a=b, c"},
        400,
        "PGRST122",
        "Invalid preferences given with handling=strict",
        "Invalid preferences: a=b, c",
        None,
    ),
    (
        "/books",
        {"Prefer": "timezone=Nowhere/Here"},
        400,
        "22023",
        'invalid value for parameter "TimeZone": "Nowhere/Here"',
        None,
        None,
    ),
    ("/rpc/add?a=1&b=2", {"Prefer": "handling=strict, max-affected=1"}, 400, "PGRST128", ..., None, None),
    ("/vault", {}, 401, "42501", "permission denied for table vault", None, None),
    ("/vault", {"bearer": MEMBER}, 403, "42501", "permission denied for table vault", None, None),
    ("/notes", {}, 401, "42501", "permission denied for table notes", None, None),
    (
        "/books?select=id&id=eq.1",
        {"bearer": token("rest_ghost")},
        401,
        "22023",
        'role "rest_ghost" does not exist',
        None,
        None,
    ),
    ("/books?select=id", {"bearer": "a.b"}, 401, "PGRST301", "Expected 3 parts in JWT; got 2", None, None),
    ("/books?select=id", {"bearer": token("rest_member", exp=1)}, 401, "PGRST303", "JWT expired", None, None),
    ("/rpc/refuse?state=P0001&message=no", {}, 400, "P0001", "no", "why", "try again"),
    ("/rpc/refuse?state=PT418&message=short", {}, 418, "PT418", "short", "why", "try again"),
    ("/rpc/refuse?state=23505&message=twice", {}, 409, "23505", "twice", "why", "try again"),
    ("/rpc/refuse_in_json", {}, 423, "E1", "closed", None, "come tomorrow"),
    ("/rpc/refuse?state=PGRST&message=x", {}, 500, "PGRST121", ..., ..., ...),
    ("/rpc/scribble", {}, 405, "25006", "cannot execute INSERT in a read-only transaction", None, None),
    ("/rpc/badly_dressed?headers=x&status=200", {}, 500, "PGRST111", ..., None, None),
    ("/rpc/badly_dressed?headers=[]&status=x", {}, 500, "PGRST112", ..., None, None),
    ("/rpc/nap?seconds=5", {"bearer": STAFF}, 500, "57014", "canceling statement due to statement timeout", None, None),
]


@pytest.mark.parametrize("row", ERRORS, ids=[f"{row[0]} {row[1]}"[:80] for row in ERRORS])
async def test_errors(mediatheque: Mediatheque, row: tuple[str, dict[str, Any], int, str, Any, Any, Any]) -> None:
    target, sent, status, code, message, details, hint = row
    answer = await both(mediatheque, target, **sent)
    assert (answer.status, answer.headers["Content-Type"]) == (status, JSON)
    assert list(answer.json) == ["code", "details", "hint", "message"]
    for found, expected in zip(answer.json.values(), (code, details, hint, message), strict=True):
        assert expected is ... or found == expected
    if code != "PGRST103" or "Prefer" not in sent:
        assert answer.headers["Proxy-Status"] == f"PostgREST; error={code}"
    head = await both(mediatheque, target, method="HEAD", **sent)
    assert head.body == b""
    assert head.status == (200 if "Range" in sent else status)


@pytest.mark.parametrize(
    ("bearer", "challenge"),
    [
        (None, "Bearer"),
        ("a.b", 'Bearer error="invalid_token", error_description="Expected 3 parts in JWT; got 2"'),
        (token("rest_member", exp=1), 'Bearer error="invalid_token", error_description="JWT expired"'),
        (token("rest_ghost"), "Bearer"),
    ],
)
async def test_a_401_says_how_to_come_in(mediatheque: Mediatheque, bearer: str | None, challenge: str) -> None:
    answer = await both(mediatheque, "/vault", bearer=bearer)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, challenge)


async def test_sql_sees_the_request(mediatheque: Mediatheque) -> None:
    answer = await both(
        mediatheque, "/rpc/asked?", **{"User-Agent": "reader/1", "Cookie": "crumb=7; other=x", "bearer": MEMBER}
    )
    assert answer.json == {
        "method": "GET",
        "path": "/rest/v1/rpc/asked",
        "agent": "reader/1",
        "crumb": "7",
        "role": "rest_member",
        "schema": "api",
        "read_only": "on",
    }


async def test_sql_decides_status_and_headers(mediatheque: Mediatheque) -> None:
    answer = await both(mediatheque, "/rpc/dressed")
    assert (answer.status, answer.json) == (418, "teapot")
    assert (answer.headers["X-Shelf"], answer.headers["Cache-Control"]) == ("7", "no-store")


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/books", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        ("/visits", "OPTIONS,GET,HEAD,POST,PATCH,DELETE"),
        ("/yearly", "OPTIONS,GET,HEAD"),
        ("/modern_books", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        ("/rpc/add?a=1&b=2", "OPTIONS,GET,HEAD,POST"),
        ("/rpc/nothing", "OPTIONS,POST"),
        ("/", "OPTIONS,GET,HEAD"),
    ],
)
async def test_options(mediatheque: Mediatheque, target: str, allow: str) -> None:
    answer = await both(mediatheque, target, method="OPTIONS")
    assert (answer.status, answer.body, answer.headers["Allow"]) == (200, b"", allow)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/vnd.pgrst.plan", 'application/vnd.pgrst.plan+text; for="application/json"; charset=utf-8'),
        (
            'application/vnd.pgrst.plan+json; for="text/csv"; options=verbose|buffers',
            'application/vnd.pgrst.plan+json; for="text/csv"; options=verbose|buffers; charset=utf-8',
        ),
    ],
)
async def test_plans(mediatheque: Mediatheque, accept: str, kind: str) -> None:
    answer = await both(mediatheque, "/books?select=id&id=eq.1", Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert b"Aggregate" in answer.body
