"""What visitors of the reference application ask: pages as its chains of calls have them (schema/hublib), and writes.

Made by chance with a fixed seed, so every run asks the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import asyncpg
import jwt

from benchmarks.world import SECRET

WRITES = 0.05
"""Of all requests."""
_SEED = 7
_SIGNED_IN = 0.5
_PAGES_OF_A_VISIT = 6
_TOMORROW_AND_LATER = 4_000_000_000
_R = "*,profiles!inner(username,full_name,avatar_url)"
_OBJECT = "application/vnd.pgrst.object+json"
_KINDS = {"view": 6, "comment": 2, "vote": 2, "save": 2}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request; `who` is "visitor", "member" or, for what changes something, "write"."""

    text: str
    who: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A public one, with its owner."""

    id: str
    owner: str
    username: str
    category: str


@dataclass(frozen=True, slots=True)
class Site:
    """What there is to see: `resources` by how often they are seen, the ids of `users` and of `suggestions`."""

    resources: Sequence[Resource]
    users: Sequence[str]
    suggestions: Sequence[str]


async def look(connection: asyncpg.Connection) -> Site:
    """The public part of a database of the reference application."""
    resources = await connection.fetch(
        "select r.id::text, r.user_id::text as owner, p.username, r.category from resources r "
        "join profiles p on p.id = r.user_id where visibility = 'public' order by views_count desc, r.id"
    )
    users = await connection.fetch(
        "select p.id::text from profiles p join user_roles u on u.user_id = p.id where u.role = 'user' order by p.id"
    )
    suggestions = await connection.fetch(
        "select id::text from category_tag_suggestions where status = 'pending' order by id"
    )
    return Site([Resource(**row) for row in resources], [u["id"] for u in users], [s["id"] for s in suggestions])


def requests(site: Site, count: int, clients: int) -> list[Visit]:
    """`count` requests, of which each of `clients` has a part that is its own, with users of its own."""
    chance = random.Random(_SEED)
    popularity = [1 / rank for rank in range(1, len(site.resources) + 1)]
    found: list[Visit] = []
    for client in range(clients):
        part = (client + 1) * count // clients - client * count // clients
        stream = _visits(site, site.users[client::clients], popularity, chance)
        found += [next(stream) for _ in range(part)]
    return found


def views(site: Site) -> list[str]:
    """The commonest write: somebody has seen a resource."""
    users = [None, *site.users]
    return [
        _request("POST", "/rpc/increment_resource_views", users[n % len(users)], {"resource_id": resource.id})
        for n, resource in enumerate(site.resources)
    ]


def _visits(site: Site, users: Sequence[str], popularity: Sequence[float], chance: random.Random) -> Iterator[Visit]:
    """Visit after visit, for ever. A write comes whenever it is due."""
    due = 0.0
    saved: set[tuple[str, str]] = set()
    while True:
        user = chance.choice(users) if chance.random() < _SIGNED_IN else None
        for _ in range(_PAGES_OF_A_VISIT):
            seen = chance.choices(site.resources, popularity)[0]
            page = chance.choices(_PAGES, _WEIGHTS)[0]
            for target, accept in page(seen, user):
                due += WRITES / (1 - WRITES)
                yield Visit(_request("GET", target, user, accept=accept), "visitor" if user is None else "member")
            while due >= 1:
                due -= 1
                yield Visit(_write(site, seen, user, saved, chance), "write")


def _write(site: Site, seen: Resource, user: str | None, saved: set[tuple[str, str]], chance: random.Random) -> str:
    """Visitors only count as viewers."""
    kind = chance.choices(tuple(_KINDS), tuple(_KINDS.values()))[0] if user is not None else "view"
    if user is None or kind == "view":
        return _request("POST", "/rpc/increment_resource_views", user, {"resource_id": seen.id})
    if kind == "comment":
        body = {"resource_id": seen.id, "user_id": user, "parent_id": None, "content": "Merci !"}
        return _request(
            "POST", f"/resource_comments?select={_R}", user, body, accept=_OBJECT, prefer="return=representation"
        )
    if kind == "vote":
        vote = {"suggestion_id": chance.choice(site.suggestions), "vote_type": chance.choice(("upvote", "downvote"))}
        return _request("POST", "/rpc/vote_on_suggestion", user, vote)
    if (user, seen.id) in saved:
        saved.discard((user, seen.id))
        return _request("DELETE", f"/saved_resources?resource_id=eq.{seen.id}", user)
    saved.add((user, seen.id))
    # As the application does it, but for the second time round, when the row is there already.
    body = {"resource_id": seen.id, "user_id": user}
    target = "/saved_resources?on_conflict=user_id,resource_id"
    return _request("POST", target, user, body, prefer="resolution=ignore-duplicates")


# -- pages ----------------------------------------------------------------------------------------------------------

Read = tuple[str, str]
"""Target and Accept."""


def _home(seen: Resource, user: str | None) -> Iterator[Read]:
    public = f"/resources?select={_R}&visibility=eq.public"
    yield f"{public}&order=views_count.desc&limit=12", "*/*"
    yield f"{public}&order=created_at.desc&limit=6", "*/*"
    yield _saved_list(), "*/*"
    yield from _filter_panel()
    if user is not None:
        yield _notification_list(user), "*/*"
        yield f"/user_roles?select=role&user_id=eq.{user}&role=eq.admin", "*/*"


def _browse(seen: Resource, user: str | None) -> Iterator[Read]:
    category = quote(f'("{seen.category}")', safe="()")
    yield f"/resources?select={_R}&order=created_at.desc&category=in.{category}&tags=ov.{{open-source}}", "*/*"
    yield _saved_list(), "*/*"
    yield from _filter_panel()


def _detail(seen: Resource, user: str | None) -> Iterator[Read]:
    yield f"/resources?select={_R}&id=eq.{seen.id}", _OBJECT
    yield f"/resource_comments?select={_R}&resource_id=eq.{seen.id}&order=created_at.asc", "*/*"
    yield _saved_list(), "*/*"
    if user is not None:
        yield f"/resource_ratings?select=rating&resource_id=eq.{seen.id}&user_id=eq.{user}", "*/*"


def _profile(seen: Resource, user: str | None) -> Iterator[Read]:
    yield f"/profiles?select=*&username=eq.{quote(seen.username)}", _OBJECT
    yield f"/resources?select={_R}&user_id=eq.{seen.owner}&visibility=eq.public&order=created_at.desc", "*/*"


def _categories(seen: Resource, user: str | None) -> Iterator[Read]:
    votes = "/category_tag_suggestions?select=*,suggestion_votes(user_id,vote_type)"
    yield f"{votes}&type=eq.category&order=votes_count.desc", "*/*"
    yield "/resources?select=category,visibility&category=not.is.null", "*/*"
    for kind in ("category", "tag", "resource_type", "filter"):
        yield (
            f"/category_tag_suggestions?select=*&type=eq.{kind}&status=eq.pending&order=votes_count.desc&limit=8",
            "*/*",
        )


def _notifications(seen: Resource, user: str | None) -> Iterator[Read]:
    if user is None:
        yield "/collections?select=*&is_public=eq.true&order=updated_at.desc&limit=20", "*/*"
    else:
        yield _notification_list(user), "*/*"


def _filter_panel() -> Iterator[Read]:
    for kind in ("category", "tag", "resource_type"):
        known = f"select=name&type=eq.{kind}&status=eq.approved&action=eq.add"
        yield f"/category_tag_suggestions?{known}&order=votes_count.desc", "*/*"


def _saved_list() -> str:
    return f"/saved_resources?select=resource_id,resources!inner({_R})&order=created_at.desc"


def _notification_list(user: str) -> str:
    return f"/notifications?select=*&user_id=eq.{user}&order=created_at.desc&limit=50"


_PAGES = (_home, _browse, _detail, _profile, _categories, _notifications)
_WEIGHTS = (25, 15, 35, 10, 5, 10)


# -- requests -------------------------------------------------------------------------------------------------------


def _request(
    method: str,
    target: str,
    user: str | None,
    body: object = None,
    *,
    accept: str = "*/*",
    prefer: str | None = None,
) -> str:
    content = "" if body is None else json.dumps(body)
    lines = [f"{method} /rest/v1{target} HTTP/1.1", "Host: 127.0.0.1", f"Accept: {accept}"]
    if user is not None:
        lines.append(f"Authorization: Bearer {_token(user)}")
    if prefer is not None:
        lines.append(f"Prefer: {prefer}")
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content.encode())}"]
    return "\r\n".join(lines) + f"\r\n\r\n{content}"


def _token(user: str) -> str:
    claims = {"sub": user, "role": "authenticated", "aud": "authenticated", "exp": _TOMORROW_AND_LATER}
    return jwt.encode(claims, SECRET, algorithm="HS256")
