"""Time and memory: no request stops the event loop for others, and nothing kept grows with what clients send."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.database import PROOF_COLUMNS, Caller
from gateway.embedded import EmbeddedPostgres
from gateway.identity import Identity
from gateway.rest import media, preferences
from tests.attack.conftest import login
from tests.attack.wire import Wire, request
from tests.serving import Serve, Served

SECONDS = 2.0
BODY = 16 * 1024 * 1024 - 1000
THINGS = "/rest/v1/things"

TARGETS = {
    "filters behind thousands of embeds": (f"?select={'a(),' * 7000}z()&{'&'.join(['z.x=eq.1'] * 3300)}", 400),
    "thousands of embeds": (f"?select={','.join(f'a{i}:things!parent()' for i in range(3000))}", 400),
    "embeds inside embeds": (f"?select={'things!parent(' * 39}{','.join(['things!parent()'] * 300)}{')' * 39}", 400),
    "a JSON path without end": (f"?select=data{'->a' * 20_000}", 400),
    "a JSON path without end in a filter": (f"?data{'->a' * 20_000}=eq.1", 400),
    "a JSON path without end in a tree": (f"?or=(data{'->a' * 20_000}.eq.1)", 400),
    "a JSON path without end in an order": (f"?order=data{'->a' * 20_000}", 400),
    "a name of many parts": (f"?select={'a-' * 30_000}", 400),
    "names without end": (f"?select={'a:' * 30_000}", 400),
    "quotes": (f"?select={'%22a' * 15_000}", 400),
    "a path to nowhere": (f"?{'a.' * 30_000}a=eq.1", 400),
    "conditions": (f"?or=({','.join(['id.eq.1'] * 8000)})", 200),
    "open quotes": (f"?or=({','.join(['word.eq.%22'] * 5000)})", 200),
    "open braces": (f"?or=({','.join(['word.eq.{'] * 6000)})", 200),
    "a long list": (f"?id=in.({','.join(['1'] * 30_000)})", 200),
    "filters": (f"?{'&'.join(['id=gt.0'] * 4000)}", 200),
    "a table nobody has": ("x" * 60_000, 404),
}


@pytest.mark.parametrize(("target_", "status"), TARGETS.values(), ids=TARGETS)
async def test_long_requests_are_answered_soon(target: Served, target_: str, status: int) -> None:
    wire = await Wire.to(target.url)
    began = time.monotonic()
    wire.send(request("GET", THINGS + target_))
    assert (await wire.answer(timeout=30))[0] == status
    assert time.monotonic() - began < SECONDS
    await wire.close()


QUERIES = {
    "filters": (b"id=gt.0&" * 40_000, 400),
    "conditions": (b"or=(" + b"id.gt.0," * 100_000 + b"id.gt.0)", 400),
    "columns": (b"select=" + b"a:id," * 200_000 + b"id", 400),
    "escaped columns": (b"%73elect=" + b"a:id," * 200_000 + b"id", 400),
    "orders": (b"order=" + b"id," * 100_000 + b"id", 400),
    "path steps": (b"select=" + b"data->a->a," * 10_000 + b"id", 400),
    "megabytes": (b"id=in.(" + b"1," * 8_000_000 + b"1)", 400),
    "many values": (b"select=id&id=in.(" + b"1," * 100_000 + b"1)", 200),
    "many quoted values": (b"select=id&id=in.(" + b'"1",' * 100_000 + b"1)", 200),
}


@pytest.mark.parametrize(("query", "status"), QUERIES.values(), ids=QUERIES)
async def test_queries_in_bodies_are_as_short_as_urls_but_for_values(target: Served, query: bytes, status: int) -> None:
    wire = await Wire.to(target.url)
    began = time.monotonic()
    wire.send(request("POST", THINGS, "Content-Type: application/vnd.passerelle.query", body=query))
    answer = await wire.answer(timeout=30)
    assert answer[0] == status, answer
    assert time.monotonic() - began < SECONDS
    await wire.close()


@pytest.mark.parametrize(
    "step",
    [
        {"method": "GET", "path": f"/things?or=({'id.gt.0,' * 100_000}id.gt.0)"},
        {"method": "GET", "path": "/things?limit=1", "filters": [["id", "gt", 0]] * 50_000},
        {"method": "POST", "path": f"/things?columns={'id,' * 100_000}id", "body": []},
    ],
    ids=["conditions", "filters", "columns"],
)
async def test_the_same_for_steps_of_a_batch(target: Served, step: dict[str, object]) -> None:
    wire = await Wire.to(target.url)
    began = time.monotonic()
    wire.send(request("POST", "/batch/v1", "Content-Type: application/json", body=json.dumps([step]).encode()))
    assert (await wire.answer(timeout=30))[0] == 400
    assert time.monotonic() - began < SECONDS
    await wire.close()


BODIES = {
    "rows of one letter": ("text/csv", b"a\n" + b"1\n" * (BODY // 2 - 1)),
    "one row of many columns": ("text/csv", b"a," * (BODY // 2)),
    "fields": ("application/x-www-form-urlencoded", b"a&" * (BODY // 2)),
    "empty objects": ("application/json", b"[" + b"{}," * (BODY // 3 - 1) + b"{}]"),
    "open brackets": ("application/json", b"[" * BODY),
}


@asynccontextmanager
async def steady(seconds: float) -> AsyncIterator[None]:
    """The event loop is never late by more than this."""
    worst = 0.0

    async def watch() -> None:
        nonlocal worst
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            worst = max(worst, time.perf_counter() - began - 0.01)

    watcher = asyncio.create_task(watch())
    yield
    await asyncio.sleep(0.02)
    watcher.cancel()
    assert worst < seconds


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES)
async def test_others_are_served_while_a_large_body_is_read(target: Served, kind: str, body: bytes) -> None:
    """A JSON text is read in one piece, which is the longest anybody waits; other forms are read in small ones."""
    wire = await Wire.to(target.url)
    async with steady(3.0 if kind == "application/json" else SECONDS):
        wire.send(request("POST", "/rest/v1/nosuch", f"Content-Type: {kind}", body=body))
        await wire.writer.drain()
        for _ in range(20):
            assert (await target.get("/things?select=id&limit=1")).status == 200
            await asyncio.sleep(0.02)
        wire.writer.transport.abort()


async def test_the_same_for_a_form_that_is_a_call(target: Served) -> None:
    wire = await Wire.to(target.url)
    form = "Content-Type: application/x-www-form-urlencoded"
    wire.send(request("POST", "/rest/v1/rpc/total", form, body=b"numbers=1&" * 40_000))
    assert (await wire.answer())[0] == 400
    wire.send(request("POST", "/rest/v1/rpc/total", form, body=b"&".join([b"numbers=1"] * 9_000)))
    assert (await wire.answer())[::2] == (200, b"9000")
    await wire.close()


async def test_large_rows_arrive_as_they_were_sent(target: Served) -> None:
    """Beside the event loop and in portions, and still every row."""
    rows = b"id,word,parent\n" + b"".join(b'%d,"a, ""%d""",NULL\n' % (i, i) for i in range(1000, 11_000))
    assert len(rows) > 128 * 1024
    wire = await Wire.to(target.url)
    wire.send(request("POST", THINGS, "Content-Type: text/csv", "Prefer: count=exact", body=rows))
    status, headers, _ = await wire.answer(timeout=20)
    assert (status, headers["content-range"]) == (201, "*/10000")
    await wire.close()
    answer = await target.get("/things?id=in.(1000,10999)&select=word,parent&order=id")
    assert answer.json == [{"word": 'a, "1000"', "parent": None}, {"word": 'a, "10999"', "parent": None}]


