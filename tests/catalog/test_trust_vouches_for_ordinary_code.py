"""What applications usually have must take the fast path: each of these scripts leaves table `t` vouched for."""

from __future__ import annotations

import asyncpg
import pytest

from gateway.catalog import Name, load_catalog
from tests.catalog.catalog_scripts import LoadScript

SUPABASE = """
create schema auth;
create function auth.uid() returns uuid language sql stable as $$
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid
$$;
create function auth.role() returns text language sql stable as
  'select nullif(current_setting(''request.jwt.claim.role'', true), '''')::text;';
create function auth.email() returns text language sql stable as $$
  select
  coalesce(
    current_setting('request.jwt.claim.email', true),
    (current_setting('request.jwt.claims', true)::jsonb ->> 'email')
  )::text
$$;
create function auth.jwt() returns jsonb language sql stable as $$
  select
    coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;
create type public.visibility as enum ('public', 'private');
create table public.teams (id bigint generated always as identity primary key, name text);
create table public.members (team_id bigint references teams, user_id uuid, role text, primary key (team_id, user_id));
create table public.t (
  id bigint generated always as identity primary key, user_id uuid default auth.uid(), team_id bigint references teams,
  title text not null check (length(title) > 0), tags text[], meta jsonb, seen visibility default 'private',
  created_at timestamptz default now(), search tsvector generated always as (to_tsvector('english', title)) stored
);
create index on t using gin (tags); create index on t (lower(title));
create index on t (team_id) where team_id is not null;
alter table t enable row level security;
"""

POLICIES = {
    "own rows": "create policy p on t using (auth.uid() = user_id) with check (auth.uid() = user_id);",
    "own rows, once a statement": "create policy p on t to public using ((select auth.uid()) = user_id);",
    "public rows": "create policy p on t for select using (seen = 'public' or user_id = (select auth.uid()));",
    "a claim": "create policy p on t using ((auth.jwt() -> 'app_metadata' ->> 'tenant')::bigint = team_id);",
    "a list in a claim": """create policy p on t using
        (team_id::text in (select jsonb_array_elements_text(auth.jwt() -> 'app_metadata' -> 'teams')));""",
    "a role": "create policy p on t using (auth.role() = 'authenticated' and auth.email() like '%@example.com');",
    "a second factor": "create policy p on t using ((select auth.jwt() ->> 'aal') = 'aal2');",
    "membership": """create policy p on t using (exists
        (select 1 from members m where m.team_id = t.team_id and m.user_id = (select auth.uid())));
        alter table members enable row level security;
        create policy m on members using (user_id = auth.uid());""",
    "a definer function": """create function is_member(team bigint) returns boolean language sql stable security definer
        set search_path = '' as $$
          select exists (select 1 from public.members where team_id = team and user_id = (select auth.uid()));
        $$;
        create policy p on t using (is_member(team_id));""",
    "a definer function with a standard body": """
        create function my_teams() returns setof bigint language sql stable security definer
          begin atomic select team_id from members where user_id = auth.uid(); end;
        create policy p on t using (team_id in (select my_teams()));""",
    "a setting of the claims": """create policy p on t using
        (user_id = (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid);""",
    "an old setting of a claim": """create policy p on t using
        (user_id = current_setting('request.jwt.claim.sub')::uuid);""",
    "a setting of the application": """create policy p on t using
        (team_id = current_setting('app.settings.team')::bigint);""",
    "a clock": """create policy p on t
        using (created_at > now() - interval '30 days' and clock_timestamp() > created_at);""",
    "chance": "create policy p on t using (random() < 0.5 and gen_random_uuid() is not null);",
    "a write check in plpgsql, which reads never run": """
        create function check_it() returns boolean language plpgsql as $$ begin return true; end $$;
        create policy r on t for select using (true);
        create policy w on t for insert with check (check_it());
        create policy u on t for update using (check_it());""",
    "a trigger and a default in plpgsql, which reads never run": """
        create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
        create function make() returns text language plpgsql as $$ begin return 'x'; end $$;
        create trigger touch before update on t for each row execute function touch();
        alter table t alter title set default make();
        create policy p on t using (true);""",
    "a recursive function": """
        create function up(n int) returns int language sql as $$ select 1 $$;
        create or replace function up(n int) returns int language sql
          as $$ select case when n = 0 then 0 else up(n - 1) end $$;
        create policy p on t using (up(2) = 0);""",
    "policies that look at each other": """
        alter table members enable row level security;
        create policy p on t using (exists (select from members));
        create policy m on members using (exists (select from t));""",
    "a domain with an ordinary check": """
        create domain email as text check (value ~ '^[^@]+@[^@]+$'); alter table t add mail email;
        create policy p on t using (mail is not null);""",
    "an own type and operator in SQL": """
        create type pair as (a int, b int);
        create function pair_sum(pair, pair) returns int language sql immutable as $$ select ($1).a + ($2).b $$;
        create operator ## (procedure = pair_sum, leftarg = pair, rightarg = pair);
        alter table t add p pair; create policy p on t using (p ## p > 0);""",
    "an own aggregate": """
        create aggregate product(int) (sfunc = int4mul, stype = int, initcond = '1');
        create policy p on t using ((select product(n) from generate_series(1, 3) n) = 6);""",
    "an own range type": """
        create type span as range (subtype = float8); alter table t add s span;
        create policy p on t using (s && span(1, 2) and s <@ span_multirange(span(0, 9)));""",
    "partitions": """
        drop table t; create table t (id int, d date) partition by range (d);
        create table t1 partition of t for values from ('2024-01-01') to ('2025-01-01');
        create index on t (d); alter table t enable row level security; create policy p on t using (true);""",
    "words in literals and comments": """
        create function hidden() returns boolean language plpgsql as $$ begin return true; end $$;
        create function f() returns boolean language sql as $$
          -- hidden() set role x;
          select 'hidden() insert into \\d' <> 'it''s; delete' /* update(t) */ $$;
        create policy p on t using (f());""",
}

