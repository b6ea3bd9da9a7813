"""A server that kills, stops, restarts or refuses: a clear 503 at once, and recovery by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.database import ConnectionFailed, ConnectionLost, Database, DatabaseError, PoolTimeout
from gateway.embedded import EmbeddedPostgres, remove_directory
from gateway.errors import GatewayError, Unavailable
from tests.database.database_room import ENVELOPE, NOTES, WRITE, OpenDatabase, caller, owners, probe

TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'room_authenticator' AND datname = current_database()"""


async def test_a_backend_terminated_within_a_read(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=1) as database:
        reading = asyncio.ensure_future(database.read(caller(1), probe("pg_sleep(30)")))
        await asyncio.sleep(0.1)
        await superuser.execute(TERMINATE)
        with pytest.raises(DatabaseError) as lost:
            await reading
        assert (lost.value.status, lost.value.code, lost.value.headers) == (503, "57P01", {"Retry-After": "1"})
        assert owners((await database.read(caller(1), NOTES))["body"]) == {"1"}


async def test_a_backend_terminated_within_a_transaction(
    open_database: OpenDatabase, superuser: asyncpg.Connection
) -> None:
    async def write(database: Database) -> None:
        async with database.transaction(caller(1), ENVELOPE, WRITE) as transaction:
            await transaction.fetch("INSERT INTO public.ledger VALUES ('terminated')")
            await transaction.fetch("SELECT pg_sleep(30)")

    async with open_database(size=1) as database:
        writing = asyncio.ensure_future(write(database))
        await asyncio.sleep(0.1)
        await superuser.execute(TERMINATE)
        with pytest.raises(GatewayError) as lost:
            await writing
        assert lost.value.status == 503
        assert await superuser.fetchval("SELECT count(*) FROM ledger WHERE entry = 'terminated'") == 0
        assert owners((await database.read(caller(1), NOTES))["body"]) == {"1"}


async def test_terminated_between_a_statement_and_its_commit(
    open_database: OpenDatabase, superuser: asyncpg.Connection
) -> None:
    async def write(database: Database) -> None:
        async with database.transaction(caller(1), ENVELOPE, WRITE) as transaction:
            await transaction.fetch("INSERT INTO public.ledger VALUES ('never acknowledged')")
            await superuser.execute(TERMINATE)
            await asyncio.sleep(0.05)

    async with open_database(size=1) as database:
        with pytest.raises(GatewayError) as lost:
            await write(database)
        assert lost.value.status == 503
        assert await superuser.fetchval("SELECT count(*) FROM ledger WHERE entry = 'never acknowledged'") == 0


async def test_idle_sessions_that_were_terminated(open_database: OpenDatabase, superuser: asyncpg.Connection) -> None:
    async with open_database(size=3) as database:
        await asyncio.gather(*(database.read(caller(sub), probe("pg_sleep(0.05)")) for sub in range(3)))
        assert database.stats().connected == 3
        await superuser.execute(TERMINATE)
        await asyncio.sleep(0.1)
        for sub in (1, 2, 3):
            assert owners((await database.read(caller(sub), NOTES))["body"]) == {str(sub)}


@pytest.fixture(scope="module")
def other_server(server_directory: Path) -> Iterator[EmbeddedPostgres]:
    directory = server_directory / "faults"
    with EmbeddedPostgres(directory, durability=False, max_connections=20) as cluster:
        yield cluster
    remove_directory(directory)


@pytest_asyncio.fixture
async def on_other_server(other_server: EmbeddedPostgres, open_database: OpenDatabase) -> AsyncIterator[Database]:
    connection = await asyncpg.connect(other_server.dsn())
    await connection.execute("DROP ROLE IF EXISTS room_user; CREATE ROLE room_user")
    await connection.close()
    async with open_database(other_server.dsn(), size=3, acquisition_timeout=3) as database:
        yield database


