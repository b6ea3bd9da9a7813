"""Every way to change a table leaves its name; `schema/gateway/008_cache.sql`."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres, remove_directory
from gateway.migrations import migrate
from gateway.paths import schema_directory

TABLES = """
create table public.things (id int primary key, label text);
insert into public.things select n, 'thing' from generate_series(1, 10) n;
create table public.parts (
  id int primary key, thing int references public.things on delete cascade on update cascade
);
insert into public.parts select n, n from generate_series(1, 10) n;
create table public.screws (id int primary key, part int references public.parts on delete set null);
insert into public.screws select n, n from generate_series(1, 5) n;
create table public.plain (id int primary key, label text);
insert into public.plain values (1, 'not tracked');

create table public.days (day int, label text) partition by range (day);
create table public.days_1 partition of public.days for values from (0) to (10);
create table public.days_2 partition of public.days for values from (10) to (20) partition by range (day);
create table public.days_2a partition of public.days_2 for values from (10) to (20);
insert into public.days select n, 'day' from generate_series(0, 19) n;

create table public.animals (id int, label text);
create table public.dogs (tricks int) inherits (public.animals);
insert into public.animals values (1, 'animal');
insert into public.dogs values (2, 'dog', 3);

create view public.simple as select id, label from public.things;
create view public.joined as select t.id, p.id as part from public.things t join public.parts p on p.thing = t.id;
create function public.write_joined() returns trigger language plpgsql as $$
begin
  update public.parts set thing = thing where id = new.part;
  return new;
end
$$;
create trigger write instead of update on public.joined for each row execute function public.write_joined();

