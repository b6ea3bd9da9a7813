"""What answers differently although no table and no claim changed: time, chance, the session, the request, and
whatever cannot be read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.catalog import Annotation, Sharing, key
from tests.catalog.footprint_scripts import CLAIMS, RunScript, rows, shared, table


def policy(using: str, before: str = "") -> str:
    return f"{before}; alter table t enable row level security; create policy p on t using ({using});"


def body(expression: str, returns: str = "boolean") -> str:
    """A policy whose function says this in SQL text."""
    return policy(
        "f(name) is not null",
        f"create function f(x text) returns {returns} language sql as $body$ select {expression} $body$",
    )


CLOCKS = {
    "now": policy("seen < now()"),
    "the start of the statement": policy("seen < statement_timestamp()"),
    "the start of the transaction": policy("seen < transaction_timestamp()"),
    "CURRENT_DATE": policy("seen < current_date"),
    "CURRENT_TIMESTAMP": policy("seen < current_timestamp"),
    "CURRENT_TIME": policy("current_time > '00:00:00Z'"),
    "LOCALTIME": policy("localtime > '00:00'"),
    "LOCALTIMESTAMP": policy("localtimestamp(0) > seen"),
    "an age": policy("age(seen) > '1 day'"),
    "a text as a date": policy("seen < ('to' || 'day')::date"),
    "a column as a time": policy("seen < coalesce(nullif(name, name), 'now')::timestamptz"),
    "texts as dates": policy("current_user is not null and seen < any (('{to' || 'day}')::date[])"),
    "a text as a range": policy("seen <@ ('[2000-01-01,to' || 'day]')::tstzrange"),
    "a text as a domain": policy("seen < ('to' || 'day')::day", "create domain day as date"),
    "a text as a row": policy("seen < ((('(1,,,,to' || 'day)')::t).seen)"),
    "a text as a composite type": policy("seen < ((('(to' || 'day)')::w).d)", "create type w as (d date)"),
    "a record out of JSON": policy(
        "seen < (select d from json_to_record(json_build_object('d', 'now')) as r (d date))"
    ),
    "a row out of JSON": policy('seen < (jsonb_populate_record(null::t, \'{"seen": "now"}\')).seen'),
    "SQL/JSON": policy("seen < json_value('{\"d\": \"now\"}', '$.d' returning timestamptz)"),
    "a table of JSON": policy(
        "exists (select from json_table('[\"now\"]', '$[*]' columns (d date path '$')) j where seen < j.d)"
    ),
    "a row out of an hstore": policy(
        "seen < (populate_record(t, hstore('seen', 'now'))).seen", "create extension hstore"
    ),
    "a row out of an hstore by operator": policy("seen < (t #= hstore('seen', 'now')).seen", "create extension hstore"),
    "the offset of a zone": policy("localtime::timetz is not null"),
    "a view": "drop table t; create view t as select now() as n;",
    "an argument's default": policy(
        "f()", "create function f(x timestamptz default now()) returns boolean language sql as 'select $1 is not null'"
    ),
    # in SQL text
    "now in a body": body("now() is not null"),
    "CURRENT_DATE in a body": body("current_date > '2000-01-01'"),
    "a literal in a body": body("'today'::date > '2000-01-01'"),
    "a typed literal in a body": body("date 'today' > '2000-01-01'"),
    "a literal that nobody casts": body("current_user = x or (select seen from t limit 1) < ' NOW '"),
    "a literal in two pieces": body("(select seen from t limit 1) < 'no'\n'w'"),
    "an escaped literal": body(r"(select seen from t limit 1) < E'n\157w'"),
    "a literal in dollars": body("(select seen from t limit 1) < $x$yesterday$x$"),
    "a parameter as a date": body("($1 || 'day')::date is not null"),
    "a parameter cast to a date": body("cast(x as pg_catalog.timestamptz) is not null"),
    "a parameter called a date": body("date(x) is not null"),
    "a parameter as times": body("x::timestamp[] is not null"),
    "a parameter as a quoted type": body('x::"timestamptz" is not null'),
    "a parameter as a row": body("x::public.t is not null"),
    "a parameter as rows": body("x::t[] is not null"),
    "a parameter as an array of rows": body("x::_t is not null"),
    "a parameter as a domain": "create domain day as date;" + body("x::day is not null"),
    "a parameter as a domain over a domain": "create domain day as date; create domain d as day;"
    + body("x::d is null"),
    "a parameter as composite values": "create type w as (d date);" + body("x::_w is not null"),
    "a list of columns": body('(select d from json_to_record(\'{"d": "no"}\') as r (d date)) is null'),
    "a result of SQL/JSON": body("json_value('{}', '$.d' returning date) is null"),
}


@pytest.mark.parametrize("hidden", CLOCKS)
async def test_the_clock_is_found(hidden: str, run_script: RunScript) -> None:
    async with run_script(CLOCKS[hidden]) as database:
        footprint = await database.of("t")

    assert footprint.clock
    assert footprint.opaque is None
    assert footprint.volatile is None
    assert key(footprint).sharing is Sharing.NEVER
    assert key(footprint, timedelta(seconds=30)).bound == timedelta(seconds=30)


NEVER = {
    "chance": policy("random() < 2"),
    "a new id": policy("gen_random_uuid() is not null"),
    "the time of day by itself": policy("seen < clock_timestamp()"),
    "a sequence": policy("nextval('s') > 0", "create sequence s; grant usage on s to public"),
    "a sequence's state": "create sequence s; drop table t; create view t as select last_value from s;",
    "a sample": "drop table t; create view t as select * from other tablesample bernoulli (50);",
    "the transaction": policy("pg_current_xact_id() is not null"),
    "the process": policy("pg_backend_pid() > 0"),
    "the caller's address": policy("inet_client_addr() is null"),
    "a transaction's id on a row": policy("xmin is not null"),
    "a lock on a row": policy("xmax = '0'"),
    "a row's place": policy("ctid = '(0,1)'"),
    "a setting of the application": policy("current_setting('app.tenant', true) is null"),
    "the search path": policy("current_schema is not null"),
    "the search path by function": policy("cardinality(current_schemas(true)) > 0"),
    "a setting with a computed name": policy("current_setting('request.' || 'jwt.claims') is not null"),
    "headers": policy("current_setting('request.headers', true) is null"),
    "the path": policy("current_setting('request.path', true) is null"),
    "what a privilege says": policy("has_table_privilege('other', 'select')"),
    "who belongs to whom": policy("pg_has_role('fp_staff', 'member')"),
    "a system catalog": policy("exists (select from pg_class)"),
    "the information schema": policy("exists (select from information_schema.tables)"),
    "a comment": policy("obj_description('other'::regclass) is null"),
    "the size of the database": policy("pg_database_size(current_database()) > 0"),
    "what is known of a table": policy("(select reltuples from pg_class where relname = 'other') < 9"),
    "an object by name": policy("to_regclass(name) is null"),
    "an object by a name that is a value": policy("(name || 'x')::regtype is null"),
    "another language": policy(
        "f()", "create function f() returns boolean language plpgsql as 'begin return true; end'"
    ),
    "a foreign table": """create foreign data wrapper w; create server s foreign data wrapper w;
        drop table t; create foreign table t (id int) server s;""",
    "a foreign partition": """create foreign data wrapper w; create server s foreign data wrapper w;
        drop table t; create table t (id int) partition by list (id);
        create foreign table child partition of t for values in (1) server s;""",
    "a materialized view": "drop table t; create materialized view t as select 1 as x;",
    "a temporary table": "drop table t; create temp table z (id int); create view t as select * from z;",
    "a partition's own code": policy(
        "satisfies_hash_partition('h'::regclass, 2, 0, id) is not null",
        "create table h (id int) partition by hash (id)",
    ),
    "compiled code": policy(
        "f('a', 'b') is not null",
        "create function f(text, text) returns text language internal immutable as 'text_larger'",
    ),
    "a setting read by an operator": policy(
        "'app.tenant'::text ?~ true is null",
        "create operator ?~ (procedure = pg_catalog.current_setting, leftarg = text, rightarg = boolean)",
    ),
    "a function that becomes somebody else": policy(
        "f()", "create function f() returns boolean language sql set role = 'fp_other' as 'select true'"
    ),
    "a function that sets": policy("set_config('app.x', 'y', true) is not null"),
    "a row lock": policy(
        "f() > 0", "create function f() returns int language sql as 'select id from other limit 1 for update'"
    ),
    "a write": policy(
        "f() > 0", "create function f() returns int language sql as 'insert into other values (9) returning id'"
    ),
    "a write in standard SQL": policy(
        "f() > 0", "create function f() returns int begin atomic insert into other values (9) returning id; end"
    ),
    "a restrictive policy's chance": """alter table t enable row level security; create policy p on t using (true);
        create policy q on t as restrictive using (random() < 2);""",
    # in SQL text
    "chance in a body": body("random() < 2"),
    "a new id in a body": body("gen_random_uuid() is not null"),
    "a sample in a body": body("exists (select from other tablesample system (50))"),
    "a row's place in a body": body("exists (select from other where ctid = '(0,1)')"),
    "a system catalog in a body": body("exists (select from pg_class)"),
    "the information schema in a body": body("exists (select from information_schema.tables)"),
    "the information schema by search path": policy(
        "f()",
        """create function f() returns boolean language sql set search_path = information_schema
          as 'select exists (select from tables)'""",
    ),
    "the information schema by whatever search path": f"""
        set local search_path = public, information_schema; {body("exists (select from views)")};""",
    "a system function in a body": body("pg_backend_pid() > 0"),
    "an object by name in a body": body("x::regclass is null"),
    "a header in a body": body("current_setting('request.headers', true) is null"),
    "a setting in a body": body("current_setting('App.Tenant', true) is null"),
    "the search path in a body": body("current_schema is not null"),
    "a setting with a computed name in a body": body("current_setting('request.' || 'headers', true) is null"),
    "a Unicode name": body(r'exists (select from U&"\006fther")'),
    "TREAT": body("treat('1' as int) > 0", returns="boolean"),
}


@pytest.mark.parametrize("hidden", NEVER)
async def test_it_is_never_shared(hidden: str, run_script: RunScript) -> None:
    async with run_script(NEVER[hidden]) as database:
        footprint = await database.of("t")

    assert not shared(footprint)
    assert str(key(footprint)).startswith("never: ")


REASONS = {
    "another language": 'function public.f is written in plpgsql, reached through policy "p" of public.t',
    "chance": 'function pg_catalog.random is volatile, reached through policy "p" of public.t',
    "a setting of the application": "it reads the setting app.tenant",
    "headers": "it reads headers, cookies, path or method of the request",
    "a row's place": 'policy "p" of public.t reads a system column',
    "a system catalog": 'pg_catalog.pg_class is PostgreSQL\'s own, reached through policy "p" of public.t',
    "a materialized view": "public.t is a materialized view: nobody tells when it is refreshed",
    "a function that becomes somebody else": 'function public.f sets role, reached through policy "p" of public.t',
}


@pytest.mark.parametrize("hidden", REASONS)
async def test_the_reason_is_told(hidden: str, run_script: RunScript) -> None:
    async with run_script(NEVER[hidden]) as database:
        assert str(key(await database.of("t"))) == f"never: {REASONS[hidden]}"


async def test_a_clock_without_a_bound_is_the_reason(run_script: RunScript) -> None:
    async with run_script(CLOCKS["now"]) as database:
        reason = key(await database.of("t")).reason

    assert reason == "it depends on the clock, and nobody says how old it may be"


PLPGSQL = """
create function f() returns boolean language plpgsql stable as $$
  begin return exists (select from other where now() > '2000-01-01') and auth.jwt() ->> 'org' = 'o'; end $$;
