# ruff: noqa: E501 (long statements stay on one line)
from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal

import asyncpg
import pytest

from tests.schema.hublib_people import ADMIN, KARIM, MARIE, Application, seeded

MINE = seeded(2, 1)
PENDING = seeded(6, 6)


async def test_times_are_equal_after_an_insert_and_differ_after_an_edit(app: Application) -> None:
    async with app.acting("marie") as session:
        comment = await session.fetchrow(
            "insert into resource_comments (resource_id, user_id, content) values ($1, $2, 'Merci') returning *",
            MINE,
            MARIE,
        )
        assert comment["created_at"] == comment["updated_at"]
        edited = await session.fetchrow(
            "update resource_comments set content = 'Merci !', updated_at = '2001-01-01' where id = $1 returning *",
            comment["id"],
        )
    assert edited["updated_at"] > edited["created_at"] == comment["created_at"]


@pytest.mark.parametrize(
    ("change", "touches"),
    [
        ("title = 'autre'", True),
        ("updated_at = '2001-01-01'", True),
        ("title = 'autre', views_count = 5", True),
        ("views_count = views_count + 1", False),
        ("downloads_count = 3, ratings_count = 4, average_rating = 2", False),
    ],
)
async def test_counters_do_not_count_as_an_update(shared: Application, change: str, touches: bool) -> None:
    query = "select updated_at from resources where id = $1"
    before: datetime = await shared.owner.fetchval(query, MINE)
    await shared.owner.execute(f"update resources set {change} where id = $1", MINE)
    after: datetime = await shared.owner.fetchval(query, MINE)
    assert (after > before) is touches
    assert after.year > 2001


async def test_a_view_a_vote_and_a_rating_do_not_touch(shared: Application) -> None:
    query = "select (select updated_at from resources where id = $1) as a, (select updated_at from category_tag_suggestions where id = $2)"
    before = await shared.owner.fetchrow(query, MINE, PENDING)
    async with shared.acting("karim") as session:
        await session.execute("select increment_resource_views($1)", MINE)
        await session.execute("select * from rate_resource($1, 4)", MINE)
        await session.execute("select * from vote_on_suggestion($1, 'downvote')", PENDING)
    assert await shared.owner.fetchrow(query, MINE, PENDING) == before


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ([" React ", "REACT", "", None, "  ", "Été"], ["react", "été"]),
        (["b", "a", "B"], ["b", "a"]),
        ([], []),
    ],
)
async def test_tags_are_normalised(shared: Application, given: list[str | None], stored: list[str]) -> None:
    async with shared.acting("marie") as session:
        query = "update resources set tags = $2 where id = $1 returning tags"
        assert await session.fetchval(query, MINE, given) == stored
        overlap = "select $2::text[] <> '{}' and exists (select from resources where id = $1 and tags && $2)"
        assert await session.fetchval(overlap, MINE, stored) is bool(stored)


async def test_ratings_follow_every_change(shared: Application) -> None:
    one, two = await shared.owner.fetchrow(
        "with r as (insert into resources (user_id, title, description, category) "
        "select $1, 't', 'd', 'c' from generate_series(1, 2) returning id) select min(id::text), max(id::text) from r",
        MARIE,
    )

    async def figures() -> list[tuple[Decimal, int]]:
        rows = await shared.owner.fetch(
            "select average_rating, ratings_count from resources where id = any ($1::text[]::uuid[]) order by id",
            [one, two],
        )
        return [tuple(row) for row in rows]

    insert = "insert into resource_ratings (resource_id, user_id, rating) values ($1::text::uuid, $2, $3)"
    await shared.owner.executemany(insert, [(one, MARIE, 5), (one, KARIM, 4), (one, ADMIN, 4)])
    assert await figures() == [(Decimal("4.33"), 3), (Decimal(0), 0)]
    await shared.owner.execute(
        "update resource_ratings set resource_id = $1::text::uuid where resource_id = $2::text::uuid and user_id = $3",
        two,
        one,
        MARIE,
    )
    assert await figures() == [(Decimal(4), 2), (Decimal(5), 1)]
    await shared.owner.execute("delete from resource_ratings where user_id = any ($1::uuid[])", [MARIE, ADMIN])
    assert await figures() == [(Decimal(4), 1), (Decimal(0), 0)]
    await shared.owner.execute("delete from auth.users where id = $1", KARIM)
    assert await figures() == [(Decimal(0), 0), (Decimal(0), 0)]


