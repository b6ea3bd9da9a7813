"""How Redis is shows in `/ready` and in the metrics, and changes nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.telemetry import Place, Worker, Workers
from gateway.web import Condition, Readiness
from tests.bus.arrangements import wait
from tests.bus.conftest import authority, cluster, places, server, standing, tls_port, trio, url
from tests.bus.servers import Server, until
from tests.operations.conftest import Deployment, Watch, of, scrape
from tests.serving import Served

__all__ = ["authority", "cluster", "places", "server", "standing", "tls_port", "trio", "url"]


async def ready(served: Served) -> tuple[int, dict[str, Any]]:
    async with served.client.get(f"{served.gateway.admin_url}/ready") as answer:
        return answer.status, json.loads(await answer.read())


def redis_is(served: Served, state: str, **more: str) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        status, told = await ready(served)
        assert (status, told["status"]) == (200, "ready")
        redis = told["redis"]
        return redis["state"] == state and all(redis[name] == value for name, value in more.items())

    return is_so


async def test_it_stops_and_starts(watch: Watch, dsn: str, server: Server) -> None:
    served = await watch(dsn, redis_url=server.url)
    await until(redis_is(served, "up", lease="live"))
    values = await scrape(served.gateway.admin_url)
    assert (of(values, "passerelle_redis_up"), of(values, "passerelle_redis_lease_live")) == (1, 1)
    assert of(values, "passerelle_redis_connects_total", server=f"127.0.0.1:{server.port}", outcome="success") == 2
    assert ("passerelle_redis_problem", frozenset()) not in values

    server.kill()
    await until(redis_is(served, "down", reason="unreachable", lease="none"))
    assert (await served.get("/notes")).status == 200
    values = await scrape(served.gateway.admin_url)
    assert of(values, "passerelle_redis_up") == of(values, "passerelle_redis_lease_live") == 0
    assert of(values, "passerelle_redis_problem", reason="unreachable") == 1
    assert of(values, "passerelle_redis_losses_total") == 2
    assert of(values, "passerelle_redis_hearing_losses_total") == 1
    assert of(values, "passerelle_redis_lease_interruptions_total") == 1

    server.start()
    await until(redis_is(served, "up", lease="live"))


async def test_started_before_redis(watch: Watch, dsn: str, server: Server) -> None:
    server.kill()
    served = await watch(dsn, redis_url=server.url)
    assert (await served.get("/notes")).status == 200
    await until(redis_is(served, "down"))
    server.start()
    await until(redis_is(served, "up", lease="live"))


async def test_the_prefix_is_the_one_in_the_settings(watch: Watch, dsn: str, server: Server) -> None:
    served = await watch(dsn, redis_url=server.url, redis_prefix="mine:")
    await until(redis_is(served, "up", lease="live"))
    keys = server.ask("KEYS", "*")
    assert "mine:v1:bus:{mine:bus}:leases" in keys
    assert all(key.startswith("mine:v1:") for key in keys)


async def test_stopping_gives_the_lease_back(watch: Watch, dsn: str, server: Server) -> None:
    staying, leaving = await watch(dsn, redis_url=server.url), await watch(dsn, redis_url=server.url)
    await until(redis_is(leaving, "up", lease="live"))
    assert staying.gateway.bus is not None
    assert leaving.gateway.bus is not None
    await leaving.gateway.stop()
    assert leaving.gateway.bus.instance not in (await staying.gateway.bus.members()).holdings


async def test_without_redis_nothing_is_told_of_it(watch: Watch, dsn: str) -> None:
    served = await watch(dsn)
    async with served.client.get(f"{served.gateway.admin_url}/ready") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    assert not any("redis" in name for name, _ in await scrape(served.gateway.admin_url))


ON: Mapping[str, Any] = {"state": "on", "reason": None}
OFF: Mapping[str, Any] = {"state": "off", "reason": "lease"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [((ON, ON), ON), ((ON, OFF, ON), OFF), ((OFF, ON), OFF), ((None, ON), ON), ((None, None), None)],
)
async def test_of_several_caches_the_worst_is_told(
    told: tuple[Mapping[str, Any] | None, ...], expected: Mapping[str, Any] | None, tmp_path: Path
) -> None:
    workers = [
        _worker(Condition(Readiness.READY, None, cache), number, len(told), tmp_path)
        for number, cache in enumerate(told)
    ]
    assert await _conditions(workers) == [Condition(Readiness.READY, None, expected)] * len(told)


UP: Mapping[str, Any] = {"state": "up", "lease": "live"}
CONNECTING: Mapping[str, Any] = {"state": "connecting", "lease": "none"}
DOWN: Mapping[str, Any] = {"state": "down", "reason": "lost", "lease": "none"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((UP, UP, UP), UP),
        ((UP, {**UP, "lease": "none"}, UP), {**UP, "lease": "none"}),
        ((UP, CONNECTING, UP), CONNECTING),
        ((DOWN, UP, CONNECTING), DOWN),
        ((UP, UP, DOWN), DOWN),
        ((None, None, None), None),
    ],
)
async def test_of_several_workers_the_worst_is_told(
    told: tuple[Mapping[str, Any] | None, ...], expected: Mapping[str, Any] | None, tmp_path: Path
) -> None:
    workers = [
        _worker(Condition(Readiness.READY, redis), number, len(told), tmp_path) for number, redis in enumerate(told)
    ]
    assert await _conditions(workers) == [Condition(Readiness.READY, expected)] * len(told)


def _worker(told: Condition, number: int, count: int, directory: Path) -> Workers:
    async def condition() -> Condition:
        return told

    async def reload() -> None:
        pass

    return Workers(Worker(list, condition, reload), Place(number, count, directory))


async def _conditions(workers: list[Workers]) -> list[Condition]:
    for one in workers:
        await one.start()
    try:
        return [await one.condition() for one in workers]
    finally:
        await asyncio.gather(*(one.stop() for one in workers))


async def test_every_shape_serves(deployment: Deployment, url: str) -> None:
    deployment.start(1, PASSERELLE_REDIS_URL=url)

    async def lives() -> bool:  # in a thread: what speaks TLS runs here
        told = json.loads((await asyncio.to_thread(deployment.ask, "/ready", admin=True))[1])
        return told["redis"]["state"] == "up" and told["redis"]["lease"] == "live"

    await until(lives, within=20)


def test_each_worker_has_a_lease_of_its_own(deployment: Deployment, server: Server) -> None:
    deployment.start(2, PASSERELLE_REDIS_URL=server.url)
    wait(lambda: of(deployment.scrape(), "passerelle_redis_lease_live") == 2)
    assert sum(name.startswith("i:") for name in server.ask("HKEYS", "passerelle:v1:bus:{passerelle:bus}:leases")) == 2
    status, told = deployment.ask("/ready", admin=True)
    assert (status, json.loads(told)["redis"]["state"]) == (200, "up")

    server.kill()
    wait(lambda: of(deployment.scrape(), "passerelle_redis_problem") == 2)
    status, told = deployment.ask("/ready", admin=True)
    assert (status, json.loads(told)["redis"]["state"]) == (200, "down")
    assert deployment.ask("/rest/v1/notes")[0] == 200
