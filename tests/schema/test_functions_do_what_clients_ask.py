# ruff: noqa: E501 (long statements stay on one line)
from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.schema.hublib_people import ADMIN, KARIM, MARIE, Application, seeded

MINE, OPEN_TO_KARIM, PRIVATE = seeded(2, 1), seeded(2, 21), seeded(2, 14)
PENDING = seeded(6, 6)
MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("what", ["views", "downloads"])
@pytest.mark.parametrize(
    ("who", "resource", "counted"),
    [("anon", MINE, 1), ("karim", OPEN_TO_KARIM, 1), ("anon", OPEN_TO_KARIM, 0), ("marie", PRIVATE, 0), ("marie", MISSING, 0),
     ("stranger", MINE, 1)],
)  # fmt: skip
async def test_counting(shared: Application, what: str, who: str, resource: str, counted: int) -> None:
    query = (
        f"select coalesce((select {what}_count from resources where id = $1), 0), "
        "(select count(*) from analytics_events where resource_id = $1)"
    )
    before = await shared.owner.fetchrow(query, resource)
    async with shared.acting(who) as session:
        await session.execute(f"select increment_resource_{what}($1)", resource)
    after = await shared.owner.fetchrow(query, resource)
    assert [after[0] - before[0], after[1] - before[1]] == [counted, counted]


async def test_counting_at_the_same_time(hublib_database: str) -> None:
    connections = [await asyncpg.connect(hublib_database) for _ in range(5)]
    before = await connections[0].fetchval("select views_count from resources where id = $1", MINE)
    for _ in range(4):
        await asyncio.gather(
            *(connection.execute("select increment_resource_views($1)", MINE) for connection in connections)
        )
    assert await connections[0].fetchval("select views_count from resources where id = $1", MINE) == before + 20
    for connection in connections:
        await connection.close()


async def vote(app: Application, who: str, suggestion: str, kind: str | None) -> tuple[object, ...]:
    async with app.acting(who) as session:
        return tuple(await session.fetchrow("select * from vote_on_suggestion($1, $2)", suggestion, kind))


async def test_voting_changing_and_withdrawing(app: Application) -> None:
    await app.owner.execute("delete from suggestion_votes where suggestion_id = $1", PENDING)
    assert await vote(app, "marie", PENDING, "upvote") == ("pending", 1, 1, 0, "upvote")
    assert await vote(app, "karim", PENDING, "downvote") == ("pending", 0, 1, 1, "downvote")
    assert await vote(app, "karim", PENDING, "upvote") == ("pending", 2, 2, 0, "upvote")
    assert await vote(app, "karim", PENDING, "upvote") == ("pending", 1, 1, 0, None)
    assert await vote(app, "marie", PENDING, None) == ("pending", 0, 0, 0, None)
    assert await vote(app, "marie", PENDING, None) == ("pending", 0, 0, 0, None)
    with pytest.raises(asyncpg.PostgresError) as caught:
        await vote(app, "marie", MISSING, "upvote")
    assert caught.value.sqlstate == "PT404"


APPROVALS = [
    # settings, upvotes, downvotes, verdict
    ({}, 4, 0, "pending"),
    ({}, 5, 0, "approved"),
    ({}, 6, 2, "pending"),
    ({}, 0, 2, "pending"),
    ({}, 0, 3, "rejected"),
    ({}, 3, 3, "pending"),
    ({"consider_downvotes": "false"}, 5, 4, "approved"),
    ({"consider_downvotes": "false"}, 0, 4, "pending"),
    ({"auto_approval_enabled": "false"}, 9, 0, "pending"),
    ({"auto_approval_vote_threshold_tag": "2"}, 2, 0, "approved"),
    ({"auto_approval_vote_threshold_category": "2"}, 2, 0, "pending"),
    ({"auto_rejection_downvote_threshold_tag": "1"}, 0, 1, "rejected"),
    ({"auto_approval_vote_threshold_tag": "beaucoup"}, 5, 0, "approved"),
]


