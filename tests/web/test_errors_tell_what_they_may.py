"""Error answers: PostgREST's shape to the byte, the same headers for all, and nothing of the inside."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import GatewayError, Unavailable
from gateway.web import CorsPolicy, PostgrestErrors, Request, fast_response
from tests.web.serving import Serve, Surface


def raising(error: BaseException) -> Any:
    async def handle(request: Request) -> object:
        raise error

    return handle


async def test_the_shape_to_the_byte(serve: Serve) -> None:
    error = GatewayError(404, "PGRST205", "no é", details={"b": [1], "a": None}, hint="h", reason="Gone fishing")
    running = await serve(raising(error))
    answer = await running.ask("GET", "/rest/v1/x")
    assert answer.body == '{"code":"PGRST205","details":{"b":[1],"a":null},"hint":"h","message":"no é"}'.encode()
    assert (answer.status, answer.reason) == (404, "Gone fishing")
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer["Proxy-Status"] == "PostgREST; error=PGRST205"
    assert answer["Content-Length"] == str(len(answer.body))


async def test_minimal_verbosity(serve: Serve) -> None:
    error = GatewayError(400, "X", "m", details="d", hint="h")
    running = await serve(Surface(raising(error), render_error=PostgrestErrors(verbose=False)))
    assert (await running.ask("GET", "/rest/v1/x")).body == b'{"code":"X","message":"m"}'


async def test_head_has_the_headers_and_no_body(serve: Serve) -> None:
    running = await serve(raising(GatewayError(406, "PGRST107", "m", headers={"X-More": "1"})))
    answer = await running.ask("HEAD", "/rest/v1/x")
    assert (answer.status, answer.body, answer["X-More"]) == (406, b"", "1")
    assert answer["Proxy-Status"] == "PostgREST; error=PGRST107"
    assert "Content-Length" not in answer


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Unavailable("PGRST002", "m", retry_after=7), "7"),
        (GatewayError(503, "53300", "too many connections"), "1"),
    ],
)
async def test_every_503_says_when_to_retry(serve: Serve, error: GatewayError, seconds: str) -> None:
    running = await serve(raising(error))
    assert (await running.ask("GET", "/rest/v1/x"))["Retry-After"] == seconds


@pytest.mark.parametrize(
    "failure", [RuntimeError("inner secret"), TimeoutError("inner secret"), ConnectionError("inner secret")]
)
async def test_the_unexpected_is_logged_and_not_told(serve: Serve, failure: Exception) -> None:
    running = await serve(raising(failure))
    answer = await running.ask("GET", "/rest/v1/x?secret=1", {"X-Request-Id": "req-42", "Origin": "http://a.example"})
    assert answer.status == 500
    assert answer.json["code"] == "PGRSTX00"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert b"inner secret" not in answer.body
    assert "req-42" in answer.json["hint"]
    [line] = [line for line in running.lines() if line["event"] == "unexpected failure"]
    assert line["id"] == "req-42"
    assert "inner secret" in line["exception"]
    assert "secret=1" not in running.log.getvalue()
    assert (await running.ask("GET", "/health")).status == 200


@pytest.mark.parametrize(("code", "shown"), [("P0001\r\nX-Evil: 1", "P0001??X-Evil: 1"), ("é", "?"), ("a\0b", "a?b")])
async def test_codes_from_sql_cannot_inject_headers(serve: Serve, code: str, shown: str) -> None:
    running = await serve(raising(GatewayError(400, code, "m")))
    answer = await running.ask("GET", "/rest/v1/x")
    assert answer["Proxy-Status"] == f"PostgREST; error={shown}"
    assert "X-Evil" not in answer
    assert answer.json["code"] == code


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
async def test_headers_that_http_cannot_carry(serve: Serve, value: str) -> None:
    async def handle(request: Request) -> object:
        return fast_response(200, {"X-Custom": value}, b"secret row")

    running = await serve(handle)
    for method in ("GET", "HEAD"):
        answer = await running.ask(method, "/rest/v1/x")
        assert answer.status == 500
        assert "X-Evil" not in answer
        assert b"secret row" not in answer.body
        assert (answer.body == b"") == (method == "HEAD")


@pytest.mark.parametrize("reason", ["a\r\nX-Evil: 1", "a\nb"])
async def test_reasons_cannot_inject_headers(serve: Serve, reason: str) -> None:
    running = await serve(raising(GatewayError(400, "X", "m", reason=reason)))
    answer = await running.ask("GET", "/rest/v1/x")
    assert answer.status in (400, 500)
    assert "X-Evil" not in answer


@pytest.mark.parametrize("text", ["\udcff", "a\ud800b"])
async def test_quoted_input_may_be_no_unicode(serve: Serve, text: str) -> None:
    running = await serve(raising(GatewayError(400, "X", f"bad {text}", details=2**80)))
    answer = await running.ask("GET", "/rest/v1/x")
    assert answer.status == 400
    assert answer.json["message"].startswith("bad ")
    assert answer.json["details"] == 2**80


async def test_where_nothing_is_mounted(serve: Serve) -> None:
    running = await serve(raising(RuntimeError()))
    for target in ("/", "/rest", "/rest/v10/x", "/rest%2Fv1/x", "//rest/v1/x", "/healthy"):
        answer = await running.ask("GET", target)
        assert (answer.status, answer.json["code"]) == (404, "PGRST125"), target


async def test_errors_carry_cors_headers_of_a_restricted_policy(serve: Serve) -> None:
    policy = CorsPolicy(frozenset({"http://good.example"}))
    running = await serve(raising(GatewayError(401, "X", "m")), cors=policy)
    good = await running.ask("GET", "/rest/v1/x", {"Origin": "http://good.example"})
    assert good["Access-Control-Allow-Origin"] == "http://good.example"
    assert "Access-Control-Allow-Origin" not in await running.ask("GET", "/rest/v1/x", {"Origin": "http://bad.example"})
