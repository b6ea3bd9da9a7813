"""Who changes which rows: the number of rows a statement touches, or REFUSED (SQLSTATE 42501)."""

from __future__ import annotations

import asyncpg
import pytest

from tests.schema.hublib_people import ADMIN, KARIM, MARIE, Application, seeded

# ruff: noqa: E501

REFUSED = "refused"
MINE, OPEN_TO_KARIM, SOMEONES = seeded(2, 1), seeded(2, 21), seeded(2, 3)
PRIVATE, SHARED_TO_READ = seeded(2, 14), seeded(2, 8)
DATA_TEAM, WEB_TEAM = seeded(3, 1), seeded(3, 2)
UNREAD_OF_KARIM = 18
MARIES_COLLECTION, PUBLIC_COLLECTION = seeded(4, 60), seeded(4, 1)
COMMENT_OF_KARIM, RATING_OF_KARIM = seeded(5, 296), seeded(7, 502)
PENDING, APPROVED_NAME = seeded(6, 6), "react"

CASES: list[tuple[str, str, int | str]] = [
    ("anon", "insert into resources (user_id, title, description, category) values (null, 't', 'd', 'c')", REFUSED),
    ("anon", "update profiles set bio = 'x'", REFUSED),
    ("anon", "delete from resource_comments", REFUSED),
    # profiles
    ("marie", f"update profiles set bio = 'moi' where id = '{MARIE}'", 1),
    ("marie", f"update profiles set bio = 'toi' where id = '{KARIM}'", 0),
    ("marie", f"update profiles set id = '{seeded(1, 99)}' where id = '{MARIE}'", REFUSED),
    ("admin", f"update profiles set bio = 'corrigé' where id = '{KARIM}'", 1),
    ("marie", f"delete from profiles where id = '{MARIE}'", 0),
    ("marie", f"insert into profiles (id, username) values ('{seeded(1, 99)}', 'faux')", REFUSED),
    # resources
    ("marie", f"insert into resources (user_id, title, description, category) values ('{MARIE}', 't', 'd', 'c')", 1),
    ("marie", f"insert into resources (user_id, title, description, category) values ('{KARIM}', 't', 'd', 'c')", REFUSED),
    ("marie", f"update resources set title = 'x' where id = '{MINE}'", 1),
    ("marie", f"update resources set title = 'x' where id = '{SOMEONES}'", 0),
    ("marie", f"update resources set user_id = '{KARIM}' where id = '{MINE}'", REFUSED),
    ("karim", f"update resources set title = 'x' where id = '{OPEN_TO_KARIM}'", 1),
    ("karim", f"update resources set user_id = '{KARIM}' where id = '{OPEN_TO_KARIM}'", REFUSED),
    ("karim", f"delete from resources where id = '{OPEN_TO_KARIM}'", 0),
    ("marie", f"update resources set title = 'x' where id = '{SHARED_TO_READ}'", 0),
    ("admin", f"update resources set user_id = '{KARIM}' where id = '{SOMEONES}'", 1),
    ("admin", "update resources set category = 'Neuf' where category = 'Médias'", 45),
    ("admin", f"delete from resources where id = '{SOMEONES}'", 1),
    ("expired admin", f"delete from resources where id = '{SOMEONES}'", 0),
    # saved, rated, commented: only what may be read
    ("karim", f"insert into saved_resources (user_id, resource_id) values ('{KARIM}', '{OPEN_TO_KARIM}')", 1),
    ("karim", f"insert into saved_resources (user_id, resource_id) values ('{KARIM}', '{PRIVATE}')", REFUSED),
    ("karim", f"insert into saved_resources (user_id, resource_id) values ('{MARIE}', '{OPEN_TO_KARIM}')", REFUSED),
    ("karim", f"update saved_resources set created_at = now() where user_id = '{KARIM}'", REFUSED),
    ("karim", f"delete from saved_resources where user_id <> '{KARIM}'", 0),
    ("karim", f"insert into resource_ratings (user_id, resource_id, rating) values ('{KARIM}', '{PRIVATE}', 1)", REFUSED),
    ("karim", f"insert into resource_ratings (user_id, resource_id, rating) values ('{MARIE}', '{OPEN_TO_KARIM}', 1)", REFUSED),
    ("karim", f"update resource_ratings set rating = 1 where user_id <> '{KARIM}'", 0),
    ("karim", f"update resource_ratings set resource_id = '{PRIVATE}' where user_id = '{KARIM}'", REFUSED),
    ("karim", f"insert into resource_comments (user_id, resource_id, content) values ('{KARIM}', '{PRIVATE}', 'x')", REFUSED),
    ("karim", f"insert into resource_comments (user_id, resource_id, content) values ('{MARIE}', '{MINE}', 'x')", REFUSED),
    (
        "karim",
        f"insert into resource_comments (user_id, resource_id, parent_id, content) values ('{KARIM}', '{OPEN_TO_KARIM}', '{seeded(5, 21)}', 'x')",
        REFUSED,
    ),
    ("karim", f"update resource_comments set content = 'x' where user_id <> '{KARIM}'", 0),
    ("karim", f"update resource_comments set resource_id = '{PRIVATE}' where user_id = '{KARIM}'", REFUSED),
    # versions
    ("karim", f"insert into resource_versions (resource_id, version_number, title, description, created_by) values ('{OPEN_TO_KARIM}', 7, 't', 'd', '{KARIM}')", 1),
    ("karim", f"insert into resource_versions (resource_id, version_number, title, description, created_by) values ('{MINE}', 7, 't', 'd', '{KARIM}')", REFUSED),
    ("karim", f"update resource_versions set title = 'x' where resource_id = '{OPEN_TO_KARIM}'", REFUSED),
    ("karim", f"delete from resource_versions where resource_id = '{OPEN_TO_KARIM}'", 0),
    # shares
    ("marie", f"insert into resource_shares (resource_id, shared_with_user_id) values ('{MINE}', '{KARIM}')", 1),
    ("marie", f"insert into resource_shares (resource_id, shared_with_group_id) values ('{MINE}', '{DATA_TEAM}')", 1),
    ("marie", f"insert into resource_shares (resource_id, shared_with_group_id) values ('{MINE}', '{seeded(3, 9)}')", REFUSED),
    ("karim", f"insert into resource_shares (resource_id, shared_with_user_id) values ('{OPEN_TO_KARIM}', '{ADMIN}')", REFUSED),
    ("karim", f"update resource_shares set permission = 'write' where shared_with_user_id = '{KARIM}'", 0),
    ("karim", f"delete from resource_shares where resource_id = '{OPEN_TO_KARIM}'", 1),
    # groups
    ("marie", f"insert into groups (name, owner_id) values ('g', '{MARIE}')", 1),
    ("marie", f"insert into groups (name, owner_id) values ('g', '{KARIM}')", REFUSED),
    ("karim", f"update groups set name = 'x' where id = '{DATA_TEAM}'", 1),
    ("karim", f"update groups set owner_id = '{KARIM}' where id = '{DATA_TEAM}'", REFUSED),
    ("marie", f"update groups set owner_id = '{KARIM}' where id = '{DATA_TEAM}'", 1),
    ("marie", f"update groups set name = 'x' where id = '{seeded(3, 9)}'", 0),
    ("karim", f"delete from groups where id = '{DATA_TEAM}'", 0),
    ("karim", f"insert into group_members (group_id, user_id, added_at) values ('{DATA_TEAM}', '{ADMIN}', now())", 1),
    ("karim", f"insert into group_members (group_id, user_id) values ('{seeded(3, 9)}', '{KARIM}')", REFUSED),
    ("karim", f"update group_members set group_id = '{seeded(3, 9)}' where user_id = '{KARIM}'", REFUSED),
    ("marie-2", f"delete from group_members where group_id = '{DATA_TEAM}'", 0),
    ("karim", f"delete from group_members where group_id = '{DATA_TEAM}' and user_id = '{KARIM}'", 1),
    # notifications
    ("karim", "update notifications set is_read = true where not is_read", UNREAD_OF_KARIM),
    ("karim", "update notifications set message = 'x'", REFUSED),
    ("karim", f"update notifications set user_id = '{MARIE}'", REFUSED),
    ("karim", f"insert into notifications (user_id, type, title, message) values ('{KARIM}', 'x', 'x', 'x')", REFUSED),
    # suggestions
    ("marie", f"insert into category_tag_suggestions (name, type, suggested_by) values ('neuf', 'tag', '{MARIE}')", 1),
    ("marie", f"insert into category_tag_suggestions (name, type, suggested_by) values ('neuf', 'tag', '{KARIM}')", REFUSED),
    ("marie", "insert into category_tag_suggestions (name, type) values ('neuf', 'tag')", REFUSED),
    ("marie", f"update category_tag_suggestions set votes_count = 99 where id = '{PENDING}'", 0),
    ("marie", f"update category_tag_suggestions set status = 'approved' where id = '{PENDING}'", 0),
    ("marie", f"delete from category_tag_suggestions where id = '{PENDING}'", 0),
    ("marie", f"delete from category_tag_suggestions where suggested_by = '{MARIE}'", 1),
    ("marie", f"delete from category_tag_suggestions where name = '{APPROVED_NAME}'", 0),
    ("admin", f"update category_tag_suggestions set status = 'approved' where id = '{PENDING}'", 1),
    ("admin", f"delete from suggestion_votes where suggestion_id = '{PENDING}'", 4),
    ("admin", f"delete from category_tag_suggestions where id = '{PENDING}'", 1),
    ("marie", f"insert into suggestion_votes (suggestion_id, user_id) values ('{PENDING}', '{KARIM}')", REFUSED),
    ("marie", f"update suggestion_votes set vote_type = 'downvote' where user_id <> '{MARIE}'", 0),
    ("marie", f"update suggestion_votes set user_id = '{KARIM}' where user_id = '{MARIE}'", REFUSED),
    # roles
    ("marie", f"insert into user_roles (user_id, role) values ('{MARIE}', 'admin')", REFUSED),
    ("marie", f"update user_roles set role = 'admin' where user_id = '{MARIE}'", 0),
    ("expired admin", f"update user_roles set expires_at = null where user_id = '{seeded(1, 5)}'", 0),
    ("admin", f"update user_roles set role = 'moderator' where user_id = '{MARIE}'", 1),
    ("admin", f"update user_roles set role = 'user' where user_id = '{ADMIN}'", 1),
    # configuration
    ("marie", "insert into admin_config (key, value) values ('x', 'y')", REFUSED),
    ("marie", "update admin_config set value = '0'", 0),
    ("admin", "insert into admin_config (id, key, value) values ('config-1', 'consider_downvotes', 'false') on conflict (key) do update set value = excluded.value", 1),
    ("marie", "insert into category_hierarchy (name) values ('x')", REFUSED),
    ("admin", "insert into category_hierarchy (name) values ('x')", 1),
    # collections
    ("marie", f"insert into collections (name, user_id) values ('c', '{MARIE}')", 1),
    ("marie", f"insert into collections (name, user_id) values ('c', '{KARIM}')", REFUSED),
    ("marie", f"update collections set name = 'x' where user_id <> '{MARIE}'", 0),
    ("marie", f"insert into collection_resources (collection_id, resource_id) values ('{MARIES_COLLECTION}', '{PRIVATE}')", REFUSED),
    ("marie", f"insert into collection_resources (collection_id, resource_id) values ('{MARIES_COLLECTION}', '{OPEN_TO_KARIM}')", 1),
    ("karim", f"insert into collection_resources (collection_id, resource_id) values ('{MARIES_COLLECTION}', '{MINE}')", REFUSED),
    ("karim", f"delete from collection_resources where collection_id = '{MARIES_COLLECTION}'", 0),
    # what one can see and still not change
    ("member", f"update groups set name = 'x' where id = '{DATA_TEAM}'", 0),
    ("member", f"update group_members set role = 'admin' where group_id = '{DATA_TEAM}'", 0),
    ("member", f"delete from group_members where group_id = '{DATA_TEAM}'", 1),
    ("member", f"delete from resource_shares where shared_with_group_id = '{DATA_TEAM}'", 0),
    ("karim", f"update group_members set role = 'member' where group_id = '{DATA_TEAM}'", 7),
    ("marie", f"delete from groups where id = '{DATA_TEAM}'", 1),
    ("karim", f"update collections set name = 'x' where id = '{PUBLIC_COLLECTION}'", 0),
    ("karim", f"delete from collections where id = '{PUBLIC_COLLECTION}'", 0),
    ("admin", f"delete from collections where id = '{PUBLIC_COLLECTION}'", 1),
    ("marie", f"update collections set name = 'x' where id = '{MARIES_COLLECTION}'", 1),
    ("marie", f"delete from collections where id = '{MARIES_COLLECTION}'", 1),
    ("karim", f"update collection_resources set \"order\" = 9 where collection_id = '{PUBLIC_COLLECTION}'", 0),
    ("karim", f"delete from collection_resources where collection_id = '{PUBLIC_COLLECTION}'", 0),
    ("marie", f"update collection_resources set \"order\" = 9 where collection_id = '{MARIES_COLLECTION}'", 8),
    ("marie", f"update collection_resources set collection_id = '{PUBLIC_COLLECTION}' where collection_id = '{MARIES_COLLECTION}'", REFUSED),
    ("marie", f"delete from collection_resources where collection_id = '{MARIES_COLLECTION}'", 8),
    ("marie", f"delete from resource_comments where resource_id = '{MINE}'", 6),
    ("karim", f"delete from resource_comments where resource_id = '{MINE}'", 0),
    ("admin", f"delete from resource_comments where resource_id = '{MINE}'", 6),
    ("karim", f"delete from resource_comments where id = '{COMMENT_OF_KARIM}'", 1),
    ("karim", f"update resource_comments set content = 'x' where id = '{COMMENT_OF_KARIM}'", 1),
    ("karim", f"update resource_comments set user_id = '{MARIE}' where id = '{COMMENT_OF_KARIM}'", REFUSED),
    ("karim", f"update resource_comments set parent_id = '{seeded(5, 21)}' where id = '{COMMENT_OF_KARIM}'", REFUSED),
    ("karim", f"insert into resource_comments (user_id, resource_id, content) values ('{KARIM}', '{OPEN_TO_KARIM}', 'x')", 1),
    ("karim", f"insert into resource_ratings (user_id, resource_id, rating) values ('{KARIM}', '{OPEN_TO_KARIM}', 1)", 1),
    ("karim", f"update resource_ratings set rating = 1 where id = '{RATING_OF_KARIM}'", 1),
    ("karim", f"update resource_ratings set user_id = '{MARIE}' where id = '{RATING_OF_KARIM}'", REFUSED),
    ("karim", f"delete from resource_ratings where id = '{RATING_OF_KARIM}'", 1),
    ("marie", f"delete from resource_ratings where id = '{RATING_OF_KARIM}'", 0),
    ("admin", f"delete from resource_ratings where id = '{RATING_OF_KARIM}'", 1),
    ("marie", f"delete from resource_versions where resource_id = '{OPEN_TO_KARIM}'", 1),
    ("marie", f"update resource_shares set permission = 'read' where resource_id = '{OPEN_TO_KARIM}'", 1),
    ("marie", f"update resource_shares set resource_id = '{SOMEONES}' where resource_id = '{OPEN_TO_KARIM}'", REFUSED),
    ("marie", f"update resource_shares set shared_with_user_id = null, shared_with_group_id = '{seeded(3, 9)}' where resource_id = '{OPEN_TO_KARIM}'", REFUSED),
    ("marie", "delete from saved_resources", 18),
    ("marie", "delete from suggestion_votes", 8),
    ("marie", f"insert into suggestion_votes (suggestion_id, user_id) values ('{PENDING}', '{MARIE}')", 1),
    ("karim", "delete from notifications", 104),
    ("karim", "update notifications set is_read = true", 104),
    ("admin", f"delete from profiles where id = '{KARIM}'", 1),
    ("admin", f"delete from user_roles where user_id = '{MARIE}'", 1),
    ("marie", f"delete from user_roles where user_id = '{MARIE}'", 0),
    ("admin", "delete from admin_config", 10),
    ("marie", "delete from admin_config", 0),
    ("admin", "delete from analytics_events where event = 'resource_download'", 133),
    ("marie", f"delete from analytics_events where user_id = '{MARIE}'", 0),
    ("admin", "update resource_templates set usage_count = 9", 6),
    ("admin", "delete from resource_templates", 6),
    ("marie", "delete from resource_templates", 0),
    ("marie", f"insert into resource_templates (name, description, category, created_by) values ('n', 'd', 'c', '{KARIM}')", REFUSED),
    ("admin", "update category_hierarchy set is_active = false", 20),
    ("marie", "update category_hierarchy set is_active = false", 0),
    ("admin", "delete from category_hierarchy where parent_id is null", 8),
    ("marie", "delete from category_hierarchy where parent_id is null", 0),
    ("admin", "update category_filters set is_required = true", 5),
    ("marie", "update category_filters set is_required = true", 0),
    ("admin", "delete from category_filters", 5),
    ("marie", "delete from category_filters", 0),
    ("admin", "insert into category_filters (category_id, filter_key, filter_label, filter_type) select id, 'k', 'l', 'text' from category_hierarchy limit 1", 1),
    ("marie", "insert into category_filters (category_id, filter_key, filter_label, filter_type) select id, 'k', 'l', 'text' from category_hierarchy limit 1", REFUSED),
    ("marie", "select * from api_tokens", 1),
    ("marie", "update api_tokens set name = 'x'", 1),
    ("marie", "delete from api_tokens", 1),
    # the rest
    ("marie", f"insert into analytics_events (event, user_id) values ('resource_view', '{MARIE}')", REFUSED),
    ("marie", f"insert into api_tokens (user_id, token_hash, name) values ('{MARIE}', 'h', 'n')", 1),
    ("marie", f"insert into api_tokens (user_id, token_hash, name) values ('{KARIM}', 'h', 'n')", REFUSED),
    ("marie", "update api_tokens set token_hash = 'x'", REFUSED),
    ("marie", f"insert into resource_templates (name, description, category, created_by) values ('n', 'd', 'c', '{MARIE}')", 1),
    ("marie", "update resource_templates set usage_count = 9", 0),
    ("marie", "select * from auth.users", REFUSED),
    ("marie", "select * from hublib.import_id_map", REFUSED),
    ("marie", "truncate resources", REFUSED),
]  # fmt: skip


