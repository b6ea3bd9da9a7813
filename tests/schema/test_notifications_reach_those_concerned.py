# ruff: noqa: E501 (long statements stay on one line)
from __future__ import annotations

import pytest

from tests.schema.hublib_people import KARIM, MARIE, Application, seeded

MINE = seeded(2, 1)
DATA_TEAM = seeded(3, 1)
MEMBERS = ["admin", "karim", "marie", "marie-2"]


async def told(shared: Application, statement: str, *, by: str | None) -> list[tuple[str, str, str]]:
    """Who is told what when `by` (None: the owner) runs the statement: (name, type, title)."""
    await shared.owner.execute("delete from notifications")
    if by is None:
        await shared.owner.execute(statement)
    else:
        async with shared.acting(by) as session:
            await session.execute(statement)
    rows = await shared.owner.fetch(
        "select username, type, title from notifications n join profiles p on p.id = n.user_id order by 1, 2"
    )
    return [tuple(row) for row in rows]


SHARED = ("resource_shared", "Ressource partagée")
COMMENT = ("new_comment", "Nouveau commentaire")


async def test_a_share_with_somebody(shared: Application) -> None:
    share = f"insert into resource_shares (resource_id, shared_with_user_id) values ('{MINE}', '%s')"
    assert await told(shared, share % KARIM, by="marie") == [("karim", *SHARED)]
    assert await told(shared, share % MARIE, by="marie") == []
    message = f"insert into resource_shares (resource_id, shared_with_user_id) values ('{MINE}', '{seeded(1, 4)}')"
    await told(shared, message, by="marie")
    assert await shared.owner.fetchval("select message from notifications") == (
        "Marie Lefèvre a partagé « Débuter avec React » avec vous."
    )


async def test_a_share_with_a_group_reaches_members_and_owner_but_not_the_sharer(shared: Application) -> None:
    """karim is a member; the group belongs to marie."""
    theirs = seeded(2, 2)
    assert await shared.owner.fetchval("select user_id = $2 from resources where id = $1", theirs, KARIM)
    share = f"insert into resource_shares (resource_id, shared_with_group_id) values ('{theirs}', '{DATA_TEAM}')"
    names = [name for name, *what in await told(shared, share, by="karim") if what == list(SHARED)]
    members = [
        row[0]
        for row in await shared.owner.fetch(
            "select username from group_members join profiles p on p.id = user_id where group_id = $1 and user_id <> $2",
            DATA_TEAM,
            KARIM,
        )
    ]
    assert sorted(names) == sorted(["marie", *members])


@pytest.mark.parametrize(
    ("writer", "parent_of", "expected"),
    [
        ("karim", None, ["marie"]),
        ("marie", None, []),
        ("admin", "karim", ["karim", "marie"]),
        ("karim", "karim", ["marie"]),
        ("marie", "karim", ["karim"]),
        ("karim", "marie", ["marie"]),
    ],
)
async def test_a_comment(shared: Application, writer: str, parent_of: str | None, expected: list[str]) -> None:
    author = "select id from profiles where username = $1"
    parent = None
    if parent_of is not None:
        parent = await shared.owner.fetchval(
            "insert into resource_comments (resource_id, user_id, content) values ($1, $2, 'x') returning id",
            MINE,
            await shared.owner.fetchval(author, parent_of),
        )
    values = [MINE, str(await shared.owner.fetchval(author, writer)), parent and str(parent), "y"]
    literals = ", ".join("null" if value is None else f"'{value}'" for value in values)
    insert = f"insert into resource_comments (resource_id, user_id, parent_id, content) values ({literals})"
    assert await told(shared, insert, by=writer) == [(name, *COMMENT) for name in expected]


async def test_a_new_member(shared: Application) -> None:
    invitation = ("group_invitation", "Invitation à un groupe")
    add = f"insert into group_members (group_id, user_id) values ('{DATA_TEAM}', '%s')"
    assert await told(shared, add % seeded(1, 4), by="marie") == [("marie-2", *invitation)]
    assert await told(shared, add % MARIE, by="marie") == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("approved", [("marie", "suggestion_approved", "Suggestion approuvée")]),
        ("rejected", [("marie", "suggestion_rejected", "Suggestion rejetée")]),
        ("pending", []),
    ],
)
async def test_a_verdict(shared: Application, status: str, expected: list[tuple[str, str, str]]) -> None:
    judge = f"update category_tag_suggestions set status = '{status}' where id = '{seeded(6, 1)}'"
    assert await told(shared, judge, by="admin") == expected
    assert await told(shared, judge, by="admin") == [], "the same verdict again is no news"


async def test_a_verdict_on_nobodys_suggestion(shared: Application) -> None:
    assert (
        await told(shared, "update category_tag_suggestions set status = 'rejected' where name = 'react'", by=None)
        == []
    )
