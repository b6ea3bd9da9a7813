"""A client that goes away stops its query, and its connection never serves anybody else."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import pytest

from gateway.database import Database
from tests.database.database_room import ENVELOPE, LOGIN, NOTES, WRITE, OpenDatabase, caller, owners, probe

RUNNING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE usename = $1 AND datname = current_database() AND state <> 'idle'"""
CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()"


async def eventually_zero(superuser: asyncpg.Connection, query: str) -> None:
    for _ in range(200):
        if await superuser.fetchval(query, LOGIN) == 0:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"not zero after 4 s: {query}")


async def sleep_within(database: Database, sub: int) -> None:
    await database.read(caller(sub), probe("pg_sleep(60)"))


async def look(database: Database, sub: int) -> None:
    await database.read(caller(sub), NOTES)


async def write_slowly(database: Database, sub: int) -> None:
    async with database.transaction(caller(sub), ENVELOPE, WRITE) as transaction:
        await transaction.fetch("INSERT INTO public.ledger VALUES ($1)", (f"cancelled {sub}",))
        await transaction.fetch("SELECT pg_sleep(60)")


async def test_500_cancelled_requests(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    chance = random.Random(1)

    async def cancelled(sub: int) -> None:
        work = chance.choice([sleep_within, look, write_slowly])
        task = asyncio.ensure_future(work(database, sub))
        await asyncio.sleep(chance.random() * 0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async with open_database(size=3) as database:
        await asyncio.gather(*(cancelled(sub) for sub in range(500)))
        await eventually_zero(superuser, RUNNING)
        for sub in (1, 2, 3, 4):
            assert owners((await database.read(caller(sub), NOTES))["body"]) == {str(sub)}
        assert await superuser.fetchval("SELECT count(*) FROM ledger WHERE entry LIKE 'cancelled %'") == 0
        statistics = database.stats()
        assert statistics.waiting == 0
        assert statistics.connected <= 3
        assert statistics.cancellations > 0
    await eventually_zero(superuser, CONNECTED)


@pytest.mark.parametrize("steps", range(12))
async def test_cancelled_at_each_await(open_database: OpenDatabase, superuser: asyncpg.Connection, steps: int) -> None:
    """Whatever step of connecting, preparing, reading or committing it is in."""
    async with open_database(size=1) as database:
        for work in (look, write_slowly, sleep_within):
            task = asyncio.ensure_future(work(database, 1))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert owners((await database.read(caller(2), NOTES))["body"]) == {"2"}
    await eventually_zero(superuser, CONNECTED)


async def test_a_timeout_is_a_cancellation(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=1) as database:
        await look(database, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await sleep_within(database, 1)
        await look(database, 1)
        assert database.stats().connects == 2
        await eventually_zero(superuser, RUNNING)


async def test_waiting_requests_can_be_cancelled(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        busy = asyncio.ensure_future(database.read(caller(1), probe("pg_sleep(0.2)")))
        await asyncio.sleep(0.05)
        waiting = [asyncio.ensure_future(look(database, 2)) for _ in range(20)]
        await asyncio.sleep(0.01)
        assert database.stats().waiting == 20
        for task in waiting[::2]:
            task.cancel()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [result for result in results[1::2] if result is not None] == []
        await busy
        assert database.stats().waiting == 0


async def test_cancelled_while_being_served(open_database: OpenDatabase) -> None:
    """The session handed to a waiting request in the very moment of its cancellation goes to the next one."""
    async with open_database(size=1, acquisition_timeout=2) as database:
        pool = database._pool
        session = await pool.acquire(caller(1))
        waiting = asyncio.ensure_future(pool.acquire(caller(2)))
        await asyncio.sleep(0.01)
        pool.give(session)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        await look(database, 3)
