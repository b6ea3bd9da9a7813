"""Each of these scripts lets the claim `secret` decide, behind something innocent. PostgreSQL confirms that it does;
an answer that does not keep such callers apart would leak."""

from __future__ import annotations

import json

import pytest

from gateway.catalog import ALL
from tests.catalog.footprint_scripts import CLAIMS, RunScript, rows, shared


def policy(using: str, before: str = "") -> str:
    return f"{before}; alter table t enable row level security; create policy p on t using ({using});"


def view(select: str, before: str = "") -> str:
    return f"{before}; drop table t; create view t as {select};"


SECRET = "create function secret() returns text language sql stable as $$ select auth.jwt() ->> 'secret' $$"
IS_A = "create function is_a() returns boolean language sql stable as $$ select auth.jwt() ->> 'secret' = 'a' $$"

HIDDEN = {
    "a claim": policy("name = (auth.jwt() ->> 'secret')"),
    "a claim, once a statement": policy("name = ((select auth.jwt()) ->> 'secret')"),
    "a path": policy("name = (auth.jwt() #>> '{secret}')"),
    "a path of expressions": policy("name = (auth.jwt() #>> array['secret'])"),
    "a path by function": policy("name = jsonb_extract_path_text(auth.jwt(), 'secret')"),
    "a key": policy("name = jsonb_object_field_text(auth.jwt(), 'secret')"),
    "a subscript": policy("to_jsonb(name) = (auth.jwt())['secret']"),
    "a key that is computed": policy("name = (auth.jwt() ->> ('sec' || 'ret'))"),
    "a key in a column": policy(
        "name = (auth.jwt() ->> k)", "alter table t add k text; update t set k = 'secret' where id < 9"
    ),
    "every key": policy("exists (select from jsonb_each_text(auth.jwt()) e where e.value = name)"),
    "a JSON path": policy("jsonb_path_exists(auth.jwt(), '$.secret ? (@ == $name)', jsonb_build_object('name', name))"),
    "containment": policy("auth.jwt() @> jsonb_build_object('secret', name)"),
    "a record": policy("name = (select secret from jsonb_to_record(auth.jwt()) as r (secret text))"),
    "all claims as text": policy("position('\"a\"' in current_setting('request.jwt.claims')) > 0"),
    "a comparison of all claims": policy("md5(name || (auth.jwt()::text)) > '8'"),
    "all claims, compared before one is taken": policy(
        """(nullif(current_setting('request.jwt.claims', true), '%CLAIMS%')::jsonb ->> 'org') is null"""
    ),
    "all claims or others": policy(
        "(coalesce(nullif(auth.jwt(), '%CLAIMS%'::jsonb), '{\"org\": \"p\"}') ->> 'org') = 'o'"
    ),
    "a condition on a subquery for all claims": policy(
        "((select auth.jwt() where is_a()) ->> 'org') is not null", IS_A
    ),
    "a limit on a subquery for all claims": policy(
        "((select auth.jwt() limit is_a()::int) ->> 'org') is not null", IS_A
    ),
    "an index behind a claim": policy(
        "(auth.jwt())['app_metadata'][secret()] is not null",
        SECRET.replace("auth.jwt() ->> 'secret'", "case when auth.jwt() ->> 'secret' = 'a' then 'n' end"),
    ),
    "a path behind a claim": policy(
        "auth.jwt() #> array['app_metadata', secret()] is not null",
        SECRET.replace("auth.jwt() ->> 'secret'", "case when auth.jwt() ->> 'secret' = 'a' then 'n' end"),
    ),
    "other claims in place of missing ones": policy(
        """(coalesce(nullif(current_setting('request.jwt.claim', true), '')::jsonb,
          jsonb_build_object('org', auth.jwt() -> 'secret')) ->> 'org') = name"""
    ),
    "a default in place of missing claims": policy(
        "(coalesce(nullif(auth.jwt(), '{}'), secret()::jsonb) ->> 'org') is not null and secret() = name", SECRET
    ),
    "a function in SQL": policy("name = secret()", SECRET),
    "a function in standard SQL": policy(
        "name = f()", "create function f() returns text stable return auth.jwt() ->> 'secret'"
    ),
    "a block in standard SQL": policy(
        "name = f()",
        "create function f() returns text stable begin atomic select 1; select auth.jwt() ->> 'secret'; end",
    ),
    "a function that pretends to be immutable": policy("name = secret()", SECRET.replace("stable", "immutable")),
    "a function of a definer": policy("name = secret()", SECRET.replace("stable", "stable security definer")),
    "an argument's default": policy(
        "f()", f"{IS_A}; create function f(x boolean default is_a()) returns boolean language sql as 'select $1'"
    ),
    "an overload": policy(
        "f('a')",
        f"""{IS_A}; create function f(int) returns boolean language sql as 'select true';
        create function f(text) returns boolean language sql as 'select is_a()'""",
    ),
    "attribute notation in a body": policy(
        "exists (select from other o where g(o))",
        f"""{IS_A}; create function marked(other) returns boolean language sql as 'select is_a()';
        create function g(other) returns boolean language sql as 'select ($1).marked'""",
    ),
    "a quoted function": policy(
        "f()",
        """create function "Is ""A""(" () returns boolean language sql as $$ select auth.jwt() ->> 'secret' = 'a' $$;
        create function f() returns boolean language sql as $$ select "Is ""A""(" () $$""",
    ),
    "a function behind comments": policy(
        "f()",
        f"""{IS_A}; create function f() returns boolean language sql as $$ select is_a/* /* ( */ */-- (
            () $$""",
    ),
    "an operator": policy(
        "name === name",
        f"""{SECRET}; create function same(text, text) returns boolean language sql as 'select $1 = secret()';
        create operator === (procedure = same, leftarg = text, rightarg = text)""",
    ),
    "an operator in a body": policy(
        "f(name)",
        f"""{SECRET}; create function same(text, text) returns boolean language sql as 'select $1 = secret()';
        create operator === (procedure = same, leftarg = text, rightarg = text);
        create function f(text) returns boolean language sql as 'select $1 === $1'""",
    ),
    "an operator that stands in front of PostgreSQL's": policy(
        "f(name)",
        """create schema trap; create function trap.same(text, text) returns boolean language sql as $$
          select $1 OPERATOR(pg_catalog.=) (current_setting('request.jwt.claims')::json ->> 'secret') $$;
        create operator trap.= (procedure = trap.same, leftarg = text, rightarg = text);
        create function f(text) returns boolean language sql set search_path = trap, pg_catalog as 'select $1 in ($1)'
        """,
    ),
    "a cast": policy(
        "name::mark is not null",
        f"""{SECRET}; create type mark as (m text);
        create function to_mark(text) returns mark language sql as 'select row($1)::mark where $1 = secret()';
        create cast (text as mark) with function to_mark(text)""",
    ),
    "an implicit cast": policy(
        "marked(name)",
        f"""{SECRET}; create type mark as (m text);
        create function to_mark(text) returns mark language sql as 'select row($1)::mark where $1 = secret()';
        create cast (text as mark) with function to_mark(text) as implicit;
        create function marked(mark) returns boolean language sql as 'select $1 is not null'""",
    ),
    "a cast of a column to JSON": f"""
        {SECRET}; create type mood as enum ('good', 'bad'); alter table t add m mood; update t set m = 'good';
        create function to_json(mood) returns json language sql as 'select to_json(secret())';
        create cast (mood as json) with function to_json(mood);""",
    "an aggregate": policy(
        "(select picked(o.name) from other o) = name",
        f"""{SECRET}; create function final(text[]) returns text language sql as 'select secret()';
        create aggregate picked(text) (sfunc = array_append, stype = text[], finalfunc = final)""",
    ),
    "a domain's check": policy(
        "f()",
        f"""{IS_A}; create domain nice as text check (is_a());
        create function f() returns boolean language sql as $$ select cast('x' as nice) is not null $$""",
    ),
    "a domain's check in a policy": policy(
        "(name || '')::nice is not null", f"{IS_A}; create domain nice as text check (is_a())"
    ),
    "the order of a type": view(
        "select id, row_number() over (order by m) as n from (values (1, 'good'::mood), (2, 'bad')) v (id, m)",
        """create type mood as enum ('good', 'bad');
        create function below(mood, mood) returns boolean language sql as 'select $1::text < $2::text';
        create function compared(mood, mood) returns int language sql stable as $$
          select case when auth.jwt() ->> 'secret' = 'a' then 1 else -1 end
            * ($1::text collate "C" < $2::text collate "C")::int
            + case when auth.jwt() ->> 'secret' = 'a' then -1 else 1 end
            * ($1::text collate "C" > $2::text collate "C")::int $$;
        create operator <<< (procedure = below, leftarg = mood, rightarg = mood);
        create operator === (procedure = below, leftarg = mood, rightarg = mood);
        create operator class moods default for type mood using btree as
          operator 1 <<<, operator 3 ===, function 1 compared(mood, mood)
        """,
    ),
    "how values within arrays are compared": policy(
        "array[data::json] = array['{}'::json]",
        f"""{IS_A}; create function alike(json, json) returns boolean language sql stable as 'select is_a()';
        create function compared(json, json) returns int language sql as 'select 0';
        create operator ~= (procedure = alike, leftarg = json, rightarg = json);
        create operator class jsons default for type json using btree as operator 3 ~=, function 1 compared(json, json)
        """,
    ),
    "a cast in a body": policy(
        "f(name)",
        f"""{SECRET}; create type mark as (m text);
        create function to_mark(text) returns mark language sql as 'select row($1)::mark where $1 = secret()';
        create cast (text as mark) with function to_mark(text);
        create function f(text) returns boolean language sql as 'select $1::mark is not null'""",
    ),
    "a window": view("select id, sum(is_a()::int) over (order by id) as n from other", IS_A),
    "an order": view(
        "select id, row_number() over (order by id * (case when is_a() then 1 else -1 end)) from other", IS_A
    ),
    "a limit": view("select id from other order by id limit (case when is_a() then 1 else 2 end)", IS_A),
    "a join": view("select a.id from other a join other b on is_a() and a.id = b.id", IS_A),
    "a common table expression": view("with c as (select secret() as s) select id, s from other, c", SECRET),
    "a set operation": view("select secret() as s union select name from other", SECRET),
    "a lateral call": view("select o.id, s from other o, lateral (select secret()) x (s)", SECRET),
    "a function in FROM": view(
        "select * from f() with ordinality",
        f"""{IS_A}; create function f() returns setof other language sql stable
        as 'select * from other where is_a()'""",
    ),
    "a view of a view": view("select * from v", f"{SECRET}; create view v as select secret() as s from other"),
    "a view's row": view("select to_jsonb(o) from v o", f"{SECRET}; create view v as select secret() as s from other"),
    "a restrictive policy": f"""
        {IS_A}; alter table t enable row level security;
        create policy p on t using (true); create policy q on t as restrictive for select using (is_a());""",
    "the second permissive policy": f"""
        {IS_A}; alter table t enable row level security;
        create policy p on t using (id = 1); create policy q on t to fp_reader using (is_a());""",
    "a policy for a role that the caller belongs to": f"""
        {IS_A}; alter table t enable row level security; create policy p on t to fp_staff using (is_a());""",
    "a policy on a table that a policy asks": f"""
        {IS_A}; alter table other enable row level security; create policy p on other using (is_a());
        {policy("exists (select from other o where o.id = t.id)")}""",
    "a policy on a table that a body asks": f"""
        {IS_A}; alter table other enable row level security; create policy p on other using (is_a());
        create function f() returns bigint language sql stable as 'select count(*) from other';
        {policy("f() > 0")}""",
    "a policy on a table that only a definer's function asks": f"""
        {IS_A}; alter table other enable row level security; create policy p on other to fp_owner using (is_a());
        create function f() returns bigint language sql stable security definer as 'select count(*) from other';
        alter function f() owner to fp_owner;
        {policy("f() > 0")}""",
    "a policy for the owner of a function that calls another": f"""
        {IS_A}; alter table other enable row level security; create policy p on other to fp_owner using (is_a());
        create function inner_f() returns bigint language sql stable as 'select count(*) from other';
        create function f() returns bigint language sql stable security definer as 'select inner_f()';
        alter function f() owner to fp_owner;
        {policy("f() > 0")}""",
    "a policy that is forced upon the owner": f"""
        {IS_A}; alter table other owner to fp_owner; alter table other enable row level security;
        alter table other force row level security; create policy p on other using (is_a());
        create function f() returns bigint language sql stable security definer as 'select count(*) from other';
        alter function f() owner to fp_owner;
        {policy("f() > 0")}""",
    "a policy for the owner of a view": f"""
        {IS_A}; alter table other enable row level security; create policy p on other to fp_owner using (is_a());
        drop table t; create view t as select * from other; alter view t owner to fp_owner;""",
    "a policy for the caller, behind an invoker's view behind an owner's view": f"""
        {IS_A}; alter table other enable row level security;
        create policy p on other to fp_owner using (true); create policy q on other to fp_staff using (is_a());
        drop table t; create view v with (security_invoker) as select * from other; alter view v owner to fp_other;
        create view t as select * from v; alter view t owner to fp_owner;""",
    "a policy for the owner of a view, in the subquery of another policy": f"""
        {IS_A}; create table third (id int); insert into third values (1); alter table third enable row level security;
        create policy p on third to fp_owner using (is_a()); create policy q on third to fp_reader using (true);
        alter table other enable row level security;
        create policy p on other using (exists (select from third));
        drop table t; create view t as select * from other; alter view t owner to fp_owner;""",
    "a function in a view of an owner, which runs as the caller": f"""
        {IS_A}; create table third (id int); insert into third values (1); alter table third enable row level security;
        create policy p on third to fp_owner using (true); create policy q on third to fp_reader using (is_a());
        create function f() returns bigint language sql stable as 'select count(*) from third';
        drop table t; create view t as select f(); alter view t owner to fp_owner;""",
    "a partition's parent": f"""
        {IS_A}; drop table t; create table t (id int) partition by list (id);
        create table t1 partition of t for values in (1); insert into t values (1);
        alter table t enable row level security; create policy p on t using (is_a());""",
    "a table that inherits, asked by itself": f"""
        {IS_A}; alter table t rename to parent; create table t () inherits (parent); insert into t (id) values (7);
        alter table t enable row level security; create policy p on t using (is_a());""",
    # auth functions that are not what they seem
    "a changed auth.uid()": policy(
        "auth.uid() > '50000000-0000-4000-8000-000000000000'",
        """create or replace function auth.uid() returns uuid language sql stable as $$
          select md5(coalesce(
            nullif(current_setting('request.jwt.claim.sub', true), ''),
            (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'secret')
          ))::uuid $$""",
    ),
    "a current_setting in front of PostgreSQL's, for auth.uid()": policy(
        "auth.uid() = owner",
        """create schema trap;
        create function trap.current_setting(text, boolean) returns text language sql as $$
          select case when pg_catalog.current_setting('request.jwt.claims')::json ->> 'secret' = 'a'
            then pg_catalog.current_setting($1, $2) end $$;
        alter function auth.uid() set search_path = trap, pg_catalog""",
    ),
    "an equality in front of PostgreSQL's, for auth.uid()": policy(
        "auth.uid() = owner",
        """create schema trap;
        create function trap.same(text, text) returns boolean language sql as $$ select $1 like '%"secret": "b"%' $$;
        create operator trap.= (procedure = trap.same, leftarg = text, rightarg = text);
        alter function auth.uid() set search_path = trap, pg_catalog""",
    ),
    "an arrow in front of PostgreSQL's, for auth.uid()": policy(
        "auth.uid() = owner",
        """create schema trap; create function trap.take(jsonb, text) returns text language sql as $$
          select case when $1 OPERATOR(pg_catalog.->>) 'secret'::text = 'a' then $1 OPERATOR(pg_catalog.->>) $2 end $$;
        create operator trap.->> (procedure = trap.take, leftarg = jsonb, rightarg = text);
        alter function auth.uid() set search_path = trap, pg_catalog""",
    ),
    "a type in front of PostgreSQL's, for auth.uid()": policy(
        "auth.uid() = owner",
        f"""{IS_A}; create schema trap; create domain trap.uuid as pg_catalog.uuid check (public.is_a());
        alter function auth.uid() set search_path = trap, pg_catalog""",
    ),
    "a cast between PostgreSQL's types, for auth.uid()": policy(
        "auth.uid() = owner",
        f"""{IS_A}; create function leak(text) returns uuid language sql as $$
          select case when is_a() then '11111111-1111-4111-8111-111111111111' end::varchar::uuid $$;
        create cast (text as uuid) with function leak(text)""",
    ),
    "another uid()": policy(
        "f()",
        f"""{IS_A}; create schema trap;
        create function trap.uid() returns boolean language sql as 'select public.is_a()';
        create function f() returns boolean language sql set search_path = trap as 'select uid()'""",
    ),
    # texts in which one claim seems to be taken
    "a key that an operator changes": policy(
        "name = f()",
        """create function glue(text, text) returns text language sql immutable as $$ select $1 || $2 $$;
        create operator - (procedure = glue, leftarg = text, rightarg = text);
        create function f() returns text language sql as $$ select auth.jwt() ->> 'sec' - 'ret' $$""",
    ),
    "a key that an operator changes, behind a cast": policy(
        "name = f()",
        """create function glue(text, text) returns text language sql immutable as $$ select $1 || $2 $$;
        create operator - (procedure = glue, leftarg = text, rightarg = text);
        create function f() returns text language sql as $$ select auth.jwt() ->> 'sec'::text - 'ret' $$""",
    ),
    "a key that is a parameter": policy(
        "name = f('secret')",
        "create function f(k text) returns text language sql as $$ select auth.jwt() ->> k $$",
    ),
    "a key in two literals": policy(
        "name = f()",
        """create function f() returns text language sql as $$ select auth.jwt() ->> 'sec'
          'ret' $$""",
    ),
    "claims that an operator changes before one is taken": policy(
        "name = f()",
        """create function turn(int, jsonb) returns jsonb language sql immutable
          as $$ select jsonb_build_object('org', $2 -> 'secret') $$;
        create operator ~> (procedure = turn, leftarg = int, rightarg = jsonb);
        create function f() returns text language sql as $$ select 1 ~> auth.jwt() ->> 'org' $$""",
    ),
    "an arrow in front of PostgreSQL's": policy(
        "name = f()",
        """create schema trap; create function trap.take(jsonb, text) returns text language sql as $$
          select $1 OPERATOR(pg_catalog.->>) 'secret'::text $$;
        create operator trap.->> (procedure = trap.take, leftarg = jsonb, rightarg = text);
        create function f() returns text language sql set search_path = trap, pg_catalog
          as $$ select auth.jwt() ->> 'org' $$""",
    ),
    "an arrow for another type of key": policy(
        "name = f()",
        """create type k as enum ('org'); create function take(jsonb, k) returns text language sql as $$
          select $1 ->> 'secret'::text $$;
        create operator ->> (procedure = take, leftarg = jsonb, rightarg = k);
        create function f() returns text language sql as $$ select auth.jwt() ->> 'org'::k $$""",
    ),
    "an auth.jwt() that is not known": policy(
        "name = f()",
        """create or replace function auth.jwt() returns jsonb language sql stable as $$
          select jsonb_build_object('org', current_setting('request.jwt.claims')::jsonb -> 'secret') $$;
        create function f() returns text language sql as $$ select auth.jwt() ->> 'org' $$""",
    ),
    "claims compared before one is taken, in a body": policy(
        "f()",
        """create function f() returns boolean language sql as $body$
          select nullif(current_setting('request.jwt.claims', true), '%CLAIMS%')::jsonb ->> 'org' is null $body$""",
    ),
    "claims whose setting is spelt otherwise": policy(
        "name = f()",
        """create function f() returns text language sql as $$
          select current_setting('Request.JWT.Claims')::jsonb ->> 'secret' $$""",
    ),
    "a row of claims as JSON": view(
        "select * from json_to_record(current_setting('request.jwt.claims')::json) as c (sub text, secret text)"
    ),
}