create function public.call_it() returns int language sql as 'update public.things set label = label returning 1';
create function public.refuse() returns trigger language plpgsql as 'begin return null; end';
create table public.refusing (id int);
create trigger refuse before insert on public.refusing for each row execute function public.refuse();
"""

TRACKED = (
    "things", "parts", "screws", "days", "days_1", "days_2", "days_2a", "animals", "dogs", "refusing"
)  # fmt: skip
PARTITIONED = ("days", "days_2")
_TRANSITIONS = {"insert": "new", "update": "new", "delete": "old"}
_names = itertools.count(1)


def triggers(table: str, *, partitioned: bool) -> str:
    """What applying policy files makes."""
    statements = [
        f"create trigger touch_{event} after {event} on public.{table} "
        + ("" if partitioned or event == "truncate" else f"referencing {_TRANSITIONS[event]} table as changed ")
        + "for each statement execute function "
        + ("passerelle.touch_v1()" if partitioned or event == "truncate" else "passerelle.touch_rows_v1()")
        + f"; alter table public.{table} enable always trigger touch_{event}"
        for event in ("insert", "update", "delete", "truncate")
    ]
    return ";".join(statements)


@pytest_asyncio.fixture(scope="module")
async def template(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database touches_template")
    await migrate(postgres.dsn("touches_template"), schema_directory() / "gateway")
    owner = await asyncpg.connect(postgres.dsn("touches_template"))
    await owner.execute(TABLES)
    for table in TRACKED:
        await owner.execute(triggers(table, partitioned=table in PARTITIONED))
    await owner.close()
    yield "touches_template"
    await administrator.execute("drop database touches_template")
    await administrator.close()


@pytest_asyncio.fixture
async def dsn(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    name = f"touches_{next(_names)}"
    await administrator.execute(f"create database {name} template {template} strategy file_copy")
    yield postgres.dsn(name)
    await administrator.execute(f"drop database {name} with (force)")
    await administrator.close()


@pytest_asyncio.fixture
async def owner(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def other(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def names(connection: asyncpg.Connection, oids: list[int]) -> set[str]:
    found = await connection.fetch("select relname from pg_class where oid = any ($1::oid[])", oids)
    assert len(found) == len(oids)
    return {row["relname"] for row in found}


async def taken(connection: asyncpg.Connection) -> set[str]:
    return await names(connection, await connection.fetchval("select passerelle.take_touches_v1()"))


async def seen(connection: asyncpg.Connection) -> set[str]:
    """What is visible of others."""
    return await names(connection, await connection.fetchval("select relations from passerelle.cache_news_v1()"))


CHANGES = {
    "insert": ("insert into things values (11, 'new')", {"things"}),
    "update": ("update things set label = 'other' where id = 1", {"things"}),
    "delete": ("delete from screws where id = 1", {"screws"}),
    "truncate": ("truncate screws", {"screws"}),
    "truncate of nothing": ("delete from screws; truncate screws", {"screws"}),
    "truncate cascades": ("truncate things cascade", {"things", "parts", "screws"}),
    "no rows inserted": ("insert into things select 1, 'x' where false", set()),
    "no rows updated": ("update things set label = 'x' where id = 99", set()),
    "no rows deleted": ("delete from things where id = 99", set()),
    "conflict, nothing done": ("insert into things values (1, 'x') on conflict do nothing", set()),
    "conflict, updated": ("insert into things values (1, 'x') on conflict (id) do update set label = 'x'", {"things"}),
    "a row trigger refuses": ("insert into refusing values (1)", set()),
    "cascading delete": ("delete from things where id = 1", {"things", "parts", "screws"}),
    "cascading delete of a thing without parts": (
        "insert into things values (11, 'x'); delete from things where id = 11",
        {"things"},
    ),
    "cascading key": ("update things set id = 100 where id = 1", {"things", "parts"}),
    "not tracked": ("update plain set label = 'x'", set()),
    "copy": ("copy things from program 'echo 11,copied' with (format csv)", {"things"}),
    "copy to partitions": ("copy days from program 'echo 11,copied' with (format csv)", {"days"}),
    "merge inserts": (
        (
            "merge into things t using (values (11)) v (id) on t.id = v.id when matched then delete "
            "when not matched then insert values (v.id, 'x')"
        ),
        {"things"},
    ),
    "merge deletes": (
        (
            "merge into screws t using (values (1)) v (id) on t.id = v.id when not matched then insert values (v.id) "
            "when matched then delete"
        ),
        {"screws"},
    ),
    "merge does nothing": (
        (
            "merge into things t using (values (1)) v (id) on t.id = v.id when matched then do nothing "
            "when not matched then insert values (v.id, 'x')"
        ),
        set(),
    ),
    "partitioned table": ("update days set label = 'x' where day = 1", {"days"}),
    "partition": ("update days_1 set label = 'x' where day = 1", {"days_1"}),
    "partition of a partition": ("delete from days_2a", {"days_2a"}),
    "middle": ("insert into days_2 values (11, 'x')", {"days_2"}),
    "row moves": ("update days set day = 15 where day = 1", {"days"}),
    "row moves by merge": (
        "merge into days t using (values (1)) v (day) on t.day = v.day when matched then update set day = 15",
        {"days"},
    ),
    "partitions truncated": ("truncate days", {"days", "days_1", "days_2", "days_2a"}),
    "inheritance parent changes children": ("update animals set label = 'x' where id = 2", {"animals"}),
    "inheritance child": ("update dogs set label = 'x'", {"dogs"}),
    "only the parent, no row": ("update only animals set label = 'x' where id = 2", set()),
    "simple view": ("update simple set label = 'x' where id = 1", {"things"}),
    "instead of": ("update joined set part = part where id = 1", {"parts"}),
    "function": ("select call_it()", {"things"}),
    "writable cte": (
        (
            "with gone as (delete from screws returning part), named as (update things set label = 'x' returning id) "
            "select from gone, named"
        ),
        {"screws", "things"},
    ),
    "do block with a lost part": (
        (
            "do $$ begin update things set label = 'x'; begin delete from screws; raise 'no'; "
            "exception when others then end; end $$"
        ),
        {"things"},
    ),
    "replica role": ("set session_replication_role = replica; update things set label = 'x'", {"things"}),
    "many statements": (
        (
            "do $$ begin for n in 1..100 loop update things set label = 'x'; begin update parts set thing = thing; "
            "exception when division_by_zero then end; end loop; end $$"
        ),
        {"things", "parts"},
    ),
}


@pytest.mark.parametrize(("statement", "expected"), CHANGES.values(), ids=CHANGES.keys())
async def test_what_a_statement_touches(owner: asyncpg.Connection, statement: str, expected: set[str]) -> None:
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(statement)
    assert await taken(owner) == expected
    assert await taken(owner) == set()
    await transaction.rollback()


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read", "serializable"])
async def test_what_is_taken_is_never_seen_by_others(
    owner: asyncpg.Connection, other: asyncpg.Connection, isolation: str
) -> None:
    async with owner.transaction(isolation=isolation):
        await owner.execute("update things set label = 'x'; update parts set thing = thing")
        assert await seen(other) == set()
        assert await taken(owner) == {"things", "parts"}
    assert await seen(other) == set()
    assert await owner.fetchval("select count(*) from passerelle.touches") == 0


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read", "serializable"])
async def test_a_transaction_that_changed_nothing_takes_nothing(owner: asyncpg.Connection, isolation: str) -> None:
    async with owner.transaction(isolation=isolation):
        assert await taken(owner) == set()
        assert await owner.fetchval("select pg_current_xact_id_if_assigned()") is None
        await owner.execute("update plain set label = 'x'")
        assert await taken(owner) == set()
    assert await owner.fetchval("select count(*) from passerelle.touches") == 0


async def test_a_change_after_the_record_was_taken_is_on_a_new_one(
    owner: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    async with owner.transaction():
        await owner.execute("update things set label = 'x'")
        assert await taken(owner) == {"things"}
        await owner.execute("update things set label = 'y'; update parts set thing = thing")
    assert await seen(other) == {"things", "parts"}


async def test_what_deferred_triggers_change_is_taken_if_they_run_before(
    owner: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    """They run at COMMIT otherwise, after the record was taken: hence SET CONSTRAINTS comes first."""
    await owner.execute(
        "create function later() returns trigger language plpgsql as 'begin delete from screws; return null; end';"
        "create constraint trigger later after update on things deferrable initially deferred "
        "for each row execute function later()"
    )
    async with owner.transaction():
        await owner.execute("update things set label = 'x' where id = 1; set constraints all immediate")
        assert await taken(owner) == {"things", "screws"}
    assert await seen(other) == set()
    await owner.execute("insert into screws values (100); delete from passerelle.touches")
    async with owner.transaction():
        await owner.execute("update things set label = 'x' where id = 1")
        assert "screws" not in await taken(owner)
    assert await seen(other) == {"screws"}


async def test_a_transaction_that_may_no_longer_write_says_what_it_has_changed(
    owner: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    async with owner.transaction():
        await owner.execute("update things set label = 'x'; set transaction read only")
        assert await taken(owner) == {"things"}
    assert await seen(other) == {"things"}


async def test_savepoints_take_their_record_with_them(owner: asyncpg.Connection) -> None:
    async with owner.transaction():
        await owner.execute("savepoint a; update things set label = 'x'; rollback to a")
        assert await taken(owner) == set()
        await owner.execute("update parts set thing = thing; savepoint b; update things set label = 'x'")
        await owner.execute("savepoint c; delete from screws; release c; rollback to b")
        assert await taken(owner) == {"parts"}
        await owner.execute("savepoint d; update things set label = 'x'; release d")
        assert await taken(owner) == {"things"}


async def test_taking_within_a_savepoint_that_is_undone_keeps_the_record(owner: asyncpg.Connection) -> None:
    async with owner.transaction():
        await owner.execute("update things set label = 'x'; savepoint a")
        assert await taken(owner) == {"things"}
        await owner.execute("rollback to a")
        assert await taken(owner) == {"things"}


async def test_others_see_a_record_when_they_see_the_change(
    owner: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("update things set label = 'x'")
    assert await seen(other) == set()
    await transaction.commit()
    await owner.execute("update parts set thing = thing")
    news = await other.fetchrow("select * from passerelle.cache_news_v1()")
    assert await names(other, news["relations"]) == {"things", "parts"}
    assert len(news["xids"]) == 2
    assert (news["breaks"], news["ages"]) == ([], [])
    await owner.execute("delete from screws")
    await other.execute("select passerelle.cache_forget_touches_v1($1)", news["xids"])
    assert await seen(other) == {"screws"}


async def test_forgetting_at_the_same_time_waits_for_nobody(
    owner: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    await owner.execute("update things set label = 'x'")
    xids = await owner.fetchval("select xids from passerelle.cache_news_v1()")
    async with owner.transaction():
        await owner.execute("select passerelle.cache_forget_touches_v1($1)", xids)
        await other.execute("set lock_timeout = '1s'")
        await other.execute("select passerelle.cache_forget_touches_v1($1)", xids)
    assert await seen(other) == set()


async def test_concurrent_transactions_each_take_their_own(
    owner: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    async with owner.transaction(), other.transaction():
        await owner.execute("update things set label = 'x' where id = 1")
        await other.execute("update things set label = 'x' where id = 2; delete from screws")
        assert await taken(owner) == {"things"}
        assert await taken(other) == {"things", "screws"}
    assert await seen(owner) == set()


async def test_the_record_does_not_make_serializable_transactions_fail(
    dsn: str, owner: asyncpg.Connection, other: asyncpg.Connection
) -> None:
    """They have nothing to do with each other, but for the record. Each writes to it after the one before has taken
    its own, and the last one commits first: a chain of conflicts, if taking were reading."""
    third = await asyncpg.connect(dsn)
    chain = [(owner, "things"), (other, "screws"), (third, "parts")]
    for connection, _ in chain:
        await connection.execute("begin isolation level serializable; select 1")
    for connection, table in chain:
        await connection.execute(f"insert into {table} values (100)")
        assert await taken(connection) == {table}
    for connection, _ in reversed(chain):
        await connection.execute("commit")
    assert await seen(owner) == set()
    await third.close()


async def test_a_prepared_transaction_is_seen_when_it_commits(server_directory: Path) -> None:
    directory = server_directory / "prepared"
    settings = {"max_prepared_transactions": "2"}
    with EmbeddedPostgres(directory, port=None, durability=False, settings=settings) as server:
        await migrate(server.dsn(), schema_directory() / "gateway")
        connection = await asyncpg.connect(server.dsn())
        await connection.execute(TABLES + triggers("things", partitioned=False))
        await connection.execute("begin; update things set label = 'x'; prepare transaction 'touching'")
        assert await seen(connection) == set()
        await connection.execute("commit prepared 'touching'")
        assert await seen(connection) == {"things"}
        await connection.close()
    remove_directory(directory)


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
async def test_api_roles_reach_nothing(postgres: EmbeddedPostgres, dsn: str, role: str) -> None:
    name = dsn.rsplit("/", 1)[-1].split("?", maxsplit=1)[0]
    login = await asyncpg.connect(postgres.dsn(name, user="authenticator"))
    for statement in (
        "select passerelle.take_touches_v1()",
        "select passerelle.cache_break_v1('x')",
        "select passerelle.cache_unbreak_v1('x')",
        "select passerelle.cache_news_v1()",
        "select passerelle.cache_forget_touches_v1('{1}')",
        "select from passerelle.touches",
        "delete from passerelle.touches",
        "select from passerelle.cache_breaks",
        "delete from passerelle.cache_breaks",
    ):
        await login.execute(f"set role {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.execute(statement)
        await login.execute("reset role")
        if "from" in statement:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(statement)
        else:
            await login.execute(statement)
    await login.close()


async def test_an_api_role_writes_without_rights_to_the_record(
    postgres: EmbeddedPostgres, dsn: str, owner: asyncpg.Connection
) -> None:
    await owner.execute("grant all on things to anon")
    name = dsn.rsplit("/", 1)[-1].split("?", maxsplit=1)[0]
    login = await asyncpg.connect(postgres.dsn(name, user="authenticator"))
    # Names in front of the real ones change nothing.
    await owner.execute(
        "create schema evil; grant usage on schema evil to public; "
        "create table evil.changed (n int); create table evil.touches (xid xid8, relations oid[]); "
        "create function evil.never(oid, oid[]) returns bool language sql as 'select false'; "
        "grant all on all tables in schema evil to public"
    )
    await login.execute("begin; set local role anon; set local search_path = evil, public")
    await login.execute("create temp table changed (n int)")
    await login.execute("update things set label = 'x'; set local role none")
    assert await taken(login) == {"things"}
    await login.execute("rollback")
    await login.close()


async def test_breaks_are_made_renewed_and_removed_by_silence(owner: asyncpg.Connection) -> None:
    since = await owner.fetchval("select passerelle.cache_break_v1('one')")
    assert await owner.fetchval("select passerelle.cache_break_v1('one')") == since
    await owner.execute("select passerelle.cache_break_v1('two')")
    news = await owner.fetchrow("select breaks, ages from passerelle.cache_news_v1()")
    assert news["breaks"] == ["one", "two"]
    assert all(0 <= age < 60 for age in news["ages"])
    assert await owner.fetchval("select passerelle.cache_unbreak_v1('one', '1 hour')") is False
    await owner.execute("update passerelle.cache_breaks set renewed = renewed - interval '2 hours'")
    assert await owner.fetchval("select passerelle.cache_unbreak_v1('one', '1 hour')") is True
    assert await owner.fetchval("select passerelle.cache_unbreak_v1('two')") is True
    assert await owner.fetchval("select passerelle.cache_unbreak_v1('two')") is False
    assert await owner.fetchval("select passerelle.cache_break_v1('one')") > since


async def test_news_are_bounded(owner: asyncpg.Connection) -> None:
    await owner.execute(
        "insert into passerelle.touches select n::text::xid8, '{1259,1260}' from generate_series(1, 10050) n"
    )
    news = await owner.fetchrow("select * from passerelle.cache_news_v1()")
    assert len(news["xids"]) == 10_000
    assert sorted(news["relations"]) == [1259, 1260]
    await owner.execute("select passerelle.cache_forget_touches_v1($1)", news["xids"])
    assert len(await owner.fetchval("select xids from passerelle.cache_news_v1()")) == 50
