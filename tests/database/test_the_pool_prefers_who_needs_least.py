"""Which session a request gets, and how long sessions live."""

from __future__ import annotations

import asyncio

from gateway.database import Database
from tests.database.database_room import ENVELOPE, NOTES, READ, OpenDatabase, caller, owners, probe


async def occupy(database: Database, *subs: int, role: str = "room_user") -> None:
    """One session for each, side by side."""
    await asyncio.gather(*(database.read(caller(sub, role), probe("pg_sleep(0.05)")) for sub in subs))


async def test_the_same_caller_gets_the_session_that_carries_it(open_database: OpenDatabase) -> None:
    async with open_database(size=3) as database:
        await occupy(database, 1, 2, 3)
        before = database.stats().switches
        for _ in range(5):
            for sub in (1, 2, 3):
                assert owners((await database.read(caller(sub), NOTES))["body"]) == {str(sub)}
        assert database.stats().switches == before
        assert database.stats().connects == 3


async def test_then_one_of_the_same_role(open_database: OpenDatabase) -> None:
    async with open_database(size=2) as database:
        await asyncio.gather(
            database.read(caller(1, "room_user"), probe("pg_sleep(0.05)")),
            database.read(caller(1, "room_other"), probe("pg_sleep(0.05)")),
        )
        for sub in range(2, 8):
            await database.read(caller(sub, "room_other"), NOTES)
        before = database.stats().switches
        await database.read(caller(1, "room_user"), NOTES)
        assert database.stats().switches == before


async def test_opaque_work_takes_the_session_that_is_spoiled_already(open_database: OpenDatabase) -> None:
    async with open_database(size=3) as database:
        await occupy(database, 1, 2, 3)
        for sub in range(6):
            async with database.transaction(caller(sub), ENVELOPE, READ) as transaction:
                await transaction.fetch("SELECT 1")
        carried = [session.carried for session in database._pool._idle]
        assert sorted(session is not None for session in carried) == [False, True, True]


async def test_sessions_are_opened_only_when_none_is_free(open_database: OpenDatabase) -> None:
    async with open_database(size=5) as database:
        for sub in range(10):
            await database.read(caller(sub), NOTES)
        assert database.stats().connected == 1
        await asyncio.gather(*(database.read(caller(sub), probe("pg_sleep(0.05)")) for sub in range(20)))
        assert database.stats().connected == 5


async def test_those_who_wait_are_served_in_order(open_database: OpenDatabase) -> None:
    served: list[int] = []

    async def one(database: Database, sub: int) -> None:
        await database.read(caller(sub), probe("pg_sleep(0.005)"))
        served.append(sub)

    async with open_database(size=1) as database:
        await asyncio.gather(*(one(database, sub) for sub in range(30)))
    assert served == list(range(30))


async def test_idle_and_old_sessions_end(open_database: OpenDatabase) -> None:
    async with open_database(size=3, max_idle=0.2) as database:
        await occupy(database, 1, 2, 3)
        await asyncio.sleep(0.5)
        assert database.stats().connected == 0
    async with open_database(size=1, max_lifetime=0.2) as database:
        for _ in range(10):
            await database.read(caller(1), probe("pg_sleep(0.05)"))
        assert database.stats().connects > 1


async def test_flush_replaces_all_sessions(open_database: OpenDatabase) -> None:
    async with open_database(size=3) as database:
        await occupy(database, 1, 2, 3)
        busy = asyncio.ensure_future(database.read(caller(1), probe("pg_sleep(0.1)")))
        await asyncio.sleep(0.02)
        database.flush()
        assert database.stats().idle == 0
        assert (await busy)["seen"] == ""
        await occupy(database, 1, 2, 3)
        assert database.stats().connects == 6
        assert database.stats().connected == 3
