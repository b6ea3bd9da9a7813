from __future__ import annotations

import asyncpg
import pytest

from gateway.migrations import migrate
from gateway.paths import schema_directory
from tests.schema.hublib_people import Application

# ruff: noqa: E501 (long statements stay on one line)

# The application's own rows get their ids and times on arrival, and events are counted back from today.
ANEW = {
    "admin_config": ["created_at", "updated_at"],
    "analytics_events": ["created_at"],
    "category_tag_suggestions": ["id", "created_at", "updated_at"],
    "suggestion_votes": ["suggestion_id"],
    "user_roles": ["id"],
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select count(*) from auth.users", 60),
        ("select count(*) from resources", 600),
        ("select count(*) from category_tag_suggestions where base_score > 0 and status = 'approved'", 32),
        ("select string_agg(type || ' ' || n, ', ' order by type) from (select type, count(*) n from category_tag_suggestions where base_score > 0 group by type) t", "category 8, tag 15, resource_type 3, filter 6"),
        ("select string_agg(distinct base_score::text, ',') from category_tag_suggestions where status = 'approved'", "10,5,7,8"),
        ("select count(*) from admin_config", 10),
        ("select string_agg(username, ' ' order by id) from profiles where id in (hublib.seed_user(1), hublib.seed_user(2), hublib.seed_user(3), hublib.seed_user(4))", "marie-2 marie karim admin"),
        ("select role from user_roles where user_id = '33333333-3333-4333-8333-333333333333'", "admin"),
        ("select bool_and(updated_at >= created_at) from resources", True),
        ("select max(depth) from (with recursive t as (select id, 1 depth from resource_comments where parent_id is null union all select c.id, depth + 1 from resource_comments c join t on t.id = c.parent_id) select depth from t) d", 3),
        ("select bool_and(resources_count = (select count(*) from collection_resources where collection_id = c.id)) from collections c", True),
        ("select bool_and(ratings_count = (select count(*) from resource_ratings where resource_id = r.id)) from resources r", True),
        ("select count(*) from resource_comments c join resource_comments p on p.id = c.parent_id where c.resource_id <> p.resource_id", 0),
    ],
)  # fmt: skip
async def test_what_documents_and_tests_count_on(shared: Application, query: str, expected: object) -> None:
    assert await shared.owner.fetchval(query) == expected


async def test_two_installations_hold_the_same_rows(shared: Application, database: str) -> None:
    for part in ("gateway", "hublib"):
        await migrate(database, schema_directory() / part)
    other = await asyncpg.connect(database)
    try:
        await other.execute("set timezone to 'UTC'")
        here, there = await _digests(shared.owner), await _digests(other)
    finally:
        await other.close()
    assert here.keys() >= {"resources", "notifications", "resource_comments"}
    assert here == there


async def _digests(connection: asyncpg.Connection) -> dict[str, str]:
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    digests: dict[str, str] = {}
    for (table,) in tables:
        digests[table] = await connection.fetchval(
            f"select md5(string_agg(line, '|' order by line)) from (select (to_jsonb(t) - $1::text[])::text as line from public.{table} t) l",
            ANEW.get(table, []),
        )
    return digests
