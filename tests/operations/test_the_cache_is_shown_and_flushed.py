"""How the cache does shows in metrics, in `/ready` and on the admin port; flushing through one instance reaches all."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.bus.arrangements import wait
from tests.bus.conftest import places, server
from tests.bus.servers import Server, until
from tests.operations.conftest import Deployment, Watch, of, scrape
from tests.serving import Served, asyncpg_database, decided, settle_leases

__all__ = ["places", "server"]

TOKEN = "the token of the administrators"
PROFILES = "/profiles?select=id&limit=3"
SUGGESTIONS = "/category_tag_suggestions?select=name&type=eq.tag"

Start = Callable[..., Awaitable[Served]]


@pytest.fixture
def hublib(postgres: EmbeddedPostgres, hublib_database: str) -> str:
    """The login role's connection string."""
    return postgres.dsn(asyncpg_database(hublib_database), user="authenticator")


@pytest.fixture
def start(watch: Watch, hublib: str, server: Server) -> Start:
    """An instance whose cache is on."""

    async def start_(**settings: Any) -> Served:
        chosen = {"anon_role": "anon", "admin_token": TOKEN, "redis_url": server.url, **settings}
        await settle_leases(server.url)
        served = await watch(hublib, **chosen)
        await until(cache_is(served, "on"))
        return served

    return start_


def cache_is(served: Served, state: str, reason: str | None = None) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        async with served.client.get(f"{served.gateway.admin_url}/ready") as answer:
            return json.loads(await answer.read())["cache"] == {"state": state, "reason": reason}

    return is_so


