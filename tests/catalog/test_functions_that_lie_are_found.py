"""Which functions declared IMMUTABLE depend on more than their arguments, and which honest ones are left in peace."""

from __future__ import annotations

import asyncpg
import pytest

from gateway.catalog import load_catalog

SETUP = """
create table public.members (id integer primary key, user_id uuid);
create table public."Fellows" (id integer primary key, user_id uuid);
create function public.stable_claim() returns text language sql stable as
  $$ select current_setting('request.jwt.claims', true) $$;
create function public.harmless(value text) returns text language sql stable as $$ select upper(value) $$;
create function public.eq_me(a integer, b integer) returns boolean language sql stable as
  $$ select current_user = a::text $$;
create operator public.=== (leftarg = integer, rightarg = integer, function = public.eq_me);
"""

LIES = {
    "select current_setting('a.b', true)": "uses current_setting",
    "select current_user::text": "uses current_user",
    "select now()::text": "uses now",
    "select current_date::text": "uses current_date",
    "select public.stable_claim()": "calls public.stable_claim, which uses current_setting",
    "select STABLE_CLAIM ()": "calls public.stable_claim, which uses current_setting",
    'select "stable_claim"()': "calls public.stable_claim, which uses current_setting",
    "select user_id::text from public.members limit 1": "may read members",
    "select (select m.user_id::text from members m limit 1)": "may read members",
    "select (1 operator(public.===) 2)::text": "uses the operator ===, whose function uses current_user",
    "select case when pg_has_role('anon', 'member') then 'a' end": "uses pg_has_role",
    'select user_id::text from public."Fellows" limit 1': "may read fellows",
    "select random()::text": "calls pg_catalog.random, which is VOLATILE",
    "select ('now'::text)::timestamptz::text": "may mean the time of day by 'now'",
    "select U&'\\0061'": "uses Unicode escapes",
}

HONEST = [
    "select lower(value)",
    "select extract(epoch from timestamptz '2020-01-01 00:00Z')::text",
    "select substring(value from 1 for 3)",
    "select trim(both ' ' from value)",
    "select public.harmless(value)",
    "select to_char(12, '99')",
    "select 'now() current_user from members'",
    "select value -- current_user",
    "select (select age from (select 1 as age) x)::text",
    "with t as (select 1 as now) select now::text from t",
]


@pytest.fixture
async def owner(database: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(database)
    await connection.execute(SETUP)
    yield connection
    await connection.close()


async def lying(connection: asyncpg.Connection) -> dict[str, str]:
    catalog = await load_catalog(connection, schemas=["public"], extra_search_path=[], version=1)
    return dict(catalog.lying_functions)


@pytest.mark.parametrize("language", ["sql", "plpgsql"])
@pytest.mark.parametrize(("body", "reason"), LIES.items(), ids=LIES)
async def test_lies(owner: asyncpg.Connection, language: str, body: str, reason: str) -> None:
    text = body if language == "sql" else f"begin return ({body}); end"
    await owner.execute("set check_function_bodies = off")
    await owner.execute(f"create function f(value text) returns text language {language} immutable as $_$ {text} $_$")
    assert await lying(owner) == {"public.f": reason}
    await owner.execute("alter function f stable")
    assert await lying(owner) == {}


async def test_what_cannot_be_read_is_not_believed(owner: asyncpg.Connection) -> None:
    await owner.execute(
        "create function f() returns integer language plpgsql immutable as $$ declare i integer; begin "
        "execute 'select 1' into i; return i; end $$;"
        "create function g() returns text language sql immutable return current_setting('a.b', true)"
    )
    assert await lying(owner) == {"public.f": "uses execute", "public.g": "uses current_setting"}


async def test_built_in_code_under_another_name_is_not_believed(owner: asyncpg.Connection) -> None:
    await owner.execute("create function f() returns name language internal immutable as 'current_user'")
    assert await lying(owner) == {"public.f": "is written in internal"}


@pytest.mark.parametrize("body", HONEST)
async def test_honest_ones_are_left_in_peace(owner: asyncpg.Connection, body: str) -> None:
    await owner.execute(f"create function f(value text) returns text language sql immutable as $_$ {body} $_$")
    assert await lying(owner) == {}


async def test_ordinary_helpers_are_left_in_peace(owner: asyncpg.Connection) -> None:
    await owner.execute(
        "create type mood as enum ('a', 'b'); create type span as range (subtype = integer);"
        "create extension citext; create extension hstore;"
        "create function slugify(title text) returns text language plpgsql immutable strict as $$ declare age text; "
        "begin age := regexp_replace(lower(title), '[^a-z0-9]+', '-', 'g'); return trim(both '-' from age); end $$;"
        "create function fib(n integer) returns integer language sql immutable as "
        "$$ select case when n < 2 then n else fib(n - 1) + fib(n - 2) end $$;"
    )
    assert await lying(owner) == {}


async def test_the_reference_application_is_honest(hublib_database: str) -> None:
    connection = await asyncpg.connect(hublib_database)
    assert await lying(connection) == {}
    await connection.close()
