"""What Hub-Lib writes, as supabase-py builds it, and every form of the client's mutations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from postgrest import CountMethod, ReturnMethod

from tests.clients.hublib_reads import KARIM, MARIE, seeded
from tests.clients.reference import PEOPLE

ADMIN = PEOPLE["admin"]
MINE, OTHERS, SHARED = seeded("2", 1), seeded("2", 2), seeded("2", 21)
TEAM, SHARE, COLLECTION = seeded("3", 1), seeded("b", 20000), seeded("4", 60)
NEW, OTHER, ONE, TWO = seeded("f", 900), seeded("f", 901), seeded("f", 1), seeded("f", 2)
NOW = "2025-01-02T03:04:05+00:00"
MINIMAL = ReturnMethod.minimal


@dataclass(frozen=True, slots=True)
class Write:
    """A chain: `build(client, me)` makes what is then executed, from the seeded rows. It must give `data`, or what the
    query `returned` finds afterwards (`one`: a single object), and `count`; or fail with the code `error` and leave no
    trace. `state` and `found` are a query ($1 is the caller's id) and what it must find afterwards."""

    name: str
    callers: tuple[str, ...]
    build: Callable[[Any, str], Any]
    data: Any = None
    returned: str | None = None
    one: bool = False
    count: int | None = None
    error: str | None = None
    state: str | None = None
    found: list[dict[str, Any]] | None = None


def resource(me: str, **more: Any) -> dict[str, Any]:
    return {
        "title": "Un titre",
        "description": "L'essentiel, « en bref »",
        "category": "Outils",
        "tags": ["Docker", " ui ", "docker"],
        "user_id": me,
        **more,
    }


def suggestion(me: str, **more: Any) -> dict[str, Any]:
    return {"name": "Nouveauté", "description": None, "type": "tag", "status": "pending", "suggested_by": me, **more}


def template(me: str, **more: Any) -> dict[str, Any]:
    return {"id": NEW, "name": "n", "description": "d", "category": "c", "created_by": me, **more}


def count_of(table: str, condition: str) -> str:
    return f"select count(*)::int as n from public.{table} where {condition}"


def n(number: int) -> list[dict[str, Any]]:
    return [{"n": number}]


RESOURCES = (
    Write(
        "create",
        ("marie", "karim"),
        lambda db, me: db.table("resources").insert(resource(me, created_at=NOW, updated_at=NOW)),
        returned="select * from public.resources where title = 'Un titre'",
        state="select user_id = $1::uuid as mine, tags from public.resources where title = 'Un titre'",
        found=[{"mine": True, "tags": ["docker", "ui"]}],
    ),
    Write(
        "create in another's name",
        ("karim",),
        lambda db, me: db.table("resources").insert(resource(MARIE)),
        error="42501",
    ),
    Write(
        "create unknown", ("anonymous",), lambda db, me: db.table("resources").insert(resource(MARIE)), error="42501"
    ),
    Write(
        "change",
        ("marie",),
        lambda db, me: db.table("resources").update({"title": "Neuf", "updated_at": NOW}).eq("id", MINE),
        returned=f"select * from public.resources where id = '{MINE}' and title = 'Neuf'",
    ),
    Write(
        "change as a writer",
        ("karim",),
        lambda db, me: db.table("resources").update({"title": "Neuf"}, returning=MINIMAL).eq("id", SHARED),
        data=[],
        state=count_of("resources", "title = 'Neuf'"),
        found=n(1),
    ),
    Write(
        "change as a stranger",
        ("karim",),
        lambda db, me: db.table("resources").update({"title": "Neuf"}).eq("id", MINE),
        data=[],
        state=count_of("resources", "title = 'Neuf'"),
        found=n(0),
    ),
    Write(
        "visibility, tags",
        ("marie",),
        lambda db, me: (
            db.table("resources").update({"visibility": "private", "tags": ["A", 'b"c', "d,e"]}).eq("id", MINE)
        ),
        returned=f"select * from public.resources where id = '{MINE}' and tags = array['a', 'b\"c', 'd,e']",
    ),
    Write(
        "delete",
        ("marie", "admin"),
        lambda db, me: db.table("resources").delete(returning=MINIMAL).eq("id", MINE),
        data=[],
        state=count_of("resources", f"id = '{MINE}'"),
        found=n(0),
    ),
    Write(
        "delete as a stranger",
        ("karim",),
        lambda db, me: db.table("resources").delete().eq("id", MINE),
        data=[],
        state=count_of("resources", f"id = '{MINE}'"),
        found=n(1),
    ),
    *(
        Write(
            f"delete {table} of a resource",
            ("service",),
            lambda db, me, table=table: db.table(table).delete().eq("resource_id", MINE),
            returned=f"select * from kept.{table} where resource_id = '{MINE}'",
            state=count_of(table, f"resource_id = '{MINE}'"),
            found=n(0),
        )
        for table in ("resource_ratings", "resource_comments")
    ),
)

AROUND = (
    Write(
        "comment",
        ("karim",),
        lambda db, me: db.table("resource_comments").insert(
            {"resource_id": MINE, "user_id": me, "parent_id": None, "content": "Merci 🎉\n« bien »"}
        ),
        returned="select * from public.resource_comments where content = E'Merci 🎉\\n« bien »'",
    ),
    Write(
        "empty comment",
        ("karim",),
        lambda db, me: db.table("resource_comments").insert({"resource_id": MINE, "user_id": me, "content": " "}),
        error="23514",
    ),
    Write(
        "delete comments on what is mine",
        ("marie",),
        lambda db, me: db.table("resource_comments").delete(returning=MINIMAL).eq("resource_id", MINE),
        data=[],
        state=count_of("resource_comments", f"resource_id = '{MINE}'"),
        found=n(0),
    ),
    Write(
        "rate",
        ("karim",),
        lambda db, me: db.table("resource_ratings").upsert(
            {"resource_id": MINE, "user_id": me, "rating": 5}, on_conflict="resource_id,user_id"
        ),
        returned=f"select * from public.resource_ratings where resource_id = '{MINE}' and user_id = '{KARIM}'",
    ),
    Write(
        "share",
        ("marie",),
        lambda db, me: db.table("resource_shares").insert(
            {"resource_id": MINE, "shared_with_user_id": KARIM, "permission": "read", "expires_at": None}
        ),
        returned=f"select * from public.resource_shares where resource_id = '{MINE}'",
    ),
    Write(
        "change a share",
        ("marie",),
        lambda db, me: db.table("resource_shares").update({"permission": "read"}).eq("id", SHARE),
        returned=f"select * from public.resource_shares where id = '{SHARE}' and permission = 'read'",
    ),
    Write(
        "take a share back",
        ("marie", "karim"),
        lambda db, me: db.table("resource_shares").delete().eq("id", SHARE),
        returned=f"select * from kept.resource_shares where id = '{SHARE}'",
        state=count_of("resource_shares", f"id = '{SHARE}'"),
        found=n(0),
    ),
    Write(
        "drop a bookmark",
        ("karim", "marie"),
        lambda db, me: db.table("saved_resources").delete(returning=MINIMAL).eq("user_id", me),
        data=[],
        state=count_of("saved_resources", "user_id = $1::uuid"),
        found=n(0),
    ),
    Write(
        "create a group",
        ("karim",),
        lambda db, me: db.table("groups").insert({"name": "Neuf", "description": None, "owner_id": me}),
        returned="select * from public.groups where name = 'Neuf'",
    ),
    Write(
        "add a member twice",
        ("marie",),
        lambda db, me: db.table("group_members").insert({"group_id": TEAM, "user_id": KARIM}),
        error="23505",
    ),
    Write(
        "role of a member",
        ("marie",),
        lambda db, me: db.table("group_members").update({"role": "member"}).eq("group_id", TEAM).eq("user_id", KARIM),
        returned=f"select * from public.group_members where group_id = '{TEAM}' and user_id = '{KARIM}'",
    ),
    Write(
        "leave a group",
        ("karim",),
        lambda db, me: db.table("group_members").delete(returning=MINIMAL).eq("group_id", TEAM).eq("user_id", me),
        data=[],
        state=count_of("group_members", f"group_id = '{TEAM}' and user_id = '{KARIM}'"),
        found=n(0),
    ),
    Write(
        "read all notifications",
        ("marie", "karim"),
        lambda db, me: db.table("notifications").update({"is_read": True}, returning=MINIMAL).eq("is_read", False),
        data=[],
        state=count_of("notifications", "not is_read and user_id = $1::uuid"),
        found=n(0),
    ),
    Write(
        "change a notification",
        ("marie",),
        lambda db, me: db.table("notifications").update({"title": "x"}).eq("is_read", False),
        error="42501",
    ),
    Write(
        "suggest",
        ("karim",),
        lambda db, me: db.table("category_tag_suggestions").insert(suggestion(me, votes_count=0, action="add")),
        returned="select * from public.category_tag_suggestions where name = 'Nouveauté' and status = 'pending'",
    ),
    Write(
        "review",
        ("admin",),
        lambda db, me: (
            db.table("category_tag_suggestions")
            .update({"status": "rejected", "reviewed_at": NOW, "reviewed_by": me}, returning=MINIMAL)
            .eq("status", "pending")
        ),
        data=[],
        state=count_of("category_tag_suggestions", "status = 'pending'"),
        found=n(0),
    ),
    Write(
        "review without the right to",
        ("karim",),
        lambda db, me: db.table("category_tag_suggestions").update({"status": "approved"}).eq("status", "pending"),
        data=[],
    ),
    Write(
        "my profile",
        ("marie",),
        lambda db, me: db.table("profiles").update({"bio": "Neuf"}).eq("id", me),
        returned="select * from public.profiles where bio = 'Neuf'",
    ),
    Write(
        "configuration",
        ("admin",),
        lambda db, me: db.table("admin_config").upsert({"key": "fresh", "value": "1"}, on_conflict="key"),
        returned="select * from public.admin_config where key = 'fresh'",
    ),
    Write(
        "configuration without the right to",
        ("marie",),
        lambda db, me: db.table("admin_config").upsert({"key": "fresh", "value": "1"}, on_conflict="key"),
        error="42501",
    ),
    Write(
        "a collection",
        ("karim",),
        lambda db, me: db.table("collections").insert({"name": "Neuf", "user_id": me, "resources_count": 0}),
        returned="select * from public.collections where name = 'Neuf'",
    ),
    Write(
        "a version",
        ("marie",),
        lambda db, me: db.table("resource_versions").insert(
            {"resource_id": MINE, "title": "t", "description": "d", "created_by": me}
        ),
        returned="select * from public.resource_versions where title = 't'",
    ),
)

FORMS = (
    Write("insert", ("admin",), lambda db, me: db.table("resource_templates").insert(template(me)),
          returned="select * from public.resource_templates where category = 'c'"),
    Write("insert, minimal and counted", ("admin",),
          lambda db, me: db.table("resource_templates").insert(
              [template(me), template(me, id=OTHER)], returning=MINIMAL, count=CountMethod.exact),
          data=[], count=2, state=count_of("resource_templates", "category = 'c'"), found=n(2)),
    Write("insert with other keys, null by default", ("admin",),
          lambda db, me: db.table("resource_templates").insert([template(me, usage_count=4), template(me, id=OTHER)]),
          error="23502"),
    Write("insert with other keys, defaults if so wished", ("admin",),
          lambda db, me: db.table("resource_templates").insert(
              [template(me, usage_count=4), template(me, id=OTHER)], default_to_null=False, returning=MINIMAL),
          data=[], state="select usage_count from public.resource_templates where category = 'c' order by id",
          found=[{"usage_count": 4}, {"usage_count": 0}]),
    Write("insert of an unknown column", ("admin",),
          lambda db, me: db.table("resource_templates").insert(template(me, colour="x")), error="PGRST204"),
    Write("upsert of both", ("admin",),
          lambda db, me: db.table("resource_templates").upsert([template(me, id=ONE), template(me)]),
          returned="select * from public.resource_templates where category = 'c'"),
    Write("upsert that leaves what is there", ("admin",),
          lambda db, me: db.table("resource_templates").upsert(
              [template(me, id=ONE), template(me)], ignore_duplicates=True),
          returned=f"select * from public.resource_templates where id = '{NEW}'"),
    Write("upsert on what is not unique", ("admin",),
          lambda db, me: db.table("resource_templates").upsert(template(me), on_conflict="category"), error="42P10"),
    Write("update, counted", ("admin",),
          lambda db, me: db.table("resource_templates").update(
              {"usage_count": 5}, count=CountMethod.exact, returning=MINIMAL).in_("id", [ONE, TWO]),
          data=[], count=2),
    Write("update that breaks a rule", ("admin",),
          lambda db, me: db.table("resource_templates").update({"usage_count": -1}).eq("id", ONE), error="23514"),
    Write("update of as many as allowed", ("admin",),
          lambda db, me: db.table("resource_templates").update({"usage_count": 5}).gt("usage_count", 50)
          .max_affected(2),
          returned="select * from public.resource_templates where usage_count = 5"),
    Write("update of more than allowed", ("admin",),
          lambda db, me: db.table("resource_templates").update({"usage_count": 5}).gt("usage_count", 20)
          .max_affected(2),
          error="PGRST124"),
    Write("delete, counted", ("admin",),
          lambda db, me: db.table("resource_templates").delete(count=CountMethod.exact).gt("usage_count", 60),
          returned="select * from kept.resource_templates where usage_count > 60", count=1),
    Write("delete of more than allowed", ("admin",),
          lambda db, me: db.table("resource_templates").delete().gt("usage_count", 20).max_affected(2),
          error="PGRST124"),
)  # fmt: skip

FUNCTIONS = (
    Write("count a view", ("anonymous", "karim"),
          lambda db, me: db.rpc("increment_resource_views", {"resource_id": MINE}),
          data=[], state=f"""select n.views_count - k.views_count as more
            from public.resources n join kept.resources k using (id) where id = '{MINE}'""",
          found=[{"more": 1}]),
    Write("rate", ("karim",), lambda db, me: db.rpc("rate_resource", {"resource_id": MINE, "rating": 3}),
          returned=f"select average_rating, ratings_count from public.resources where id = '{MINE}'", one=True),
    Write("vote on nothing", ("karim",),
          lambda db, me: db.rpc("vote_on_suggestion", {"suggestion_id": NEW, "vote_type": "upvote"}), error="PT404"),
    Write("share", ("marie",),
          lambda db, me: db.rpc("share_resource", {"resource_id": MINE, "user_id": KARIM, "permission": "write"}),
          returned=f"select * from public.resource_shares where resource_id = '{MINE}'", one=True),
    Write("take a share back", ("marie",),
          lambda db, me: db.rpc("unshare_resource", {"resource_id": SHARED, "user_id": KARIM}), data=True),
    Write("share another's", ("karim",),
          lambda db, me: db.rpc("share_resource", {"resource_id": MINE, "user_id": me}), error="42501"),
    Write("fork", ("karim",), lambda db, me: db.rpc("fork_resource", {"resource_id": MINE}),
          returned="select * from public.resources where title like '% (Fork)'", one=True),
    Write("fork unknown", ("anonymous",), lambda db, me: db.rpc("fork_resource", {"resource_id": MINE}),
          error="42501"),
    Write("rows, filtered and limited", ("marie",),
          lambda db, me: db.rpc("popular_resources", {"limit": 50}).select("title").eq("visibility", "public").limit(2),
          returned="select title from public.popular_resources(50) limit 2"),
    Write("an argument too few", ("karim",), lambda db, me: db.rpc("rate_resource", {"rating": 3}), error="PGRST202"),
)  # fmt: skip
