"""What is measured: one HTTP request and the SQL that a careful programmer would write for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """`path` is below `/rest/v1`; `{id}` in it runs through `ids`. `users` are taken in turn. `sql` is the textbook's,
    with `$1` for the id if there is one. `counted`: the answer is `count(*)`, asked by HEAD with `Prefer`."""

    name: str
    path: str
    sql: str
    users: int = 1
    ids: tuple[int, ...] = (0,)
    method: str = "GET"
    prefer: str = ""


_IDS = tuple(range(2, 2002, 2))
_POINT = "select id, title, owner, created_at from items where id = $1"

SCENARIOS = (
    Scenario("row by key, one user", "/items?select=id,title,owner,created_at&id=eq.{id}", _POINT, ids=_IDS),
    Scenario(
        "row by key, 1,000 users",
        "/items?select=id,title,owner,created_at&id=eq.{id}",
        _POINT,
        users=1000,
        ids=_IDS,
    ),
    Scenario(
        "list of 100 rows",
        "/items?select=id,title,body,category,created_at&order=created_at.desc&limit=100",
        "select id, title, body, category, created_at from items order by created_at desc limit 100",
    ),
    Scenario(
        "20 rows with an embed",
        "/items?select=id,title,created_at,authors(name,country)&order=created_at.desc&limit=20",
        "select i.id, i.title, i.created_at, "
        "(select row_to_json(a) from (select name, country from authors where id = i.author_id) a)::text as authors "
        "from items i order by i.created_at desc limit 20",
    ),
    Scenario(
        "filtered count",
        "/items?select=id&category=eq.books&id=lte.5000&limit=1",
        "select count(*) from items where category = 'books' and id <= 5000",
        method="HEAD",
        prefer="count=exact",
    ),
)