@pytest.mark.parametrize(("settings", "upvotes", "downvotes", "verdict"), APPROVALS)
async def test_automatic_approval(
    shared: Application, settings: dict[str, str], upvotes: int, downvotes: int, verdict: str
) -> None:
    for key, value in settings.items():
        await shared.owner.execute("update admin_config set value = $2 where key = $1", key, value)
    suggestion = await shared.owner.fetchval(
        "insert into category_tag_suggestions (name, type, suggested_by) values ('neuf', 'tag', $1) returning id", MARIE
    )
    await shared.owner.execute(
        "insert into suggestion_votes (suggestion_id, user_id, vote_type) "
        "select $1, hublib.seed_user(n), (case when n < 10 + $2 then 'upvote' else 'downvote' end)::vote_type "
        "from generate_series(10, 9 + $2 + $3) n",
        suggestion, upvotes, downvotes,
    )  # fmt: skip
    row = await shared.owner.fetchrow(
        "select status, reviewed_by, reviewed_at is not null, votes_count, "
        "(select count(*) from notifications where user_id = suggested_by and type = 'suggestion_' || status and message like '%neuf%') "
        "from category_tag_suggestions where id = $1",
        suggestion,
    )  # fmt: skip
    judged = verdict != "pending"
    assert tuple(row) == (verdict, None, judged, upvotes - downvotes, int(judged))


async def test_two_voters_do_not_approve_twice(hublib_database: str) -> None:
    setup = await asyncpg.connect(hublib_database)
    suggestion = await setup.fetchval(
        "insert into category_tag_suggestions (name, type, suggested_by) values ('neuf', 'tag', $1) returning id", MARIE
    )

    async def approve(number: int) -> None:
        connection = await asyncpg.connect(hublib_database)
        try:
            await connection.execute(
                "insert into suggestion_votes (suggestion_id, user_id) values ($1, $2)", suggestion, seeded(1, number)
            )
        finally:
            await connection.close()

    await asyncio.gather(*(approve(number) for number in range(10, 20)))
    row = await setup.fetchrow(
        "select status, votes_count, (select count(*) from notifications where message like '%neuf%') "
        "from category_tag_suggestions where id = $1",
        suggestion,
    )
    await setup.close()
    assert tuple(row) == ("approved", 10, 1)


async def test_rating(app: Application) -> None:
    async with app.acting("karim") as session:
        assert tuple(await session.fetchrow("select * from rate_resource($1, 3)", OPEN_TO_KARIM)) == (3, 1)
        assert tuple(await session.fetchrow("select * from rate_resource($1, 4)", OPEN_TO_KARIM)) == (4, 1)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await session.fetchrow("select * from rate_resource($1, 4)", PRIVATE)
        with pytest.raises(asyncpg.CheckViolationError):
            await session.fetchrow("select * from rate_resource($1, 6)", OPEN_TO_KARIM)


async def test_sharing_opens_and_closes(app: Application) -> None:
    mine = seeded(2, 81)
    state = (
        "select visibility, (select count(*) from resource_shares where resource_id = $1) from resources where id = $1"
    )
    async with app.acting("marie") as session:
        assert tuple(await session.fetchrow(state, mine)) == ("private", 0)
        share = await session.fetchrow("select * from share_resource($1, user_id => $2)", mine, KARIM)
        assert (str(share["shared_with_user_id"]), share["permission"]) == (KARIM, "read")
        again = await session.fetchrow(
            "select * from share_resource($1, user_id => $2, permission => 'write')", mine, KARIM
        )
        assert (again["id"], again["permission"]) == (share["id"], "write")
        assert tuple(await session.fetchrow(state, mine)) == ("shared_users", 1)
        await session.fetchrow("select * from share_resource($1, group_id => $2)", mine, seeded(3, 1))
        assert tuple(await session.fetchrow(state, mine)) == ("shared_users", 2)
        assert await session.fetchval("select unshare_resource($1, user_id => $2)", mine, KARIM) is True
        assert await session.fetchval("select unshare_resource($1, user_id => $2)", mine, KARIM) is False
        for wrong in ("share_resource($1)", f"share_resource($1, '{KARIM}', '{seeded(3, 1)}')"):
            with pytest.raises(asyncpg.PostgresError) as caught:
                await session.fetchrow(f"select * from {wrong}", mine)
            assert caught.value.sqlstate == "PT400"
        assert await session.fetchval("select visibility from resources where id = $1", MINE) == "public"
        await session.fetchrow("select * from share_resource($1, user_id => $2)", MINE, KARIM)
        assert await session.fetchval("select visibility from resources where id = $1", MINE) == "public"
    async with app.acting("karim") as session:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="propriétaire"):
            await session.fetchrow("select * from share_resource($1, user_id => $2)", OPEN_TO_KARIM, ADMIN)
        assert await session.fetchval("select unshare_resource($1, user_id => $2)", seeded(2, 8), MARIE) is False


