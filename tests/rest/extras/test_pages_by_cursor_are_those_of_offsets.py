"""Reading by cursor gives the rows that reading all at once gives, in that order, however rows are alike or null."""

from __future__ import annotations

import itertools
import random
from typing import Any
from urllib.parse import quote

import pytest

from tests.rest.extras.scrolls import MEMBER, Scrolls
from tests.serving import Served

Terms = tuple[tuple[str, str], ...]

SELECT = "select=shelf,no:%22no.%201%22,title,maker:makers(name,born)"
KEY = ('"no. 1"', "shelf")
TERMS = [
    *("shelf", '"no. 1"', "title", "grade", "weight", "mood", "made", "tags", "maker_id", "meta->n", "meta->>n"),
    *("tags->0", "label", "maker(name)", "maker(born)"),
]
ENDINGS = [first + second for first in ("", ".asc", ".desc") for second in ("", ".nullsfirst", ".nullslast")]
FILTERS = [
    "",
    "grade=gt.1",
    "title=neq.a&shelf=lt.5",
    "or=(grade.is.null,shelf.eq.3)",
    "after=eq.1",
    "maker=not.is.null",
]


def random_orders(seed: int, how_many: int) -> list[Terms]:
    """Orders of two to four terms, in mixed directions."""
    chance = random.Random(seed)
    return [
        tuple((term, chance.choice(ENDINGS)) for term in chance.sample(TERMS, chance.randint(2, 4)))
        for _ in range(how_many)
    ]


def parameter(order: Terms) -> str:
    return f"order={quote(','.join(term + ending for term, ending in order))}"


def whole(order: Terms) -> Terms:
    """With the primary key, in the direction of the last term."""
    direction = ".desc" if order and ".desc" in order[-1][1] else ""
    named = {term for term, _ in order}
    return (*order, *((key, direction) for key in KEY if key not in named))


async def pages(served: Served, query: str, size: int, table: str = "scrolls", **options: Any) -> list[list[Any]]:
    """All pages, found by following the cursor."""
    cursor: str | None = ""
    found: list[list[Any]] = []
    while cursor is not None:
        answer = await served.get(f"/{table}?{query}&limit={size}&after=cursor.{cursor}", **options)
        assert answer.status == 200, answer.body
        found.append(answer.json)
        cursor = answer.headers.get("Next-Cursor")
        assert (cursor is None) == (len(answer.json) < size)
    return found


ORDERS: list[Terms] = [(), *(((term, ending),) for term in TERMS for ending in ENDINGS), *random_orders(7, 80)]


@pytest.mark.parametrize("order", ORDERS, ids=parameter)
async def test_any_order(scrolls: Scrolls, order: Terms) -> None:
    chance = random.Random(repr(order))
    query = "&".join(filter(None, (SELECT, parameter(order) if order else "", chance.choice(FILTERS))))
    found = await pages(scrolls.gateway, query, chance.choice([4, 7, 13]), bearer=MEMBER)

    query = query.replace(parameter(order), parameter(whole(order))) if order else f"{query}&{parameter(whole(()))}"
    expected = (await scrolls.gateway.get(f"/scrolls?{query}", bearer=MEMBER)).json
    assert list(itertools.chain.from_iterable(found)) == expected
    assert len({(row["shelf"], row["no"]) for row in expected}) == len(expected) > 0


SELECTS = [
    "select=*",
    "select=n:%22no.%201%22",
    "select=n:%22no.%201%22::text,label,meta->n",
    "select=n:%22no.%201%22,...makers(name)",
    "select=n:%22no.%201%22,makers!inner(name,scrolls(title))&makers.scrolls.limit=2&makers.scrolls.order=title,shelf",
    "select=n:%22no.%201%22,makers()&makers=not.is.null",
]


@pytest.mark.parametrize("settings", [{}, {"pre_request": "public.nothing"}], ids=["fast", "in a transaction"])
@pytest.mark.parametrize("select", SELECTS)
async def test_any_select(scrolls: Scrolls, select: str, settings: dict[str, str]) -> None:
    served = await scrolls.having(**settings)
    stripped = {"Accept": "application/vnd.pgrst.array+json;nulls=stripped"}
    for headers in ({}, stripped):
        found = await pages(served, f"{select}&order=grade.desc", 11, bearer=MEMBER, **headers)
        order = parameter(whole((("grade", ".desc"),)))
        expected = await scrolls.gateway.get(f"/scrolls?{select}&{order}", bearer=MEMBER, **headers)
        assert list(itertools.chain.from_iterable(found)) == expected.json != []


async def test_views_have_the_key_of_their_table(scrolls: Scrolls) -> None:
    found = await pages(scrolls.gateway, "select=title,shelf&order=title", 20, "plain_scrolls", bearer=MEMBER)
    order = parameter((("title", ""), ("shelf", ""), ('"no. 1"', "")))
    expected = await scrolls.gateway.get(f"/scrolls?select=title,shelf&{order}", bearer=MEMBER)
    assert list(itertools.chain.from_iterable(found)) == expected.json
