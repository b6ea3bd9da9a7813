"""What is kept stays within its bounds whatever is asked, and reads do not wait for a Redis that stalls."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator
from sys import getsizeof
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from gateway.cache import coherence, shared
from gateway.embedded import EmbeddedPostgres
from gateway.rest import caching
from tests.bus.servers import Server
from tests.cache.conftest import until
from tests.cache.world import HITS, World, bearer, make_database, open_world, ready, source

ANNA = bearer('"sub": "anna"')
MEMORY = 2 << 20


@pytest_asyncio.fixture(scope="module")
async def database(postgres: EmbeddedPostgres) -> str:
    await make_database(postgres, "filled")
    return "filled"


@pytest_asyncio.fixture
async def world(
    postgres: EmbeddedPostgres, database: str, redis: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """It waits for a Redis on a busy machine."""
    monkeypatch.setattr(coherence, "PATIENCE", 5)
    monkeypatch.setattr(shared, "PATIENCE", 5)
    async with open_world(postgres, database, redis.url, cache_memory_bytes=MEMORY) as world:
        yield world


@pytest_asyncio.fixture
async def impatient(
    postgres: EmbeddedPostgres, database: str, redis: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """It waits so little that a wait for the connection's timeout, more than a second, cannot be overlooked."""
    monkeypatch.setattr(coherence, "PATIENCE", 0.02)
    monkeypatch.setattr(shared, "PATIENCE", 0.02)
    async with open_world(postgres, database, redis.url) as world:
        yield world


def held(value: Any, seen: set[int]) -> int:
    """Bytes of all texts within."""
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, str | bytes):
        return getsizeof(value)
    return sum(held(part, seen) for part in value) if isinstance(value, tuple) else 0


def kept(world: World) -> int:
    cache = world.one.gateway.cache
    assert cache is not None
    seen: set[int] = set()
    return sum(held(key, seen) + held(tuple(entry.value.result), seen) for key, entry in cache._memory._entries.items())


async def test_long_values_count(world: World) -> None:
    for number in range(400):
        answer = await world.ask(world.one, f"/shared?select=id&label=eq.{number}{'x' * 12_000}", ANNA)
        assert (answer.status, answer.json) == (200, [])
    assert 0 < kept(world) < MEMORY


async def test_long_values_that_are_not_ascii_count(world: World) -> None:
    for number in range(100):
        body = json.dumps({"name": f"{number}" + "\U0001f600" * 10_000}, ensure_ascii=False)
        answer = await world.ask(world.one, "/rpc/greeting", ANNA, "POST", body)
        assert answer.status == 200
    assert 0 < kept(world) < MEMORY


async def test_long_statements_count(world: World) -> None:
    for number in range(200):
        aliases = ",".join(f"a{number}_{n}:id" for n in range(400))
        assert (await world.ask(world.one, f"/shared?select={aliases}&id=eq.99", ANNA)).status == 200
    assert kept(world) < MEMORY
    gc.collect()
    texts = {text for (text, *_) in recipes(world)}
    assert sum(map(getsizeof, texts)) < 8 << 20


def recipes(world: World) -> list[tuple[str, ...]]:
    found = [each for each in gc.get_objects() if isinstance(each, caching.Recipes)]
    return [key for each in found for key in each._recipes]


async def test_long_tokens_are_not_remembered(world: World) -> None:
    caching._remembered.cache_clear()
    for number in range(20):
        token = bearer(f'"sub": "n{number}", "more": "{"x" * 5_000}"')
        assert (await world.ask(world.one, "/by_sub?select=id", token)).json == []
    assert caching._remembered.cache_info().currsize == 0
    for number in range(20):
        await world.ask(world.one, "/by_sub?select=id", bearer(f'"sub": "n{number}"'))
    assert caching._remembered.cache_info().currsize == 20


async def test_reads_hardly_wait_for_a_redis_that_stalls(impatient: World, redis: Server) -> None:
    world = impatient
    for path in ("/shared?order=id", "/parts?order=id"):
        await world.ask(world.one, path, ANNA)
    redis.pause()
    try:
        slowest, began, number = 0.0, time.monotonic(), 0
        while time.monotonic() - began < 4:
            number += 1
            for path in (f"/shared?id=eq.{number}", "/shared?order=id", f"/by_sub?id=eq.{number}"):
                started = time.monotonic()
                assert (await world.ask(world.one, path, ANNA)).status == 200
                slowest = max(slowest, time.monotonic() - started)
    finally:
        redis.resume()
    assert slowest < 0.8
    await ready(world)


