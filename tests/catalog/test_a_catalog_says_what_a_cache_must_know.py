"""`Catalog.caching`: terms of the policy files in force, tracked tables, footprints; only where it is asked for."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from gateway.catalog import CacheTerms, Caching, CatalogKeeper, Name, load_catalog
from gateway.embedded import EmbeddedPostgres
from gateway.migrations import migrate
from gateway.paths import schema_directory

TABLES = """
create table public.t (id int primary key, owner uuid);
create table public.hidden (id int);
create function public.f() returns int language plpgsql stable as 'begin return 1; end';
create view public.v as select * from public.t;
create table public.days (day int) partition by range (day);
create table public.day_1 partition of public.days for values from (0) to (10);
"""
_names = itertools.count(1)


@pytest_asyncio.fixture(scope="module")
async def template(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database caching_template")
    await migrate(postgres.dsn("caching_template"), schema_directory() / "gateway")
    owner = await asyncpg.connect(postgres.dsn("caching_template"))
    await owner.execute(TABLES)
    await owner.close()
    yield "caching_template"
    await administrator.execute("drop database caching_template")
    await administrator.close()


@pytest_asyncio.fixture
async def name(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    name = f"caching_{next(_names)}"
    await administrator.execute(f"create database {name} template {template} strategy file_copy")
    yield name
    await administrator.execute(f"drop database {name} with (force)")
    await administrator.close()


@pytest_asyncio.fixture
async def owner(postgres: EmbeddedPostgres, name: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn(name))
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def login(postgres: EmbeddedPostgres, name: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.dsn(name, user="authenticator"))
    yield connection
    await connection.close()


async def rule(owner: asyncpg.Connection, document: Any) -> None:
    """As an apply leaves it."""
    await owner.execute(
        "insert into passerelle.policy_applies (person, digest, plan, files, objects, changes, statements, rules) "
        "values ('somebody', '', '', '{}', '{}', '{}', '{}', $1)",
        document if isinstance(document, str) else json.dumps(document),
    )


async def loaded(login: asyncpg.Connection) -> Caching | None:
    catalog = await load_catalog(login, schemas=["public"], extra_search_path=[], version=1, caching=True)
    return catalog.caching


async def oid(owner: asyncpg.Connection, name: str) -> int:
    return await owner.fetchval("select $1::text::regclass::oid", name)


async def test_terms_annotations_and_oids(owner: asyncpg.Connection, login: asyncpg.Connection) -> None:
    await rule(
        owner,
        {
            "tables": {
                "public.t": {"cache": {"ttl": 900.0, "stale_if_error": 60, "clock": 5}},
                "public.v": {"cache": {"ttl": 60}},
                "public.gone": {"cache": {"ttl": 60}},
                "public.hidden": {"limits": {"max_rows": 1}},
            },
            "functions": {
                "public.f()": {"cache": {"ttl": 30}, "reads": {"tables": ["public.t"], "claims": ["sub"], "clock": 10}}
            },
        },
    )
    caching = await loaded(login)
    assert caching is not None
    t, v = await oid(owner, "t"), await oid(owner, "v")
    f = await owner.fetchval("select 'public.f()'::regprocedure::oid")
    assert caching.relations == {t: CacheTerms(900, 60, 5), v: CacheTerms(60)}
    assert caching.functions == {f: CacheTerms(30)}
    assert caching.oids[Name("public", "t")] == t
    footprint = caching.footprints.of_function(f, "anon")
    assert (footprint.opaque, footprint.tables, footprint.claims) == (None, {Name("public", "t")}, {"sub"})
    assert footprint.bound is not None
    assert footprint.bound.total_seconds() == 10


async def test_oids_lead_from_a_plan_to_the_rules(owner: asyncpg.Connection, login: asyncpg.Connection) -> None:
    await owner.execute(
        "create function public.friends(public.t) returns setof public.hidden language sql as 'table hidden'"
    )
    catalog = await load_catalog(login, schemas=["public"], extra_search_path=[], version=1)
    assert catalog.relations[Name("public", "v")].oid == await oid(owner, "v")
    (function,) = catalog.functions[Name("public", "f")]
    assert function.oid == await owner.fetchval("select 'public.f()'::regprocedure::oid")
    (relationship,) = catalog.relationships[Name("public", "t")]
    assert relationship.function_oid == await owner.fetchval("select 'public.friends'::regproc::oid")


async def test_only_where_it_is_asked_for_and_ruled(owner: asyncpg.Connection, login: asyncpg.Connection) -> None:
    assert await loaded(login) is None, "no files were applied"
    await rule(owner, {"tables": {"public.t": {"limits": {"max_rows": 1}}}})
    assert await loaded(login) is None, "no rule"
    await rule(owner, {"tables": {"public.t": {"cache": {"ttl": 1}}}})
    assert await loaded(login) is not None
    catalog = await load_catalog(login, schemas=["public"], extra_search_path=[], version=1)
    assert catalog.caching is None, "nobody asked"


async def test_a_database_without_the_gateways_objects(database: str) -> None:
    connection = await asyncpg.connect(database)
    assert await loaded(connection) is None
    await connection.close()


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "null",
        '{"tables": [], "functions": 1}',
        '{"tables": {"public.t": []}}',
        '{"tables": {"public.t": {"cache": [1]}}}',
        '{"tables": {"public.t": {"cache": {"ttl": "abc"}}}}',
        '{"tables": {"public.t": {"cache": {"ttl": 0}}}}',
        '{"tables": {"public.t": {"cache": {"ttl": 1e-9999}}}}',
        '{"tables": {"public.t": {"cache": {"clock": 1}}}}',
        '{"functions": {"f(": {"cache": {"ttl": 1}}, "": {"cache": {"ttl": 1}}}}',
    ],
)
async def test_odd_documents_rule_nothing(owner: asyncpg.Connection, login: asyncpg.Connection, document: str) -> None:
    await rule(owner, document)
    assert await loaded(login) is None


@pytest.mark.parametrize(
    ("cache", "terms"),
    [
        ('{"ttl": 1e300, "clock": -1, "stale_if_error": "x"}', CacheTerms(1e9)),
        ('{"ttl": 0.5, "clock": null, "stale_if_error": 1e999}', CacheTerms(0.5, 1e9)),
    ],
)
async def test_odd_numbers(owner: asyncpg.Connection, login: asyncpg.Connection, cache: str, terms: CacheTerms) -> None:
    await rule(owner, f'{{"tables": {{"public.t": {{"cache": {cache}}}}}}}')
    caching = await loaded(login)
    assert caching is not None
    assert list(caching.relations.values()) == [terms]


@pytest.mark.parametrize(
    "reads",
    [
        "[]",
        '{"tables": "public.t"}',
        '{"tables": [1]}',
        '{"claims": [null]}',
        '{"clock": "1"}',
        '{"clock": -1}',
        '{"clock": 1e300}',
        '{"tables": ["public.gone"]}',
    ],
)
async def test_odd_annotations_vouch_for_nothing(
    owner: asyncpg.Connection, login: asyncpg.Connection, reads: str
) -> None:
    await rule(owner, f'{{"functions": {{"public.f()": {{"cache": {{"ttl": 1}}, "reads": {reads}}}}}}}')
    caching = await loaded(login)
    assert caching is not None
    ((function, _),) = caching.functions.items()
    assert caching.footprints.of_function(function, "anon").opaque is not None


_ROWS = """
create trigger a after insert on {t} referencing new table as changed
  for each statement execute function passerelle.touch_rows_v1();
