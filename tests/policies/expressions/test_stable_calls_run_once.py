"""Calls without columns become scalar subqueries: the answers stay the same, and they run once per statement."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policies.expressions import wrap
from tests.policies.expressions.server import Server


def stable(schema: str | None, name: str, arguments: int) -> bool:
    return (schema == "app" and name not in ("mine", "random", "sum")) or (schema, name) in (
        (None, "current_setting"),
        ("pg_catalog", "current_setting"),
        ("pg_catalog", "now"),
        (None, "now"),
        (None, "me"),
    )


WRAPPED = {
    "app.me()": "(select app.me())",
    "owner = app.me()": "owner = (select app.me())",
    "owner=app.me()or not app.is_admin()": "owner=(select app.me())or not (select app.is_admin())",
    "me() = owner": "(select me()) = owner",
    'owner = "app" . me ( /* nobody */ ) -- me()': 'owner = (select "app" . me ( /* nobody */ )) -- me()',
    "app.can('x', 1, -1.5, true, null, $$y$$)": "(select app.can('x', 1, -1.5, true, null, $$y$$))",
    "app.can('x'::text, date '2024-01-01', cast('1' as numeric(10, 2)), interval '1' day)": (
        "(select app.can('x'::text, date '2024-01-01', cast('1' as numeric(10, 2)), interval '1' day))"
    ),
    "app.can(what => 'x', who := app.me())": "(select app.can(what => 'x', who := app.me()))",
    "app.can(variadic array['a', 'b']::text[])": "(select app.can(variadic array['a', 'b']::text[]))",
    "app.f(app.g(app.h()))": "(select app.f(app.g(app.h())))",
    "app.f(app.g(), n) = app.h()": "app.f((select app.g()), n) = (select app.h())",
    "app.f((select app.g()))": "(select app.f((select app.g())))",
    "app.can('x')::jsonb ->> 'a' = s": "(select app.can('x'))::jsonb ->> 'a' = s",
    "(app.profile()).role = s": "((select app.profile())).role = s",
    "(app.roles())[1] = s": "((select app.roles()))[1] = s",
    "current_setting('app.x', true)::uuid = id": "(select current_setting('app.x', true))::uuid = id",
    "pg_catalog.current_setting('app.x') = s": "(select pg_catalog.current_setting('app.x')) = s",
    "nullif(app.claim('x'), '') = s": "nullif((select app.claim('x')), '') = s",
    "lower(app.claim('x')) = s": "lower((select app.claim('x'))) = s",
    "n in (app.one(), 2)": "n in ((select app.one()), 2)",
    "n = any (array[app.one(), m])": "n = any (array[(select app.one()), m])",
    "s = any (app.roles()::text[])": "s = any ((select app.roles())::text[])",
    "n between app.one() and app.two()": "n between (select app.one()) and (select app.two())",
    "case when app.is_admin() then true else app.me() = owner end": (
        "case when (select app.is_admin()) then true else (select app.me()) = owner end"
    ),
    "s is distinct from app.claim('x')": "s is distinct from (select app.claim('x'))",
    "extract(year from app.day()) = year": "extract(year from (select app.day())) = year",
    "exists (select 1 from t where t.owner = app.me())": "exists (select 1 from t where t.owner = (select app.me()))",
    "exists (select 1 from t join u on u.x = app.one(), app.f() where t.x)": (
        "exists (select 1 from t join u on u.x = (select app.one()), app.f() where t.x)"
    ),
    "exists (select 1 from unnest(app.roles()) r where r = s)": (
        "exists (select 1 from unnest((select app.roles())) r where r = s)"
    ),
    "exists (select app.me() from t)": "exists (select (select app.me()) from t)",
    "(select app.me() = owner)": "(select (select app.me()) = owner)",
    "(select t.x from t order by app.one() limit app.one())": (
        "(select t.x from t order by (select app.one()) limit (select app.one()))"
    ),
}


@pytest.mark.parametrize("text", WRAPPED)
def test_what_is_wrapped(text: str) -> None:
    assert wrap(text, stable) == WRAPPED[text]


@pytest.mark.parametrize(
    "text",
    [
        "(select app.me())",
        "owner = ( select app.me() )",
        "owner = (select app.me() as me)",
        "owner = (select app.me())::uuid",
        "(select app.claim('x')::jsonb -> 'roles') ? 'admin'",
        "(select coalesce(app.claim('x'), 'none')) = s",
        "owner in (select app.me())",
        "(select app.f(app.g()))",
        "app.can(id)",
        "app.can(items.id, 'read')",
        "app.can('x' || s)",
        "app.can($1)",
        "app.can(current_user)",
        "app.can((select id))",
        'app.can(s collate "C")',
        "app.can('x' collate \"C\")",
        "app.can(items)",
        "app.can(*)",
        "app.can(lower('x'))",
        "app.random() < 0.5",
        "other.me() = owner",
        "now() > t",
        "pg_catalog.now() > t",
        "current_timestamp > t",
        "id in (select app.mine())",
        "id in (select * from app.me())",
        "exists (select 1 from t, app.me() m where m = id)",
        "exists (select 1 from t join app.me() m on m = id)",
        "exists (select 1 from t cross join lateral app.me() m)",
        "exists (select 1 from rows from (app.me(), app.one()) as m(a, b) where a = id)",
        "id in (values (app.me()), (app.f(app.me())))",
        "id in (app.me())",
        "id not in ((app.me()))",
        "s = any (app.roles())",
        "s like all ((app.roles()))",
        "app.sum(1) filter (where true) > 1",
        "app.f(1) over (order by n) > 1",
        "app.f(1) within group (order by n) > 1",
        "app.f(distinct 1) > 1",
        "app.f(1 order by 1) > 1",
        "n::app.money(10) = 1",
        "cast(n as app.money(10)) = 1",
        "app.me = 1",
        "'app.me()' = s",
        "exists (select 1 from t as app(me) where true)",
        "exists (with app(x) as (select 1) select 1 from app)",
    ],
)
def test_what_stays_as_it_is(text: str) -> None:
    assert wrap(text, stable) == text


def test_wrapping_again_changes_nothing(valid: tuple[str, ...]) -> None:
    changed = 0
    for text in (*valid, *WRAPPED):
        wrapped = wrap(text, stable)
        assert wrap(wrapped, stable) == wrapped
        changed += wrapped != text

    assert changed > 60


DATA = """
create function uuid_of(integer) returns uuid language sql as $$
  select overlay('00000000-0000-4000-8000-000000000000' placing $1::text from 1)::uuid $$;
