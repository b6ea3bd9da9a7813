"""All large bodies together have a limit: who comes too much is told to come again, and nobody else is harmed."""

from __future__ import annotations

import asyncio

import pytest

from gateway.web import HttpLimits, Request, fast_response
from tests.web.serving import Running, Serve, parse

LARGE = 200_000
LIMITS = HttpLimits(body=300_000, bodies=450_000, body_timeout=5)


class Holding:
    """A surface that reads the body and answers when it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.reading = 0

    async def __call__(self, request: Request) -> object:
        body = await request.read()
        self.reading += 1
        if len(body) > 1000:
            await self.let.wait()
        return fast_response(200, {"Content-Type": "text/plain"}, str(len(body)).encode())

    async def until(self, reading: int) -> None:
        deadline = asyncio.get_running_loop().time() + 5
        while self.reading < reading:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)


async def post(running: Running, size: int) -> tuple[int, bytes]:
    answer = await running.ask("POST", "/rest/v1/x", {}, b"z" * size)
    return answer.status, answer.body


async def test_the_one_too_many_is_refused_and_small_ones_go_on(serve: Serve) -> None:
    holding = Holding()
    running = await serve(holding, limits=LIMITS)
    held = [asyncio.create_task(post(running, LARGE)) for _ in range(2)]
    await holding.until(2)

    refused = await running.ask("POST", "/rest/v1/x", {}, b"z" * LARGE)
    assert (refused.status, refused.json["code"]) == (503, "too_many_bodies")
    assert refused["Retry-After"]
    assert await post(running, 1000) == (200, b"1000")

    holding.let.set()
    assert await asyncio.gather(*held) == [(200, b"200000")] * 2
    assert await post(running, LARGE) == (200, b"200000")


@pytest.mark.parametrize("ending", ["refused", "gone", "too large"])
async def test_whatever_becomes_of_a_request_its_share_returns(serve: Serve, ending: str) -> None:
    holding = Holding()
    running = await serve(holding, limits=LIMITS)
    for _ in range(5):
        size = 400_000 if ending == "too large" else 300_000
        head = f"POST /rest/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode()
        if ending == "too large":
            head = head.replace(b"Content-Length: 400000", b"Transfer-Encoding: chunked")
            head += b"61a80\r\n"
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(head + b"z" * (size if ending == "too large" else 250_000))
        await writer.drain()
        if ending == "refused":
            await post(running, LARGE * 2)
        await asyncio.sleep(0.05)
        writer.close()
        await asyncio.sleep(0.05)

    holding.let.set()
    assert await asyncio.gather(post(running, LARGE), post(running, LARGE)) == [(200, b"200000")] * 2


async def test_a_body_alone_always_fits(serve: Serve) -> None:
    async def count(request: Request) -> object:
        return fast_response(200, {}, str(len(await request.read())).encode())

    running = await serve(count, limits=HttpLimits(body=300_000, bodies=100_000))
    sent = b"POST /rest/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + b"z" * 300_000
    assert parse(await running.raw(sent)).body == b"300000"