COUNTED_AT_ONCE = [
    (
        "insert into resource_ratings (resource_id, user_id, rating) values ($1, $2, 4)",
        "select ratings_count, (select count(*) from resource_ratings where resource_id = r.id) from resources r where id = $1",
        seeded(2, 21),
    ),
    (
        (
            "insert into suggestion_votes (suggestion_id, user_id, vote_type) values ($1, $2, 'downvote') "
            "on conflict (suggestion_id, user_id) do update set vote_type = 'downvote'"
        ),
        (
            "select votes_count, (select sum(case vote_type when 'upvote' then 1 else -1 end) from suggestion_votes "
            "where suggestion_id = s.id) from category_tag_suggestions s where id = $1"
        ),
        seeded(6, 10),
    ),
    (
        (
            "insert into collection_resources (collection_id, resource_id) "
            "select $1, r.id from resources r where r.user_id = $2 order by id limit 1"
        ),
        "select resources_count, (select count(*) from collection_resources where collection_id = c.id) from collections c where id = $1",
        seeded(4, 60),
    ),
]


@pytest.mark.parametrize(("write", "read", "about"), COUNTED_AT_ONCE)
async def test_simultaneous_writers_are_all_counted(hublib_database: str, write: str, read: str, about: str) -> None:
    """The second writer starts before the first commits, so its own view lacks the first one's row."""
    first, second = await asyncpg.connect(hublib_database), await asyncpg.connect(hublib_database)
    transaction = first.transaction()
    await transaction.start()
    await first.execute(write, about, seeded(1, 10))
    waiting = asyncio.create_task(second.execute(write, about, seeded(1, 11)))
    while not await first.fetchval(
        "select exists (select from pg_locks where not granted and pid = $1)", second.get_server_pid()
    ):
        assert not waiting.done(), "the second writer was expected to wait"
        await asyncio.sleep(0.005)
    await transaction.commit()
    await waiting
    stored, counted = await first.fetchrow(read, about)
    await first.close()
    await second.close()
    assert stored == counted


async def test_clients_cannot_set_what_is_counted(shared: Application) -> None:
    async with shared.acting("marie") as session:
        row = await session.fetchrow(
            "insert into resources (user_id, title, description, category, average_rating, ratings_count, downloads_count, "
            "views_count) values ($1, 't', 'd', 'c', 5, 9, 9, 9) returning average_rating, ratings_count, downloads_count, views_count",
            MARIE,
        )
        assert tuple(row) == (0, 0, 0, 0)
        changed = await session.fetchrow(
            "update resources set title = 'neuf', views_count = 1000000, downloads_count = 7, average_rating = 5 "
            "where id = $1 returning title, views_count < 1000000, downloads_count <> 7",
            MINE,
        )
        assert tuple(changed) == ("neuf", True, True)
        suggestion = await session.fetchrow(
            "insert into category_tag_suggestions (name, type, suggested_by, status, votes_count, reviewed_by, reviewed_at, action) "
            "values ('neuf', 'tag', $1, 'approved', 50, $1, now(), 'add') returning status, votes_count, reviewed_by, reviewed_at",
            MARIE,
        )
        assert tuple(suggestion) == ("pending", 0, None, None)
        collection = await session.fetchrow(
            "insert into collections (name, user_id, resources_count, created_at, updated_at) "
            "values ('c', $1, 3, now(), now()) returning id, resources_count",
            MARIE,
        )
        assert collection["resources_count"] == 0
        await session.execute(
            "insert into collection_resources (collection_id, resource_id, added_at, \"order\") values ($1, $2, now(), 1)",
            collection["id"], MINE,
        )  # fmt: skip
        await session.execute("update collections set resources_count = 12 where id = $1", collection["id"])
        query = "select resources_count from collections where id = $1"
        assert await session.fetchval(query, collection["id"]) == 1
        await session.execute("delete from collection_resources where collection_id = $1", collection["id"])
        assert await session.fetchval(query, collection["id"]) == 0

    async with shared.acting("admin") as session:
        assert (
            await session.fetchval("update resources set views_count = 7 where id = $1 returning views_count", MINE)
            == 7
        )
        assert (
            await session.fetchval(
                "update category_tag_suggestions set votes_count = 99, status = 'approved' where id = $1 returning votes_count || status::text",
                PENDING,
            )
            == "2approved"
        )