VIEWS = {
    "columns": "create view v as select id, title from t;",
    "an invoker's view": "create view v with (security_invoker) as select * from t;",
    "joins and aggregates": """create view v as select m.user_id, count(*) filter (where t.seen = 'public') as n,
        array_agg(t.title order by t.created_at desc) as titles, max(t.created_at) as last
        from t join members m using (team_id) group by m.user_id having count(*) > 0;""",
    "windows": "create view v as select id, rank() over (partition by team_id order by created_at) as r from t;",
    "common table expressions": """create view v as with recursive n(i) as
        (select 1 union all select i + 1 from n where i < 5) cycle i set looped using path select i from n;""",
    "set operations": "create view v as select id from t union select id from teams except select 1;",
    "JSON": """create view v as select jsonb_build_object('id', id, 'tags', to_jsonb(tags)) as j,
        json_agg(t) over () as a, meta #>> '{a,b}' as m from t;""",
    "lateral calls": "create view v as select t.id, x.value from t, lateral jsonb_each_text(t.meta) x;",
    "text search": "create view v as select * from t where search @@ websearch_to_tsquery('english', 'a or b');",
    "cases and casts": """create view v as select case when id > 3 then 'many' else id::text end as c,
        coalesce(title, 'x') as d, greatest(id, 2) as g, nullif(id, 0) as z, title is distinct from 'a' as i,
        (id, title) < (3, 'x') as r, array[id, 1] as a, tags[1] as e, row(id, title) = row(2, title) as w,
        extract(year from created_at) y,
        title collate "C" as k, current_user as u from t;""",
    "a sample": "create view v as select id from t tablesample system (10);",
    "grouping sets": "create view v as select team_id, seen, grouping(team_id) g from t group by cube (team_id, seen);",
    "SQL/JSON": """create view v as select json_object('a': id, 'b': title) as o, json_array(id) as a,
        meta is json as i,
        json_value(meta, '$.a' returning int default 0 on empty) as v,
        (select x.n from json_table(meta, '$[*]' columns (n int path '$.n')) x limit 1) as n from t;""",
    "system catalogs": "create view v as select relname, pg_get_viewdef(oid) as d from pg_class where relkind = 'v';",
    "a materialized view over opaque code": """
        create function make() returns int language plpgsql as $$ begin return 1; end $$;
        create materialized view v as select make() as x;""",
}


@pytest.mark.parametrize("policy", POLICIES)
async def test_policy_is_vouched(policy: str, load_script: LoadScript) -> None:
    catalog = await load_script(SUPABASE + POLICIES[policy])

    assert catalog.relations[Name("public", "t")].opaque is None
    assert catalog.opaque_operators is None


@pytest.mark.parametrize("view", VIEWS)
async def test_view_is_vouched(view: str, load_script: LoadScript) -> None:
    catalog = await load_script(SUPABASE + "create policy p on t using (auth.uid() = user_id);" + VIEWS[view])

    assert catalog.relations[Name("public", "v")].opaque is None


async def test_everything_the_reference_application_reads_is_vouched(hublib_database: str) -> None:
    connection = await asyncpg.connect(hublib_database)
    try:
        catalog = await load_catalog(connection, schemas=("public",), extra_search_path=("extensions",), version=1)
    finally:
        await connection.close()

    assert {name: relation.opaque for name, relation in catalog.relations.items() if relation.opaque} == {}
    assert catalog.opaque_operators is None


async def test_the_reason_names_the_culprit_and_the_way(load_script: LoadScript) -> None:
    catalog = await load_script(
        """
        create function public.culprit() returns boolean language plpgsql as $$ begin return true; end $$;
        create table public.t (id int); alter table t enable row level security;
        create policy "my policy" on t using (culprit());
        """
    )

    assert catalog.relations[Name("public", "t")].opaque == (
        'function public.culprit is written in plpgsql, reached through policy "my policy" of public.t'
    )
