"""Filters, orders and embeds as supabase-py builds them, each with the query it stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.clients.hublib_reads import MARIE, Read, seeded


def _resources(name: str, build: Callable[[Any], Any], condition: str, *, none: bool = False) -> Read:
    """The ids of marie's resources that a filter leaves, and the condition they fulfil."""
    return Read(
        name,
        ("marie",),
        lambda db, me: build(db.table("resources").select("id")),
        f"select id from expected.resources($1) where {condition}",
        none=("marie",) if none else (),
    )


def _kinds(name: str, build: Callable[[Any], Any], condition: str) -> Read:
    return Read(
        name,
        ("anonymous",),
        lambda db, me: build(db.table("kinds").select("id")),
        f"select id from public.kinds where {condition}",
    )


FILTERS = (
    _resources("neq", lambda q: q.neq("category", "Développement"), "category <> 'Développement'"),
    _resources("between", lambda q: q.gt("views_count", 10).lt("views_count", 99), "views_count between 11 and 98"),
    _resources("a colon", lambda q: q.eq("title", "Sécurité : Node.js"), "title = 'Sécurité : Node.js'"),
    _resources("SQL text", lambda q: q.eq("title", "x' or true --"), "false", none=True),
    _resources("like", lambda q: q.like("title", "%React%"), "title like '%React%'"),
    _resources("like, all", lambda q: q.like_all_of("title", "%React%,%Nat%"), "title like all ('{%React%,%Nat%}')"),
    _resources("like, any", lambda q: q.like_any_of("title", "%Vue%,%Vite%"), "title like any ('{%Vue%,%Vite%}')"),
    _resources("ilike", lambda q: q.ilike("title", "%REACT%"), "title ilike '%react%'"),
    _resources("ilike, any", lambda q: q.ilike_any_of("title", "guide%,%GO"), "title ilike any ('{guide%,%go}')"),
    _resources("null", lambda q: q.is_("language", None), "language is null"),
    _resources("not null", lambda q: q.not_.is_("readme", None), "readme is not null"),
    _resources("in, with quotes", lambda q: q.in_("title", ["Veille : Go", 'a "b", c']), "title = 'Veille : Go'"),
    _resources("in nothing", lambda q: q.in_("language", []), "false", none=True),
    _resources(
        "in, a request line of 20 kB",
        lambda q: q.in_("id", [seeded("2", n) for n in range(1, 551)]),
        f"id <= '{seeded('2', 550)}'",
    ),
    _resources("not in", lambda q: q.not_.in_("language", ["SQL", "Go"]), "language not in ('SQL', 'Go')"),
    _resources("contains", lambda q: q.contains("tags", ["react", "mobile"]), "tags @> '{react,mobile}'"),
    _resources("contained", lambda q: q.contained_by("tags", ["go", "backend", "ui"]), "tags <@ '{go,backend,ui}'"),
    _resources("overlaps", lambda q: q.overlaps("tags", ["docker", "a b"]), "tags && '{docker,a b}'"),
    _resources("match", lambda q: q.match({"category": "Design", "language": "HTML"}), "language = 'HTML'"),
    _resources("any of", lambda q: q.filter("language", "eq(any)", "{SQL,Go}"), "language in ('SQL', 'Go')"),
    _resources("or", lambda q: q.or_("language.eq.SQL,views_count.gt.2000"), "language = 'SQL' or views_count > 2000"),
    _resources("not or", lambda q: q.not_.or_("visibility.eq.public,ratings_count.gt.0"), "visibility <> 'public'"),
    _resources(
        "text search",
        lambda q: q.text_search("title", "exercice & linux", {"config": "french"}),
        "to_tsvector('french', title) @@ to_tsquery('french', 'exercice & linux')",
    ),
    _resources(
        "text search, for the web",
        lambda q: q.text_search("title", '"guide pratique" -docker', {"type": "web_search", "config": "french"}),
        "to_tsvector('french', title) @@ websearch_to_tsquery('french', '\"guide pratique\" -docker')",
    ),
    _kinds("true", lambda q: q.is_("done", True), "done"),
    _kinds("an object", lambda q: q.contains("settings", {"theme": "dark"}), "settings ->> 'theme' = 'dark'"),
    _kinds("a JSON path", lambda q: q.gt("settings->size", 5), "settings -> 'size' > '5'"),
    _kinds("ranges: greater", lambda q: q.range_gt("during", (0, 9)), "during >> '(0,9)'"),
    _kinds("ranges: not less", lambda q: q.range_gte("during", (9, 12)), "during &> '(9,12)'"),
    _kinds("ranges: less", lambda q: q.range_lt("during", (15, 20)), "during << '(15,20)'"),
    _kinds("ranges: not greater", lambda q: q.range_lte("during", (5, 20)), "during &< '(5,20)'"),
    _kinds("ranges: adjacent", lambda q: q.range_adjacent("during", (19, 25)), "during -|- '(19,25)'"),
    _kinds("ranges: overlap", lambda q: q.overlaps("during", "[5,12)"), "during && '[5,12)'"),
    _kinds("words", lambda q: q.plfts("words", "chats"), "words @@ plainto_tsquery('chats')"),
)

EMBEDS = (
    Read(
        "aliases and casts",
        ("marie",),
        lambda db, me: db.table("resources").select("id", "name:title", "views_count::text", "first:tags->0"),
        "select id, title as name, views_count::text, tags[1] as first from expected.resources($1)",
    ),
    Read(
        "hints",
        ("marie",),
        lambda db, me: db.table("category_tag_suggestions").select(
            "name, author:profiles!suggested_by(username), reviewer:reviewed_by(username)"
        ),
        """select name, null as reviewer, (
             select json_build_object('username', username) from public.profiles p where p.id = suggested_by
           ) as author from public.category_tag_suggestions""",
    ),
    Read(
        "a filter on an inner embed",
        ("marie",),
        lambda db, me: db.table("resources").select("id, profiles!inner(username)").eq("profiles.username", "karim"),
        """select r.id, json_build_object('username', 'karim') as profiles from expected.resources($1) r
           join public.profiles p on p.id = r.user_id where p.username = 'karim'""",
    ),
    Read(
        "a spread",
        ("marie",),
        lambda db, me: db.table("resources").select("title, ...profiles(author:username)").eq("language", "Go"),
        """select title, p.username as author from expected.resources($1) r join public.profiles p on p.id = r.user_id
           where language = 'Go'""",
    ),
    Read(
        "order and limit within",
        ("marie",),
        lambda db, me: (
            db.table("profiles")
            .select("username, resources(id)")
            .eq("id", MARIE)
            .order("created_at", desc=True, foreign_table="resources")
            .limit(3, foreign_table="resources")
        ),
        f"""select username, (select json_agg(json_build_object('id', id)) from (
              select id from expected.resources($1) where user_id = '{MARIE}' order by created_at desc limit 3
            ) as newest) as resources from public.profiles where id = '{MARIE}'""",
    ),
    Read(
        "several orders",
        ("marie",),
        lambda db, me: (
            db.table("resources").select("id").order("language", desc=True, nullsfirst=False).order("id", desc=True)
        ),
        """select id, row_number() over (order by language desc nulls last, id desc) as _rank
           from expected.resources($1) order by _rank""",
    ),
)
