"""Each of these scripts hides code that changes the session behind something innocent. All must be opaque."""

from __future__ import annotations

import pytest

from gateway.catalog import Name
from tests.catalog.catalog_scripts import LoadScript

EVIL = """
create function public.evil() returns boolean language plpgsql immutable as $$
  begin perform set_config('role', 'postgres', false); return true; end $$;
create function public.evil(anyelement) returns boolean language plpgsql immutable as $$
  begin perform set_config('app.tenant', 'other', false); return true; end $$;
create function public.evil(text, text) returns boolean language plpgsql immutable as $$
  begin set default_transaction_read_only = off; return true; end $$;
create table public.t (id int primary key, name text, data jsonb);
create table public.other (id int primary key);
"""

RELATIONS = {
    "a policy": "alter table t enable row level security; create policy p on t using (evil());",
    "a policy that sets the role in SQL": """
        create function f() returns boolean language sql as $$ select set_config('role', 'x', false) is null $$;
        alter table t enable row level security; create policy p on t using (f());""",
    "a policy that sets claims with a built-in": """
        alter table t enable row level security;
        create policy p on t using (set_config('request.jwt.claims', '{}', false) is not null);""",
    "a policy that sets the search path in a standard body": """
        create function f() returns boolean
          begin atomic select set_config('search_path', 'x', false) is null; end;
        alter table t enable row level security; create policy p on t using (f());""",
    "a default of a policy's function": """
        create function f(x boolean default evil()) returns boolean language sql as $$ select $1 $$;
        alter table t enable row level security; create policy p on t using (f());""",
    "a second policy": """alter table t enable row level security;
        create policy p on t using (true); create policy q on t for select using (evil());""",
    "another table's policy, reached by a policy's subquery": """
        alter table other enable row level security; create policy p on other using (evil());
        alter table t enable row level security; create policy p on t using (exists (select from other));""",
    "another table's policy, reached by a function in SQL text": """
        alter table other enable row level security; create policy p on other using (evil());
        create function f() returns bigint language sql as $$ select count(*) from other $$;
        alter table t enable row level security; create policy p on t using (f() > 0);""",
    "a policy behind a view": """
        alter table other enable row level security; create policy p on other using (evil());
        drop table t; create view t with (security_invoker) as select * from other;""",
    "a view of a view": """
        create view v as select evil() as x; create view w as select * from v;
        drop table t; create view t as select * from w;""",
    "a view's common table expression": """
        drop table t; create view t as with x as (select evil() as e) select * from x;""",
    "a view's join condition": "drop table t; create view t as select a.* from other a join other b on evil(a.id);",
    "a view's window": "drop table t; create view t as select sum(1) over (order by evil()) from other;",
    "a lateral call": "drop table t; create view t as select f from other, lateral evil(other.id) f;",
    "an operator": """
        create operator === (procedure = evil, leftarg = text, rightarg = text);
        drop table t; create view t as select 'a'::text === 'b' as x;""",
    "an operator's negator": """
        create function good(text, text) returns boolean language sql immutable as $$ select true $$;
        create operator !== (procedure = evil, leftarg = text, rightarg = text);
        create operator === (procedure = good, leftarg = text, rightarg = text, negator = !==);
        drop table t; create view t as select not ('a'::text === 'b') as x;""",
    "an operator in SQL text": """
        create operator === (procedure = evil, leftarg = text, rightarg = text);
        create function f() returns boolean language sql as $$ select 'a'::text === 'b'::text $$;
        drop table t; create view t as select f();""",
    "an operator named like a built-in one, in SQL text": """
        create operator public.= (procedure = evil, leftarg = text, rightarg = text);
        create function f() returns boolean language sql as $$ select 'a'::text in ('b'::text) $$;
        drop table t; create view t as select f();""",
    "a cast": """
        create type pair as (a int, b int);
        create function to_pair(text) returns pair language plpgsql as $$ begin return (1, 2); end $$;
        create cast (text as pair) with function to_pair(text) as implicit;
        drop table t; create view t as select name::pair from (select 'x'::text as name) s;""",
    "a cast of a column's type to json": """
        create type pair as (a int, b int);
        create function to_json_evil(pair) returns json language plpgsql as $$ begin return '{}'; end $$;
        create cast (pair as json) with function to_json_evil(pair);
        alter table t add p pair;""",
    "a cast of an array's element type to json": """
        create type mood as enum ('good', 'bad');
        create function to_json_evil(mood) returns json language plpgsql as $$ begin return '{}'; end $$;
        create cast (mood as json) with function to_json_evil(mood);
        alter table t add moods mood[];""",
    "a cast inside a composite column": """
        create type mood as enum ('good', 'bad'); create type wrapped as (m mood);
        create function to_json_evil(mood) returns json language plpgsql as $$ begin return '{}'; end $$;
        create cast (mood as json) with function to_json_evil(mood);
        alter table t add w wrapped;""",
    "a cast in SQL text": """
        create type pair as (a int, b int);
        create function to_pair(text) returns pair language plpgsql as $$ begin return (1, 2); end $$;
        create cast (text as pair) with function to_pair(text) as implicit;
        create function f() returns int language sql
          as $$ select a from (select 'x'::text::pair) s(p), unnest(array[1]) a $$;
        drop table t; create view t as select f();""",
    "an aggregate's transition function": """
        create function step(int, int) returns int language plpgsql as $$ begin return 1; end $$;
        create aggregate total(int) (sfunc = step, stype = int);
        drop table t; create view t as select total(id) from other;""",
    "an aggregate's final function": """
        create function fin(int) returns int language plpgsql as $$ begin return 1; end $$;
        create aggregate total(int) (sfunc = int4pl, stype = int, finalfunc = fin);
        drop table t; create view t as select total(id) over () from other;""",
    "a domain's check": """
        create domain nice as text check (evil(value, value)); alter table t add n nice;""",
    "a domain over a domain": """
        create domain nice as text check (evil(value, value)); create domain nicer as nice;
        alter table t add n nicer;""",
    "a domain in a cast in SQL text": """
        create domain nice as text check (evil(value, value));
        create function f() returns text language sql as $$ select cast('x' as nice)::text $$;
        drop table t; create view t as select f();""",
    "a domain named by text": """
        drop table t; create view t as select pg_input_is_valid('x', 'nice');""",
    "a range type's function": """
        create type span;
        create function span_diff(float8, float8) returns float8 language plpgsql immutable
          as $$ begin return 1; end $$;
        create type span as range (subtype = float8, subtype_diff = span_diff);
        alter table t add s span;""",
    "a multirange of such a type": """
        create type span;
        create function span_diff(float8, float8) returns float8 language plpgsql immutable
          as $$ begin return 1; end $$;
        create type span as range (subtype = float8, subtype_diff = span_diff, multirange_type_name = spans);
        drop table t; create view t as select spans(span(1, 2)) is null as x;""",
    "the constructor of a renamed range type in SQL text": """
        create type span;
        create function span_diff(float8, float8) returns float8 language plpgsql immutable
          as $$ begin return 1; end $$;
        create type span as range (subtype = float8, subtype_diff = span_diff);
        alter type span rename to renamed;
        create function f() returns float8 language sql as $$ select lower(span(1, 2)) $$;
        drop table t; create view t as select f();""",
    "a base type's input function": """
        create type raw;
        create function raw_in(cstring) returns raw language internal immutable strict as 'textin';
        create function raw_out(raw) returns cstring language internal immutable strict as 'textout';
        create type raw (input = raw_in, output = raw_out); alter table t add r raw;""",
    "the default operator class of a type": """
        create type mood as enum ('good', 'bad');
        create function compare(mood, mood) returns int language plpgsql immutable as $$ begin return 0; end $$;
        create operator class mood_ops default for type mood using btree as function 1 compare(mood, mood);
        alter table t add m mood;""",
    "an index with an operator class of its own": """
        create function compare(int, int) returns int language plpgsql immutable as $$ begin return 0; end $$;
        create operator class evil_ops for type int using btree as
          operator 1 <, operator 3 =, function 1 compare(int, int);
        create index on t (id evil_ops);""",
    "a sequence read as a table": "create sequence s; drop table t; create view t as select last_value from s;",
    "an operator made of current_setting in SQL text": """
        create operator ?~ (procedure = pg_catalog.current_setting, leftarg = text, rightarg = boolean);
        create function f() returns text language sql as $$ select 'request.headers'::text ?~ true $$;
        drop table t; create view t as select f();""",
    "SQL run by XML functions": "drop table t; create view t as select table_to_xml('other', true, false, '');",
    "SQL run by a text search function": "drop table t; create view t as select * from ts_stat('select evil()');",
    "a shadowed built-in": """
        create function public.lower(varchar) returns text language plpgsql as $$ begin return evil(); end $$;
        create function f(x varchar) returns text language sql as $$ select lower(x) $$;
        drop table t; create view t as select f('X');""",
    "a shadowed built-in through the function's own search path": """
        create schema trap;
        create function trap.now() returns text language plpgsql as $$ begin return evil(); end $$;
        create function f() returns text language sql set search_path = trap, pg_catalog as $$ select now()::text $$;
        drop table t; create view t as select f();""",
    "a shadowed current_setting": """
        create function public.current_setting(text, boolean) returns text language plpgsql
          as $$ begin return 1; end $$;
        create function f() returns text language sql set search_path = public, pg_catalog
          as $$ select current_setting('request.jwt.claims', true) $$;
        drop table t; create view t as select f();""",
    "a shadowed table": """
        create schema trap; create view trap.other as select 1 as id where public.evil();
        create function f() returns bigint language sql set search_path = trap, public
          as $$ select count(*) from other $$;
        drop table t; create view t as select f();""",
    "attribute notation": """
        create function secret(other) returns boolean language plpgsql as $$ begin return evil(); end $$;
        create function f() returns boolean language sql as $$ select other.secret from other $$;
        drop table t; create view t as select f();""",
    "an overload": """
        create function f(int) returns boolean language sql as $$ select true $$;
        create function f(text) returns boolean language plpgsql as $$ begin return evil(); end $$;
        create function g() returns boolean language sql as $$ select f('1') $$;
        drop table t; create view t as select g();""",
    "a quoted name": """
        create function "Evil ""one""(" () returns boolean language plpgsql as $$ begin return evil(); end $$;
        create function f() returns boolean language sql as $$ select "Evil ""one""("() $$;
        drop table t; create view t as select f();""",
    "a Unicode name": r"""
        create function f() returns boolean language sql as $$ select U&"\0065vil"() $$;
        drop table t; create view t as select f();""",
    "a name behind comments": """
        create function f() returns boolean language sql as $$ select evil/* /* ( */ */-- (
          () $$;
        drop table t; create view t as select f();""",
    "a comment that is not one": """
        create function f() returns boolean language sql
          as $$ select '--' is null or '/*' is null or evil() or '*/' = '' $$;
        drop table t; create view t as select f();""",
    "a second statement": """
        create function f() returns boolean language sql as $$ set role none; select true $$;
        drop table t; create view t as select f();""",
    "a statement that writes": """
        create function f() returns int language sql as
          $$ with x as (insert into other values (9) returning id) select id from x $$;
        drop table t; create view t as select f();""",
    "a statement that writes in a standard body": """
        create function f() returns int begin atomic insert into other values (9) returning id; end;
        drop table t; create view t as select f();""",
    "a row lock": "drop table t; create view t as select * from other for update;",
    "a lock in SQL text": """
        create function f() returns int language sql as $$ select id from other for key share $$;
        drop table t; create view t as select f();""",
    "a sequence": "create sequence s; drop table t; create view t as select nextval('s');",
    "a session lock": "drop table t; create view t as select pg_advisory_lock(1) is null as x;",
    "a notification": "drop table t; create view t as select pg_notify('a', 'b') is null as x;",
    "a large object": "drop table t; create view t as select lo_create(0);",
    "a setting of the request": """
        drop table t; create view t as select current_setting('request.headers', true) as h;""",
    "a setting of the request in SQL text": """
        create function f() returns text language sql as $$ select current_setting('REQUEST.Method', true) $$;
        drop table t; create view t as select f();""",
    "a setting named by an expression": """
        drop table t; create view t as select current_setting('request.' || 'headers', true) as h;""",
    "a setting named by an expression in SQL text": """
        create function f() returns text language sql as $$ select current_setting('request.' || 'headers', true) $$;
        drop table t; create view t as select f();""",
    "a setting named by two literals in SQL text": """
        create function f() returns text language sql as $$ select current_setting('request.jwt.claim'
          's', true) || current_setting('request.'
          'headers', true) $$;
        drop table t; create view t as select f();""",
    "an operator made of current_setting": """
        create function get(text, boolean) returns text language internal stable as 'show_config_by_name_missing_ok';
        create operator ?~ (procedure = pg_catalog.current_setting, leftarg = text, rightarg = boolean);
        drop table t; create view t as select 'request.headers'::text ?~ true as x;""",
    "a look-alike in compiled code": """
        create function public.lower(text, text) returns text language internal immutable as 'text_larger';
        drop table t; create view t as select public.lower('a', 'b');""",
    "a function put into pg_catalog": """
        create function pg_catalog.harmless() returns boolean language plpgsql as $$ begin return evil(); end $$;
        drop table t; create view t as select harmless();""",
    "a function's SET clause": """
        create function f() returns boolean language sql set role = 'none' as $$ select true $$;
        drop table t; create view t as select f();""",
    "an index expression": "create index on t (evil('x'::text));",
    "an index predicate": "create index on t (id) where evil(id);",
    "extended statistics": "create statistics s on (evil(name)), (id + 1) from t;",
    "a partition's constraint": """
        drop table t; create table t (id int, check (evil())) partition by list (id);
        create table t1 partition of t for values in (1);""",
    "a partition key": """
        drop table t; create function k(int) returns int language plpgsql immutable as $$ begin return 1; end $$;
        create table t (id int) partition by list (k(id)); create table t1 partition of t for values in (1);""",
    "a foreign table": """
        create foreign data wrapper w; create server s foreign data wrapper w;
        drop table t; create foreign table t (id int) server s;""",
    "a foreign table that inherits": """
        create foreign data wrapper w; create server s foreign data wrapper w;
        create foreign table child () inherits (t) server s;""",
    "an inheriting table's index": "create table child () inherits (t); create index on child (evil('x'::text));",
    "a table sampling method": """
        drop table t; create view t as select * from other tablesample bernoulli (10) where evil();""",
    "a changed auth.uid()": """
        create schema auth;
        create function auth.uid() returns uuid language sql stable as $$
          select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
            '00000000-0000-0000-0000-000000000000')::uuid $$;
        alter table t enable row level security; create policy p on t using (auth.uid() is not null);""",
    "a wholly foreign auth.uid()": """
        create schema auth;
        create function auth.uid() returns uuid language plpgsql stable as $$ begin return evil(); end $$;
        alter table t enable row level security; create policy p on t using ((select auth.uid()) is not null);""",
    "an auth.uid() in a standard body": """
        create schema auth;
        create function auth.uid() returns uuid return current_setting('request.jwt.claim.sub', true)::uuid;
        alter table t enable row level security; create policy p on t using (auth.uid() is not null);""",
    "a column name that looks like a tree": """
        drop table t;
        create view t as select evil() as "}) :targetList <> :funcid 65 {CONST \\", 1 as ":commandType 1";""",
    "a json expression": """
        drop table t; create view t as select json_object('a': evil());""",
    "an ordering in an aggregate": """
        drop table t; create view t as select array_agg(id order by evil(id)) from other;""",
    "a grouping": "drop table t; create view t as select evil(id), count(*) from other group by rollup (evil(id));",
    "a set operation": "drop table t; create view t as select true as x union all select evil();",
    "a case": "drop table t; create view t as select case when id > 0 then evil(id) end from other;",
    "a row from a function in FROM": """
        create function rows() returns setof other language plpgsql as $$ begin return; end $$;
        drop table t; create view t as select * from rows() with ordinality;""",
    "a recursive function": """
        create function f(n int) returns boolean language sql as $$ select true $$;
        create or replace function f(n int) returns boolean language sql
          as $$ select case when n = 0 then evil() else f(n - 1) end $$;
        drop table t; create view t as select f(3);""",
}


