"""Expressions that PostgreSQL takes in policies on the tables of `expressions.sql`, and how it prints them."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from gateway.database import quote_identifier
from gateway.policies.database import Wanted
from gateway.policies.model import QualifiedName

PATH = ("public", "extensions")


def wanted(expression: str, table: str = "resources", schema: str = "public") -> Wanted:
    return Wanted(QualifiedName(schema, table), expression)


async def policy_text(connection: asyncpg.Connection, one: Wanted, path: Sequence[str] = PATH) -> str:
    """What PostgreSQL prints for a real policy."""
    table = ".".join(map(quote_identifier, one.relation))
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"set local search_path = {', '.join(map(quote_identifier, path))}")
        await connection.fetch(f"create policy policy_text on {table} using ({one.expression}\n)")
        await connection.execute("set local search_path = ''")
        return await connection.fetchval(
            "select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'policy_text'"
        )
    finally:
        await transaction.rollback()


# What PostgreSQL makes of them on a copy of the table is something else, or nothing.
ONLY_ON_THE_RELATION = [
    wanted("exists (select from resources r where same(r, resources))"),
    wanted("picked(resources)"),
    wanted("exists (select from shares resources where resources.n = public.resources.n)"),
    wanted("public.resources.flag and visibility = 'public.resources.flag'"),
    wanted("visible(resources) and visibility = '(resources.*)::public.resources'"),
]

ACCEPTED = [
    wanted("true"),
    wanted("false"),
    wanted("null"),
    wanted("'yes'"),
    wanted("flag"),
    wanted("choice"),
    wanted("not flag"),
    wanted("resources.flag"),
    wanted("public.resources.flag"),
    wanted("visibility = 'public'"),
    wanted("visibility = 'public' or user_id = public.mine() or (select mine()) = user_id"),
    wanted("visibility IN ('public', 'unlisted') -- the end is a comment"),
    wanted("visibility = 'it''s ( SELECT x FROM resources.*)'"),
    wanted("visibility = E'a\\nb' or visibility ~ '^.*x'"),
    wanted("visibility = $$a 'b' \"c\"$$ /* and ( so on */"),
    wanted("kind in ('a', 'b')"),
    wanted("kind = 'a' or code = 'abc' or nick = 'x'"),
    wanted("'a' = any (tags) and tags @> array['a', 'b']::text[] and tags[1] = 'x' and tags[1:2] <> '{}'"),
    wanted("'sad' = any (moods) or mood in ('sad', 'ok') or mood = 'sad'::mood"),
    wanted("mood::text = 'sad' and n::text like '1%' and n::bigint between 1 and 2"),
    wanted("(pair).a = 1 and (pair).b is not null and pair is not null"),
    wanted("case when n > 1 then flag when n is null then true else choice end"),
    wanted("case visibility when 'public' then true end"),
    wanted("price > 1.5 and price::int <> 3 and flags = B'10101' and twice > 2"),
    wanted("data ->> 'a' = 'b' and (data #>> '{a,b}')::int > 1 and data @> '{\"x\": 1}'"),
    wanted("made_at > now() - interval '1 day' and made_at < current_timestamp and day = current_date"),
    wanted(
        "day + span > '2020-01-01' and extract(year from day) = 2020 and made_at at time zone 'UTC' > localtimestamp"
    ),
    wanted("name > 'x' and name = 'x' collate \"C\" and visibility collate public.plain = 'x'"),
    wanted('"char" = \'c\' and "Quoted col" = 1 and "select" and "we""ird" = \'x\''),
    wanted("address << '10.0.0.0/8' and address::text like '10.%'"),
    wanted("tableoid = 'public.resources'::regclass and ctid is not null and xmin::text <> ''"),
    wanted("current_user = 'x' or session_user = 'y' or pg_has_role('postgres', 'member')"),
    wanted("coalesce(flag, choice, false) and nullif(n, 1) is distinct from 2 and greatest(n, 2) > least(n, 3)"),
    wanted("(n, price) = (1, 2) and (n, price) < (2, 3) and row(n) is not null"),
    wanted("n is null is true and flag is not unknown and flag isnull"),
    wanted("public.defaulted(n) and defaulted(n, 2) and named(b => 1, a => n) and defaulted(1, 2, variadic array[1])"),
    wanted("n <~> 3 and n operator(public.<~>) 3 and n operator(pg_catalog.+) 1 > 2"),
    wanted("other.lower(visibility) = lower('X')"),
    wanted("substring(visibility from 1 for 2) = 'ab' and trim(both ' ' from visibility) = ''"),
    wanted("visibility like 'a%' and visibility ilike 'b%' escape '!' and not visibility ~~ 'y'"),
    # subqueries
    wanted("user_id = (select mine())"),
    wanted("id in (select resource_id from shares where user_id = mine())"),
    wanted("id in (select many())"),
    wanted("exists (select from shares where resource_id = id)"),
    wanted("exists (select from shares where resource_id = resources.id and shares.resources = 1 and n = resources.n)"),
    wanted("exists (select 1 from shares s join shares t using (resource_id) where s.n > resources.n)"),
    wanted("exists (select from resources r where r.id = resources.parent_id and r.visibility = 'public')"),
    wanted("exists (select from public.resources where parent_id = id)"),
    wanted("exists (select from resources where exists (select from resources r where r.parent_id = resources.id))"),
    wanted("id in (select parent_id from resources union select resource_id from shares order by 1 limit 3)"),
    wanted(
        "exists (with recursive up as (select parent_id from resources r where r.id = resources.id "
        "union all select r.parent_id from up join resources r on r.id = up.parent_id) select from up)"
    ),
    wanted(
        "exists (with recursive r(x) as (select resources.name union all select x collate public.plain from r) "
        "select from r)"
    ),
    wanted("n > all (values (1), (2)) and n = any (select count(*) from shares group by user_id having count(*) > 1)"),
    wanted("(select count(*) filter (where n > 1) over (partition by user_id) from shares limit 1) > n"),
    wanted("array(select user_id from shares order by n desc nulls last) @> array[user_id]"),
    wanted("(select bool_and(can_write) from shares s where s.resource_id = resources.id)"),
    wanted("exists (select from shares s, lateral (select s.n + resources.n as m) l where l.m > 1)"),
    wanted("exists (select from jsonb_to_recordset(data) as d(a int, b text) where d.a = n)"),
    wanted("exists (select from other.resources where resources.n = 1)"),
    wanted("exists (select from other.resources r where r.id = public.resources.id)"),
    wanted('exists (select from shares where resource_id = "public" . resources . id and PUBLIC.Resources.flag)'),
    wanted("exists (select from only shares tablesample system (10) where (select n) = 1)"),
    wanted(
        "exists (select 1 where exists (select 1 where exists (select 1 where exists (select from shares where "
        "exists (select from shares s where s.n = shares.n and s.user_id = resources.user_id)))))"
    ),
    # whole rows
    wanted("resources is not null"),
    wanted("visible(resources)"),
    wanted("public.visible(resources.*)"),
    wanted("resources.visible"),
    wanted("public.resources.visible and visible((resources)) and visible(resources::resources)"),
    wanted("full_name(resources) = 'x' or resources.full_name = 'y'"),
    wanted("anything(resources) and to_jsonb(resources) ? 'a' and resources::text like '%x%'"),
    wanted("exists (select from resources r where r = resources or r is distinct from resources or visible(r))"),
    wanted("exists (select from other.alone a where visible(resources) and anything(a))"),
    wanted("exists (select from resources where visible(resources))"),
    wanted("(resources).flag and (resources.*).n = 1"),
    *ONLY_ON_THE_RELATION,
    # other tables
    wanted("ok", "parted"),
    wanted("region = 'eu' and exists (select from parted p where p.id = parted.id)", "parted"),
    wanted("region = 'eu' and tableoid <> 0", "parted_eu"),
    wanted("exists (select from shares where n > 1)", "empty"),
    wanted("empty is null", "empty"),
    wanted("day > '2020-01-01'::date and date is not null and now()::date = day", "date"),
    wanted("extra > 1 and child.n = 1 and exists (select from shares s where s.n = child.n)", "child"),
    wanted("resources = 1 and exists (select from resources where resources.n = shares.n)", "shares"),
    wanted('id = 1 and "Odd ""table"""."Odd ""table""" = 1', 'Odd "table"'),
    wanted('exists (select from "Odd ""table""" o where o.id = public."Odd ""table""".id and "A b")', 'Odd "table"'),
    wanted('takes_odd("Odd ""table""".*)', 'Odd "table"'),
    wanted("ok and exists (select from shares where n = things.id)", "things", 'Odd "schema"'),
    wanted("ok and exists (select from other.alone a where a.id = alone.parent)", "alone", "other"),
    wanted("other.alone.ok and exists (select from other.second where second.id = other.alone.id)", "alone", "other"),
    wanted(
        "visibility = 'x' and exists (select from resources r where r.user_id = resources.id)", "resources", "other"
    ),
]