GIVE_TOKENS = (
    "insert into api_tokens (user_id, token_hash, name) select id, 'digest of ' || username, 'jeton' from profiles"
)


@pytest.mark.parametrize("who", sorted({who for who, _, _ in CASES}))
async def test_a_change_does_what_the_rules_say(app: Application, who: str) -> None:
    """Each statement in a transaction that is rolled back."""
    await app.owner.execute(GIVE_TOKENS)
    expected = {statement: outcome for by, statement, outcome in CASES if by == who}
    assert {statement: await _outcome(app, who, statement) for statement in expected} == expected


async def _outcome(app: Application, who: str, statement: str) -> int | str:
    """The number of rows, or REFUSED."""
    async with app.acting(who) as session:
        transaction = session.transaction()
        await transaction.start()
        try:
            return int((await session.execute(statement)).rsplit(" ", 1)[-1])
        except asyncpg.InsufficientPrivilegeError:
            return REFUSED
        finally:
            await transaction.rollback()


async def test_new_rows_come_back_to_their_writer(app: Application) -> None:
    """`return=representation` needs the select rule to accept the row, also while it is being written."""
    async with app.acting("marie") as session:
        for visibility in ("private", "shared_users", "shared_groups"):
            assert await session.fetchval(
                "insert into resources (user_id, title, description, category, visibility) "
                "values ($1, 't', 'd', 'c', $2) returning id",
                MARIE,
                visibility,
            )
        group = await session.fetchval("insert into groups (name, owner_id) values ('g', $1) returning id", MARIE)
        assert await session.fetchval(
            "insert into group_members (group_id, user_id) values ($1, $2) returning id", group, KARIM
        )
        assert await session.fetchval(
            "insert into resource_comments (resource_id, user_id, content) values ($1, $2, 'Merci') returning id",
            MINE,
            MARIE,
        )