async def ask(
    served: Served, method: str, path: str, body: object = None, token: str | None = TOKEN
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    async with served.client.request(method, served.gateway.admin_url + path, headers=headers, data=data) as response:
        return response.status, json.loads(await response.read())


async def how(served: Served, path: str) -> str:
    """How an answer came about, once everybody can have what was answered before."""
    await decided(served)
    answer = await served.get(path)
    assert answer.status == 200, answer.body
    return answer.headers["Cache-Status"].split("; ", 1)[1]


async def test_reads_are_counted_by_what_came_of_them(start: Start) -> None:
    one, two = await start(), await start()
    assert (await how(one, PROFILES)).startswith("fwd=miss; ")
    assert (await how(one, PROFILES)).startswith("hit; detail=memory; ")
    await until(lambda: in_redis(two))
    assert (await how(one, "/groups")).startswith("fwd=bypass; detail=no-rule")
    fresh = await one.get(PROFILES, Cache_Control="no-cache")
    assert "fwd=request" in fresh.headers["Cache-Status"]
    values = await scrape(one.gateway.admin_url)
    reads = {"miss": 1, "memory": 1, "bypass": 1, "request": 1, "redis": 0, "changed": 0, "stale": 0}
    for outcome, count in reads.items():
        assert of(values, "passerelle_cache_reads_total", outcome=outcome) == count, outcome
    assert of(values, "passerelle_cache_on") == of(values, "passerelle_cache_entries") == 1
    assert of(values, "passerelle_cache_bytes") > 100
    assert not any(name == "passerelle_cache_problem" for name, _ in values)

    status, told = await ask(one, "GET", "/cache")
    [worker] = told["workers"]
    assert (status, worker["worker"], worker["state"], worker["reads"]) == (200, None, "on", reads)
    shapes = {shape["name"].rpartition(" [")[0]: shape for shape in worker["shapes"]}
    kept, refused = shapes["public.profiles as anon"], shapes["public.groups as anon"]
    assert (kept["sharing"], kept["memory_hits"], kept["computed"], kept["refused"]) == ("shared by role", 1, 2, 0)
    assert kept["seconds"] > 0
    assert (refused["sharing"], refused["refused"]) == ("never: public.groups has no `cache:` rule", 1)


async def in_redis(served: Served) -> bool:
    """Asks until the answer comes from Redis."""
    found = await how(served, PROFILES)
    if not found.startswith("hit; detail=redis"):
        await ask(served, "POST", "/cache/flush", {"tables": ["resources"]})
        return found.startswith("hit")
    return of(await scrape(served.gateway.admin_url), "passerelle_cache_reads_total", outcome="redis") == 1


async def test_changes_are_counted_by_who_knew_of_them(start: Start, hublib_database: str) -> None:
    one, two = await start(), await start()
    before = await scrape(one.gateway.admin_url)
    owner = await asyncpg.connect(hublib_database)
    await owner.execute("update public.profiles set bio = 'new' where id = (select id from public.profiles limit 1)")
    await owner.close()

    async def found() -> bool:
        both = [await scrape(each.gateway.admin_url) for each in (one, two)]
        return sum(of(values, "passerelle_cache_changes_total", origin="found") for values in both) >= 1

    await until(found)
    after = await scrape(one.gateway.admin_url)
    heard = [of(values, "passerelle_cache_changes_total", origin="heard") for values in (before, after)]
    assert heard[1] > heard[0]
    assert of(after, "passerelle_cache_resets_total") >= 1


@pytest.mark.parametrize("through", [0, 1])
async def test_a_flush_reaches_every_instance(start: Start, through: int) -> None:
    both = [await start(), await start()]
    for served in both:
        for path in (PROFILES, SUGGESTIONS):
            await how(served, path)
            assert (await how(served, path)).startswith("hit; detail=memory")
    status, told = await ask(both[through], "POST", "/cache/flush", {"tables": ["public.profiles"]})
    assert (status, told) == (200, {"flushed": ["public.profiles"], "instances": 2})
    for served in both:
        assert not (await how(served, PROFILES)).startswith("hit; detail=memory")
        assert (await how(served, SUGGESTIONS)).startswith("hit; detail=memory")
    status, told = await ask(both[through], "POST", "/cache/flush", {})
    assert (status, told) == (200, {"flushed": "everything", "instances": 2})
    for served in both:
        assert not (await how(served, SUGGESTIONS)).startswith("hit; detail=memory")


async def test_of_a_view_the_tables_behind_it_are_flushed(start: Start) -> None:
    served = await start()
    await how(served, "/public_resources?select=id")
    assert (await how(served, "/public_resources?select=id")).startswith("hit")
    _, told = await ask(served, "POST", "/cache/flush", {"tables": ["public_resources", "profiles"]})
    assert {"public.resources", "public.profiles"} <= set(told["flushed"])
    assert "public.public_resources" not in told["flushed"]
    assert (await how(served, "/public_resources?select=id")).startswith("fwd=stale")


NO_FLUSH = [
    (b"", 400, "cache_request_invalid"),
    (b"{", 400, "cache_request_invalid"),
    (b"\xff", 400, "cache_request_invalid"),
    (b"[]", 400, "cache_request_invalid"),
    (b"null", 400, "cache_request_invalid"),
    (b'{"tables": []}', 400, "cache_request_invalid"),
    (b'{"tables": null}', 400, "cache_request_invalid"),
    (b'{"tables": "profiles"}', 400, "cache_request_invalid"),
    (b'{"tables": [1]}', 400, "cache_request_invalid"),
    (b'{"table": ["profiles"]}', 400, "cache_request_invalid"),
    (b'{"tables": ["profiles", "nope"]}', 404, "cache_table_unknown"),
    (b'{"tables": ["profiles; drop table x"]}', 404, "cache_table_unknown"),
    (b'{"tables": ["\\u0000"]}', 404, "cache_table_unknown"),
]


async def test_what_is_no_flush_changes_nothing(start: Start) -> None:
    served = await start()
    await how(served, PROFILES)
    for body, status, code in NO_FLUSH:
        answered, told = await ask(served, "POST", "/cache/flush", body)
        assert (answered, told["code"]) == (status, code), body
    for method, path in (("GET", "/cache"), ("POST", "/cache/flush")):
        for token in (None, "", "wrong", TOKEN[:-1]):
            answered, told = await ask(served, method, path, {}, token)
            assert (answered, told["code"]) == (401, "admin_token_required")
    assert (await how(served, PROFILES)).startswith("hit; detail=memory")


async def test_redis_goes_away(start: Start, server: Server) -> None:
    served = await start()
    server.kill()
    await until(cache_is(served, "off", "lease"))
    values = await scrape(served.gateway.admin_url)
    assert of(values, "passerelle_cache_on") == 0
    assert of(values, "passerelle_cache_problem", reason="lease") == 1
    _, told = await ask(served, "GET", "/cache")
    [worker] = told["workers"]
    assert (worker["state"], worker["reason"]) == ("off", "lease")
    assert worker["details"].startswith("there is no lease: ")
    status, told = await ask(served, "POST", "/cache/flush", {})
    assert (status, told["code"]) == (503, "PGRSTX95")
    server.start()
    await until(cache_is(served, "on"))


OFF: dict[str, tuple[dict[str, Any], str]] = {
    "switched off": ({"cache_enabled": False}, "disabled"),
    "each request is wanted": ({"pre_request": "hublib.is_admin"}, "disabled"),
}


@pytest.mark.parametrize(("settings", "reason"), OFF.values(), ids=OFF)
async def test_what_settings_do_not_want(
    watch: Watch, hublib: str, valkey: EmbeddedValkey, settings: dict[str, Any], reason: str
) -> None:
    served = await watch(hublib, anon_role="anon", redis_url=valkey.url, redis_prefix="unwanted:", **settings)
    await until(cache_is(served, "off", reason))


async def test_nothing_to_keep(watch: Watch, dsn: str, valkey: EmbeddedValkey) -> None:
    served = await watch(dsn, redis_url=valkey.url, redis_prefix="nothing:", admin_token=TOKEN)
    await until(cache_is(served, "off", "no_rules"))
    status, told = await ask(served, "POST", "/cache/flush", {"tables": ["notes"]})
    assert (status, told["code"]) == (409, "cache_absent")


async def test_without_redis(watch: Watch, dsn: str) -> None:
    served = await watch(dsn, admin_token=TOKEN)
    _, told = await ask(served, "GET", "/cache")
    assert [(worker["state"], worker["reason"]) for worker in told["workers"]] == [("off", "no_redis")]
    status, told = await ask(served, "POST", "/cache/flush", {})
    assert (status, told["code"]) == (409, "cache_absent")
    assert not any("passerelle_cache" in name for name, _ in await scrape(served.gateway.admin_url))


@pytest_asyncio.fixture
async def settled(server: Server) -> Server:
    await settle_leases(server.url)
    return server


def test_each_worker_tells_of_its_own(deployment: Deployment, hublib: str, settled: Server) -> None:
    deployment.start(2, PASSERELLE_REDIS_URL=settled.url, PASSERELLE_DATABASE_URL=hublib, PASSERELLE_ANON_ROLE="anon")
    wait(lambda: of(deployment.scrape(), "passerelle_cache_on") == 2)
    for _ in range(40):
        assert deployment.ask(f"/rest/v1{PROFILES}")[0] == 200
    status, told = deployment.ask("/cache", admin=True, Authorization="Bearer let-me-in")
    workers = json.loads(told)["workers"]
    assert (status, [worker["worker"] for worker in workers]) == (200, [0, 1])
    assert sum(sum(worker["reads"].values()) for worker in workers) == 40
    # One that waited for leases to run out is off again until its next look.
    wait(lambda: json.loads(deployment.ask("/ready", admin=True)[1])["cache"] == {"state": "on", "reason": None})
