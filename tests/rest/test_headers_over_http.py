"""Ranges, headers, media types and what SQL sees of a request, from two gateways whose answers must be equal."""

from __future__ import annotations

import pytest

from tests.rest.mediatheque import MEMBER, Mediatheque, both

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
        {
            "Content-Location": "/books?id=eq.1&select=id",
            "Content-Profile": "api",
            "Vary": "Accept, Prefer, Range, Authorization, apikey, Accept-Profile",
        },
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
