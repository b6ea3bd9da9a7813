"""`/live` and `/ready` while PostgreSQL comes and goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, remove_directory
from gateway.errors import GatewayError
from gateway.telemetry import DatabaseWatch
from tests.operations.conftest import LOGIN, SETTINGS, Watch, of, scrape
from tests.serving import Served, start_gateway, stop_gateway


@pytest.fixture
def own_postgres(server_directory: Path) -> Iterator[EmbeddedPostgres]:
    """A server that this test may stop."""
    directory = server_directory / "operations"
    cluster = EmbeddedPostgres(directory, durability=False)
    cluster.start()
    yield cluster
    cluster.stop()
    remove_directory(directory)


@pytest_asyncio.fixture
async def own_dsn(own_postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    connection = await asyncpg.connect(own_postgres.dsn())
    await connection.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
    await connection.close()
    yield own_postgres.dsn(user=LOGIN)


async def probe(served: Served, path: str) -> int:
    async with served.client.get(served.gateway.admin_url + path) as answer:
        assert await answer.read() == b""
        return answer.status


async def eventually(served: Served, path: str, status: int, within: float = 10.0) -> float:
    started = time.monotonic()
    while await probe(served, path) != status:
        assert time.monotonic() - started < within
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def test_postgresql_stops_and_starts(watch: Watch, own_postgres: EmbeddedPostgres, own_dsn: str) -> None:
    served = await watch(own_dsn)
    assert (await served.get("/notes")).status == 200
    assert (await probe(served, "/live"), await probe(served, "/ready")) == (200, 200)
    own_postgres.stop()
    assert await eventually(served, "/ready", 503) < 4
    assert await probe(served, "/live") == 200
    assert (await served.get("/notes")).status == 503
    values = await scrape(served.gateway.admin_url)
    assert of(values, "passerelle_database_connects_total", outcome="failure") > 0
    assert of(values, "passerelle_catalog_listening") == 0
    own_postgres.start()
    # Nobody but the probe asks: a load balancer sends no requests to an instance that is not ready.
    await eventually(served, "/ready", 200)
    assert (await served.get("/notes")).status == 200


async def test_started_before_postgresql(watch: Watch, own_postgres: EmbeddedPostgres, own_dsn: str) -> None:
    own_postgres.stop()
    served = await watch(own_dsn)
    assert (await probe(served, "/live"), await probe(served, "/ready")) == (200, 503)
    own_postgres.start()
    await eventually(served, "/ready", 200)


async def test_a_pool_in_use_is_a_reachable_database(watch: Watch, dsn: str) -> None:
    served = await watch(dsn, pool_size=1)

    async def slow() -> None:
        async with served.client.post(f"{served.url}/rest/v1/rpc/slow", json={"seconds": 1.0}) as answer:
            assert answer.status == 200

    busy = asyncio.ensure_future(slow())
    await asyncio.sleep(0.2)
    started = time.monotonic()
    assert await probe(served, "/ready") == 200
    assert time.monotonic() - started < 0.5
    await busy


async def test_probes_leave_one_session_and_no_identity(watch: Watch, dsn: str) -> None:
    served = await watch(dsn, pool_max_idletime="1")
    await asyncio.gather(*(served.get("/notes") for _ in range(8)))
    opened = served.gateway.database.stats().connected
    for _ in range(8):
        assert await probe(served, "/ready") == 200
        await asyncio.sleep(0.3)
    stats = served.gateway.database.stats()
    assert stats.connected <= 1 <= opened
    assert stats.mismatches == 0
    assert (await served.get("/notes")).status == 200


class Counted:
    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self) -> None:
        self.calls += 1
        await asyncio.sleep(0.01)
        if (answer := self.answers.pop(0)) is not None:
            raise answer


async def test_probes_that_come_together_ask_once() -> None:
    ping = Counted(None)
    watch = DatabaseWatch(ping)
    assert all(await asyncio.gather(*(watch.reachable() for _ in range(20))))
    assert await watch.reachable()
    assert ping.calls == 1


@pytest.mark.parametrize("error", [OSError("x"), TimeoutError(), GatewayError(503, "x", "y")])
async def test_a_failure_is_not_remembered(error: Exception) -> None:
    watch = DatabaseWatch(Counted(error, None))
    assert not await watch.reachable()
    assert await watch.reachable()


async def test_a_probe_that_leaves_does_not_end_the_attempt_of_others() -> None:
    ping = Counted(None)
    watch = DatabaseWatch(ping)
    leaving = asyncio.ensure_future(watch.reachable())
    staying = asyncio.ensure_future(watch.reachable())
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying
    assert ping.calls == 1


@pytest.mark.parametrize("steps", range(6))
async def test_stopping_while_a_reload_begins(dsn: str, steps: int) -> None:
    """As when the database and the gateway stop together: the connection's end wants a reload."""
    served = await start_gateway(dsn, **SETTINGS)
    served.gateway.catalog.request_reload()
    for _ in range(steps):
        await asyncio.sleep(0)
    closing = asyncio.ensure_future(served.gateway.catalog.close())
    done, _ = await asyncio.wait([closing], timeout=3)
    closing.cancel()
    await stop_gateway(served)
    assert done