@pytest.mark.parametrize("hidden", HIDDEN)
async def test_answers_are_kept_apart(hidden: str, run_script: RunScript) -> None:
    script = HIDDEN[hidden].replace("%CLAIMS%", json.dumps(CLAIMS))
    async with run_script(script) as database:
        one = await database.ask(rows(), CLAIMS)
        other = await database.ask(rows(), {**CLAIMS, "secret": "b"})
        footprint = await database.of("t")

    assert one != other, "the script hides nothing"
    assert not shared(footprint) or footprint.claims is ALL or "secret" in footprint.claims


async def test_a_body_alone_is_enough(run_script: RunScript) -> None:
    """Nothing in this body names what compares the values within its arrays."""
    async with run_script(
        f"""{IS_A}; create function alike(json, json) returns boolean language sql stable as 'select is_a()';
        create function compared(json, json) returns int language sql as 'select 0';
        create operator ~= (procedure = alike, leftarg = json, rightarg = json);
        create operator class jsons default for type json using btree as operator 3 ~=, function 1 compared(json, json);
        create function f() returns boolean language sql as $$ select array['2'::json] = array['1'::json] $$"""
    ) as database:
        one = await database.ask("select f()", CLAIMS)
        other = await database.ask("select f()", {**CLAIMS, "secret": "b"})
        footprint = await database.of_function("f()")

    assert one != other
    assert footprint.claims == {"secret"}