async def block(world: World, table: str) -> Any:
    """Nobody can read the table until this transaction ends."""
    transaction = world.owner.transaction()
    await transaction.start()
    await world.owner.execute(f"lock table {table} in access exclusive mode")
    return transaction


async def asks(world: World, number: int, *args: Any, **headers: str) -> list[asyncio.Task[Any]]:
    """So many ask, one after the other, all before the first is answered."""
    tasks: list[asyncio.Task[Any]] = []
    for _ in range(number):
        tasks.append(asyncio.create_task(world.ask(world.one, *args, **headers)))
        await asyncio.sleep(0.05)
    return tasks


async def test_many_who_ask_at_once_are_one_question(world: World) -> None:
    lock = await block(world, "parts")
    world.asked.clear()
    tasks = await asks(world, 20, "/parts?select=id&order=id", ANNA)
    await lock.rollback()
    answers = await asyncio.gather(*tasks)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len(world.asked) == 1
    assert sum("collapsed" in answer.headers["Cache-Status"] for answer in answers) == 19


async def test_the_first_of_many_may_go_away(world: World) -> None:
    lock = await block(world, "parts")
    world.asked.clear()
    first, *others = await asks(world, 5, "/parts?select=label&order=id", ANNA)
    first.cancel()
    await asyncio.sleep(0.1)
    others += await asks(world, 2, "/parts?select=label&order=id", ANNA)
    await lock.rollback()
    assert {answer.status for answer in await asyncio.gather(*others)} == {200}
    assert len(world.asked) == 1


async def test_when_all_have_gone_the_question_is_given_up(world: World) -> None:
    lock = await block(world, "parts")
    tasks = await asks(world, 3, "/parts?select=shared&order=id", ANNA)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    cache = world.one.gateway.cache
    assert cache is not None
    await until(lambda: len(cache._flights) == 0)
    await lock.rollback()
    answer = await world.ask(world.one, "/parts?select=shared&order=id", ANNA)
    assert (answer.status, source(answer) in HITS) == (200, False)


@pytest.mark.parametrize("first", ["handling=strict, max-affected=1", "handling=lenient, max-affected=1"])
async def test_who_comes_later_does_not_get_the_first_ones_refusal(world: World, first: str) -> None:
    lock = await block(world, "by_sub")
    leader = await asks(world, 1, "/rpc/everyone?order=id", ANNA, Prefer=first)
    others = await asks(world, 3, "/rpc/everyone?order=id", ANNA)
    await lock.rollback()
    (refused,) = await asyncio.gather(*leader)
    assert refused.status == (400 if "strict" in first else 200)
    answers = await asyncio.gather(*others)
    assert {answer.status for answer in answers} == {200}
    assert all(len(answer.json) > 1 for answer in answers)


async def test_a_write_while_many_wait_parts_them(world: World, postgres: EmbeddedPostgres, database: str) -> None:
    """Those who ask after it was acknowledged do not join those who asked before."""
    cleo, path = bearer('"sub": "cleo"'), "/by_list?select=id&order=id"
    await world.owner.execute("insert into by_list values (9, 'cleo')")
    await asyncio.sleep(1.0)
    lock = await block(world, "by_list")
    before = await asks(world, 2, path, cleo)
    cache = world.one.gateway.cache
    assert cache is not None
    other = await asyncpg.connect(postgres.dsn(database))
    await other.execute("insert into by_sub values (90, 'cleo')")
    await cache.coherence.committed([await other.fetchval("select 'public.by_sub'::regclass::oid::int")])
    world.asked.clear()
    after = await asks(world, 2, path, cleo)
    assert len(world.asked) == 1
    await lock.rollback()
    assert [answer.json for answer in await asyncio.gather(*after)] == [[{"id": 9}]] * 2
    await asyncio.gather(*before)
    assert (await world.ask(world.one, path, cleo)).json == [{"id": 9}]
    await other.execute("delete from by_sub where id = 90; delete from by_list where id = 9")
    await other.close()