async def test_a_restart(other_server: EmbeddedPostgres, on_other_server: Database) -> None:
    database = on_other_server
    await asyncio.gather(*(database.read(caller(sub), probe("1")) for sub in range(3)))
    running = asyncio.ensure_future(database.read(caller(1), probe("pg_sleep(30)")))
    await asyncio.sleep(0.1)
    other_server.stop()
    with pytest.raises(GatewayError) as lost:
        await running
    assert lost.value.status == 503
    assert lost.value.headers["Retry-After"] == "1"
    outcomes = await asyncio.gather(*(database.read(caller(1), probe("1")) for _ in range(50)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ConnectionFailed}
    other_server.start()
    for _ in range(100):
        try:
            assert (await database.read(caller(1), probe("2")))["seen"] == "2"
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            break
    else:
        pytest.fail("it did not recover within 5 s")
    await asyncio.gather(*(database.read(caller(sub), probe("pg_sleep(0.05)")) for sub in range(9)))


async def test_too_many_clients_lets_the_connected_serve(
    other_server: EmbeddedPostgres, on_other_server: Database
) -> None:
    """Those that are connected serve all."""
    database = on_other_server
    await database.read(caller(1), probe("1"))
    crowd: list[asyncpg.Connection] = []
    try:
        with pytest.raises(asyncpg.TooManyConnectionsError):  # noqa: PT012
            while True:
                crowd.append(await asyncpg.connect(other_server.dsn()))
        rows = await asyncio.gather(*(database.read(caller(sub), probe("pg_sleep(0.02)")) for sub in range(12)))
        assert len(rows) == 12
        assert database.stats().connects == 1
    finally:
        for connection in crowd:
            await connection.close()


UNREACHABLE = [
    ("postgresql://x@127.0.0.1:1/x", "Connect call failed"),
    ("postgresql://x@/x?host=/nonexistent", "No such file"),
    ("postgresql://nobody_here@{socket}", 'role "nobody_here" does not exist'),
    ("postgresql://room_authenticator@/nowhere?{query}", 'database "nowhere" does not exist'),
    ("http://nonsense:secret@example", "not valid"),
]


@pytest.mark.parametrize(("dsn", "words"), UNREACHABLE, ids=range(len(UNREACHABLE)))
async def test_what_is_wrong_is_said(
    postgres: EmbeddedPostgres, room: str, open_database: OpenDatabase, dsn: str, words: str
) -> None:
    if "{socket}" in dsn:
        dsn = postgres.dsn(room, user="nobody_here")
    elif "{query}" in dsn:
        dsn = postgres.dsn("nowhere", user="room_authenticator")
    async with open_database(dsn, size=2) as database:
        with pytest.raises(ConnectionFailed) as failed:
            await database.read(caller(1), NOTES)
        assert (failed.value.status, failed.value.code) == (503, "PGRST000")
        assert failed.value.message == "Database connection error."
        assert failed.value.headers == {"Retry-After": "1"}
        assert words in failed.value.details
        assert "secret" not in failed.value.details


async def test_no_storm_of_connects(open_database: OpenDatabase) -> None:
    loop = asyncio.get_running_loop()
    async with open_database("postgresql://x@127.0.0.1:1/x", size=10) as database:
        began = loop.time()
        while loop.time() - began < 1:
            outcomes = await asyncio.gather(
                *(database.read(caller(1), NOTES) for _ in range(100)), return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {ConnectionFailed}
            await asyncio.sleep(0.01)
        assert database.stats().connect_failures < 20


async def test_an_exhausted_pool_is_a_504(open_database: OpenDatabase) -> None:
    async with open_database(size=1, acquisition_timeout=0.1) as database:
        busy = asyncio.ensure_future(database.read(caller(1), probe("pg_sleep(0.5)")))
        await asyncio.sleep(0.05)
        with pytest.raises(PoolTimeout) as refused:
            await database.read(caller(2), NOTES)
        assert (refused.value.status, refused.value.code) == (504, "PGRST003")
        assert refused.value.message == "Timed out acquiring connection from connection pool."
        await busy
        assert database.stats().timeouts == 1
        assert owners((await database.read(caller(2), NOTES))["body"]) == {"2"}


async def test_a_server_that_accepts_and_says_nothing(open_database: OpenDatabase) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with open_database(f"postgresql://x@127.0.0.1:{port}/x?sslmode=disable", acquisition_timeout=0.2) as database:
        with pytest.raises(ConnectionFailed) as failed:
            await database.read(caller(1), NOTES)
        assert failed.value.details == "The server did not answer in time."
    server.close()


async def test_a_closed_database_refuses(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        await database.read(caller(1), NOTES)
        slow = asyncio.ensure_future(database.read(caller(1), probe("pg_sleep(0.2)")))
        await asyncio.sleep(0.05)
        closing = asyncio.ensure_future(database.close(timeout=5))
        await asyncio.sleep(0.01)
        with pytest.raises(Unavailable):
            await database.read(caller(2), NOTES)
        assert (await slow)["seen"] == ""
        await closing
        assert database.stats().connected == 0


async def test_closing_does_not_wait_for_ever(open_database: OpenDatabase) -> None:
    async with open_database(size=1) as database:
        stuck = asyncio.ensure_future(database.read(caller(1), probe("pg_sleep(60)")))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(database.close(timeout=0.1), 5)
        with pytest.raises((ConnectionLost, DatabaseError)):
            await stuck
