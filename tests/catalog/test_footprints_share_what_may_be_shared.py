"""What applications usually have must not be kept apart more than needed: who shares answers, and what they depend
on."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from gateway.catalog import ALL, Footprint, joined, key, load_footprints
from gateway.catalog.footprint import postgresql
from tests.catalog.footprint_scripts import READER, RunScript, table

TEAMS = """
create table members (team int, member uuid, role text); create table teams (id int, name text, open boolean);
grant select on members, teams to public;
alter table t add team int; alter table t add tags text[]; alter table t enable row level security;
create function auth.role() returns text language sql stable as
  'select nullif(current_setting(''request.jwt.claim.role'', true), '''')::text;';
create function auth.email() returns text language sql stable as $$
  select coalesce(
    current_setting('request.jwt.claim.email', true),
    (current_setting('request.jwt.claims', true)::jsonb ->> 'email')
  )::text $$;
"""

POLICIES = {
    "everybody": ("create policy p on t using (true);", "shared by role"),
    "nobody": ("", "shared by role"),
    "public rows": ("create policy p on t using (name = 'a' and data ->> 'k' = '1');", "shared by role"),
    "own rows": ("create policy p on t using (auth.uid() = owner);", "by claims {sub}"),
    "own rows, once a statement": ("create policy p on t using ((select auth.uid()) = owner);", "by claims {sub}"),
    "own rows, by the setting": (
        "create policy p on t using (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid);",
        "by claims {sub}",
    ),
    "own rows, by the setting, if there is one": (
        """create policy p on t using
          (owner = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid);""",
        "by claims {sub}",
    ),
    "own rows, by the setting, spelt otherwise": (
        "create policy p on t using (owner = (current_setting('Request.JWT.Claims', true)::json ->> 'sub')::uuid);",
        "by claims {sub}",
    ),
    "own rows, by an old setting": (
        "create policy p on t using (owner = current_setting('request.jwt.claim.sub', true)::uuid);",
        "by claims {sub}",
    ),
    "the role": ("create policy p on t using (auth.role() = 'authenticated');", "by claims {role}"),
    "the database's role": ("create policy p on t using (current_user = 'x' or session_user = 'y');", "shared by role"),
    "an address": ("create policy p on t using (auth.email() = name);", "by claims {email}"),
    "a tenant": (
        "create policy p on t using ((auth.jwt() -> 'app_metadata' ->> 'org') = name);",
        "by claims {app_metadata}",
    ),
    "a tenant, once a statement": (
        "create policy p on t using (((select auth.jwt()) -> 'app_metadata' ->> 'org') = name);",
        "by claims {app_metadata}",
    ),
    "a tenant, by a path": (
        "create policy p on t using (auth.jwt() #>> '{app_metadata,org}' = name);",
        "by claims {app_metadata}",
    ),
    "a tenant, by a path of the setting": (
        """create policy p on t using
          (current_setting('request.jwt.claims', true)::json #>> '{app_metadata, org}' = name);""",
        "by claims {app_metadata}",
    ),
    "a tenant, if there are claims": (
        "create policy p on t using (coalesce(auth.jwt(), '{}'::jsonb) ->> 'org' = name);",
        "by claims {org}",
    ),
    "a list in a claim": (
        """create policy p on t using
          (team::text in (select jsonb_array_elements_text(auth.jwt() -> 'app_metadata' -> 'teams')));""",
        "by claims {app_metadata}",
    ),
    "whether there is a claim": ("create policy p on t using (auth.jwt() ? 'org');", "by claims {org}"),
    "two claims": (
        """create policy p on t using (owner = auth.uid());
        create policy q on t as restrictive using ((select auth.jwt() ->> 'aal') = 'aal2');""",
        "by claims {aal, sub}",
    ),
    "all claims": ("create policy p on t using (auth.jwt() is not null);", "by all claims"),
    "membership": (
        """create policy p on t using (exists
          (select 1 from members m where m.team = t.team and m.member = (select auth.uid())));""",
        "by claims {sub}",
    ),
    "a definer's function": (
        """create function is_member(team int) returns boolean language sql stable security definer
        set search_path = '' as $$
          select exists (select 1 from public.members m where m.team = $1 and m.member = (select auth.uid()));
        $$;
        create policy p on t using (is_member(team));""",
        "by claims {sub}",
    ),
    "a claim in a body": (
        """create function org() returns text language sql stable as $$
          select coalesce(auth.jwt() ->> 'org', (auth.jwt() -> 'app_metadata' ->> 'org')) $$;
        create policy p on t using (org() = name);""",
        "by claims {app_metadata, org}",
    ),
    "a claim of the setting in a body": (
        """create function org() returns text language sql stable as $$
          select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'org')::text $$;
        create policy p on t using (org() = name);""",
        "by claims {org}",
    ),
    "a claim of a subquery in a body": (
        """create function org() returns text language sql stable as $$ select (select auth.jwt()) ->> 'org' $$;
        create policy p on t using (org() = name);""",
        "by claims {org}",
    ),
    "rows that expire": ("create policy p on t using (seen > now() - interval '1 day');", "shared by role, for 30 s"),
    "a fixed date": (
        "create policy p on t using (seen > '2020-01-01' and seen > 'today'::timestamptz);",
        "shared by role",
    ),
    "arrays, JSON and text search": (
        """create policy p on t using (tags && array['a'] and data @> '{"k": 1}' and name ilike '%a%'
          and to_tsvector('english', name) @@ websearch_to_tsquery('english', 'a or b') and name ~ '^a'
          and jsonb_typeof(to_jsonb(t)) = 'object' and concat(name, 'x') = format('%sx', name));""",
        "shared by role",
    ),
    "times as texts": (
        """create policy p on t using (to_char(seen, 'YYYY') = '2020' and extract(year from seen) = 2020
          and date_trunc('day', seen) < seen + interval '1 day' and seen::date = seen::text::date);""",
        "shared by role, for 30 s",
    ),
    "a policy for others": ("create policy p on t to fp_other using (auth.uid() = owner);", "shared by role"),
    "policies for writes": (
        """create policy p on t for select using (true);
        create policy w on t for update using (auth.uid() = owner);
        create policy d on t for delete using (random() < 1);
        create policy i on t for insert with check (auth.uid() = owner);""",
        "shared by role",
    ),
    "row security that is off": (
        "create policy p on t using (auth.uid() = owner); alter table t disable row level security;",
        "shared by role",
    ),
    "triggers, defaults and indexes": (
        """create function make() returns text language plpgsql as $$ begin return 'x'; end $$;
        alter table t alter name set default make(); create index on t (lower(name)) where seen > '2020-01-01';
        alter table t add check (seen > now() - interval '9 years'); create policy p on t using (true);""",
        "shared by role",
    ),
    "an enum, and a range of numbers": (
        """create type mood as enum ('good', 'bad'); alter table t add m mood, add r int4range;
        create policy p on t using (m = 'good' and m = name::mood and r @> 1 and r = name::int4range);""",
        "shared by role",
    ),
    "extensions": (
        """create extension citext; create extension hstore; create extension pg_trgm; create extension unaccent;
        create extension ltree; create extension btree_gist; create extension intarray; create extension pgcrypto;
        alter table t add c citext, add h hstore, add l ltree;
        create policy p on t using (c = 'a' and h -> 'a' = 'b' and name % 'a' and unaccent(name) = 'a' and l @> 'a.b'
          and auth.uid() = owner);""",
        "by claims {sub}",
    ),
}


@pytest.mark.parametrize("name", POLICIES)
async def test_the_key_is_no_finer_than_needed(name: str, run_script: RunScript) -> None:
    script, expected = POLICIES[name]
    async with run_script(TEAMS + script) as database:
        footprint = await database.of("t")

    assert str(key(footprint, timedelta(seconds=30))) == expected


ROLES = """
alter table t enable row level security; alter table t owner to fp_owner;
create policy o on t to fp_other using (auth.jwt() ->> 'other' = name);
create policy s on t to fp_staff using (auth.jwt() ->> 'staff' = name);
create policy e on t using (auth.jwt() ->> 'everybody' = name);
create role fp_apart noinherit in role fp_staff; create role fp_free bypassrls; create role fp_heir in role fp_owner;
create view by_owner as select id from t; alter view by_owner owner to fp_other;
create view by_caller with (security_invoker) as select id from t; alter view by_caller owner to fp_other;
"""
CLAIMS_BY_ROLE = {
    ("t", "fp_reader"): {"staff", "everybody"},
    ("t", "fp_staff"): {"staff", "everybody"},
    ("t", "fp_other"): {"other", "everybody"},
    ("t", "fp_apart"): {"everybody"},
    ("t", "fp_free"): set(),
    ("t", "fp_owner"): set(),
    ("t", "fp_heir"): set(),
    ("t", "postgres"): set(),
    ("t", None): {"other", "staff", "everybody"},
    ("t", "nobody of that name"): {"other", "staff", "everybody"},
    ("by_owner", "fp_reader"): {"other", "everybody"},
    ("by_owner", "postgres"): {"other", "everybody"},
    ("by_caller", "fp_reader"): {"staff", "everybody"},
    ("by_caller", "fp_free"): set(),
}


async def test_each_role_has_its_policies(run_script: RunScript) -> None:
    async with run_script(ROLES) as database:
        found = {asked: (await database.of(*asked)).claims for asked in CLAIMS_BY_ROLE}

    assert found == CLAIMS_BY_ROLE


async def test_forced_row_security_holds_for_the_owner(run_script: RunScript) -> None:
    async with run_script(ROLES + "alter table t force row level security;") as database:
        found = {role: (await database.of("t", role)).claims for role in ("fp_owner", "fp_heir", "fp_free", "postgres")}

    assert found == {"fp_owner": {"everybody"}, "fp_heir": {"everybody"}, "fp_free": set(), "postgres": set()}


COLUMNS = """
create table members (team int, member uuid, role text, note text);
alter table t enable row level security;
create function standard() returns bigint stable return (select count(*) from members where role = 'x');
create policy p on t for select using (exists (select from members m where m.team = t.id and m.member = auth.uid()));
create policy w on t for update using (owner = auth.uid()) with check (name <> '' and standard() > 0);
create policy self on t for delete using (id = (select max(u.id) from t u));
create policy whole on t for insert with check (to_jsonb(t) <> '{}');
"""


async def test_policies_name_their_columns(run_script: RunScript) -> None:
    async with run_script(COLUMNS) as database:
        oid = await database.oid("t")
        found = {name: database.footprints.of_policy(oid, name, READER) for name in ("p", "w", "self", "whole")}
        with pytest.raises(KeyError):
            database.footprints.of_policy(oid, "x")

    def columns(name: str) -> set[str]:
        return {f"{of.name}.{column}" for of, column in found[name].columns}

    assert columns("p") == {"t.id", "members.team", "members.member"}
    assert columns("w") == {"t.owner", "t.name", "members.role"}
    assert columns("self") == {"t.id", "members.team", "members.member"}
    assert columns("whole") == {"t.id", "t.name", "t.data", "t.owner", "t.seen"}
    assert {name: footprint.tables for name, footprint in found.items()} == {
        "p": {table("members")},
        "w": {table("members")},
        # It reads other rows of its own table, and so it reads its own policies for reading.
        "self": {table("t"), table("members")},
        "whole": set(),
    }
    assert {str(name) for name in found["w"].functions} == {"auth.uid", "public.standard"}


async def test_relations_name_their_columns(run_script: RunScript) -> None:
    script = """create view v as select o.name from other o join t on t.id = o.id;
        create view whole as select o from other o;
        create function body() returns bigint language sql as 'select count(id) from other';"""
    async with run_script(script) as database:
        columns = {
            name: {f"{of.name}.{column}" for of, column in (await database.of(name)).columns}
            for name in ("v", "whole", "other")
        }
        body = await database.of_function("body()")

    assert columns == {
        "v": {"other.name", "other.id", "t.id"},
        "whole": {"other.id", "other.name"},
        "other": {"other.id", "other.name"},
    }
    assert {column for _, column in body.columns} == {"id", "name"}


async def test_what_a_request_adds_has_footprints_too(run_script: RunScript) -> None:
    script = """
        create function mine(t) returns boolean language sql stable as 'select $1.owner = auth.uid()';
        create function same(text, text) returns boolean language sql as $$ select auth.jwt() ->> 'org' = $1 $$;
        create operator public.@@ (procedure = same, leftarg = text, rightarg = text);
        create function evil() returns boolean language plpgsql as 'begin return true; end';"""
    async with run_script(script) as database:
        footprints = database.footprints
        assert footprints.of_name("mine", READER).claims == {"sub"}
        assert footprints.of_name("evil", READER).opaque is not None
        assert footprints.of_name("lower", READER) == Footprint()
        assert footprints.of_name("now", READER).clock
        assert footprints.of_operators(READER).claims == {"org"}
        both = joined([footprints.of_name("mine", READER), footprints.of_name("now", READER)])

    assert both.claims == {"sub"}
    assert both.clock


def test_footprints_add_up() -> None:
    one = Footprint(tables=frozenset({table("a")}), claims=frozenset({"sub"}), bound=timedelta(seconds=9))
    other = Footprint(
        tables=frozenset({table("b")}), claims=ALL, bound=timedelta(seconds=3), opaque="x", settings=frozenset({"s"})
    )
    assert one | other == Footprint(
        tables=frozenset({table("a"), table("b")}),
        claims=ALL,
        bound=timedelta(seconds=3),
        opaque="x",
        settings=frozenset({"s"}),
    )
    assert one | Footprint() == one


LEFT_OPAQUE = """
select distinct p.proname::text
from pg_proc p
join pg_language l on l.oid = p.prolang and l.lanname <> 'sql'
where p.provolatile <> 'i' and not p.proname = any ($1)
  and p.oid in (
    select oprcode from pg_operator where oid < 16384
    union select castfunc from pg_cast where oid < 16384
    union select amproc from pg_amproc where oid < 16384
  )
"""


async def test_operators_and_casts_of_postgresql_are_understood(script_connection: asyncpg.Connection) -> None:
    """Bodies are read by names, and these run without one: only those that the reader of bodies looks for may do more
    than compute."""
    found = await script_connection.fetch(LEFT_OPAQUE, list(postgresql.HARMLESS_STABLE))

    assert {row["proname"] for row in found} == {"regclass", "timetz"}


async def test_the_reference_application_is_shared_as_far_as_it_may(hublib_database: str) -> None:
    connection = await asyncpg.connect(hublib_database)
    try:
        footprints = await load_footprints(connection, {})
        relations = await connection.fetch(
            "select oid, relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')"
        )
    finally:
        await connection.close()

    def keys(role: str) -> dict[str, str]:
        bound = timedelta(minutes=1)
        return {row["relname"]: str(key(footprints.of_relation(row["oid"], role), bound)) for row in relations}

    visitor, member = keys("anon"), keys("authenticated")
    assert {name: visitor[name] for name in ("resources", "profiles", "collections", "public_resources")} == {
        "resources": "shared by role",
        "profiles": "shared by role",
        "collections": "shared by role",
        "public_resources": "shared by role",
    }
    assert {name: member[name] for name in ("resources", "profiles", "notifications", "admin_config")} == {
        "resources": "by claims {sub}, for 60 s",
        "profiles": "shared by role",
        "notifications": "by claims {sub}",
        "admin_config": "shared by role",
    }
    assert not [name for name, text in {**visitor, **member}.items() if text.startswith("never")]
