"""Facts of the schema that other parts count on: embeds have one way to go, and reads reach analysable code only."""

# ruff: noqa: E501 (long statements stay on one line)

from __future__ import annotations

from hublib_people import Application

NINETEEN = {
    "profiles", "resources", "saved_resources", "resource_ratings", "resource_shares", "resource_comments", "groups",
    "group_members", "notifications", "category_tag_suggestions", "suggestion_votes", "user_roles", "resource_templates",
    "collections", "collection_resources", "admin_config", "category_hierarchy", "category_filters", "resource_versions",
}  # fmt: skip


async def test_every_table_is_there_with_row_security(app: Application) -> None:
    rows = await app.owner.fetch(
        "select relname, relrowsecurity from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
    )
    assert {row["relname"] for row in rows} == NINETEEN | {"analytics_events", "api_tokens"}
    assert all(row["relrowsecurity"] for row in rows)


async def test_keys_are_single_columns(app: Application) -> None:
    rows = await app.owner.fetch(
        "select conrelid::regclass::text from pg_constraint where contype = 'p' and connamespace = 'public'::regnamespace "
        "and cardinality(conkey) <> 1"
    )
    assert rows == []


async def test_one_way_from_each_table_to_another(app: Application) -> None:
    rows = await app.owner.fetch(
        "select conrelid::regclass::text as origin, confrelid::regclass::text as target from pg_constraint "
        "where contype = 'f' and connamespace = 'public'::regnamespace group by 1, 2 having count(*) > 1"
    )
    assert [tuple(row) for row in rows] == [("category_tag_suggestions", "profiles")]


async def test_owner_columns_point_at_profiles_and_profiles_at_users(app: Application) -> None:
    rows = await app.owner.fetch(
        "select conrelid::regclass::text from pg_constraint where contype = 'f' and confrelid = 'auth.users'::regclass "
        "and connamespace = 'public'::regnamespace"
    )
    assert [row[0] for row in rows] == ["profiles"]


async def test_rules_of_reading_reach_parsed_code_only(app: Application) -> None:
    """A body that is a string is read by nobody but PostgreSQL; those of schema auth are known by heart."""
    rows = await app.owner.fetch(
        """
        with recursive reached (classid, objid) as (
          select 'pg_policy'::regclass, oid from pg_policy where polcmd in ('r', '*')
          union
          select 'pg_rewrite'::regclass, r.oid from pg_rewrite r join pg_class c on c.oid = r.ev_class
          where c.relnamespace = 'public'::regnamespace
          union
          select d.refclassid, d.refobjid
          from reached r join pg_depend d on d.classid = r.classid and d.objid = r.objid
          where d.refclassid = 'pg_proc'::regclass
        )
        select p.oid::regprocedure::text as name, p.prosqlbody is not null as parsed, p.provolatile::text as volatility,
          p.prosecdef and not coalesce(p.proconfig @> array['search_path=""'], false) as unpinned
        from reached join pg_proc p on p.oid = reached.objid where reached.classid = 'pg_proc'::regclass
        """
    )
    reached = {row["name"]: row for row in rows}
    assert {
        "hublib.is_admin()",
        "hublib.can_read(uuid)",
        "hublib.resources_shared_to_me()",
        "auth.uid()",
    } <= reached.keys()
    assert {name for name, row in reached.items() if not row["parsed"]} == {"auth.uid()"}
    assert {row["volatility"] for row in rows} <= {"s", "i"}
    assert not any(row["unpinned"] for row in rows)


async def test_definer_functions_pin_their_search_path(app: Application) -> None:
    rows = await app.owner.fetch(
        "select oid::regprocedure::text from pg_proc where prosecdef and pronamespace in ('public'::regnamespace, 'hublib'::regnamespace) "
        "and not coalesce(proconfig @> array['search_path=\"\"'], false)"
    )
    assert rows == []


async def test_rules_ask_who_the_caller_is_once(app: Application) -> None:
    rows = await app.owner.fetch(
        "select tablename, policyname, coalesce(qual, '') || coalesce(with_check, '') as rule from pg_policies"
    )
    for row in rows:
        rule = (
            row["rule"]
            .replace("( SELECT auth.uid() AS uid)", "")
            .replace("( SELECT hublib.is_admin() AS is_admin)", "")
        )
        assert "auth.uid()" not in rule, row
        assert "is_admin()" not in rule, row


async def test_a_member_list_reads_few_rows_through_an_index(app: Application) -> None:
    """The paths of the two relations that row security asks most."""
    for table, column in (("resource_shares", "shared_with_user_id"), ("group_members", "user_id")):
        assert await app.owner.fetchval(
            "select exists (select from pg_index join pg_attribute a on a.attrelid = indrelid and a.attnum = indkey[0] "
            "where indrelid = $1::text::regclass and a.attname = $2)", table, column
        )  # fmt: skip