@pytest.mark.parametrize("hidden", RELATIONS)
async def test_relation_is_opaque(hidden: str, load_script: LoadScript) -> None:
    catalog = await load_script(EVIL + RELATIONS[hidden])

    assert catalog.relations[Name("public", "t")].opaque is not None


OPERATORS = {
    "an operator made of current_setting": """
        create operator public.~ (procedure = pg_catalog.current_setting, leftarg = text, rightarg = boolean);""",
    "equality of two types": "create operator public.= (procedure = evil, leftarg = text, rightarg = text);",
    "a full text match": """
        create operator public.@@ (procedure = evil, leftarg = text, rightarg = text);""",
    "an operator whose partner is opaque": """
        create function good(text, text) returns boolean language sql immutable as $$ select true $$;
        create operator public.## (procedure = evil, leftarg = text, rightarg = text);
        create operator public.&& (procedure = good, leftarg = text, rightarg = text, commutator = ##);""",
    "an implicit cast": """
        create type pair as (a int, b int);
        create function to_pair(text) returns pair language plpgsql as $$ begin return (1, 2); end $$;
        create cast (text as pair) with function to_pair(text) as implicit;""",
    "an explicit cast between built-in types": """
        create function to_uuid(int) returns uuid language plpgsql as $$ begin return null; end $$;
        create cast (int as uuid) with function to_uuid(int);""",
    "a cast by a built-in that sets": """
        create function f(regtype) returns regconfig language sql
          as $$ select null::regconfig where set_config('a.b', 'c', false) = '' $$;
        create cast (regtype as regconfig) with function f(regtype) as assignment;""",
    "an operator class for a built-in type": """
        create function compare(json, json) returns int language plpgsql immutable as $$ begin return 0; end $$;
        create operator class evil_ops default for type json using btree as function 1 compare(json, json);""",
}