async def test_a_seeded_score_survives_the_first_vote(shared: Application) -> None:
    await shared.owner.execute("delete from suggestion_votes")
    query = "select votes_count from category_tag_suggestions where name = 'react'"
    assert await shared.owner.fetchval(query) == 8
    async with shared.acting("marie") as session:
        await session.execute(
            "insert into suggestion_votes (suggestion_id, user_id) select id, $1 from category_tag_suggestions where name = 'react'",
            MARIE,
        )
        assert await session.fetchval(query) == 9


async def test_two_editors_get_two_version_numbers(shared: Application) -> None:
    insert = (
        "insert into resource_versions (resource_id, version_number, title, description, created_by) "
        "values ($1, $2, 't', 'd', $3) returning version_number"
    )
    async with shared.acting("marie") as session:
        assert [await session.fetchval(insert, seeded(2, 41), wanted, MARIE) for wanted in (1, 1, 5, 5)] == [4, 5, 6, 7]


WRONG_ROWS: list[tuple[str, type[Exception]]] = [
    ("update resource_ratings set rating = 6", asyncpg.CheckViolationError),
    ("update resource_ratings set rating = 0", asyncpg.CheckViolationError),
    ("update resource_comments set content = E' \\n '", asyncpg.CheckViolationError),
    ("update resources set title = ''", asyncpg.CheckViolationError),
    ("update resources set title = repeat('x', 501)", asyncpg.CheckViolationError),
    ("update resources set category = null", asyncpg.NotNullViolationError),
    ("update resources set tags = null", asyncpg.NotNullViolationError),
    ("update profiles set username = 'MARIE' where username = 'karim'", asyncpg.UniqueViolationError),
    ("update category_tag_suggestions set action = 'remove'", asyncpg.CheckViolationError),
    ("insert into category_tag_suggestions (name, type) values ('react', 'tag')", asyncpg.UniqueViolationError),
    ("update resource_shares set shared_with_group_id = null, shared_with_user_id = null", asyncpg.CheckViolationError),
    (
        f"update resource_shares set shared_with_group_id = '{seeded(3, 1)}', shared_with_user_id = '{MARIE}'",
        asyncpg.CheckViolationError,
    ),
    (
        f"insert into resource_shares (resource_id, shared_with_user_id) values ('{seeded(2, 21)}', '{KARIM}')",
        asyncpg.UniqueViolationError,
    ),
    (f"insert into user_roles (user_id) values ('{MARIE}')", asyncpg.UniqueViolationError),
    ("update resource_versions set version_number = 0", asyncpg.CheckViolationError),
    ("update category_filters set filter_type = 'other'", asyncpg.CheckViolationError),
]


async def test_wrong_rows_are_refused(app: Application) -> None:
    for statement, error in WRONG_ROWS:
        with pytest.raises(error):
            await app.owner.execute(statement)
