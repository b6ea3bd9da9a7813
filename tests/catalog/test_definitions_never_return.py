"""What an answer was made under is not found again, whatever is done and undone; and VACUUM is no change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from gateway.catalog.marks import Marks, read_definitions, read_marks

BASE = """
create table public.t (id int primary key, name text);
insert into public.t select n, 'x' from generate_series(1, 100) n;
create view public.v as select * from public.t;
create function public.f() returns int language sql stable as 'select 1';
create table public.parent (id int);
create table public.child (id int);
create materialized view public.m as select count(*) from public.t;
alter table public.t enable row level security;
create policy p on public.t using (true);
create text search configuration public.words (copy = simple);
create function public.nothing() returns trigger language plpgsql as 'begin return null; end';
create trigger nothing after insert on public.t execute function public.nothing();
"""


@pytest_asyncio.fixture
async def admin(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute(BASE)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def asking(database: str, admin: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def counted(admin: asyncpg.Connection) -> None:
    """Publishes what PostgreSQL has counted for this session; by itself it does so within ten seconds."""
    await admin.execute("select pg_stat_force_next_flush()")
    await admin.execute("select 1")


async def marks(admin: asyncpg.Connection, asking: asyncpg.Connection) -> Marks:
    await counted(admin)
    return await read_marks(asking, caching=True)


THERE_AND_BACK = {
    "row security": ("alter table t disable row level security", "alter table t enable row level security"),
    "policy": ("create policy q on t using (false)", "drop policy q on t"),
    "policy changed": ("alter policy p on t using (false)", "alter policy p on t using (true)"),
    "grant": ("grant select on t to {role}", "revoke select on t from {role}"),
    "grant on a column": ("grant select (name) on t to {role}", "revoke select (name) on t from {role}"),
    "grant on a view": ("grant select on v to {role}", "revoke select on v from {role}"),
    "grant to execute": ("grant execute on function f() to {role}", "revoke execute on function f() from {role}"),
    "schema": ("grant create on schema public to {role}", "revoke create on schema public from {role}"),
    "membership": ("grant pg_monitor to {role}", "revoke pg_monitor from {role}"),
    "attribute": ("alter role {role} bypassrls", "alter role {role} nobypassrls"),
    "role setting": ("alter role {role} set timezone = 'UTC'", "alter role {role} reset timezone"),
    "function": (
        "create or replace function f() returns int language sql stable as 'select 2'",
        "create or replace function f() returns int language sql stable as 'select 1'",
    ),
    "overload": (
        "create function f(int) returns int language sql as 'select 1'",
        "drop function f(int)",
    ),
    "view": ("create or replace view v as select * from t where false", "create or replace view v as select * from t"),
    "column": ("alter table t rename name to label", "alter table t rename label to name"),
    "child": ("alter table child inherit parent", "alter table child no inherit parent"),
    "trigger": ("alter table t disable trigger all", "alter table t enable trigger all"),
    "operator": (
        "create operator public.=== (leftarg = int, rightarg = int, function = int4eq)",
        "drop operator public.=== (int, int)",
    ),
    "words": (
        "alter text search configuration words drop mapping for word",
        "alter text search configuration words add mapping for word with simple",
    ),
}


@pytest.mark.parametrize(("there", "back"), THERE_AND_BACK.values(), ids=THERE_AND_BACK.keys())
async def test_there_and_back(admin: asyncpg.Connection, asking: asyncpg.Connection, there: str, back: str) -> None:
    role = f"definitions_of_{await admin.fetchval('select current_database()')}"
    await admin.execute(f"create role {role}")
    try:
        # What the first change of a kind leaves for good must not be what the test finds.
        await admin.execute(there.format(role=role))
        await admin.execute(back.format(role=role))
        first = (await marks(admin, asking)).definitions
        await admin.execute(there.format(role=role))
        second = (await marks(admin, asking)).definitions
        await admin.execute(back.format(role=role))
        third = (await marks(admin, asking)).definitions
        assert len({first, second, third}) == 3
    finally:
        await admin.execute(f"drop owned by {role}; drop role {role}")


UNCHANGED = {
    "rows": "update t set name = 'y'; delete from t where id = 1; insert into t values (1000, 'z')",
    "analyze": "analyze",
    "refresh": "refresh materialized view m",
    "temporary table": "create temp table tt (id int primary key, n int default 1); drop table tt",
    "index": "create index on t (name); reindex table t",
}


@pytest.mark.parametrize("statement", UNCHANGED.values(), ids=UNCHANGED.keys())
async def test_what_decides_nothing_changes_nothing(
    admin: asyncpg.Connection, asking: asyncpg.Connection, statement: str
) -> None:
    # The first temporary table of a session makes a schema for all of them.
    await admin.execute("create temp table before (id int)")
    before = await marks(admin, asking)
    await admin.execute(statement)
    after = await marks(admin, asking)
    if statement == UNCHANGED["index"]:
        assert after.definitions == before.definitions
    else:
        assert after == before


async def test_vacuum_changes_nothing(admin: asyncpg.Connection, asking: asyncpg.Connection) -> None:
    before = await marks(admin, asking)
    for table in ("t", "pg_class", "pg_policy", "pg_proc", "pg_attribute"):
        await admin.execute(f"vacuum (freeze, analyze) {table}")
    assert await marks(admin, asking) == before


async def test_truncate_asks_for_no_new_catalog(admin: asyncpg.Connection, asking: asyncpg.Connection) -> None:
    before = await marks(admin, asking)
    await admin.execute("truncate t")
    after = await marks(admin, asking)
    assert after.catalog == before.catalog
    assert after.definitions != before.definitions


async def test_without_caching_nothing_more_is_asked(asking: asyncpg.Connection) -> None:
    assert (await read_marks(asking, caching=False)).definitions is None


async def test_no_two_databases_have_the_same(
    admin: asyncpg.Connection, asking: asyncpg.Connection, database: str
) -> None:
    """Not even one that was copied, file by file."""
    name = await admin.fetchval("select current_database()")
    await asking.close()
    await admin.close()
    other = asyncpg.connect(database.replace(f"/{name}?", "/postgres?"))
    administrator = await other
    copy = f"{name}_copy"
    await administrator.execute(f"create database {copy} template {name} strategy file_copy")
    try:
        one, two = [await asyncpg.connect(database.replace(f"/{name}?", f"/{each}?")) for each in (name, copy)]
        assert await read_definitions(one) != await read_definitions(two)
        await asyncio.gather(one.close(), two.close())
    finally:
        await administrator.execute(f"drop database {copy} with (force)")
        await administrator.close()