async def test_a_compressed_body_counts_as_what_it_becomes(target: Served) -> None:
    wire = await Wire.to(target.url)
    bomb = gzip.compress(b"[" + b" " * (200 * 1024 * 1024))
    async with steady(SECONDS):
        wire.send(request("POST", THINGS, "Content-Encoding: gzip", body=bomb))
        assert (await wire.answer(timeout=20))[0] == 413
    await wire.close()


async def test_long_headers_are_not_remembered(target: Served) -> None:
    kept = media._remembered.cache_info().currsize, preferences._remembered.cache_info().currsize
    wire = await Wire.to(target.url)
    for i in range(5):
        accept = f"Accept: x/{i}, application/json, {'a/b, ' * 6000}"
        wire.send(request("GET", f"{THINGS}?limit=1", accept, f"Prefer: x{i}, {'a,' * 15_000}"))
        assert (await wire.answer())[0] == 200
    await wire.close()
    assert (media._remembered.cache_info().currsize, preferences._remembered.cache_info().currsize) == kept
    key = max(target.gateway.plans._plans, key=lambda key: len(repr(key)))
    assert len(repr(key)) < 20_000


async def test_long_statements_are_kept_nowhere(serve: Serve, postgres: EmbeddedPostgres, target_dsn: str) -> None:
    """Neither as plans here, nor prepared in PostgreSQL, where each takes megabytes on each connection."""
    served = await serve(login(postgres, target_dsn), anon_role="attack_anon", pool_size=1)
    plain = await served.get("/things?id=eq.1&select=id")
    for i in range(5):
        filters = "&".join(["id=neq.0"] * (2000 + i))
        assert (await served.get(f"/things?{filters}&limit=1&select=id")).json == [{"id": 1}]
        assert (await served.get(f"/things?{filters}&id=eq.1&select=id")).json == plain.json
    assert all(len(plan.statement.text) < 50_000 for plan in served.gateway.plans._plans.values())
    caller = Caller(Identity("attack_anon", '{"role":"attack_anon"}', anonymous=True), '"public"')
    longest = f"SELECT max(length(statement)), {PROOF_COLUMNS} FROM pg_prepared_statements"
    assert int((await served.gateway.database.read(caller, longest))[0]) < 20_000


async def test_plans_stay_within_their_bound(target: Served) -> None:
    plans = target.gateway.plans
    plans._most_characters = 200_000
    for i in range(300):
        assert (await target.get(f"/things?select={','.join(f'x{i}y{j}:id' for j in range(40))}&limit=1")).status == 200
    held = sum(len(plan.statement.text) for plan in plans._plans.values())
    assert 100_000 < held == plans._characters <= 200_000


async def test_invented_time_zones_are_not_kept(target: Served) -> None:
    callers = next(
        surface for _, _, surface in target.gateway.application.mounts._by_length if surface.prefix == "/rest/v1"
    )
    for i in range(5):
        assert (await target.get("/things?limit=1", Prefer=f"timezone={i}{'x' * 5000}")).status == 400
    assert all(len(key[2] or "") < 100 for key in callers._callers._callers)
