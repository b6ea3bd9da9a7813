"""Bodies too large, too slow, cut off, or not what their headers say: answered early, and nothing is written."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.bank import BODY_TIMEOUT, LARGEST_BODY, PARTS, USER, Bank, rows


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything the gateway said, how long it took, and whether it closed."""

    data: bytes
    seconds: float
    closed: bool

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in re.split(rb"HTTP/1\.[01] ", self.data)[1:]]

    @property
    def code(self) -> str:
        return json.loads(self.data.partition(b"\r\n\r\n")[2])["code"]


def head(target: str = "/ledger", *fields: str, kind: str = "application/json") -> bytes:
    lines = [f"POST /rest/v1{target} HTTP/1.1", "Host: x", f"Authorization: Bearer {USER}", f"Content-Type: {kind}"]
    return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode()


async def talk(bank: Bank, *parts: bytes, pause: float = 0.0, patience: float = 2.0, end: bool = False) -> Heard:
    """Send the parts, with pauses, until an answer comes; then listen until silence."""
    address = urlsplit(bank.served.url)
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    began = loop.time()
    answered = loop.create_task(reader.read(65536))
    try:
        for part in parts:
            writer.write(part)
            await asyncio.wait([answered], timeout=pause)
            if answered.done():
                break
        if end:
            writer.write_eof()
        await asyncio.wait([answered], timeout=patience)
        if not answered.done():
            return Heard(b"", loop.time() - began, closed=False)
        data, seconds = answered.result(), loop.time() - began
        while True:
            try:
                more = await asyncio.wait_for(reader.read(65536), 0.15)
            except TimeoutError:
                return Heard(data, seconds, closed=False)
            if not more:
                return Heard(data, seconds, closed=True)
            data += more
    except ConnectionError:
        return Heard(b"", loop.time() - began, closed=True)
    finally:
        answered.cancel()
        writer.close()


def untouched(bank: Bank) -> int:
    return bank.served.gateway.database.stats().acquisitions


GOOD = json.dumps(rows("good")).encode()


async def assert_nothing_happened(bank: Bank, acquisitions: int) -> None:
    assert untouched(bank) == acquisitions, "the database was asked"
    assert await bank.batches() == {}
    await bank.assert_well()


@pytest.mark.parametrize("length", [LARGEST_BODY + 1, 10**12, 10**18])
async def test_declared_too_large(small: Bank, length: int) -> None:
    before = untouched(small)
    heard = await talk(small, head("/ledger", f"Content-Length: {length}"))
    assert (heard.statuses, heard.code) == ([413], "request_too_large")
    assert heard.seconds < BODY_TIMEOUT / 2, "it waited for the body"
    assert b"Connection: close" in heard.data
    await assert_nothing_happened(small, before)


async def test_too_large_without_saying_so(small: Bank) -> None:
    before = untouched(small)
    chunk = b"3e8\r\n" + b" " * 1000 + b"\r\n"
    heard = await talk(small, head("/ledger", "Transfer-Encoding: chunked"), *[chunk] * 100, pause=0.005)
    assert (heard.statuses, heard.code) == ([413], "request_too_large")
    await assert_nothing_happened(small, before)


async def test_as_large_as_allowed(small: Bank) -> None:
    exact = GOOD + b" " * (LARGEST_BODY - len(GOOD))
    assert (await small.ask("POST /ledger", exact)).status == 201
    assert await small.batches() == {"good": PARTS}
    assert (await small.ask("POST /ledger", exact + b" ")).status == 413


@pytest.mark.parametrize("target", ["/ledger", "/rpc/enter", "/ledger?columns=batch,part"])
async def test_a_body_that_trickles(small: Bank, target: str) -> None:
    before = untouched(small)
    drops = [GOOD[at : at + 1] for at in range(len(GOOD))]
    heard = await talk(small, head(target, f"Content-Length: {len(GOOD)}"), *drops, pause=0.05)
    assert (heard.statuses, heard.code) == ([408], "request_timeout")
    assert BODY_TIMEOUT * 0.9 < heard.seconds < BODY_TIMEOUT * 3
    assert b"Connection: close" in heard.data
    await assert_nothing_happened(small, before)


async def test_a_body_that_comes_in_time(small: Bank) -> None:
    half = len(GOOD) // 2
    heard = await talk(
        small, head("/ledger", f"Content-Length: {len(GOOD)}"), GOOD[:half], GOOD[half:], pause=BODY_TIMEOUT / 4
    )
    assert heard.statuses == [201]
    assert await small.batches() == {"good": PARTS}


LIES: list[tuple[str, list[bytes], bool, list[list[int]]]] = [
    ("longer than the body", [head("/ledger", f"Content-Length: {len(GOOD) + 50}"), GOOD], False, [[408]]),
    ("longer, and the client stops", [head("/ledger", f"Content-Length: {len(GOOD) + 50}"), GOOD], True, [[], [400]]),
    ("shorter than the body", [head("/ledger", f"Content-Length: {len(GOOD) - 9}") + GOOD], False, [[400]]),
    ("no number", [head("/ledger", "Content-Length: many") + GOOD], False, [[400]]),
    ("negative", [head("/ledger", "Content-Length: -5") + GOOD], False, [[400]]),
    ("twice", [head("/ledger", "Content-Length: 5", "Content-Length: 6") + GOOD], False, [[400]]),
    (
        "with chunks besides",
        [head("/ledger", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n"],
        False,
        [[400]],
    ),
    ("chunks that are none", [head("/ledger", "Transfer-Encoding: chunked") + b"zz\r\n" + GOOD], False, [[400]]),
    ("chunks cut off", [head("/ledger", "Transfer-Encoding: chunked") + b"fff\r\n" + GOOD], True, [[], [400]]),
    ("not gzip", [head("/ledger", "Content-Encoding: gzip", f"Content-Length: {len(GOOD)}") + GOOD], False, [[400]]),
    ("unknown coding", [head("/ledger", "Content-Encoding: zz", "Content-Length: 1") + b"{"], False, [[400], [415]]),
]


@pytest.mark.parametrize(("parts", "end", "statuses"), [row[1:] for row in LIES], ids=[row[0] for row in LIES])
async def test_lengths_that_lie(small: Bank, parts: list[bytes], end: bool, statuses: list[list[int]]) -> None:
    before = untouched(small)
    heard = await talk(small, *parts, end=end)
    assert heard.statuses in statuses
    await assert_nothing_happened(small, before)


WRONG: list[tuple[str, Any, dict[str, str], int, str]] = [
    ("no JSON", "{", {}, 400, "PGRST102"),
    ("cut JSON", GOOD[:-1], {}, 400, "PGRST102"),
    ("nothing", b"", {}, 400, "PGRST102"),
    ("another type", GOOD, {"Content-Type": "application/xml"}, 400, "PGRST102"),
    ("no type at all", GOOD, {"Content-Type": ";;"}, 400, "PGRST102"),
    ("CSV that is JSON", GOOD, {"Content-Type": "text/csv"}, 400, "PGRST204"),
    ("a form that is JSON", GOOD, {"Content-Type": "application/x-www-form-urlencoded"}, 400, "PGRST204"),
]


@pytest.mark.parametrize(("body", "headers", "status", "code"), [row[1:] for row in WRONG], ids=[w[0] for w in WRONG])
async def test_bodies_that_cannot_be_read(
    bank: Bank, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    before = untouched(bank)
    answer = await bank.ask("POST /ledger", body, headers=headers)
    assert (answer.status, answer.json["code"]) == (status, code)
    await assert_nothing_happened(bank, before)
