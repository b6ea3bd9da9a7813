"""What clients may send over one connection, in what pieces, and in whose name."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from tests.attack.wire import Wire, request
from tests.serving import Served, token

EVEN, ODD = (f"Authorization: Bearer {token('attack_member', sub=sub)}" for sub in ("even", "odd"))
OWNED = "/rest/v1/owned?select=owner&limit=1"


async def test_a_client_that_waits_to_be_told_gets_told(target: Served) -> None:
    wire = await Wire.to(target.url)
    body = b'{"line":"late"}'
    wire.send(request("POST", "/rest/v1/rpc/echo", "Expect: 100-continue", f"Content-Length: {len(body)}"))
    assert (await wire.answer())[0] == 100
    wire.send(body)
    assert (await wire.answer())[2] == b'"late"'
    await wire.close()


@pytest.mark.parametrize("headers", [["Expect: 100-Continue"], ["Expect: banana"]])
async def test_a_body_that_came_along_needs_no_telling(target: Served, headers: list[str]) -> None:
    wire = await Wire.to(target.url)
    wire.send(request("POST", "/rest/v1/rpc/echo", *headers, body=b'{"line":"here"}'))
    assert (await wire.answer())[::2] == (200, b'"here"')
    await wire.close()


async def test_who_is_refused_is_not_asked_for_a_body(target: Served) -> None:
    wire = await Wire.to(target.url)
    wire.send(
        request("POST", "/rest/v1/rpc/echo", "Expect: 100-continue", "Content-Length: 9", "Authorization: Bearer x.y.z")
    )
    assert (await wire.answer())[0] == 401
    await wire.close()


async def test_a_body_too_large_is_not_asked_for(target: Served) -> None:
    wire = await Wire.to(target.url)
    wire.send(request("POST", "/rest/v1/rpc/echo", "Expect: 100-continue", "Content-Length: 99999999999"))
    assert (await wire.answer())[0] == 413
    await wire.close()


async def test_users_who_share_a_connection_keep_their_own_rows(target: Served) -> None:
    wire = await Wire.to(target.url)
    expected: list[bytes] = []
    for at in range(30):  # pipelined, all three in turn
        mine = (EVEN, ODD, None)[at % 3]
        wire.send(request("GET", OWNED, *([mine] if mine else [])))
        expected.append((b'[{"owner":"even"}]', b'[{"owner":"odd"}]', b"[]")[at % 3])
    assert [(await wire.answer())[2] for _ in expected] == expected
    await wire.close()


async def test_a_refused_token_does_not_lend_its_place_to_the_next_request(target: Served) -> None:
    wire = await Wire.to(target.url)
    forged = f"{EVEN[:-4]}AAAA"
    for headers, status in (([EVEN], 200), ([forged], 401), ([], 200), ([ODD], 200)):
        wire.send(request("GET", OWNED, *headers))
        answer = await wire.answer()
        assert answer[0] == status
        assert b"even" not in answer[2] or headers == [EVEN]
    await wire.close()


async def test_the_first_of_two_tokens_counts_everywhere(target: Served) -> None:
    wire = await Wire.to(target.url)
    wire.send(request("GET", OWNED, ODD, EVEN) + request("GET", OWNED, EVEN, ODD))
    assert [(await wire.answer())[2] for _ in range(2)] == [b'[{"owner":"odd"}]', b'[{"owner":"even"}]']
    await wire.close()


SMUGGLED = request("GET", OWNED, EVEN)
FRAMES = {
    "length and chunks": (["Content-Length: 3", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "two lengths": (["Content-Length: 0", f"Content-Length: {len(SMUGGLED)}"], b""),
    "unknown coding": (["Transfer-Encoding: xchunked"], b"0\r\n\r\n"),
    "chunked not last": (["Transfer-Encoding: chunked, identity"], b"0\r\n\r\n"),
    "space before the colon": (["Transfer-Encoding : chunked"], b"0\r\n\r\n"),
    "folded": (["Transfer-Encoding:\r\n chunked"], b"0\r\n\r\n"),
    "lone line feeds": (["Transfer-Encoding: chunked"], b"0\n\n"),
    "chunk size overflows": (["Transfer-Encoding: chunked"], b"10000000000000000\r\n\r\n"),
    "signed chunk size": (["Transfer-Encoding: chunked"], b"-1\r\n\r\n"),
    "signed length": (["Content-Length: +0"], b""),
    "length list": (["Content-Length: 0, 0"], b""),
}


@pytest.mark.parametrize(("headers", "body"), FRAMES.values(), ids=FRAMES)
async def test_no_request_hides_in_anothers_body(target: Served, headers: list[str], body: bytes) -> None:
    """What could be framed in two ways is refused, and the connection ends with it."""
    wire = await Wire.to(target.url)
    wire.send(request("POST", "/rest/v1/rpc/echo", *headers) + body + SMUGGLED)
    everything = await wire.rest()
    await wire.close()
    assert everything.startswith(b"HTTP/1.0 400 ")
    assert everything.count(b"HTTP/1.") == 1
    assert b"even" not in everything


async def test_trailers_are_no_headers(target: Served) -> None:
    wire = await Wire.to(target.url)
    chunked = b"2\r\n{}\r\n0\r\n" + EVEN.encode() + b"\r\nPrefer: return=representation\r\n\r\n"
    wire.send(request("POST", "/rest/v1/owned", "Transfer-Encoding: chunked", "Trailer: Authorization") + chunked)
    wire.send(request("GET", OWNED))
    status, _, body = await wire.answer()
    assert (status, json.loads(body)["code"]) == (401, "42501")  # anonymous, and no policy lets it insert
    assert (await wire.answer())[2] == b"[]"
    await wire.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
async def test_bodies_where_none_belongs_are_skipped(target: Served, method: str) -> None:
    wire = await Wire.to(target.url)
    wire.send(request(method, "/rest/v1/owned?id=eq.999", EVEN, body=SMUGGLED))
    await wire.answer(head=method == "HEAD")
    wire.send(request("GET", OWNED, ODD))
    assert (await wire.answer())[2] == b'[{"owner":"odd"}]'
    await wire.close()


async def test_slow_bodies_hold_no_database_session(target: Served) -> None:
    """Thirty clients that never finish their body; two sessions in the pool."""
    slow = [await Wire.to(target.url) for _ in range(30)]
    for wire in slow:
        wire.send(request("POST", "/rest/v1/rpc/echo", "Content-Length: 100") + b'{"line":')
    await asyncio.sleep(0.05)
    began = time.monotonic()
    assert (await target.get("/things?select=id&limit=1")).json == [{"id": 1}]
    assert time.monotonic() - began < 1
    statistics = target.gateway.database.stats()
    assert (statistics.waiting, statistics.idle) == (0, statistics.connected)
    for wire in slow:
        await wire.close()


async def test_pipelined_requests_of_a_client_that_leaves_change_nothing_for_others(target: Served) -> None:
    for _ in range(10):
        wire = await Wire.to(target.url)
        for _ in range(5):
            wire.send(request("POST", "/rest/v1/rpc/nap", EVEN, body=b'{"seconds":0.05}') + request("GET", OWNED, ODD))
        await asyncio.sleep(0.01)
        wire.writer.transport.abort()
        assert (await target.get("/owned?select=owner&limit=1")).json == []
    await asyncio.sleep(0.3)
    assert target.gateway.database.stats().mismatches == 0
