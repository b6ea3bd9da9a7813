"""Cross-origin answers: PostgREST's to the letter in its mode, what Supabase clients need otherwise."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from gateway.web import CorsPolicy, Request, fast_response
from gateway.web.cors import POSTGREST_EXPOSED, SUPABASE_EXPOSED, add_cors_headers, is_preflight, preflight_headers
from tests.web.serving import Serve

ANY = CorsPolicy.postgrest()
LISTED = CorsPolicy.postgrest(frozenset({"http://a.example", "http://b.example"}))
SUPABASE_ASKS = "authorization, apikey, content-type, x-client-info, x-retry-count, traceparent"
METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"


@pytest.mark.parametrize(
    ("requested", "allowed"),
    [
        ("Foo,Bar", "Authorization, Foo, Bar, Accept, Accept-Language, Content-Language"),
        (None, "Authorization, Accept, Accept-Language, Content-Language"),
        ("", "Authorization, Accept, Accept-Language, Content-Language"),
        (
            SUPABASE_ASKS.replace(", ", ","),
            f"Authorization, {SUPABASE_ASKS}, Accept, Accept-Language, Content-Language",
        ),
        ("a b, é, x\x01, ok, ,", "Authorization, ok, Accept, Accept-Language, Content-Language"),
    ],
)
def test_preflight_where_every_origin_is_allowed(requested: str | None, allowed: str) -> None:
    assert preflight_headers(ANY, "http://anyone.example", requested) == {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": allowed,
        "Access-Control-Max-Age": "86400",
    }


def test_preflight_of_a_listed_origin() -> None:
    headers = preflight_headers(LISTED, "http://b.example", "X")
    assert headers["Access-Control-Allow-Origin"] == "http://b.example"
    assert headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize("origin", ["http://c.example", "null", "http://a.example.evil", "HTTP://A.EXAMPLE", ""])
def test_preflight_of_another_origin(origin: str) -> None:
    assert preflight_headers(LISTED, origin, "X") == {}


def added(policy: CorsPolicy, method: str, origin: str | None, **headers: str) -> dict[str, str]:
    answer = CIMultiDict(headers)
    add_cors_headers(policy, method, origin, answer)
    assert len(answer) == len(set(answer))
    return dict(answer)


@pytest.mark.parametrize(
    ("policy", "method", "origin", "headers"),
    [
        (ANY, "GET", None, {}),
        (ANY, "OPTIONS", None, {"Access-Control-Allow-Origin": "*"}),
        (
            ANY,
            "GET",
            "http://x",
            {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": POSTGREST_EXPOSED},
        ),
        (
            CorsPolicy(),
            "POST",
            "http://x",
            {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": SUPABASE_EXPOSED},
        ),
        (
            LISTED,
            "GET",
            "http://a.example",
            {
                "Access-Control-Allow-Origin": "http://a.example",
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": POSTGREST_EXPOSED,
            },
        ),
        (LISTED, "GET", "http://evil.example", {}),
        (LISTED, "OPTIONS", None, {}),
    ],
)
def test_other_answers(policy: CorsPolicy, method: str, origin: str | None, headers: dict[str, str]) -> None:
    assert added(policy, method, origin) == headers


def test_an_origin_that_is_not_allowed_loses_what_a_surface_set() -> None:
    assert added(LISTED, "OPTIONS", "http://evil.example", **{"Access-Control-Allow-Origin": "*"}) == {}


def test_reads_by_body_are_allowed_except_in_postgrest_mode() -> None:
    headers = preflight_headers(CorsPolicy(), "http://x", None)
    assert headers["Access-Control-Allow-Methods"] == f"{METHODS}, QUERY"


def test_a_restricted_answer_varies_by_origin_except_in_postgrest_mode() -> None:
    restricted = CorsPolicy(frozenset({"http://a.example"}))
    assert added(restricted, "GET", "http://evil.example", Vary="Accept, Prefer, Range") == {
        "Vary": "Accept, Prefer, Range, Origin"
    }
    assert added(restricted, "GET", "http://a.example")["Vary"] == "Origin"
    assert "Vary" not in added(CorsPolicy(), "GET", "http://a.example")
    assert "Vary" not in added(LISTED, "GET", "http://a.example")


def test_an_empty_list_allows_all() -> None:
    assert preflight_headers(CorsPolicy.postgrest(frozenset()), "http://x", None)["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("name", ["Content-Range", "X-Supabase-Api-Version", "X-Total-Count", "Link", "Retry-After"])
def test_what_clients_of_supabase_read_is_exposed(name: str) -> None:
    assert name in SUPABASE_EXPOSED.split(", ")


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("OPTIONS", {"Origin": "x", "Access-Control-Request-Method": "GET"}, True),
        ("OPTIONS", {"Origin": "x"}, False),
        ("OPTIONS", {"Access-Control-Request-Method": "GET"}, False),
        ("GET", {"Origin": "x", "Access-Control-Request-Method": "GET"}, False),
    ],
)
def test_what_is_a_preflight(method: str, headers: dict[str, str], expected: bool) -> None:
    assert is_preflight(method, headers) is expected


async def test_preflights_never_reach_a_surface_and_need_no_key(serve: Serve) -> None:
    async def handle(request: Request) -> object:
        return fast_response(200, {"Allow": "OPTIONS,GET"})

    running = await serve(handle)
    asking = {"Origin": "http://x", "Access-Control-Request-Method": "PATCH"}
    for target in ("/rest/v1/x", "/nothing/here"):
        answer = await running.ask("OPTIONS", target, asking)
        assert (answer.status, answer.body, answer["Access-Control-Max-Age"]) == (200, b"", "86400")
        assert answer["Content-Length"] == "0"
        assert "Allow" not in answer
    assert (await running.ask("OPTIONS", "/rest/v1/x", {"Origin": "http://x"}))["Allow"] == "OPTIONS,GET"