insert into app.items (id, owner, n, m, s, flag, other, tags, nums, role, jb) values
  (uuid_of(1), uuid_of(2), 1, 2, 'a', true, null, '{a,b}', '{1}', 'x', '{"a": 1}'),
  (uuid_of(2), uuid_of(1), 2, null, 'b', false, true, '{}', null, 'admin', '{}'),
  (uuid_of(3), null, null, 1, null, null, false, null, '{2,3}', null, null);
insert into app.members values (uuid_of(1), uuid_of(2), 'admin', 'infinity'), (uuid_of(3), uuid_of(1), 'x', null);
insert into app.members select gen_random_uuid(), gen_random_uuid(), n from generate_series(1, 50) n;
insert into app.shares values (uuid_of(1), uuid_of(2), null, 'write');
set app.me = '20000000-0000-4000-8000-000000000000';
set app.x = '{"y": true}';
set app.tenant = '10000000-0000-4000-8000-000000000000';
set request.jwt.claims = '{"sub": "20000000-0000-4000-8000-000000000000", "app_metadata": {"roles": ["admin"]}}';
create table app.many (like app.items);
insert into app.many (s, owner, id) select n, gen_random_uuid(), gen_random_uuid() from generate_series(1, 50) n;
alter table app.many enable row level security;
create sequence app.calls;
create function app.counted(text default 'x') returns text language plpgsql stable cost 1000 as $$
  begin perform nextval('app.calls'); return current_setting('app.me', true); end $$;