"""
VOUCHED = Annotation(frozenset({table("other")}), frozenset({"org"}), timedelta(minutes=1))


async def test_somebody_may_vouch_for_a_function(run_script: RunScript) -> None:
    async with run_script(policy("f()", PLPGSQL), annotations={"f()": VOUCHED}) as database:
        footprint = await database.of("t")
        answer = await database.ask(rows(), CLAIMS)

    assert answer != "[]"
    assert footprint.tables == {table("t"), table("other")}
    assert str(key(footprint)) == "by claims {org}, for 60 s"
    assert str(key(footprint, timedelta(seconds=30))) == "by claims {org}, for 60 s"


async def test_row_security_of_the_tables_counts_where_somebody_vouches(run_script: RunScript) -> None:
    script = (
        policy("f()", PLPGSQL)
        + """
        alter table other enable row level security; create policy p on other using (auth.uid() is not null);
        create function g() returns boolean language plpgsql stable security definer as $$ begin return f(); end $$;"""
    )
    async with run_script(script, annotations={"f()": VOUCHED, "g()": VOUCHED}) as database:
        caller, definer = await database.of_function("f()"), await database.of_function("g()")

    assert caller.claims == {"org", "sub"}
    assert definer.claims == {"org"}


async def test_defaults_count_where_somebody_vouches(run_script: RunScript) -> None:
    script = policy("f()", PLPGSQL.replace("f()", "f(x timestamptz default now())"))
    annotation = Annotation(claims=frozenset({"org"}))
    async with run_script(script, annotations={"f(timestamptz)": annotation}) as database:
        footprint = await database.of("t")

    assert footprint.clock
    assert footprint.claims == {"org"}


async def test_nobody_vouches_for_a_volatile_function(run_script: RunScript) -> None:
    script = policy("f()", PLPGSQL.replace("stable", "volatile"))
    async with run_script(script, annotations={"f()": VOUCHED}) as database:
        assert not shared(await database.of("t"))


async def test_nobody_vouches_with_a_table_that_is_not_there(run_script: RunScript) -> None:
    annotation = Annotation(frozenset({table("nowhere")}))
    async with run_script(policy("f()", PLPGSQL), annotations={"f()": annotation}) as database:
        assert not shared(await database.of("t"))
