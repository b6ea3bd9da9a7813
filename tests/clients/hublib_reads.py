"""What Hub-Lib reads, as supabase-py builds it, each with the query that says what must come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.clients.reference import PEOPLE

EVERYONE = ("anonymous", "marie", "karim", "admin", "service")
ANYONE = ("anonymous", "marie")
MEMBERS = ("marie", "karim")

MARIE, KARIM = PEOPLE["marie"], PEOPLE["karim"]


def seeded(kind: str, n: int) -> str:
    """The id of the n-th seeded row of a kind; see the seed files of the reference schema."""
    return f"{kind}0000000-0000-4000-8000-{n:012}"


@dataclass(frozen=True, slots=True)
class Read:
    """A chain: `build(client, me)` makes what is then executed. `rows` is a query for what must come, with a column
    `_rank` where the order is asked for; with `one`, the single object or None. `none`: callers who find nothing."""

    name: str
    callers: tuple[str, ...]
    build: Callable[[Any, str], Any]
    rows: str
    one: bool = False
    none: tuple[str, ...] = ()


WITH_AUTHOR = "*, profiles!inner(username, full_name, avatar_url)"
AUTHOR = "json_build_object('username', p.username, 'full_name', p.full_name, 'avatar_url', p.avatar_url) as profiles"
FROM = "from expected.resources($1) r join public.profiles p on p.id = r.user_id"
NEWEST = f"select r.*, {AUTHOR}, r.created_at as _rank {FROM}"
INNER = """to_jsonb(r) || jsonb_build_object('profiles', jsonb_build_object(
    'username', p.username, 'full_name', p.full_name, 'avatar_url', p.avatar_url)) as resources"""
READABLE = "join expected.resources($1) r on r.id = s.resource_id join public.profiles p on p.id = r.user_id"
SUGGESTIONS = "public.category_tag_suggestions"

PUBLIC, SHARED = seeded("2", 1), seeded("2", 21)
TEAM, COLLECTION = seeded("3", 1), seeded("4", 60)


def newest(db: Any) -> Any:
    return db.table("resources").select(WITH_AUTHOR).order("created_at", desc=True)


RESOURCES = (
    Read("browse", EVERYONE, lambda db, me: newest(db), f"{NEWEST} order by _rank desc"),
    Read(
        "browse: search",
        ANYONE,
        lambda db, me: newest(db).or_("title.ilike.%l'accessibilité%,description.ilike.%react%"),
        f"{NEWEST} where r.title ilike '%l''accessibilité%' or r.description ilike '%react%' order by _rank desc",
    ),
    Read(
        "browse: categories and tags",
        ANYONE,
        lambda db, me: newest(db).in_("category", ["Outils", "Autres, (divers)"]).overlaps("tags", ["docker", "a,b"]),
        f"{NEWEST} where r.category = 'Outils' and r.tags && '{{docker}}' order by _rank desc",
    ),
    Read(
        "detail",
        EVERYONE,
        lambda db, me: db.table("resources").select(WITH_AUTHOR).eq("id", PUBLIC).single(),
        f"select r.*, {AUTHOR} {FROM} where r.id = '{PUBLIC}'",
        one=True,
    ),
    Read(
        "detail: private",
        EVERYONE,
        lambda db, me: db.table("resources").select(WITH_AUTHOR).eq("id", SHARED).maybe_single(),
        f"select r.*, {AUTHOR} {FROM} where r.id = '{SHARED}'",
        one=True,
        none=("anonymous",),
    ),
    Read(
        "popular",
        ANYONE,
        lambda db, me: (
            db.table("resources")
            .select(WITH_AUTHOR)
            .eq("visibility", "public")
            .order("views_count", desc=True)
            .limit(12)
        ),
        f"""select r.*, {AUTHOR}, r.views_count as _rank {FROM} where r.visibility = 'public'
            order by _rank desc limit 12""",
    ),
    Read(
        "my resources",
        MEMBERS,
        lambda db, me: newest(db).eq("user_id", me),
        f"{NEWEST} where r.user_id = expected.me($1) order by _rank desc",
    ),
    Read(
        "statistics",
        EVERYONE,
        lambda db, me: db.table("resources").select("category", "visibility").not_.is_("category", None),
        "select category, visibility from expected.resources($1)",
    ),
    Read(
        "with whole profiles",
        ("admin", "service"),
        lambda db, me: db.table("resources").select("*, profiles(*)"),
        f"select r.*, to_json(p) as profiles {FROM}",
    ),
    Read(
        "between two days",
        ANYONE,
        lambda db, me: (
            db.table("resources")
            .select("id")
            .gte("created_at", "2025-02-01")
            .lte("created_at", "2025-03-01T12:00:00+01:00")
        ),
        "select id from expected.resources($1) where created_at between '2025-02-01 00:00Z' and '2025-03-01 11:00Z'",
    ),
)

AROUND = (
    Read(
        "saved list",
        ("anonymous", "marie", "karim", "admin"),
        lambda db, me: (
            db.table("saved_resources")
            .select(f"resource_id, resources!inner({WITH_AUTHOR})")
            .order("created_at", desc=True)
        ),
        f"""select s.resource_id, {INNER}, s.created_at as _rank from expected.saved_resources($1) s {READABLE}
            order by _rank desc""",
        none=("anonymous",),
    ),
    Read(
        "my rating",
        MEMBERS,
        lambda db, me: (
            db.table("resource_ratings")
            .select("rating")
            .eq("resource_id", seeded("2", 3))
            .eq("user_id", me)
            .maybe_single()
        ),
        f"""select rating from expected.resource_ratings($1)
            where resource_id = '{seeded("2", 3)}' and user_id = expected.me($1)""",
        one=True,
        none=("karim",),
    ),
    Read(
        "comments",
        EVERYONE,
        lambda db, me: db.table("resource_comments").select(WITH_AUTHOR).eq("resource_id", PUBLIC).order("created_at"),
        f"""select s.*, {AUTHOR}, s.created_at as _rank from expected.resource_comments($1) s
            join public.profiles p on p.id = s.user_id where s.resource_id = '{PUBLIC}' order by _rank""",
    ),
    Read(
        "versions",
        ANYONE,
        lambda db, me: (
            db.table("resource_versions").select("*").eq("resource_id", PUBLIC).order("version_number", desc=True)
        ),
        f"""select *, version_number as _rank from expected.resource_versions($1) where resource_id = '{PUBLIC}'
            order by _rank desc""",
    ),
    Read(
        "shared with me",
        MEMBERS,
        lambda db, me: (
            db.table("resource_shares")
            .select(f"resource_id, resources!inner({WITH_AUTHOR})")
            .eq("shared_with_user_id", me)
        ),
        f"""select s.resource_id, {INNER} from expected.resource_shares($1) s {READABLE}
            where s.shared_with_user_id = expected.me($1)""",
    ),
    Read(
        "shared through groups",
        ("anonymous", "marie", "karim"),
        lambda db, me: (
            db.table("resource_shares")
            .select(f"resource_id, resources!inner({WITH_AUTHOR}), groups!inner(id, group_members!inner(user_id))")
            .not_.is_("shared_with_group_id", None)
        ),
        f"""select s.resource_id, {INNER}, jsonb_build_object('id', g.id, 'group_members', members.found) as groups
            from expected.resource_shares($1) s {READABLE}
            join expected.groups($1) g on g.id = s.shared_with_group_id
            join lateral (
              select jsonb_agg(jsonb_build_object('user_id', m.user_id)) as found
              from expected.group_members($1) m where m.group_id = g.id
            ) as members on members.found is not null""",
        none=("anonymous",),
    ),
    Read(
        "my groups",
        EVERYONE,
        lambda db, me: db.table("groups").select("*").order("created_at", desc=True),
        "select *, created_at as _rank from expected.groups($1) order by _rank desc",
        none=("anonymous",),
    ),
    Read(
        "members of a group",
        EVERYONE,
        lambda db, me: db.table("group_members").select(WITH_AUTHOR).eq("group_id", TEAM),
        f"""select s.*, {AUTHOR} from expected.group_members($1) s join public.profiles p on p.id = s.user_id
            where s.group_id = '{TEAM}'""",
        none=("anonymous",),
    ),
    Read(
        "find people",
        ANYONE,
        lambda db, me: (
            db.table("profiles")
            .select("id, username, full_name, avatar_url")
            .or_('username.ilike."%ben%",full_name.ilike."%lefèvre%"')
            .limit(10)
        ),
        """select id, username, full_name, avatar_url from public.profiles
           where username ilike '%ben%' or full_name ilike '%lefèvre%'""",
    ),
)

COMMUNITY = (
    Read(
        "filter panel",
        ANYONE,
        lambda db, me: (
            db.table("category_tag_suggestions")
            .select("name")
            .match({"type": "category", "status": "approved", "action": "add"})
            .order("votes_count", desc=True)
        ),
        f"""select name, votes_count as _rank from {SUGGESTIONS} where type = 'category' and status = 'approved'
            order by _rank desc""",
    ),
    Read(
        "suggestions with their votes",
        ANYONE,
        lambda db, me: (
            db.table("category_tag_suggestions").select("*, suggestion_votes(user_id, vote_type)").eq("type", "filter")
        ),
        f"""select s.*, (
              select coalesce(json_agg(json_build_object('user_id', v.user_id, 'vote_type', v.vote_type)), '[]')
              from public.suggestion_votes v where v.suggestion_id = s.id
            ) as suggestion_votes from {SUGGESTIONS} s where s.type = 'filter'""",
    ),
    Read(
        "profile",
        ANYONE,
        lambda db, me: db.table("profiles").select("*").eq("username", "karim").single(),
        "select * from public.profiles where username = 'karim'",
        one=True,
    ),
    Read(
        "an administrator?",
        ("marie", "admin"),
        lambda db, me: db.table("user_roles").select("role").eq("user_id", me).eq("role", "admin").maybe_single(),
        "select role from expected.user_roles($1) where user_id = expected.me($1) and role = 'admin'",
        one=True,
        none=("marie",),
    ),
    Read(
        "notifications",
        MEMBERS,
        lambda db, me: db.table("notifications").select("*").eq("user_id", me).order("created_at", desc=True).limit(50),
        """select *, created_at as _rank from expected.notifications($1) where user_id = expected.me($1)
           order by _rank desc limit 50""",
    ),
    Read(
        "settings",
        EVERYONE,
        lambda db, me: db.table("admin_config").select("*"),
        "select * from expected.admin_config($1)",
        none=("anonymous",),
    ),
    Read(
        "public collections",
        EVERYONE,
        lambda db, me: (
            db.table("collections").select("*").eq("is_public", True).order("updated_at", desc=True).limit(20)
        ),
        "select *, updated_at as _rank from expected.collections($1) where is_public order by _rank desc limit 20",
    ),
    Read(
        "content of a collection",
        ("anonymous", "marie"),
        lambda db, me: db.table("collection_resources").select("*").eq("collection_id", COLLECTION).order("order"),
        f"""select *, "order" as _rank from expected.collection_resources($1) where collection_id = '{COLLECTION}'
            order by _rank""",
        none=("anonymous",),
    ),
)

FUNCTIONS = (
    Read(
        "search_users",
        ("marie",),
        lambda db, me: db.rpc("search_users", {"query": "lefèv"}, get=True),
        "select id, username, full_name, avatar_url from public.profiles where full_name ilike '%lefèv%' limit 10",
    ),
    Read(
        "search_resources",
        ANYONE,
        lambda db, me: db.rpc(
            "search_resources", {"query": "guide", "tags": ["React", "ui"], "sort": "title"}, get=True
        ).select("title", "tags"),
        """select title, tags, lower(title) as _rank from expected.resources($1)
           where tags && '{react,ui}' and concat_ws(' ', title, description, readme, tags::text) ilike '%guide%'
           order by _rank""",
    ),
    Read(
        "metadata_usage",
        ANYONE,
        lambda db, me: db.rpc("metadata_usage", {"type": "category"}, get=True),
        """select category as name, count(*) as total, count(*) filter (where visibility = 'public') as public
           from expected.resources($1) group by category""",
    ),
)
