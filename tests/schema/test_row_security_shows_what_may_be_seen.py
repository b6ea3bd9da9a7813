"""Who sees which rows of the reference application; each line is a rule of its access table."""

from __future__ import annotations

import pytest

from tests.schema.hublib_people import ADMIN, KARIM, MARIE, Application, seeded

PRIVATE = seeded(2, 14)
SHARED_WITH_MARIE = seeded(2, 8)
SHARE_RAN_OUT_FOR_KARIM = seeded(2, 28)
SHARED_WITH_GROUP_OF_MARIE_AND_KARIM = seeded(2, 18)
PRIVATE_OF_MARIE_OPEN_TO_KARIM = seeded(2, 21)
DATA_TEAM = seeded(3, 1)
PRIVATE_COLLECTION_OF_MARIE = seeded(4, 60)

PRIVATE_TABLES = [
    "saved_resources", "groups", "group_members", "resource_shares", "notifications", "user_roles", "admin_config",
    "analytics_events", "api_tokens",
]  # fmt: skip

SEEN = [
    # who, what they ask for, whether they see any of it
    ("anon", "profiles", True),
    ("anon", "category_tag_suggestions", True),
    ("anon", "suggestion_votes", True),
    ("anon", "category_hierarchy", True),
    ("anon", "category_filters", True),
    ("anon", "collections where is_public", True),
    ("anon", "collections where not is_public", False),
    ("anon", "collection_resources", True),
    ("anon", "resource_templates where is_public", True),
    ("anon", "resource_templates where not is_public", False),
    ("anon", "resources where visibility = 'public'", True),
    ("anon", "resources where visibility <> 'public'", False),
    ("anon", "public_resources", True),
    ("anon", f"resource_stats where resource_id = '{PRIVATE}'", False),
    ("anon", "resource_ratings", True),
    ("anon", "resource_comments", True),
    ("anon", f"resource_versions where resource_id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", False),
    *((who, table, False) for who in ("anon", "stranger") for table in PRIVATE_TABLES if table != "admin_config"),
    ("anon", "admin_config", False),
    ("stranger", "admin_config", True),
    ("marie", f"resources where id = '{PRIVATE}'", False),
    ("admin", f"resources where id = '{PRIVATE}'", True),
    ("super admin", f"resources where id = '{PRIVATE}'", True),
    ("expired admin", f"resources where id = '{PRIVATE}'", False),
    ("marie", f"resources where id = '{SHARED_WITH_MARIE}'", True),
    ("karim", f"resources where id = '{SHARED_WITH_MARIE}'", False),
    ("karim", f"resources where id = '{SHARE_RAN_OUT_FOR_KARIM}'", False),
    ("marie", f"resources where id = '{SHARED_WITH_GROUP_OF_MARIE_AND_KARIM}'", True),
    ("karim", f"resources where id = '{SHARED_WITH_GROUP_OF_MARIE_AND_KARIM}'", True),
    ("marie-2", f"resources where id = '{SHARED_WITH_GROUP_OF_MARIE_AND_KARIM}'", False),
    ("marie", f"resources where id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", True),
    ("karim", f"resources where id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", True),
    ("marie-2", f"resources where id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", False),
    ("karim", f"resource_versions where resource_id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", True),
    ("marie-2", f"resource_versions where resource_id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", False),
    ("marie", f"resource_shares where resource_id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", True),
    ("karim", f"resource_shares where resource_id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", True),
    ("marie-2", f"resource_shares where resource_id = '{PRIVATE_OF_MARIE_OPEN_TO_KARIM}'", False),
    ("marie", f"groups where id = '{DATA_TEAM}'", True),
    ("karim", f"groups where id = '{DATA_TEAM}'", True),
    ("marie-2", f"groups where id = '{DATA_TEAM}'", False),
    ("admin", f"groups where id = '{DATA_TEAM}'", True),
    ("karim", f"group_members where group_id = '{DATA_TEAM}' and user_id <> '{KARIM}'", True),
    ("marie-2", f"group_members where group_id = '{DATA_TEAM}'", False),
    ("karim", f"notifications where user_id = '{KARIM}'", True),
    ("karim", f"notifications where user_id <> '{KARIM}'", False),
    ("admin", f"notifications where user_id <> '{ADMIN}'", False),
    ("marie", f"saved_resources where user_id <> '{MARIE}'", False),
    ("admin", f"saved_resources where user_id <> '{ADMIN}'", False),
    ("marie", f"user_roles where user_id <> '{MARIE}'", False),
    ("marie", f"user_roles where user_id = '{MARIE}'", True),
    ("admin", f"user_roles where user_id = '{MARIE}'", True),
    ("marie", f"analytics_events where user_id is distinct from '{MARIE}'", False),
    ("marie", f"analytics_events where user_id = '{MARIE}'", True),
    ("admin", "analytics_events where user_id is null", True),
    ("admin", "collections where not is_public", True),
    ("marie", f"collections where not is_public and user_id <> '{MARIE}'", False),
    ("marie", f"collections where not is_public and user_id = '{MARIE}'", True),
    ("anon", f"collection_resources where collection_id = '{PRIVATE_COLLECTION_OF_MARIE}'", False),
    ("karim", f"collection_resources where collection_id = '{PRIVATE_COLLECTION_OF_MARIE}'", False),
    ("marie", f"collection_resources where collection_id = '{PRIVATE_COLLECTION_OF_MARIE}'", True),
    ("marie", "resource_templates where is_public", True),
    ("marie", "resource_templates where not is_public", False),
    ("admin", "resource_templates where not is_public", True),
    ("marie", f"saved_resources where user_id = '{MARIE}'", True),
    ("member", f"groups where id = '{DATA_TEAM}'", True),
    ("member", f"resources where id = '{SHARED_WITH_GROUP_OF_MARIE_AND_KARIM}'", True),
    ("member", f"resource_shares where resource_id = '{SHARED_WITH_GROUP_OF_MARIE_AND_KARIM}'", True),
]