async def test_forking(app: Application) -> None:
    async with app.acting("karim") as session:
        fork = await session.fetchrow("select * from fork_resource($1)", OPEN_TO_KARIM)
        origin = await session.fetchrow("select * from resources where id = $1", OPEN_TO_KARIM)
        assert str(fork["user_id"]) == KARIM
        assert fork["title"] == origin["title"] + " (Fork)"
        assert (fork["visibility"], fork["views_count"], fork["ratings_count"]) == ("public", 0, 0)
        copied = ["description", "category", "tags", "resource_type", "github_url", "external_url", "file_path", "file_url",
                  "file_size", "language", "license", "readme"]  # fmt: skip
        assert [fork[name] for name in copied] == [origin[name] for name in copied]
        for hidden in (PRIVATE, MISSING):
            with pytest.raises(asyncpg.PostgresError) as caught:
                await session.fetchrow("select * from fork_resource($1)", hidden)
            assert caught.value.sqlstate == "PT404"


SEARCHES = [
    ("query => 'docker'", lambda rows: rows and all("docker" in f"{row['title']}{row['tags']}".lower() for row in rows)),
    ("query => 'antisèche docker'", lambda rows: rows[0]["title"] == "Antisèche : Docker"),
    ("query => 'DÉBUTER'", lambda rows: len(rows) == 20 and all("Débuter" in row["title"] for row in rows)),
    ("query => '%'", lambda rows: rows == []),
    ("query => '   '", lambda rows: len(rows) == 20),
    ("query => 'introuvable-xyz'", lambda rows: rows == []),
    ("categories => '{Design,Médias}'", lambda rows: {row["category"] for row in rows} == {"Design", "Médias"}),
    ("tags => '{\" React \"}'", lambda rows: rows and all("react" in row["tags"] for row in rows)),
    (f"author => '{MARIE}'", lambda rows: {str(row["user_id"]) for row in rows} == {MARIE}),
    ("language => 'python'", lambda rows: {row["language"] for row in rows} == {"Python"}),
    ("visibility => 'private'", lambda rows: rows == []),
    ("date_to => '2025-02-01'", lambda rows: rows and all(row["created_at"].month == 1 for row in rows)),
    ("sort => 'views'", lambda rows: [row["views_count"] for row in rows] == sorted((row["views_count"] for row in rows), reverse=True)),
    ("sort => 'title'", lambda rows: [row["title"].lower() for row in rows] == sorted(row["title"].lower() for row in rows)),
    ("sort => 'oldest'", lambda rows: rows[0]["created_at"] == min(row["created_at"] for row in rows)),
    ("sort => 'nonsense'", lambda rows: rows[0]["created_at"] == max(row["created_at"] for row in rows)),
    ("\"limit\" => 3", lambda rows: len(rows) == 3),
    ("\"limit\" => -1", lambda rows: rows == []),
    ("\"limit\" => 2, \"offset\" => 1000", lambda rows: rows == []),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "holds"), SEARCHES, ids=lambda value: value if isinstance(value, str) else "")