create trigger b after update on {t} referencing new table as changed
  for each statement execute function passerelle.touch_rows_v1();
create trigger c after delete on {t} referencing old table as changed
  for each statement execute function passerelle.touch_rows_v1();
create trigger d after truncate on {t} for each statement execute function passerelle.touch_v1();
alter table {t} enable always trigger a, enable always trigger b, enable always trigger c, enable always trigger d;
"""
_PLAIN = (
    "create trigger a after insert or update or delete or truncate on {t} for each statement "
    "execute function passerelle.touch_v1(); alter table {t} enable always trigger a;"
)
TRACKED = {
    "nothing": ("select", "t", False),
    "four": (_ROWS, "t", True),
    "one for all events": (_PLAIN, "t", True),
    "partitioned": (_PLAIN, "days", True),
    "partition": (_ROWS, "day_1", True),
    "rows of a partitioned table": (_ROWS, "days", False),
    "one missing": (_ROWS + "drop trigger c on {t};", "t", False),
    "truncate missing": (_ROWS + "drop trigger d on {t};", "t", False),
    "one disabled": (_ROWS + "alter table {t} disable trigger b;", "t", False),
    "not for replicas": (_ROWS + "alter table {t} enable trigger b;", "t", False),
    "only for replicas": (_ROWS + "alter table {t} enable replica trigger b;", "t", False),
    "on a condition": (
        _PLAIN.replace("for each statement", "for each statement when (current_user = 'x')"),
        "t",
        False,
    ),
    "before": (_PLAIN.replace("after", "before"), "t", False),
    "of a column": (_PLAIN.replace("or update or", "or update of id or"), "t", False),
    "for each row": (
        _PLAIN.replace(" or truncate", "").replace("each statement", "each row")
        + "create trigger d after truncate on {t} for each statement execute function passerelle.touch_v1();"
        "alter table {t} enable always trigger d;",
        "t",
        False,
    ),
    "another function": (_PLAIN.replace("passerelle.touch_v1", "public.touch_v1"), "t", False),
}


@pytest.mark.parametrize(("script", "table", "expected"), TRACKED.values(), ids=TRACKED.keys())
async def test_which_tables_are_tracked(
    owner: asyncpg.Connection, login: asyncpg.Connection, script: str, table: str, expected: bool
) -> None:
    await rule(owner, {"tables": {"public.t": {"cache": {"ttl": 1}}}})
    await owner.execute(
        "create function public.touch_v1() returns trigger language plpgsql as 'begin return null; end'"
    )
    await owner.execute(script.format(t=table))
    caching = await loaded(login)
    assert caching is not None
    assert caching.tracked == ({await oid(owner, table)} if expected else set())


async def test_tables_of_a_subscription_are_not_tracked(owner: asyncpg.Connection, login: asyncpg.Connection) -> None:
    await rule(owner, {"tables": {"public.t": {"cache": {"ttl": 1}}}})
    await owner.execute(_ROWS.format(t="t"))
    await owner.execute(
        "create subscription s connection 'host=127.0.0.1 port=1 dbname=nowhere' publication p "
        "with (connect = false, slot_name = none)"
    )
    await owner.execute(
        "set allow_system_table_mods = on; insert into pg_subscription_rel (srsubid, srrelid, srsubstate) "
        "select oid, 't'::regclass, 'r' from pg_subscription where subname = 's'"
    )
    caching = await loaded(login)
    await owner.execute("drop subscription s")
    assert caching is not None
    assert caching.tracked == set()


async def test_a_new_partition_is_in_the_footprint_and_not_tracked(
    owner: asyncpg.Connection, login: asyncpg.Connection
) -> None:
    await rule(owner, {"tables": {"public.days": {"cache": {"ttl": 1}}}})
    await owner.execute(_PLAIN.format(t="days") + _ROWS.format(t="day_1"))
    caching = await loaded(login)
    assert caching is not None
    ((days, _),) = caching.relations.items()
    assert {caching.oids[table] for table in caching.footprints.of_relation(days, "anon").tables} == caching.tracked
    await owner.execute("create table public.day_2 partition of public.days for values from (10) to (20)")
    caching = await loaded(login)
    assert caching is not None
    tables = {caching.oids[table] for table in caching.footprints.of_relation(days, "anon").tables}
    assert tables - caching.tracked == {await oid(owner, "day_2")}


async def test_the_keeper_takes_new_definitions_without_a_load(
    postgres: EmbeddedPostgres, name: str, owner: asyncpg.Connection
) -> None:
    await rule(owner, {"tables": {"public.t": {"cache": {"ttl": 1}}}})
    keeper = CatalogKeeper(
        postgres.dsn(name, user="authenticator"), schemas=("public",), channel=None, poll_interval=0.05, caching=True
    )
    told: list[object] = []
    keeper.subscribe(told.append)
    await keeper.start()
    try:
        first = keeper.current()
        await owner.execute("truncate public.t")
        await _until(lambda: keeper.current() is not first)
        second = keeper.current()
        assert first.caching is not None
        assert second.caching is not None
        assert first.caching.definitions != second.caching.definitions
        assert second.relations is first.relations
        assert (keeper.status.loads, len(told)) == (1, 1)
        await owner.execute("grant pg_monitor to authenticator; revoke pg_monitor from authenticator")
        await owner.execute("create role caching_member in role anon")
        await _until(lambda: keeper.status.loads >= 2)
        assert keeper.current().caching is not None
    finally:
        await keeper.close()
        await owner.execute("drop role if exists caching_member")


async def _until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)