@pytest.mark.parametrize("who", sorted({who for who, _, _ in SEEN}))
async def test_each_caller_sees_what_the_rules_say(shared: Application, who: str) -> None:
    async with shared.acting(who) as session:
        seen = {
            asked: await session.fetchval(f"select exists (select from {asked})") for by, asked, _ in SEEN if by == who
        }
    assert seen == {asked: expected for by, asked, expected in SEEN if by == who}


async def test_every_refused_row_is_there(shared: Application) -> None:
    """The lines above that say "sees nothing" would pass on an empty table; it is not empty."""
    for _, asked, expected in SEEN:
        if not expected and asked != "api_tokens":
            assert await shared.owner.fetchval(f"select exists (select from {asked})"), asked


async def test_a_private_resource_looks_like_a_missing_one(shared: Application) -> None:
    async with shared.acting("marie") as session:
        for resource in (PRIVATE, "00000000-0000-4000-8000-000000000000"):
            assert await session.fetch("select * from resources where id = $1", resource) == []


async def test_shared_visibility_alone_opens_nothing(shared: Application) -> None:
    async with shared.acting("karim") as session:
        assert await session.fetch("select 1 from resources where id = $1", SHARED_WITH_MARIE) == []
    await shared.owner.execute("delete from resource_shares")
    async with shared.acting("marie") as session:
        query = "select count(*) from resources where visibility in ('shared_users', 'shared_groups') and user_id <> $1"
        assert await session.fetchval(query, MARIE) == 0


async def test_a_share_opens_a_private_resource_until_it_ends(shared: Application) -> None:
    query = "select count(*) from resources where id = $1"
    await shared.owner.execute(
        "insert into resource_shares (resource_id, shared_with_user_id, expires_at) "
        "values ($1, $2, now() + interval '1 hour')",
        PRIVATE,
        KARIM,
    )
    async with shared.acting("karim") as session:
        assert await session.fetchval(query, PRIVATE) == 1
    await shared.owner.execute("update resource_shares set expires_at = now() where resource_id = $1", PRIVATE)
    async with shared.acting("karim") as session:
        assert await session.fetchval(query, PRIVATE) == 0


async def test_a_saved_resource_that_became_private_drops_out(shared: Application) -> None:
    query = "select count(*) from saved_resources join resources on resources.id = resource_id"
    async with shared.acting("marie") as session:
        before = await session.fetchval(query)
    await shared.owner.execute(
        "update resources set visibility = 'private' where id in "
        "(select resource_id from saved_resources s join resources r on r.id = s.resource_id "
        "where s.user_id = $1 and r.user_id <> $1 limit 1)",
        MARIE,
    )
    async with shared.acting("marie") as session:
        assert await session.fetchval(query) == before - 1


async def test_comments_and_ratings_go_with_their_resource(shared: Application) -> None:
    commented = await shared.owner.fetchval(
        "select c.resource_id from resource_comments c join resource_ratings using (resource_id) "
        "join resources r on r.id = c.resource_id where r.user_id not in ($1, $2) limit 1",
        MARIE,
        KARIM,
    )
    await shared.owner.execute("update resources set visibility = 'private' where id = $1", commented)
    for who, sees in (("anon", False), ("marie", False), ("admin", True)):
        async with shared.acting(who) as session:
            for table in ("resource_comments", "resource_ratings"):
                query = f"select exists (select from {table} where resource_id = $1)"
                assert await session.fetchval(query, commented) is sees, (who, table)


async def test_the_rule_for_lists_and_the_rule_for_one_agree(shared: Application) -> None:
    """Lists use a set of shared ids, everything else asks for one id: the two must not drift apart."""
    everyone = ["anon", "marie", "karim", "marie-2", "admin", "expired admin", "stranger"]
    ids = [row[0] for row in await shared.owner.fetch("select id from resources")]
    for who in everyone:
        async with shared.acting(who) as session:
            listed = await session.fetch("select id from resources order by id")
            asked = await session.fetch(
                "select id from unnest($1::uuid[]) id where hublib.can_read(id) order by id", ids
            )
            assert listed == asked, who


async def test_service_role_sees_everything(shared: Application) -> None:
    total = await shared.owner.fetchval("select count(*) from resources")
    async with shared.acting("service_role") as session:
        assert await session.fetchval("select count(*) from resources") == total
        assert await session.fetchval("select count(*) from notifications") > 100