@pytest.mark.parametrize("hidden", OPERATORS)
async def test_operators_are_opaque(hidden: str, load_script: LoadScript) -> None:
    catalog = await load_script(EVIL + OPERATORS[hidden])

    assert catalog.opaque_operators is not None


async def test_computed_things_carry_their_own_verdict(load_script: LoadScript) -> None:
    catalog = await load_script(
        EVIL
        + """
        create function computed(t) returns text language plpgsql as $$ begin return 'x'; end $$;
        create function plain(t) returns text language sql as $$ select 'x' $$;
        create function others(t) returns setof other language plpgsql as $$ begin return; end $$;
        create function more(t) returns setof other language sql as $$ select * from other $$;
        create domain "text/x" as text;
        create function x_step(text, t) returns text language plpgsql as $$ begin return ''; end $$;
        create function x_done(text) returns "text/x" language sql as $$ select $1::"text/x" $$;
        create aggregate as_x(t) (sfunc = x_step, stype = text, finalfunc = x_done);
        create domain shout as text;
        create function shouted(shout) returns json language plpgsql as $$ begin return '1'; end $$;
        set client_min_messages = error;
        create cast (shout as json) with function shouted(shout) as implicit;
        """
    )

    functions = {name.name: overloads[0].opaque for name, overloads in catalog.functions.items()}
    assert functions["x_done"] is None
    assert {"computed", "set_config", "others"} <= catalog.opaque_names.keys()
    assert not {"plain", "more", "lower", "x_done"} & catalog.opaque_names.keys()
    computed = {r.constraint: r.opaque for r in catalog.relationships[Name("public", "t")]}
    assert computed["others"] is not None
    assert computed["more"] is None
    assert [handler.opaque is None for handler in catalog.media_handlers] == [False]
    assert all(representation.opaque for representation in catalog.representations.values())
    assert catalog.relations[Name("public", "t")].opaque is None
    assert catalog.opaque_operators is None