create function app.list() returns text[] language sql stable as $$ select array['a', 'admin'] $$;
"""


@pytest.fixture(scope="module")
def items(server: Server) -> Iterator[Server]:
    server.run(DATA)
    yield server
    server.run("drop schema app cascade")


def test_answers_stay_the_same(items: Server, valid: tuple[str, ...]) -> None:
    compared = 0
    for text in valid:
        wrapped = wrap(text, stable)
        if wrapped != text:
            assert answers(items, text) == answers(items, wrapped), text
            compared += 1

    assert compared > 25


def answers(items: Server, text: str) -> list[tuple[bool | None, ...]] | str:
    """One for each row, or the SQLSTATE of the error."""
    try:
        return items.rows(f"select ({text}\n) from app.items")
    except asyncpg.PostgresError as error:
        return error.sqlstate


CALLS = [
    "app.me()",
    "app.counted()::uuid",
    "app.counted('a' :: text)::uuid",
    "nullif(app.claim('tenant'), '')::uuid",
    "coalesce(app.me(), current_setting('app.tenant')::uuid)",
    "(select app.me())",
    "(array[app.me(), id])[1]",
]
SHAPES = [
    "owner = {}",
    "{} is not distinct from id",
    "id in ({})",
    "id in ({}, owner)",
    "id = any (array[{}])",
    "id = all (select {})",
    "app.can({})",
    "app.can({}, s)",
    "exists (select 1 from app.members m where m.user_id = {} and m.group_id = items.id)",
    "exists (select 1 from app.members m join app.shares s on s.user_id = {} or m.user_id = owner where m.role = 'x')",
    "id in (select item_id from app.shares where user_id = {} order by {} limit 1)",
    "case when flag then {} = owner else {} is null end",
    "(id, flag) in (({}, true), (owner, false))",
    "id in (values ({}), (owner))",
    "(select count(*) filter (where user_id = {}) from app.members) > n",
    "'admin' = any (app.list()) and {} = id",
]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_answers_of_random_expressions_stay_the_same(items: Server, data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.tuples(st.sampled_from(SHAPES), st.sampled_from(CALLS)), min_size=1, max_size=3))
    words = data.draw(
        st.lists(st.sampled_from([" and ", " or ", " and not ", " or(true)and "]), min_size=3, max_size=3)
    )
    text = "".join(word + shape.replace("{}", call) for word, (shape, call) in zip(["", *words], parts, strict=False))
    wrapped = wrap(text, stable)

    assert wrap(wrapped, stable) == wrapped
    for one, same in items.rows(f"select ({text}), ({wrapped}) from app.items"):
        assert one is same


ONCE = [
    "owner::text = app.counted()",
    "s <> app.counted('y') and app.counted() is not null",
    "app.counted(app.counted()) <> s or s is null",
    "exists (select 1 from app.members m where m.user_id::text = app.counted() and m.group_id = items.id)",
    "exists (select 1 from app.shares s join app.members m on m.user_id::text <> app.counted() where m.role = items.s)",
    "coalesce(upper(app.counted()), s) <> 'x'",
]


@pytest.mark.parametrize("text", ONCE)
def test_calls_run_once_per_statement(items: Server, text: str) -> None:
    """As a policy, over more rows than calls."""
    items.run("""
        create role reader;
        grant usage on schema app to reader;
        grant all on all tables in schema app to reader;
        grant all on all sequences in schema app to reader;
    """)
    try:
        before = calls_of_policy(items, text)
        after = calls_of_policy(items, wrap(text, stable))
    finally:
        items.run("drop owned by reader; drop role reader")

    assert before >= 50
    assert after == text.count("app.counted(")


def calls_of_policy(items: Server, text: str) -> int:
    """How often one SELECT calls `app.counted`; its plan is made first."""
    using = text.replace("items.", "many.")
    items.run(f"create policy p on app.many to reader using ({using}); set role reader")
    plan = "\n".join(row[0] for row in items.rows("explain select * from app.many"))
    items.run("reset role; select setval('app.calls', 1, false); set role reader")
    items.run("select count(*) from app.many")
    items.run("reset role")
    last, is_called = items.rows("select last_value, is_called from app.calls")[0]
    items.run("drop policy p on app.many")
    assert ("InitPlan" in plan) == ("(select app.counted" in text)
    return last if is_called else 0
