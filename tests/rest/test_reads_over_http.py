"""Requests and their answers, served by a real gateway. Each is asked twice: of a gateway that uses the fast path where
it may, and of one that runs every read in a transaction. The answers must be equal to the byte."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.mediatheque import MEMBER, STAFF, Mediatheque, both, ids, titles
from tests.serving import token

Row = tuple[str, Any]


async def check(mediatheque: Mediatheque, target: str, expected: Any, **options: Any) -> None:
    answer = await both(mediatheque, target, **options)
    assert (answer.status, answer.json) == (200, expected)


def table(rows: list[Row]) -> Any:
    return pytest.mark.parametrize(("target", "expected"), rows, ids=[row[0] for row in rows])


COLUMNS: list[Row] = [
    ("/books?select=id,title&id=eq.1", [{"id": 1, "title": "La Pesanteur et la Grâce"}]),
    ("/books?select=name:title,y:year::text&id=eq.2", [{"name": "L'Étranger", "y": "1942"}]),
    ("/books?select=year::text&id=eq.2", [{"year": "1942"}]),
    (
        "/books?select=price,genre,tags,lent&id=eq.4",
        [{"price": None, "genre": "poetry", "tags": ["short", "a,b"], "lent": "empty"}],
    ),
    ("/books?select=meta->pages,meta->at->>room,x:meta->copies->1&id=eq.2", [{"pages": 186, "room": "B", "x": 5}]),
    ("/books?select=meta->0,m:meta->-1&id=eq.5", [{"meta": 1, "m": 2}]),
    ("/books?select=tags->0,last:tags->>-1&id=eq.4", [{"tags": "short", "last": "a,b"}]),
    (
        "/books?select=full_title&id=in.(4,5)&order=id",
        [{"full_title": "Cahier d'un retour (1939)"}, {"full_title": "Anonyme (?)"}],
    ),
    (
        "/books?select=t:full_title&full_title=like.*1947)&order=full_title",
        [{"t": "La Pesanteur et la Grâce (1947)"}, {"t": "La Peste (1947)"}],
    ),
    ("/books?select=count", [{"count": 5}]),
    (
        "/%C3%89tag%C3%A8re%20n%C2%B0%201?order=order",
        [
            {"le titre": 'deux "quoted"', "a.b": 2, "c,d(e)": "y", "order": 1},
            {"le titre": "un", "a.b": 1, "c,d(e)": "x", "order": 2},
        ],
    ),
    ('/%C3%89tag%C3%A8re+n%C2%B0+1?select="a.b"', None),
    ('/%C3%89tag%C3%A8re%20n%C2%B0%201?select="a.b",x:"c,d(e)"&"a.b"=eq.1', [{"a.b": 1, "x": "x"}]),
    ("/%C3%89tag%C3%A8re%20n%C2%B0%201?select=le%20titre&and=(order.eq.2)", [{"le titre": "un"}]),
    ("/nothing_here", []),
    ("/modern_books?select=id&order=id", ids(1, 2, 3)),
    ("/yearly?select=*&year=eq.1947", [{"year": 1947, "books": 2}]),
    ("/visits?select=hours&order=day", [{"hours": 2}, {"hours": 1}, {"hours": 4}]),
    ("/shelves?order=mark", [{"mark": "S-12", "room": "A"}, {"mark": "S-13", "room": "B"}]),
    ("/shelves?select=mark&mark=eq.S-13", [{"mark": "S-13"}]),
    ("/shelves?select=room&mark=in.(S-12,S-99)", [{"room": "A"}]),
]

FILTERS: list[Row] = [
    ("id=eq.1", [1]),
    ("id=neq.1", [2, 3, 4, 5]),
    ("id=gt.3", [4, 5]),
    ("id=gte.3", [3, 4, 5]),
    ("id=lt.2", [1]),
    ("id=lte.2", [1, 2]),
    ("id=not.eq.1", [2, 3, 4, 5]),
    ("id=gt.1&id=lt.4", [2, 3]),
    ("year=is.null", [5]),
    ("year=not.is.null", [1, 2, 3, 4]),
    ("year=is.NOT_NULL", [1, 2, 3, 4]),
    ("year=isdistinct.1947", [2, 4, 5]),
    ("title=like.La*", [1, 3]),
    ("title=ilike.la%20p*", [1, 3]),
    ("title=match.%5EL", [1, 2, 3]),
    ("title=imatch.^l.%C3%A9", [2]),
    ("title=like(any).{La*,Ano*}", [1, 3, 5]),
    ("title=ilike(all).{la*,*peste}", [3]),
    ("id=eq(any).{1,5}", [1, 5]),
    ("id=gt(all).{1,3}", [4, 5]),
    ("id=in.(1,3,9)", [1, 3]),
    ("id=in.()", []),
    ("id=not.in.()", [1, 2, 3, 4, 5]),
    ("id=in.(%201,3)", [1, 3]),
    ('title=in.("La%20Peste","x,y")', [3]),
    ("title=in.(L'%C3%89tranger,null)", [2]),
    ("genre=eq.novel", [2, 3]),
    ("genre=in.(essay,poetry)", [1, 4]),
    ("tags=cs.{short}", [1, 2, 4]),
    ('tags=cs.{"a,b"}', [4]),
    ("tags=cd.{short,philo}", [1, 2, 3, 5]),
    ("tags=ov.{philo,none}", [1]),
    ("tags=eq.{}", [3, 5]),
    ("lent=sl.[2024-02-15,2024-02-20)", [1]),
    ("lent=sr.[2024-02-15,2024-02-20)", [2]),
    ("lent=nxr.[2024-01-01,2024-02-01)", [1]),
    ("lent=nxl.[2024-02-15,2024-02-20)", [2]),
    ("lent=adj.[2024-02-01,2024-03-01)", [1, 2]),
    ("lent=cs.[2024-01-15,2024-01-16)", [1]),
    ("body=fts(simple).peste", [3]),
    ("body=wfts(simple).soleil%20or%20ville", [2, 3]),
    ("title=fts(french).peste", [3]),
    ("title=plfts(french).la%20peste", [3]),
    ("title=phfts(simple).la%20peste", [3]),
    ("title=not.fts(simple).la", [2, 4, 5]),
    ("meta->pages=gt.190", [1]),
    ("meta->>pages=eq.186", [2]),
    ("meta->at->>room=eq.A", [1]),
    ("meta->copies->0=eq.3", [2]),
    ('meta=cs.{"pages":208}', [1]),
    ("tags->0=eq.%22philo%22", [1]),
    ("acquired=gt.2020-01-15T00:00:00%2B00:00", [2]),
    ("or=(id.eq.1,year.is.null)", [1, 5]),
    ("and=(id.gt.1,id.lt.4)&genre=eq.novel", [2, 3]),
    ("not.or=(id.eq.1,id.eq.2)", [3, 4, 5]),
    ("or=(id.eq.5,and(year.eq.1947,not.or(genre.eq.novel,genre.is.null)))", [1, 5]),
    ('or=(title.eq."La%20Peste",tags.cs.{"a,b"})', [3, 4]),
    ('or=(lent.adj."[2024-02-01,2024-03-01)",id.in.(5))', [1, 2, 5]),
    ('or=(meta->at->>room.eq.A,meta.cs."{\\"pages\\":186}")', [1, 2]),
    ("or=(id.not.in.(1,2,3),title.like.*Peste)", [3, 4, 5]),
]

ORDER_AND_RANGE: list[Row] = [
    ("/books?select=id&order=id.desc", ids(5, 4, 3, 2, 1)),
    ("/books?select=id&order=year,id.desc", ids(4, 2, 3, 1, 5)),
    ("/books?select=id&order=year.desc.nullslast,id", ids(1, 3, 2, 4, 5)),
    ("/books?select=id&order=year.nullsfirst,id", ids(5, 4, 2, 1, 3)),
    ("/books?select=id&order=meta->pages.asc.nullslast,id&id=lt.3", ids(2, 1)),
    ("/books?select=id&order=tags->>0,id", ids(1, 2, 4, 3, 5)),
    ("/books?select=id&order=id&limit=2", ids(1, 2)),
    ("/books?select=id&order=id&limit=2&offset=3", ids(4, 5)),
    ("/books?select=id&order=id&offset=-5&limit=1", ids(1)),
    ("/books?select=id&limit=0", []),
    ("/books?select=id&offset=99", []),
    ("/books?select=id&order=id&limit=notanumber", ids(1, 2, 3, 4, 5)),
    (
        "/books?select=id,...authors(name)&order=authors(name),id&limit=2",
        [{"id": 4, "name": "Aimé Césaire"}, {"id": 2, "name": "Albert Camus"}],
    ),
    (
        "/books?select=id,a:authors(id)&order=a(id).desc.nullsfirst,id&limit=2",
        [{"id": 5, "a": None}, {"id": 4, "a": {"id": 3}}],
    ),
    (
        "/authors?select=latest_book(year)&order=latest_book(year).nullsfirst,id&id=lt.4&limit=1",
        [{"latest_book": {"year": 1939}}],
    ),
]

EMBEDS: list[Row] = [
    (
        "/books?select=title,authors(name)&id=in.(3,5)&order=id",
        [{"title": "La Peste", "authors": {"name": "Albert Camus"}}, {"title": "Anonyme", "authors": None}],
    ),
    ("/books?select=who:authors(name)&id=eq.3", [{"who": {"name": "Albert Camus"}}]),
    ("/books?select=author_id(name)&id=eq.3", [{"author_id": {"name": "Albert Camus"}}]),
    ("/books?select=authors!books_author_id_fkey(name)&id=eq.3", [{"authors": {"name": "Albert Camus"}}]),
    (
        "/books?select=id,authors!inner(name)&authors.name=like.A*&order=id",
        [
            {"id": 2, "authors": {"name": "Albert Camus"}},
            {"id": 3, "authors": {"name": "Albert Camus"}},
            {"id": 4, "authors": {"name": "Aimé Césaire"}},
        ],
    ),
    ("/books?select=id,authors!inner()&authors.name=like.A*&order=id", ids(2, 3, 4)),
    (
        "/books?select=id,authors(name)&authors.name=like.Ai*&id=gt.2&order=id",
        [{"id": 3, "authors": None}, {"id": 4, "authors": {"name": "Aimé Césaire"}}, {"id": 5, "authors": None}],
    ),
    (
        "/authors?select=name,biographies(words)&order=id&limit=3",
        [
            {"name": "Simone Weil", "biographies": {"words": 500}},
            {"name": "Albert Camus", "biographies": {"words": 700}},
            {"name": "Aimé Césaire", "biographies": None},
        ],
    ),
    ("/biographies?select=words,authors(name)&author_id=eq.1", [{"words": 500, "authors": {"name": "Simone Weil"}}]),
    (
        "/authors?select=id,books(id)&books.order=id.desc&order=id",
        [{"id": 1, "books": ids(1)}, {"id": 2, "books": ids(3, 2)}, {"id": 3, "books": ids(4)}, {"id": 4, "books": []}],
    ),
    ("/authors?select=id,books(id)&books.limit=1&books.offset=1&books.order=id&id=eq.2", [{"id": 2, "books": ids(3)}]),
    (
        "/authors?select=id,books!inner(id)&books.year=gt.1945&order=id",
        [{"id": 1, "books": ids(1)}, {"id": 2, "books": ids(3)}],
    ),
    (
        "/books?select=id,readers(name)&readers.order=name&id=lt.4&order=id",
        [
            {"id": 1, "readers": [{"name": "Inès"}]},
            {"id": 2, "readers": [{"name": "Inès"}, {"name": "Omar"}]},
            {"id": 3, "readers": []},
        ],
    ),
    (
        "/readers?select=name,books!loans(title)&books.order=id&order=id",
        [
            {"name": "Inès", "books": titles("La Pesanteur et la Grâce", "L'Étranger")},
            {"name": "Omar", "books": titles("L'Étranger")},
            {"name": "Zoé", "books": []},
        ],
    ),
    (
        "/books?select=loans(due,readers(name))&loans.order=due&id=eq.1",
        [{"loans": [{"due": "2024-05-01", "readers": {"name": "Inès"}}]}],
    ),
    (
        "/authors?select=mentor_id(name),authors(name)&id=in.(2,4)&order=id",
        [
            {"mentor_id": None, "authors": [{"name": "Marguerite Duras"}]},
            {"mentor_id": {"name": "Albert Camus"}, "authors": []},
        ],
    ),
    ("/authors?select=latest_book(title)&id=eq.2", [{"latest_book": {"title": "La Peste"}}]),
    ("/books?select=same_year(title)&id=eq.1", [{"same_year": [{"title": "La Peste"}]}]),
    (
        "/books?select=same_year(id,authors(name))&id=eq.1",
        [{"same_year": [{"id": 3, "authors": {"name": "Albert Camus"}}]}],
    ),
    (
        "/letters?select=from:readers!sender(name),to:recipient(name)&id=eq.1",
        [{"from": {"name": "Inès"}, "to": {"name": "Omar"}}],
    ),
    ("/modern_books?select=id,authors(name)&id=eq.3", [{"id": 3, "authors": {"name": "Albert Camus"}}]),
    ("/authors?select=modern_books(id)&id=eq.3", [{"modern_books": []}]),
    ("/visits?select=hours,readers(name)&hours=eq.4", [{"hours": 4, "readers": {"name": "Omar"}}]),
    ("/readers?select=id,visits(hours)&visits.order=day&id=eq.1", [{"id": 1, "visits": [{"hours": 2}, {"hours": 1}]}]),
    (
        "/books?select=authors(books(authors(books(id))))&id=eq.1",
        [{"authors": {"books": [{"authors": {"books": ids(1)}}]}}],
    ),
    ("/books?select=id,authors()&authors=is.null", ids(5)),
    ("/books?select=id,authors()&authors=not.is.null&authors.name=like.S*", ids(1)),
    ("/readers?select=id,books()&books=is.null", ids(3)),
    ("/readers?select=id,books()&books=not.is.null&order=id", ids(1, 2)),
    ("/books?select=id,authors(),readers()&or=(authors.is.null,readers.not.is.null)&order=id", ids(1, 2, 5)),
    (
        "/readers?select=id,books(count)&order=id",
        [{"id": 1, "books": [{"count": 2}]}, {"id": 2, "books": [{"count": 1}]}, {"id": 3, "books": [{"count": 0}]}],
    ),
    (
        "/books?select=id,readers(*)&readers.or=(name.eq.Omar,name.eq.Nobody)&id=eq.2",
        [{"id": 2, "readers": [{"id": 2, "name": "Omar"}]}],
    ),
]

SPREADS: list[Row] = [
    (
        "/books?select=id,...authors(author:name)&id=gt.3&order=id",
        [{"id": 4, "author": "Aimé Césaire"}, {"id": 5, "author": None}],
    ),
    (
        "/books?select=id,...authors(name,...biographies(words))&id=eq.1",
        [{"id": 1, "name": "Simone Weil", "words": 500}],
    ),
    (
        "/authors?select=id,...books(titles:title,years:year)&books.order=year.desc&id=in.(2,4)&order=id",
        [{"id": 2, "titles": ["La Peste", "L'Étranger"], "years": [1947, 1942]}, {"id": 4, "titles": [], "years": []}],
    ),
    (
        "/readers?select=id,...books(...authors(name))&books.order=id&id=eq.1",
        [{"id": 1, "name": ["Simone Weil", "Albert Camus"]}],
    ),
    ("/authors?select=...books(id,readers(name))&id=eq.1", [{"id": [1], "readers": [[{"name": "Inès"}]]}]),
    ("/books?select=id,...authors!inner(born)&authors.born=lt.1910-01-01", [{"id": 1, "born": "1909-02-03"}]),
    ("/books?select=id,...authors()&authors=is.null", ids(5)),
]

AGGREGATES: list[Row] = [
    ("/books?select=count()", [{"count": 5}]),
    ("/books?select=n:count(),price.sum(),top:price.max()::text", [{"n": 5, "sum": 23.40, "top": "9.00"}]),
    (
        "/books?select=year,count()&year=not.is.null&order=year",
        [{"year": 1939, "count": 1}, {"year": 1942, "count": 1}, {"year": 1947, "count": 2}],
    ),
    ("/books?select=genre.count(),id.min(),id.max(),id.avg()", [{"count": 4, "min": 1, "max": 5, "avg": 3.0}]),
    ("/books?select=meta->pages::int.sum()&id=lt.3", [{"sum": 394}]),
    (
        "/authors?select=id,books(count(),year.max())&id=in.(2,4)&order=id",
        [{"id": 2, "books": [{"count": 2, "max": 1947}]}, {"id": 4, "books": [{"count": 0, "max": None}]}],
    ),
    ("/books?select=count(),...authors(name)&author_id=eq.2", [{"count": 2, "name": "Albert Camus"}]),
    ("/books?select=...authors(oldest:born.min())", [{"oldest": "1909-02-03"}]),
    ("/books?select=authors(name),count()&author_id=eq.2", [{"authors": {"name": "Albert Camus"}, "count": 2}]),
]

CALLS: list[Row] = [
    ("/rpc/add?a=1&b=2", 3),
    ("/rpc/add?a=1&b=2&b=5", 6),
    ("/rpc/total?amounts=1&amounts=2&amounts=3", 6),
    ("/rpc/echo?line=a+b%2Bc", "a b+c"),
    ("/rpc/echo?line=", ""),
    ("/rpc/books_since?since=1945&select=id&order=id.desc&title=like.La*", ids(3, 1)),
    (
        "/rpc/books_since?since=1&lang=de&select=id,authors(name)&id=eq.3",
        [{"id": 3, "authors": {"name": "Albert Camus"}}],
    ),
    (
        "/rpc/books_since?since=1947&select=full_title&order=full_title&full_title=like.*Peste*",
        [{"full_title": "La Peste (1947)"}],
    ),
    ("/rpc/books_since?since=1947&select=id,same_year(id)&order=id&limit=1", [{"id": 1, "same_year": ids(3)}]),
    ("/rpc/pair", {"a": 1, "b": "x"}),
    ("/rpc/pair?select=b", {"b": "x"}),
    ("/rpc/names", ["Simone Weil", "Albert Camus", "Aimé Césaire", "Marguerite Duras"]),
    ("/rpc/names?limit=1&offset=1", ["Albert Camus"]),
    ("/rpc/tally?genre=not.is.null&select=books&books=gt.1", [{"books": 2}]),
]


@table([row for row in COLUMNS if row[1] is not None])
async def test_columns(mediatheque: Mediatheque, target: str, expected: Any) -> None:
    await check(mediatheque, target, expected)


@pytest.mark.parametrize(("query", "found"), FILTERS, ids=[row[0] for row in FILTERS])
async def test_filters(mediatheque: Mediatheque, query: str, found: list[int]) -> None:
    await check(mediatheque, f"/books?select=id&order=id&{query}", ids(*found))


@table(ORDER_AND_RANGE)
async def test_order_and_range(mediatheque: Mediatheque, target: str, expected: Any) -> None:
    await check(mediatheque, target, expected)


@table(EMBEDS)
async def test_embeds(mediatheque: Mediatheque, target: str, expected: Any) -> None:
    await check(mediatheque, target, expected)


@table(SPREADS)
async def test_spreads(mediatheque: Mediatheque, target: str, expected: Any) -> None:
    await check(mediatheque, target, expected)


@table(AGGREGATES)
async def test_aggregates(mediatheque: Mediatheque, target: str, expected: Any) -> None:
    await check(mediatheque, target, expected)


@table(CALLS)
async def test_calls(mediatheque: Mediatheque, target: str, expected: Any) -> None:
    await check(mediatheque, target, expected)


@pytest.mark.parametrize(
    ("bearer", "expected"),
    [
        (MEMBER, ids(1, 3)),
        (token("rest_member", sub="omar"), ids(2)),
        (token("rest_member"), []),
        (STAFF, ids(1, 2, 3)),
    ],
    ids=["ines", "omar", "nobody", "staff"],
)
async def test_rows_are_the_callers(mediatheque: Mediatheque, bearer: str, expected: Any) -> None:
    await check(mediatheque, "/notes?select=id&order=id", expected, bearer=bearer)


async def test_the_gateways_take_different_paths(mediatheque: Mediatheque, monkeypatch: pytest.MonkeyPatch) -> None:
    fast: dict[str, int] = {}
    for name in ("fast", "careful"):
        database = getattr(mediatheque, name).gateway.database
        fast[name] = 0

        async def counted(*given: Any, name: str = name, read: Any = database.read) -> Any:
            fast[name] += 1
            return await read(*given)

        monkeypatch.setattr(database, "read", counted)
    targets = [row[0] for row in (*COLUMNS, *ORDER_AND_RANGE, *EMBEDS, *SPREADS, *AGGREGATES) if row[1] is not None]
    targets += [f"/books?select=id&{query}" for query, _ in FILTERS]
    for target in targets:
        await both(mediatheque, target)
    assert fast["careful"] == 0
    assert fast["fast"] > 0.9 * len(targets)