async def test_what_was_taken_away_can_be_given_again(app: Application) -> None:
    await app.owner.execute("delete from profiles where id = $1", KARIM)
    async with app.acting("karim") as session:
        await session.execute("insert into profiles (id, username) values ($1, 'karim')", KARIM)
    async with app.acting("admin") as session:
        await session.execute("insert into user_roles (user_id, role) values ($1, 'moderator')", KARIM)


async def test_upserting_a_rating_needs_no_more_than_ones_own_row(app: Application) -> None:
    async with app.acting("karim") as session:
        for rating in (2, 5):
            await session.execute(
                "insert into resource_ratings (resource_id, user_id, rating) values ($1, $2, $3) "
                "on conflict (user_id, resource_id) do update set rating = excluded.rating",
                OPEN_TO_KARIM,
                KARIM,
                rating,
            )
        assert await session.fetchval("select average_rating from resources where id = $1", OPEN_TO_KARIM) == 5


async def test_the_last_administrator_keeps_the_role(app: Application) -> None:
    await app.owner.execute("delete from user_roles where role = 'super_admin'")
    async with app.acting("admin") as session:
        for statement in (
            f"update user_roles set role = 'user' where user_id = '{ADMIN}'",
            f"update user_roles set expires_at = now() where user_id = '{ADMIN}'",
            f"update user_roles set user_id = '{seeded(1, 99)}' where user_id = '{ADMIN}'",
            f"delete from user_roles where user_id = '{ADMIN}'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="last administrator"):
                await session.execute(statement)
        await session.execute(f"update user_roles set role = 'admin' where user_id = '{KARIM}'")
        await session.execute(f"update user_roles set role = 'user' where user_id = '{ADMIN}'")


async def test_deleting_children_first_is_no_error(app: Application) -> None:
    """The application does so on every delete; the cascade does what the caller may not."""
    async with app.acting("marie") as session:
        for table in ("resource_ratings", "resource_shares", "saved_resources"):
            await session.execute(f"delete from {table} where resource_id = $1", MINE)
        assert await session.execute("delete from resources where id = $1", MINE) == "DELETE 1"
    assert await app.owner.fetchval("select count(*) from resource_comments where resource_id = $1", MINE) == 0


async def test_deleting_a_user_deletes_what_is_theirs(app: Application) -> None:
    await app.owner.execute("delete from auth.users where id = $1", MARIE)
    assert await app.owner.fetchval("select count(*) from resources where user_id = $1", MARIE) == 0
    assert await app.owner.fetchval("select count(*) from category_tag_suggestions where name = 'Sécurité'") == 1
