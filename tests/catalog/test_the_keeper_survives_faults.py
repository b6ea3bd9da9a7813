"""The catalog follows the database, and the last snapshot serves whatever happens to the connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
import pytest_asyncio

from gateway.catalog import Catalog, CatalogKeeper, Name, dump
from gateway.embedded import EmbeddedPostgres
from gateway.errors import Unavailable

FAST = (0.05, 0.1, 0.2)


@pytest_asyncio.fixture
async def admin(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute("create table first (id int primary key)")
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def keeper(database: str, admin: asyncpg.Connection) -> AsyncIterator[CatalogKeeper]:
    keeper = CatalogKeeper(database, schemas=("public",), backoff=FAST)
    await keeper.start()
    yield keeper
    await keeper.close()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def has(keeper: CatalogKeeper, table: str) -> bool:
    return Name("public", table) in keeper.current().relations


async def backends(admin: asyncpg.Connection) -> list[int]:
    rows = await admin.fetch(
        "select pid from pg_stat_activity"
        " where application_name = 'passerelle catalog' and datname = current_database()"
    )
    return [row["pid"] for row in rows]


@pytest.mark.parametrize("payload", ["reload schema", ""])
async def test_a_notification_reloads(keeper: CatalogKeeper, admin: asyncpg.Connection, payload: str) -> None:
    assert has(keeper, "first")
    await admin.execute("create table second (id int)")
    await admin.execute("select pg_notify('pgrst', $1)", payload)

    await until(lambda: has(keeper, "second"))


async def test_other_payloads_do_nothing(keeper: CatalogKeeper, admin: asyncpg.Connection) -> None:
    await admin.execute("select pg_notify('pgrst', 'reload everything')")
    await asyncio.sleep(0.3)

    assert keeper.status.loads == 1


async def test_reload_config_calls_back(database: str, admin: asyncpg.Connection) -> None:
    called = asyncio.Event()
    keeper = CatalogKeeper(database, schemas=("public",), channel="other", on_config=called.set)
    await keeper.start()
    try:
        await admin.execute("select pg_notify('other', 'reload config')")
        await asyncio.wait_for(called.wait(), 5)
        assert keeper.status.loads == 1
    finally:
        await keeper.close()


async def test_a_burst_is_one_load_at_once_and_one_after(keeper: CatalogKeeper, admin: asyncpg.Connection) -> None:
    for number in range(50):
        await admin.execute(f"create table burst_{number} (id int)")
        await admin.execute("notify pgrst, 'reload schema'")

    await until(lambda: has(keeper, "burst_49"))
    await asyncio.sleep(0.3)
    assert keeper.status.loads <= 12


async def test_subscribers_are_told_and_one_that_fails_harms_nobody(
    keeper: CatalogKeeper, admin: asyncpg.Connection
) -> None:
    def fail(_: Catalog) -> None:
        raise RuntimeError("a subscriber's fault")

    told: list[int] = []
    keeper.subscribe(fail)
    end = keeper.subscribe(lambda catalog: told.append(catalog.version))
    await keeper.reload()
    end()
    await keeper.reload()

    assert told == [2]
    assert keeper.current().version == 3


async def test_a_killed_backend_is_replaced_and_the_catalog_loaded_again(
    keeper: CatalogKeeper, admin: asyncpg.Connection
) -> None:
    (pid,) = await backends(admin)
    await admin.execute("create table second (id int)")
    await admin.execute("select pg_terminate_backend($1)", pid)
    assert has(keeper, "first")

    await until(lambda: has(keeper, "second"))
    assert keeper.status.failures >= 1
    assert await backends(admin) != [pid]
    await admin.execute("create table third (id int)")
    await admin.execute("notify pgrst")
    await until(lambda: has(keeper, "third"))


async def test_a_failing_reload_keeps_the_old_snapshot_until_it_works_again(
    keeper: CatalogKeeper, admin: asyncpg.Connection, postgres: EmbeddedPostgres
) -> None:
    name = await admin.fetchval("select current_database()")
    await admin.execute("create table second (id int)")
    other = await asyncpg.connect(postgres.dsn())
    try:
        await other.execute(f'alter database "{name}" allow_connections false')
        (pid,) = await backends(admin)
        await admin.execute("select pg_terminate_backend($1)", pid)

        await until(lambda: keeper.status.failures >= 3)
        assert has(keeper, "first")
        assert not keeper.status.connected
        assert keeper.status.error is not None

        await other.execute(f'alter database "{name}" allow_connections true')
        await until(lambda: keeper.status.connected)
        assert has(keeper, "second")
    finally:
        await other.close()


CHANGES = {
    "a function": "create or replace function f() returns int language sql as 'select 2'",
    "a view": "create or replace view v as select id + 1 as id from first",
    "a policy": "alter policy p on first using (id > 2)",
    "row security": "alter table first enable row level security",
    "a default": "alter table first alter id set default 3",
    "the name of a column": "alter table first rename id to number",
    "a check": "alter domain d add check (value > 1)",
    "a trigger": "alter table first disable trigger t",
    "an index": "create index on first ((abs(id)))",
    "a comment": "comment on table first is 'the first'",
    "the settings of a role": "alter role current_user in database {database} set statement_timeout = '1s'",
    "a label": "alter type e add value 'b'",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_that_nobody_announces_is_found(database: str, admin: asyncpg.Connection, change: str) -> None:
    await admin.execute(
        """create function f() returns int language sql as 'select 1';
        create function tf() returns trigger language plpgsql as 'begin return new; end';
        create view v as select id from first;
        create policy p on first using (id > 1);
        create trigger t before insert on first for each row execute function tf();
        create domain d as int;
        create type e as enum ('a')"""
    )
    keeper = CatalogKeeper(database, schemas=("public",), channel=None, poll_interval=0.05)
    await keeper.start()
    try:
        await admin.execute(change.format(database=await admin.fetchval("select quote_ident(current_database())")))
        await until(lambda: keeper.status.loads == 2)
        await asyncio.sleep(0.2)
        assert keeper.status.loads == 2, "and then there is peace"
    finally:
        await keeper.close()


async def test_data_and_temporary_tables_are_no_changes(database: str, admin: asyncpg.Connection) -> None:
    keeper = CatalogKeeper(database, schemas=("public",), channel=None, poll_interval=0.05)
    await keeper.start()
    try:
        await admin.execute("insert into first select generate_series(1, 1000)")
        await admin.execute("analyze first")
        await admin.execute("vacuum first")
        await admin.execute("truncate first")
        await admin.execute("create temp table mine (id int primary key default 3 check (id > 1))")
        await asyncio.sleep(0.4)
        assert keeper.status.loads == 1
    finally:
        await keeper.close()


async def test_without_a_database_requests_are_told_so_and_start_returns(postgres: EmbeddedPostgres) -> None:
    keeper = CatalogKeeper(postgres.dsn("there_is_no_such_database"), schemas=("public",), backoff=FAST)
    await asyncio.wait_for(keeper.start(), 5)
    try:
        with pytest.raises(Unavailable) as refused:
            keeper.current()
    finally:
        await keeper.close()
    assert (refused.value.status, refused.value.code) == (503, "PGRST002")
    assert refused.value.message == "Could not query the database for the schema cache. Retrying."
    assert refused.value.headers["Retry-After"]


async def test_failing_attempts_wait_in_between(postgres: EmbeddedPostgres) -> None:
    keeper = CatalogKeeper(postgres.dsn("there_is_no_such_database"), schemas=("public",), backoff=(0.2, 0.4))
    await keeper.start()
    try:
        await asyncio.sleep(0.9)
        assert keeper.status.failures in (2, 3)
    finally:
        await keeper.close()


async def test_closing_ends_the_connection(database: str, admin: asyncpg.Connection) -> None:
    keeper = CatalogKeeper(database, schemas=("public",))
    await keeper.start()
    assert len(await backends(admin)) == 1
    await keeper.close()

    assert await backends(admin) == []
    assert has(keeper, "first")


async def test_other_schemas_after_reconfiguration(keeper: CatalogKeeper, admin: asyncpg.Connection) -> None:
    await admin.execute("create schema api create table things (id int)")
    keeper.reconfigure(schemas=("api",), extra_search_path=())

    await until(lambda: Name("api", "things") in keeper.current().relations)
    assert not has(keeper, "first")


async def test_the_loop_keeps_turning_while_a_large_catalog_loads(
    keeper: CatalogKeeper, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        """do $$ begin for n in 1..600 loop
             execute format('create table wide_%s (id int primary key references first, a text, b text, c text)', n);
           end loop; end $$"""
    )
    longest = 0.0
    reload = asyncio.create_task(keeper.reload())
    while not reload.done():
        before = time.monotonic()
        await asyncio.sleep(0.001)
        longest = max(longest, time.monotonic() - before)

    assert has(keeper, "wide_600")
    assert longest < 0.25


async def test_the_dump_is_plain_data(keeper: CatalogKeeper) -> None:
    import orjson

    dumped = orjson.loads(orjson.dumps(dump(keeper.current())))

    assert dumped["dbTables"]["public.first"]["columns"]["id"]["type"] == "integer"
    assert {"dbRelationships", "dbRoutines", "dbRepresentations", "dbMediaHandlers"} <= dumped.keys()
