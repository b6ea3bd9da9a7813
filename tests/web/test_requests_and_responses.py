"""What surfaces get and what goes out: raw targets, mounts, framing, trace headers, logs."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.errors import GatewayError
from gateway.web import BytesResponse, Mounts, Request, fast_response, raw_path_and_query
from tests.web.serving import Running, Serve, Surface, parse


async def echo(request: Request) -> web.StreamResponse:
    path, query = raw_path_and_query(request)
    return fast_response(200, {"Content-Type": "text/plain"}, f"{path} {query}".encode())


@pytest.mark.parametrize(
    ("target", "echoed"),
    [
        ("/rest/v1/x", "/rest/v1/x "),
        ("/rest/v1/x?", "/rest/v1/x "),
        ("/rest/v1/x?a=b%2Cc&d=%22,%22", "/rest/v1/x a=b%2Cc&d=%22,%22"),
        ("/rest/v1/a%20b/%C3%A9?x=1?2", "/rest/v1/a%20b/%C3%A9 x=1?2"),
        ("/rest/v1/x?a=1+1", "/rest/v1/x a=1+1"),
        ("/rest/v1/%00%zz?%", "/rest/v1/%00%zz %"),
        ("/rest/v1//x/../y?a", "/rest/v1//x/../y a"),
        ("/rest/v1", "/rest/v1 "),
        ("/rest/v1?select=*", "/rest/v1 select=*"),
        ("http://elsewhere.example:99/rest/v1/x?a=%2C", "/rest/v1/x a=%2C"),
    ],
)
async def test_the_target_arrives_undecoded(serve: Serve, target: str, echoed: str) -> None:
    running = await serve(echo)
    assert (await running.ask("GET", target)).body.decode() == echoed


@pytest.mark.parametrize(
    ("target", "prefix"),
    [
        ("/rest/v1/x", "/rest/v1"),
        ("/rest/v1", "/rest/v1"),
        ("/rest/v1?x", "/rest/v1"),
        ("/rest/v1/deep/x", "/rest/v1/deep"),
        ("/rest/v1/deeper", "/rest/v1"),
        ("/rest/v2", ""),
        ("/", ""),
        ("*", ""),
    ],
)
def test_the_longest_prefix_wins(target: str, prefix: str) -> None:
    found = Mounts([Surface(echo, prefix) for prefix in ("", "/rest/v1", "/rest/v1/deep", "/auth/v1")]).find(target)
    assert found is not None
    assert found.prefix == prefix


@pytest.mark.parametrize("prefixes", [("/a", "/a"), ("a",), ("/a/",), ("/",)])
def test_mounts_that_make_no_sense(prefixes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="mount"):
        Mounts([Surface(echo, prefix) for prefix in prefixes])


@pytest.mark.parametrize(
    ("method", "status", "length", "body"),
    [
        ("GET", 200, "5", b"12345"),
        ("HEAD", 200, None, b""),
        ("GET", 206, "5", b"12345"),
        ("DELETE", 204, None, b""),
        ("GET", 304, None, b""),
        ("GET", 599, "5", b"12345"),
    ],
)
async def test_framing(serve: Serve, method: str, status: int, length: str | None, body: bytes) -> None:
    async def handle(request: Request) -> web.StreamResponse:
        return BytesResponse(status, {"Content-Type": "text/plain"}, b"12345")

    running = await serve(handle)
    answer = await running.ask(method, "/rest/v1/x")
    assert (answer.status, answer.body) == (status, body)
    assert answer.get("Content-Length") == length
    assert answer["Server"] == "passerelle"


async def test_an_empty_body_has_a_length(serve: Serve) -> None:
    async def handle(request: Request) -> web.StreamResponse:
        return fast_response(201)

    running = await serve(handle)
    assert (await running.ask("POST", "/rest/v1/x"))["Content-Length"] == "0"


async def test_names_may_repeat(serve: Serve) -> None:
    async def handle(request: Request) -> web.StreamResponse:
        return fast_response(200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])

    running = await serve(handle)
    cookies = [value for name, value in (await running.ask("GET", "/rest/v1/x")).headers if name == "Set-Cookie"]
    assert cookies == ["a=1", "b=2"]


async def test_keep_alive_and_pipelining(serve: Serve) -> None:
    running = await serve(echo)
    once = b"GET /rest/v1/%d HTTP/1.1\r\nHost: a\r\n\r\n"
    received = await running.raw(b"".join(once % number for number in range(50)))
    assert [f"/rest/v1/{number} ".encode() in received for number in range(50)] == [True] * 50
    assert received.count(b"HTTP/1.1 200 OK") == 50


@pytest.mark.parametrize(
    ("request_line", "connection"),
    [
        (b"GET /rest/v1/x HTTP/1.0\r\n", None),
        (b"GET /rest/v1/x HTTP/1.0\r\nConnection: keep-alive\r\n", "keep-alive"),
        (b"GET /rest/v1/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", "close"),
    ],
)
async def test_connection_header(serve: Serve, request_line: bytes, connection: str | None) -> None:
    running = await serve(echo)
    answer = parse(await running.raw(request_line + b"\r\n"))
    assert answer.get("Connection") == connection


@pytest.mark.parametrize("sent", ["abc-123", None])
async def test_the_trace_header_is_repeated(serve: Serve, sent: str | None) -> None:
    async def handle(request: Request) -> web.StreamResponse:
        if request.target.endswith("bad"):
            raise GatewayError(400, "X", "m")
        return await echo(request)

    running = await serve(handle, trace_header="X-Request-Id")
    for target in ("/rest/v1/x", "/rest/v1/bad", "/nowhere"):
        answer = await running.ask("GET", target, {"X-Request-Id": sent} if sent else {})
        assert answer["X-Request-Id"] == (sent or "")


async def test_websockets_and_streams_pass_through(serve: Serve) -> None:
    async def handle(request: Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(message.data + "!")
            return socket
        stream = web.StreamResponse()
        await stream.prepare(request)
        await stream.write(b"one ")
        await stream.write(b"two")
        await stream.write_eof()
        return stream

    running = await serve(handle)
    answer = await running.ask("GET", "/rest/v1/x", {"Upgrade": "websocket"})
    assert (answer.status, answer.json["code"]) == (400, "bad_request")
    base = f"http://127.0.0.1:{running.port}/rest/v1/x"
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(base) as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "hello!"
        async with session.get(base, headers={"Origin": "http://x"}) as response:
            assert await response.read() == b"one two"


async def line_of(serve: Serve, headers: dict[str, str], **options: Any) -> dict[str, Any]:
    async def handle(request: Request) -> web.StreamResponse:
        request.role = "author"
        request.route = "/rest/v1/{relation}"
        request.round_trips = 2
        return await echo(request)

    running: Running = await serve(handle, **options)
    await running.ask("GET", "/rest/v1/films?secret=eq.value", headers)
    [line] = running.lines()
    return line


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("parent", "trace"),
    [
        (f"00-{TRACE}-b7ad6b7169203331-01", TRACE),
        (f"00-{TRACE}-b7ad6b7169203331-01-more", None),
        (f"01-{TRACE}-b7ad6b7169203331-01", TRACE),
        (f"01-{TRACE}-b7ad6b7169203331-01-more", TRACE),
        (f"01-{TRACE}-b7ad6b7169203331-01more", None),
        (f"ff-{TRACE}-b7ad6b7169203331-01", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-b7ad6b7169203331-01", None),
        ("nonsense", None),
    ],
)
@pytest.mark.parametrize("direct", [False, True])
async def test_the_log_line(serve: Serve, parent: str, trace: str | None, direct: bool) -> None:
    secret = {"Authorization": "Bearer top.secret.token", "apikey": "sb_secret_key", "traceparent": parent}
    line = await line_of(serve, secret, direct=direct)
    assert line.pop("ms") >= 0
    assert line.pop("id")
    assert line.pop("trace", None) == trace
    assert line.pop("bytes") == len("/rest/v1/films secret=eq.value")
    if direct:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/rest/v1/{relation}",
        "role": "author",
        "status": 200,
        "round_trips": 2,
    }


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a1-b2_c3.d4:e5/f6", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("<b>", False), ("", False)],
)
async def test_request_ids(serve: Serve, sent: str, kept: bool) -> None:
    line = await line_of(serve, {"X-Request-Id": sent})
    assert (line["id"] == sent) is kept
    assert line["id"]


async def test_generated_ids_differ(serve: Serve) -> None:
    running = await serve(echo)
    for _ in range(5):
        await running.ask("GET", "/rest/v1/x")
    assert len({line["id"] for line in running.lines()}) == 5


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("debug", [200, 404, 503]),
        ("info", [200, 404, 503]),
        ("warning", [404, 503]),
        ("error", [503]),
        ("critical", []),
    ],
)
@pytest.mark.parametrize("direct", [False, True])
async def test_levels_as_in_postgrest(serve: Serve, level: str, logged: list[int], direct: bool) -> None:
    async def handle(request: Request) -> web.StreamResponse:
        status = int(request.target[-3:])
        if status >= 400:
            raise GatewayError(status, "X", "m")
        return fast_response(status)

    running = await serve(handle, level=level, direct=direct)
    for status in (200, 404, 503):
        assert (await running.ask("GET", f"/rest/v1/{status}")).status == status
    assert [line["status"] for line in running.lines()] == logged


async def test_a_client_that_leaves_cancels_its_request(serve: Serve) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def handle(request: Request) -> web.StreamResponse:
        begun.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return await echo(request)

    running = await serve(handle)
    _, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"GET /rest/v1/x HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.wait_for(begun.wait(), 5)
    writer.close()
    await asyncio.wait_for(cancelled.wait(), 5)
    await asyncio.sleep(0.05)
    assert [line["status"] for line in running.lines()] == [499]
