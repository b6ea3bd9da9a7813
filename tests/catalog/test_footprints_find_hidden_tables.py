"""Each of these scripts lets a write to table `other` change what is read of `t`, behind something innocent. PostgreSQL
confirms that it does; a cache that does not look at `other` would go on serving the old answer."""

from __future__ import annotations

import pytest

from tests.catalog.footprint_scripts import CLAIMS, RunScript, rows, shared, table

COUNT = "create function f() returns bigint language sql stable as 'select count(*) from other'"
POLICY = "alter table t enable row level security; create policy p on t using ({});"


def policy(using: str, before: str = "") -> str:
    return f"{before}; {POLICY.format(using)}"


def view(select: str, before: str = "") -> str:
    return f"{before}; drop table t; create view t as {select};"


HIDDEN = {
    "a policy": policy("id + 6 in (select id from other)"),
    "a function in SQL": policy("f() < 3", COUNT),
    "a function in standard SQL": policy(
        "f() < 3", "create function f() returns bigint stable return (select count(*) from other)"
    ),
    "a block in standard SQL": policy(
        "f() < 3", "create function f() returns bigint stable begin atomic select count(*) from other; end"
    ),
    "a function of a definer": policy(
        "f() < 3", COUNT.replace("stable", "stable security definer set search_path = public")
    ),
    "a function that pretends to be immutable": policy("f() < 3", COUNT.replace("stable", "immutable")),
    "TABLE": policy(
        "(select count(*) from f()) < 3", "create function f() returns setof other language sql as 'table other'"
    ),
    "a quoted name": policy("f() < 3", COUNT.replace("other", '"other"')),
    "a name behind a comment": policy("f() < 3", COUNT.replace("other", "/* x */ public -- y\n . other")),
    "a search path": policy(
        "f() < 3",
        """create schema trap; create view trap.t2 as select * from public.other; create table t2 (id int);
        create function f() returns bigint language sql set search_path = trap as 'select count(*) from t2'""",
    ),
    "a current_setting in front of PostgreSQL's": policy(
        "f() < 3",
        """create schema trap; create function trap.current_setting(text) returns bigint language sql
          as 'select count(*) from public.other';
        create function f() returns bigint language sql set search_path = trap, pg_catalog
          as $$ select current_setting('request.jwt.claims') $$""",
    ),
    "a view": view("select * from other"),
    "a view of a view": view("select * from v", "create view v as select * from other"),
    "a view of its owner": "drop table t; create view t as select * from other; alter view t owner to fp_owner",
    "a subquery": view("select (select count(*) from other) as n"),
    "a join whose columns nobody asks for": view("select 1 as x from other a cross join other b"),
    "a window": view("select count(*) over () as n from other"),
    "a lateral join": view(
        "select x.n from (values (1)) v (i), lateral (select count(*) as n from other where id > v.i) x"
    ),
    "a common table expression": view("with c as (select * from other) select count(*) from c"),
    "a function in FROM": view("select * from f()", COUNT),
    "an operator": policy(
        "id ### id",
        f"""{COUNT}; create function few(int, int) returns boolean language sql as 'select f() < 3';
        create operator ### (procedure = few, leftarg = int, rightarg = int)""",
    ),
    "a cast": policy(
        "name::mark is not null",
        f"""{COUNT}; create type mark as (m text);
        create function to_mark(text) returns mark language sql as 'select row($1)::mark where f() < 3';
        create cast (text as mark) with function to_mark(text)""",
    ),
    "a cast to JSON": f"""
        {COUNT}; create type mood as enum ('good', 'bad'); alter table t add m mood; update t set m = 'good';
        create function to_json(mood) returns json language sql as 'select to_json(f())';
        create cast (mood as json) with function to_json(mood);""",
    "an aggregate": policy(
        "(select picked(i) from generate_series(1, 2) i) < 3",
        f"""{COUNT}; create function final(bigint[]) returns bigint language sql as 'select f()';
        create aggregate picked(bigint) (sfunc = array_append, stype = bigint[], finalfunc = final)""",
    ),
    "a policy of a table that a policy asks": f"""
        create table third (id int); insert into third values (1); alter table third enable row level security;
        create policy p on third using ((select count(*) from other) < 3);
        {POLICY.format("exists (select from third)")}""",
    "a policy for the caller, behind an invoker's view": """
        create table third (id int); insert into third values (1); alter table third enable row level security;
        create policy p on third to fp_reader using ((select count(*) from other) < 3);
        drop table t; create view t with (security_invoker) as select * from third; alter view t owner to fp_owner;""",
    "a policy for the owner of a function": f"""
        create table third (id int); insert into third values (1); alter table third enable row level security;
        create policy p on third to fp_owner using ((select count(*) from other) < 3);
        create function f() returns bigint language sql security definer as 'select count(*) from third';
        alter function f() owner to fp_owner; {POLICY.format("f() > 0")}""",
    "a partition": """
        drop table t; drop table other; create table t (id int, name text) partition by range (id);
        create table other partition of t for values from (0) to (100);""",
    "a partition of a partition": """
        drop table t; drop table other; create table t (id int, name text) partition by range (id);
        create table half partition of t for values from (0) to (500) partition by range (id);
        create table other partition of half for values from (0) to (100);""",
    "a table that inherits": "drop table other; create table other () inherits (t);",
    "a partition's parent": """
        drop table t; drop table other; create table other (id int, name text) partition by range (id);
        create table t partition of other for values from (0) to (100);""",
    "the parent's parent": """
        drop table t; drop table other; create table other (id int, name text) partition by range (id);
        create table half partition of other for values from (0) to (500) partition by range (id);
        create table t partition of half for values from (0) to (100);""",
    "SQL that a function is given": policy(
        "not exists (select from ts_stat('select to_tsvector(name) from other') where word = 'seven')"
    ),
    "dynamic SQL": policy(
        "f() < 3",
        """create function f() returns bigint language plpgsql stable as $$
          declare n bigint; begin execute 'select count(*) from ' || 'oth' || 'er' into n; return n; end $$""",
    ),
    "a materialized view": """
        create materialized view m as select count(*) as n from other;
        drop table t; create view t as select * from m;""",
    "the size of a table": policy("pg_relation_size('other') < 8193", "truncate other"),
}

WRITES = {
    "a partition's parent": "insert into other select 7, 'seven'",
    "a materialized view": "insert into other values (7, 'seven'); refresh materialized view m",
    "the size of a table": "insert into other select i, repeat('x', 1000) from generate_series(1, 99) i",
}


@pytest.mark.parametrize("hidden", HIDDEN)
async def test_writes_are_noticed(hidden: str, run_script: RunScript) -> None:
    write = WRITES.get(hidden, "insert into other (id, name) values (7, 'seven'), (8, 'eight'), (9, 'nine')")
    async with run_script(HIDDEN[hidden]) as database:
        one = await database.ask(rows(), CLAIMS)
        other = await database.ask(rows(), CLAIMS, before=write)
        footprint = await database.of("t")

    assert one != other, "the script hides nothing"
    assert not shared(footprint) or table("other") in footprint.tables


async def test_a_table_that_nobody_names_is_not_there(run_script: RunScript) -> None:
    async with run_script(f"create table third (id int); {COUNT}; {POLICY.format('f() < 3')}") as database:
        footprint = await database.of("t")

    assert footprint.tables == {table("t"), table("other")}
    assert shared(footprint)