async def test_searching(shared: Application, arguments: str, holds: object) -> None:
    async with shared.acting("anon") as session:
        rows = await session.fetch(f"select * from search_resources({arguments})")
    assert holds(rows)
    assert all(row["visibility"] == "public" for row in rows)


async def test_searching_people(shared: Application) -> None:
    async with shared.acting("marie") as session:
        found = await session.fetch("select * from search_users('  MARIE ')")
        assert [row["username"] for row in found] == ["marie", "marie-2"]
        assert list(found[0].keys()) == ["id", "username", "full_name", "avatar_url"]
        assert len(await session.fetch("select * from search_users('e ')")) == 0
        assert len(await session.fetch("select * from search_users('an')")) == 10
        assert await session.fetch("select * from search_users('hublib.example')") == []


MEMBERS_ONLY = [
    "search_users('marie')",
    f"vote_on_suggestion('{PENDING}', 'upvote')",
    f"rate_resource('{MINE}', 5)",
    f"fork_resource('{MINE}')",
    f"share_resource('{MINE}', '{KARIM}')",
    f"unshare_resource('{MINE}', '{KARIM}')",
    f"apply_auto_approval('{PENDING}')",
]


async def test_visitors_may_not_call(app: Application) -> None:
    async with app.acting("anon") as session:
        for call in MEMBERS_ONLY:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await session.fetch(f"select * from {call}")


async def test_rankings_show_public_resources_only(shared: Application) -> None:
    async with shared.acting("admin") as session:
        popular = await session.fetch("select * from popular_resources(600)")
        trending = await session.fetch("select * from trending_resources(30, 50)")
    for rows, most in ((popular, 100), (trending, 50)):
        assert len(rows) == most
        assert {row["visibility"] for row in rows} == {"public"}
    scores = [
        row["views_count"] + 2 * row["downloads_count"] + 3 * row["ratings_count"] + 10 * row["average_rating"]
        for row in popular
    ]
    assert scores == sorted(scores, reverse=True)


async def test_usage_and_figures_follow_what_the_caller_sees(shared: Application) -> None:
    async def figures(who: str) -> dict[str, object]:
        async with shared.acting(who) as session:
            usage = await session.fetch("select * from metadata_usage('category')")
            return {
                "total": sum(row["total"] for row in usage),
                "public": sum(row["public"] for row in usage),
                "marie": tuple(
                    await session.fetchrow("select resources_total, resources_private from user_stats($1)", MARIE)
                ),
                "global": tuple(
                    await session.fetchrow("select users, resources, suggestions_pending from global_stats()")
                ),
            }

    assert await figures("anon") == {"total": 470, "public": 470, "marie": (20, 0), "global": (60, 470, 9)}
    assert await figures("marie") == {"total": 493, "public": 470, "marie": (30, 10), "global": (60, 493, 9)}
    assert await figures("admin") == {"total": 600, "public": 470, "marie": (30, 10), "global": (60, 600, 9)}
    async with shared.acting("anon") as session:
        assert [row["name"] for row in await session.fetch("select * from metadata_usage('resource_type')")] == [
            "external_link", "file_upload", "github_repo"]  # fmt: skip
        assert await session.fetch("select * from metadata_usage('filter')") == []
        assert await session.fetchval("select total from metadata_usage('tag') where name = 'react'") > 10


@pytest.mark.parametrize(
    ("who", "user", "role", "expected"),
    [
        ("marie", MARIE, "user", True),
        ("marie", MARIE, "admin", False),
        ("marie", ADMIN, "admin", False),
        ("admin", ADMIN, "admin", True),
        ("admin", seeded(1, 60), "admin", True),
        ("super admin", seeded(1, 60), "super_admin", True),
        ("expired admin", seeded(1, 5), "admin", False),
        ("expired admin", seeded(1, 5), "user", True),
        ("anon", MARIE, "user", False),
    ],
)
async def test_has_role(shared: Application, who: str, user: str, role: str, expected: bool) -> None:
    async with shared.acting(who) as session:
        assert await session.fetchval("select has_role($1, $2::app_role)", user, role) is expected
