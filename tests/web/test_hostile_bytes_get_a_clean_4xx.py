"""Requests that are no HTTP, or too much of it: a 4xx in JSON, nothing reflected, no traceback, and life goes on."""

from __future__ import annotations

import gzip
import logging

import pytest

from gateway.web import CorsPolicy, HttpLimits, Request, fast_response
from tests.web.serving import Serve, parse

GET = b"GET /rest/v1/x HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /rest/v1/x HTTP/1.1\r\nHost: a\r\n"


async def read_body(request: Request) -> object:
    return fast_response(200, {"Content-Type": "text/plain"}, str(len(await request.read())).encode())


def target(length: int) -> bytes:
    return b"GET /rest/v1/x?a=" + b"z" * (length - len("/rest/v1/x?a=")) + b" HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (target(70_000), 414, "uri_too_long"),
        (target(65_537), 414, "uri_too_long"),
        (target(10_000_000), 414, "uri_too_long"),
        (GET + b"X-MARK: " + b"z" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (GET + b"X-MARK: " + b"z" * 40_000_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (GET + b"X" * 40_000 + b": 1\r\n\r\n", 431, "headers_too_large"),
        (GET + b"".join(b"X-%d: MARK\r\n" % n for n in range(200)) + b"\r\n", 431, "headers_too_large"),
        (b"MARK /rest/v1/x HTTP/1.1\r\nHost: a\r\n\r\n", 405, "PGRST117"),
        (b"<script>MARK</script>\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"),
        (b"GET /rest/v1/MARK HTTP/9.9\r\nHost: a\r\n\r\n", 400, "bad_request"),
        (b"GET /rest/v1/\0MARK HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request"),
        (b"GET /rest/v1/\xff\xfeMARK HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request"),
        (b"GET http://[MARK/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bad_request"),
        (GET + b"X: MA\0RK\r\n\r\n", 400, "bad_request"),
        (GET + b"X MARK: 1\r\n\r\n", 400, "bad_request"),
        (GET + b"X\r\n\r\n", 400, "bad_request"),
        (GET + b": MARK\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Length: MARK\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Length: -5\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400, "bad_request"),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nMARK\r\n", 400, "bad_request"),
        (POST + b"Transfer-Encoding: MARK\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nMARK", 400, "bad_request"),
        (POST + b"Content-Length: 2000\r\n\r\n" + b"z" * 2000, 413, "request_too_large"),
        (
            POST + b"Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + b"z" * 2000 + b"\r\n0\r\n\r\n",
            413,
            "request_too_large",
        ),
    ],
)
async def test_refused(serve: Serve, caplog: pytest.LogCaptureFixture, data: bytes, status: int, code: str) -> None:
    running = await serve(read_body, limits=HttpLimits(body=1000))
    with caplog.at_level(logging.DEBUG, logger="aiohttp"):
        received = await running.raw(data)
        answer = parse(received)
        assert (answer.status, answer.json["code"]) == (status, code)
        assert list(answer.json) == ["code", "details", "hint", "message"]
        assert code == "PGRST117" or b"MARK" not in received
        assert b"zzzz" not in received
        assert (await running.ask("GET", "/health")).status == 200
    assert not [record for record in caplog.records if record.exc_info]
    assert "Traceback" not in running.log.getvalue()
    assert "MARK" not in running.log.getvalue()


async def test_a_gzip_bomb_is_stopped_at_the_limit(serve: Serve) -> None:
    running = await serve(read_body, limits=HttpLimits(body=100_000))
    bomb = gzip.compress(bytes(200_000_000))
    answer = await running.ask("POST", "/rest/v1/x", {"Content-Encoding": "gzip"}, bomb)
    assert answer.status == 413
    small = await running.ask("POST", "/rest/v1/x", {"Content-Encoding": "gzip"}, gzip.compress(bytes(100_000)))
    assert (small.status, small.body) == (200, b"100000")


@pytest.mark.parametrize("length", [100, 60_000, 65_536])
async def test_long_targets_within_the_limit_arrive_whole(serve: Serve, length: int) -> None:
    async def tell_length(request: Request) -> object:
        return fast_response(200, {}, str(len(request.target)).encode())

    running = await serve(tell_length)
    assert parse(await running.raw(target(length))).body == str(length).encode()


async def test_refusals_are_logged_by_status_only(serve: Serve) -> None:
    running = await serve(read_body)
    await running.raw(target(70_000))
    [line] = running.lines()
    assert (line["event"], line["status"], line["level"]) == ("request", 414, "warning")
    assert len(str(line)) < 400


async def test_a_browser_may_read_the_refusal(serve: Serve) -> None:
    running = await serve(read_body)
    assert parse(await running.raw(target(70_000)))["Access-Control-Allow-Origin"] == "*"
    restricted = await serve(read_body, cors=CorsPolicy(frozenset({"http://a.example"})))
    assert "Access-Control-Allow-Origin" not in parse(await restricted.raw(target(70_000)))


async def test_a_line_and_a_field_limit_of_equal_size_stay_distinct(serve: Serve) -> None:
    running = await serve(read_body, limits=HttpLimits(request_line=5000, header_field=5000))
    assert parse(await running.raw(target(6000))).status == 414
    assert parse(await running.raw(GET + b"X: " + b"z" * 6000 + b"\r\n\r\n")).status == 431
