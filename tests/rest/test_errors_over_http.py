"""Every error of a read, with status, code and texts, from two gateways whose answers must be equal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.mediatheque import MEMBER, STAFF, Mediatheque, both
from tests.serving import token

JSON = "application/json; charset=utf-8"

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


# Tokens hold the time at which a worker collected them: they cannot be part of a name.
@pytest.mark.parametrize(
    "row", ERRORS, ids=[f"{row[0]} {' '.join(row[1])} {number}"[:80] for number, row in enumerate(ERRORS)]
)
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
