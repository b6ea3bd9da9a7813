"""However something is written through one instance: when that is acknowledged, no instance shows the state before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.cache.conftest import until
from tests.cache.world import World, bearer, make_database, open_world, shown, source
from tests.serving import Answer

ANNA = bearer('"sub": "anna"')
READS = (
    "/shared?order=id",
    "/parts?order=id",
    "/tags?order=id",
    "/tagged?order=shared,tag",
    "/log?order=id",
    "/later?order=id",
    "/latest?order=id",
    "/labels?order=id",
    "/owned?order=id",
    "/shared?select=id,parts(id,label),tags(label)&order=id",
    "/rpc/everyone?order=id",
    "/rpc/vouched",
)
WRITES: dict[str, tuple[str, str, Any, dict[str, str]]] = {
    "insert": ("POST", "/parts", {"id": 100, "shared": 1, "label": "new"}, {}),
    "update": ("PATCH", "/shared?id=eq.1", {"label": "changed"}, {}),
    "update of many": ("PATCH", "/parts?id=gt.0", {"label": "all"}, {"Prefer": "return=representation"}),
    "upsert": ("POST", "/tags", [{"id": 1, "label": "uno"}, {"id": 9, "label": "nine"}],
               {"Prefer": "resolution=merge-duplicates"}),
    "upsert by PUT": ("PUT", "/tags?id=eq.2", {"id": 2, "label": "due"}, {}),
    "ignored duplicates": ("POST", "/tags", [{"id": 1, "label": "x"}], {"Prefer": "resolution=ignore-duplicates"}),
    "cascade": ("DELETE", "/shared?id=eq.5", None, {}),
    "a trigger writes elsewhere": ("PATCH", "/tags?id=eq.1", {"label": "eins"}, {}),
    "a view with a trigger": ("PATCH", "/labels?id=eq.2", {"label": "WRITTEN THROUGH A VIEW"}, {}),
    "deferred": ("POST", "/later", {"id": 1, "label": "x"}, {}),
    "deferred again": ("POST", "/latest", {"id": 1}, {}),
    "truncate": ("POST", "/rpc/empty_tags", {}, {}),
    "merge": ("POST", "/rpc/merge_parts", {}, {}),
    "two tables, and one that was undone": ("POST", "/rpc/write_two", {}, {}),
    "rolled back": ("PATCH", "/shared?id=eq.1", {"label": "never"}, {"Prefer": "tx=rollback"}),
}  # fmt: skip
HIDING = {
    "nothing": "select 1",
    "the name of the record": "select set_config('passerelle.taken', '{}', false)",
    "the name of the record, here": "set local passerelle.taken = '{}'",
    "reset all": "reset all",
    "set role": "set local role anon",
    "a role for the session": "select set_config('role', 'anon', false)",
    "deallocate all": "deallocate all",
    "discard plans": "discard plans",
    "another search path": "set search_path = other",
    "another search path, here": "set local search_path = pg_temp, other",
    "read only": "set transaction read only",
    "a time limit for the session": "select set_config('statement_timeout', '1', false)",
    "deferred constraints": "set constraints all deferred",
    "another encoding": "set client_encoding = 'LATIN1'",
    "temporary names": (
        "create temp table changed (n int); create temp table touches (xid xid8, relations oid[]); "
        "create temp table text (n int)"
    ),
    "no triggers": "select set_config('session_replication_role', 'replica', true)",
}
MODES: dict[str, dict[str, Any]] = {
    "session": {},
    "transaction": {"pool_mode": "transaction"},
    "unnamed": {"prepared_statements": False},
}


@pytest_asyncio.fixture(scope="module", params=MODES)
async def world(
    request: pytest.FixtureRequest, postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> AsyncIterator[World]:
    name = f"written_{request.param}"
    await make_database(postgres, name, "writes.sql")
    settings = {"aggregates_enabled": True, "tx_end": "commit-allow-override", **MODES[request.param]}
    async with open_world(postgres, name, valkey.url, **settings) as world:
        yield world


async def warm(world: World) -> None:
    """Every read is in the memory of both instances. What is noticed late (definitions, their statistics) may empty it
    once or twice."""
    for _ in range(60):
        found: set[str] = set()
        for path in READS:
            for served in (world.one, world.two, world.one, world.two):
                answer = await world.ask(served, path, ANNA)
            found.add(source(answer))
        if found == {"hit; detail=memory"}:
            return
        await asyncio.sleep(0.05)  # the cache may be off for a moment
    raise AssertionError(found)


async def check(world: World) -> None:
    """What the cache says is what the database says."""
    answers = [
        (path, served, await world.ask(served, path, ANNA)) for path in READS for served in (world.two, world.one)
    ]
    for path, _, answer in answers:
        assert shown(answer) == shown(await world.uncached(path, ANNA)), (path, answer.headers["Cache-Status"])


@pytest.mark.parametrize("case", WRITES.values(), ids=WRITES)
async def test_a_write(world: World, case: tuple[str, str, Any, dict[str, str]]) -> None:
    await warm(world)
    method, path, body, headers = case
    answer = await world.ask(world.one, path, ANNA, method, body, **headers)
    assert answer.status < 300, answer.body
    await check(world)


@pytest.mark.parametrize("what", HIDING.values(), ids=HIDING)
@pytest.mark.parametrize("function", ["write_and", "write_bare"])
async def test_a_function_that_hides_what_it_wrote(world: World, function: str, what: str) -> None:
    """Whatever it does: it is told, or it is refused and nothing was written. Twice, since the first time prepares."""
    for _ in range(2):
        await warm(world)
        before = await world.owner.fetchval("select label from shared where id = 1")
        answer = await world.ask(world.one, f"/rpc/{function}", ANNA, "POST", {"what": what})
        after = await world.owner.fetchval("select label from shared where id = 1")
        assert (answer.status < 300) == (before != after), (answer.status, answer.body, before, after)
        await check(world)


BATCHES: dict[str, list[dict[str, Any]]] = {
    "reads after writes": [
        {"method": "POST", "path": "/rest/v1/tags", "body": {"id": 50, "label": "batch"}},
        {"method": "GET", "path": "/rest/v1/tags?order=id"},
    ],
    "reads between writes": [
        {"method": "GET", "path": "/rest/v1/tags?order=id"},
        {"method": "PATCH", "path": "/rest/v1/tags?id=eq.1", "body": {"label": "between"}},
        {"method": "GET", "path": "/rest/v1/parts?order=id"},
        {"method": "PATCH", "path": "/rest/v1/parts?id=eq.2", "body": {"label": "between"}},
        {"method": "GET", "path": "/rest/v1/rpc/everyone"},
    ],
    "a function that hides": [
        {"method": "POST", "path": "/rest/v1/rpc/write_and", "body": {"what": "reset all"}},
        {"method": "GET", "path": "/rest/v1/shared?order=id"},
    ],
    "a deferred one": [
        {"method": "POST", "path": "/rest/v1/later", "body": {"id": 60, "label": "x"}},
        {"method": "GET", "path": "/rest/v1/log?order=id"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("steps", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("key", [None, "a key"])
async def test_a_batch(world: World, steps: list[dict[str, Any]], key: str | None) -> None:
    if key is not None:
        steps = json.loads(json.dumps(steps).replace('"id": 50', '"id": 51').replace('"id": 60', '"id": 61'))
    await warm(world)
    headers = {"Authorization": f"Bearer {ANNA}", "Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = f'"{abs(hash(json.dumps(steps)))}"'
    async with world.one.client.post(
        f"{world.one.url}/batch/v1", headers=headers, data=json.dumps({"steps": steps})
    ) as response:
        assert response.status == 200, await response.text()
    await check(world)


async def test_a_write_that_fails_at_its_end_changes_nothing(world: World) -> None:
    await warm(world)
    cache = world.one.gateway.cache
    assert cache is not None
    before = cache.coherence.counts.told, cache.coherence.counts.resets
    answer = await world.ask(world.one, "/later", ANNA, "POST", {"id": 99, "label": "refuse"})
    assert (answer.status, answer.json["message"]) == (400, "refused at the end")
    await check(world)
    assert (cache.coherence.counts.told, cache.coherence.counts.resets) == before, "nothing was forgotten for it"


async def test_a_write_whose_client_goes_away_during_commit_is_finished_and_told(world: World) -> None:
    """And nothing else is invalidated for it, or clients could keep the cache empty by hanging up."""
    await warm(world)
    cache = world.one.gateway.cache
    assert cache is not None
    resets, told = cache.coherence.counts.resets, cache.coherence.counts.told
    async with world.owner.transaction():
        await world.owner.execute("select pg_advisory_xact_lock(7)")
        writing = asyncio.create_task(world.ask(world.one, "/slow", ANNA, "POST", {"id": 1}))
        await waits_for_a_lock(world)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await asyncio.sleep(0.2)
    await until(lambda: cache.coherence.counts.told > told)
    assert await world.owner.fetchval("delete from slow returning id") == 1
    await check(world)
    assert cache.coherence.counts.resets == resets


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
async def test_a_write_that_is_ended_during_commit(world: World, end: str) -> None:
    """Whatever is answered, the caches are right, and the next write is fine."""
    await warm(world)
    async with world.owner.transaction():
        await world.owner.execute("select pg_advisory_xact_lock(7)")
        writing = asyncio.create_task(world.ask(world.one, "/slow", ANNA, "POST", {"id": 2}))
        await waits_for_a_lock(world)
        await world.owner.execute(f"select {end}(pid) from pg_locks where locktype = 'advisory' and not granted")
        answer = await writing
    assert answer.status >= 400
    assert await world.owner.fetchval("select count(*) from slow") == 0
    await check(world)
    assert (await world.ask(world.one, "/tags?id=eq.1", ANNA, "PATCH", {"label": end})).status == 204
    await check(world)


async def test_a_write_to_many_tables(world: World) -> None:
    await world.owner.execute(
        "do $$ begin for n in 1..1500 loop execute format('create table other.many_%1$s (id int); "
        "create trigger touch after insert on other.many_%1$s for each statement "
        "execute function passerelle.touch_v1()', n); end loop; end $$; "
        "create function public.write_many() returns void language plpgsql security definer as "
        "$$ begin for n in 1..1500 loop execute format('insert into other.many_%s values (1)', n); end loop; "
        "update public.shared set label = 'of many' where id = 1; end $$; "
        "grant execute on function public.write_many() to authenticated; notify pgrst"
    )
    for _ in range(100):
        answer = await world.ask(world.one, "/rpc/write_many", None)
        if answer.status != 404:
            break
        await asyncio.sleep(0.1)
    await warm(world)
    assert (await world.ask(world.one, "/rpc/write_many", ANNA, "POST", {})).status == 204
    await check(world)


async def waits_for_a_lock(world: World) -> None:
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    for _ in range(500):
        if await world.owner.fetchval(waiting):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_writers_and_readers_at_once(world: World) -> None:
    """Every reader sees at least what was acknowledged when it began."""
    acknowledged, stop, path = 0, False, "/by_org?select=org&id=eq.999"
    await world.owner.execute(
        "grant all on by_org to authenticated; create policy w on by_org to authenticated using (true)"
    )
    await world.owner.execute("insert into by_org values (999, '0')")
    await asyncio.sleep(1.0)

    async def write() -> None:
        nonlocal acknowledged, stop
        for number in range(1, 120):
            served = (world.one, world.two)[number % 2]
            answer = await world.ask(served, "/by_org?id=eq.999", ANNA, "PATCH", {"org": str(number)})
            assert answer.status == 204, answer.body
            acknowledged = number
            if number % 20 == 0:  # long enough for an answer to be kept
                await asyncio.sleep(0.3)
        stop = True

    seen: dict[str, int] = {}

    async def read(number: int) -> None:
        served = (world.one, world.two)[number % 2]
        while not stop:
            least = acknowledged
            answer: Answer = await world.ask(served, path, ANNA)
            assert int(answer.json[0]["org"]) >= least, answer.headers["Cache-Status"]
            seen[source(answer)] = seen.get(source(answer), 0) + 1

    await asyncio.gather(write(), *(read(number) for number in range(6)))
    assert seen.get("hit; detail=memory", 0) > 0, seen
