"""Facts of the schema that other parts count on: embeds have one way to go, and reads reach analysable code only."""

# ruff: noqa: E501 (long statements stay on one line)

from __future__ import annotations

import asyncpg
import pytest

from gateway.catalog import Catalog, load_catalog
from gateway.embedded import EmbeddedPostgres
from tests.schema.hublib_people import Application

NINETEEN = {
    "profiles", "resources", "saved_resources", "resource_ratings", "resource_shares", "resource_comments", "groups",
    "group_members", "notifications", "category_tag_suggestions", "suggestion_votes", "user_roles", "resource_templates",
    "collections", "collection_resources", "admin_config", "category_hierarchy", "category_filters", "resource_versions",
}  # fmt: skip


async def test_every_table_is_there_with_row_security(shared: Application) -> None:
    rows = await shared.owner.fetch(
        "select relname, relrowsecurity from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
    )
    assert {row["relname"] for row in rows} == NINETEEN | {"analytics_events", "api_tokens"}
    assert all(row["relrowsecurity"] for row in rows)


async def test_keys_are_single_columns(shared: Application) -> None:
    rows = await shared.owner.fetch(
        "select conrelid::regclass::text from pg_constraint where contype = 'p' and connamespace = 'public'::regnamespace "
        "and cardinality(conkey) <> 1"
    )
    assert rows == []


@pytest.fixture
async def catalog(postgres: EmbeddedPostgres, shared: Application) -> Catalog:
    """What the gateway makes of the schema, read as its login role."""
    name = await shared.owner.fetchval("select current_database()")
    login = await asyncpg.connect(postgres.dsn(name, user="authenticator"))
    try:
        return await load_catalog(login, schemas=("public",), extra_search_path=("public", "extensions"), version=1)
    finally:
        await login.close()


async def test_one_way_from_each_relation_to_another(catalog: Catalog) -> None:
    ambiguous: set[tuple[str, str]] = set()
    for origin, relationships in catalog.relationships.items():
        targets = [relationship.target.name for relationship in relationships if not relationship.is_self]
        ambiguous |= {(origin.name, target) for target in targets if targets.count(target) > 1}
    assert ambiguous == {("category_tag_suggestions", "profiles"), ("profiles", "category_tag_suggestions")}


@pytest.mark.parametrize(
    ("origin", "target"),
    [
        ("resources", "profiles"),
        ("saved_resources", "resources"),
        ("resource_shares", "resources"),
        ("resource_shares", "groups"),
        ("groups", "group_members"),
        ("group_members", "profiles"),
        ("resource_comments", "profiles"),
        ("category_tag_suggestions", "suggestion_votes"),
        ("public_resources", "profiles"),
        ("public_resources", "resource_comments"),
        ("resource_stats", "profiles"),
        ("saved_resources", "resource_stats"),
    ],
)
async def test_what_clients_embed_can_be_embedded(catalog: Catalog, origin: str, target: str) -> None:
    (name,) = (name for name in catalog.relations if name.name == origin)
    assert target in {relationship.target.name for relationship in catalog.relationships[name]}


async def test_every_read_is_on_the_fast_path(catalog: Catalog) -> None:
    assert {name.name: relation.opaque for name, relation in catalog.relations.items() if relation.opaque} == {}
    assert catalog.opaque_operators is None
    stable = [
        function
        for overloads in catalog.functions.values()
        for function in overloads
        if function.volatility.value != "v"
    ]
    assert len(stable) == 8
    assert {function.name.name: function.opaque for function in stable if function.opaque} == {}


async def test_owner_columns_point_at_profiles_and_profiles_at_users(shared: Application) -> None:
    rows = await shared.owner.fetch(
        "select conrelid::regclass::text from pg_constraint where contype = 'f' and confrelid = 'auth.users'::regclass "
        "and connamespace = 'public'::regnamespace"
    )
    assert [row[0] for row in rows] == ["profiles"]


async def test_rules_of_reading_reach_parsed_code_only(shared: Application) -> None:
    """A body that is a string is read by nobody but PostgreSQL; those of schema auth are known by heart."""
    rows = await shared.owner.fetch(
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


async def test_definer_functions_pin_their_search_path(shared: Application) -> None:
    rows = await shared.owner.fetch(
        "select oid::regprocedure::text from pg_proc where prosecdef and pronamespace in ('public'::regnamespace, 'hublib'::regnamespace) "
        "and not coalesce(proconfig @> array['search_path=\"\"'], false)"
    )
    assert rows == []


async def test_rules_ask_who_the_caller_is_once(shared: Application) -> None:
    rows = await shared.owner.fetch(
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


async def test_a_member_list_reads_few_rows_through_an_index(shared: Application) -> None:
    """The paths of the two relations that row security asks most."""
    for table, column in (("resource_shares", "shared_with_user_id"), ("group_members", "user_id")):
        assert await shared.owner.fetchval(
            "select exists (select from pg_index join pg_attribute a on a.attrelid = indrelid and a.attnum = indkey[0] "
            "where indrelid = $1::text::regclass and a.attname = $2)", table, column
        )  # fmt: skip
