"""What is measured: one HTTP request and the SQL that a careful programmer would write for it."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """`path` is below `/rest/v1`; `{id}` in it runs through `ids`. `users` are taken in turn. `sql` is the textbook's:
    `$1` is the id if there is one, then come the values of `fields` in the JSON `body`. An array of objects is
    inserted with `executemany`. A HEAD asks for the count alone."""

    name: str
    path: str
    sql: str
    users: int = 1
    ids: tuple[int, ...] = (0,)
    method: str = "GET"
    prefer: str = ""
    body: str = ""
    fields: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        return self.method in ("POST", "PATCH") and "/rpc/" not in self.path


_NOTE = {"owner": "00000000-0000-4000-8000-000000000001", "title": "A note", "stars": 3}
_INSERT = "insert into notes (owner, title, stars) values ($1, $2, $3)"
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
    Scenario(
        "insert a row, returning it",
        "/notes",
        f"{_INSERT} returning id, owner, title, stars, created_at",
        method="POST",
        prefer="return=representation",
        body=json.dumps(_NOTE),
        fields=("owner", "title", "stars"),
    ),
    Scenario(
        "insert 1,000 rows",
        "/notes",
        _INSERT,
        method="POST",
        body=json.dumps([_NOTE] * 1000),
        fields=("owner", "title", "stars"),
    ),
    Scenario(
        "update by key",
        "/items?id=eq.{id}",
        "update items set title = $2 where id = $1",
        method="PATCH",
        ids=tuple(range(1000, 100_001, 1000)),
        body=json.dumps({"title": "Another title"}),
        fields=("title",),
    ),
    Scenario(
        "function of two numbers",
        "/rpc/add_them",
        "select add_them($1, $2)",
        method="POST",
        body=json.dumps({"a": 1, "b": 2}),
        fields=("a", "b"),
    ),
)
