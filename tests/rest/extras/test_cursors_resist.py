"""What clients send as cursors, on purpose or by mistake, and what changes between two pages."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest

from tests.rest.extras.scrolls import MEMBER, OTHER, Scrolls
from tests.serving import Answer

ORDERED = "/scrolls?select=shelf&order=grade.desc&limit=3"


def token(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


async def first(scrolls: Scrolls, target: str = ORDERED) -> tuple[str, list[Any]]:
    """The cursor after the first page, and what it holds."""
    answer = await scrolls.gateway.get(f"{target}&after=cursor.", bearer=MEMBER)
    cursor = answer.headers["Next-Cursor"]
    return cursor, json.loads(base64.urlsafe_b64decode(cursor + "=="))


def refused(answer: Answer, code: str) -> None:
    assert (answer.status, answer.json["code"]) == (400, code), answer.body
    assert answer.json["message"]


MALFORMED = [
    "x", "eyJ9", "%22", "a.b", "====", "W10", "WzFd", token([]), token({}), token(None), token("x"), token(["digest"]),
    token(["d", 1]), token(["d", ["x"]]), token(["d", "\0"]), token([None, "x"]), "WyJkIiwiXHVkODAwIl0", "_" * 5000,
    token([["d"], "1"]), "é", "WyJkIiwiMSJd WyJkIiwiMSJd", "W" * 1001,
]  # fmt: skip


@pytest.mark.parametrize("cursor", MALFORMED, ids=lambda cursor: cursor[:20])
async def test_what_is_no_cursor_is_refused(scrolls: Scrolls, cursor: str) -> None:
    cursor = cursor.replace(" ", "%20").replace("é", "%C3%A9")
    refused(await scrolls.gateway.get(f"{ORDERED}&after=cursor.{cursor}", bearer=MEMBER), "PGRSTX50")


@pytest.mark.parametrize(
    "target",
    [
        "/scrolls?select=shelf&order=grade&limit=3",
        "/scrolls?select=shelf&order=grade.desc.nullslast&limit=3",
        "/scrolls?select=shelf&order=title.desc&limit=3",
        "/scrolls?select=shelf&order=grade.desc,title&limit=3",
        "/scrolls?select=shelf&limit=3",
        f"{ORDERED}&title=eq.a",
        f"{ORDERED}&or=(title.eq.a,grade.gt.1)",
        "/plain_scrolls?select=shelf&order=grade.desc&limit=3",
    ],
)
async def test_a_cursor_goes_with_its_query(scrolls: Scrolls, target: str) -> None:
    cursor, _ = await first(scrolls)
    refused(await scrolls.gateway.get(f"{target}&after=cursor.{cursor}", bearer=MEMBER), "PGRSTX51")


async def test_columns_limits_and_values_may_change_on_the_way(scrolls: Scrolls) -> None:
    cursor, _ = await first(scrolls, f"{ORDERED}&title=neq.a&shelf=gt.0")
    target = f"/scrolls?select=title&limit=2&shelf=gt.1&title=neq.b&order=grade.desc&after=cursor.{cursor}"
    answer = await scrolls.gateway.get(target, bearer=MEMBER)
    assert (answer.status, len(answer.json)) == (200, 2)


async def test_values_of_a_forged_cursor_are_values(scrolls: Scrolls) -> None:
    _, (digest, *values) = await first(scrolls)
    for value in ("1; DROP TABLE scrolls", "1) OR (1=1", "NULL", "", "é", "9" * 40):
        forged = token([digest, value, *values[1:]])
        answer = await scrolls.gateway.get(f"{ORDERED}&after=cursor.{forged}", bearer=MEMBER)
        assert (answer.status, answer.json["code"]) in ((400, "22P02"), (400, "22003")), answer.body
    for wrong in ([digest], [digest, *values, "1"], [digest, *values[1:]]):
        answer = await scrolls.gateway.get(f"{ORDERED}&after=cursor.{token(wrong)}", bearer=MEMBER)
        assert answer.status == 400


@pytest.mark.parametrize(
    "target",
    [
        "/titles?order=title&limit=2&after=cursor.",
        f"{ORDERED}&offset=3&after=cursor.",
        "/scrolls?select=grade,count()&limit=2&after=cursor.",
        "/scrolls?select=count()&after=cursor.",
    ],
)
async def test_what_has_no_places_has_no_cursors(scrolls: Scrolls, target: str) -> None:
    refused(await scrolls.gateway.get(target, bearer=MEMBER), "PGRSTX52")


async def test_other_forms_have_no_cursors(scrolls: Scrolls) -> None:
    refused(await scrolls.gateway.get(f"{ORDERED}&after=cursor.", bearer=MEMBER, Accept="text/csv"), "PGRSTX52")
    refused(await scrolls.gateway.get(f"{ORDERED}&after=cursor.", bearer=MEMBER, Range="1-2"), "PGRSTX52")


async def test_orders_have_their_measure(scrolls: Scrolls) -> None:
    many = ",".join(["title", "grade"] * 15)
    found = await scrolls.gateway.get(f"/scrolls?select=shelf&order={many}&limit=3&after=cursor.", bearer=MEMBER)
    again = f"/scrolls?select=shelf&order={many}&limit=3&after=cursor.{found.headers['Next-Cursor']}"
    assert (await scrolls.gateway.get(again, bearer=MEMBER)).status == 200
    for times in (31, 3000):
        many = ",".join(["title"] * times)
        refused(await scrolls.gateway.get(f"/scrolls?order={many}&after=cursor.", bearer=MEMBER), "PGRSTX52")


async def test_places_too_long_for_a_header_are_refused(scrolls: Scrolls) -> None:
    """To leave the cursor out would say that this was the last page."""
    await scrolls.connection.execute("INSERT INTO scrolls VALUES (0, 900, repeat('\uff5a', 5000))")
    try:
        target = "/scrolls?select=shelf&order=title.desc&limit=1&after=cursor."
        refused(await scrolls.gateway.get(target, bearer=MEMBER), "PGRSTX52")
        assert (await scrolls.gateway.get(target.replace("limit=1", "limit=100"), bearer=MEMBER)).status == 200
    finally:
        await scrolls.connection.execute('DELETE FROM scrolls WHERE "no. 1" = 900')


async def test_twice_is_refused(scrolls: Scrolls) -> None:
    refused(await scrolls.gateway.get(f"{ORDERED}&after=cursor.&after=cursor.", bearer=MEMBER), "PGRSTX50")


async def test_the_name_is_still_a_columns(scrolls: Scrolls) -> None:
    both = await scrolls.gateway.get(f"{ORDERED}&after=eq.1&after=cursor.", bearer=MEMBER)
    key = "%22no.%201%22.desc,shelf.desc"
    plain = await scrolls.gateway.get(f"/scrolls?select=shelf&order=grade.desc,{key}&limit=3&after=eq.1", bearer=MEMBER)
    assert both.json == plain.json != []
    other = await scrolls.gateway.get("/scrolls?after=1", bearer=MEMBER)
    assert (other.status, other.json["code"]) == (400, "PGRST100")
    ordered = await scrolls.gateway.get("/scrolls?select=after&order=after&limit=1&after=cursor.", bearer=MEMBER)
    assert ordered.json == [{"after": "0"}]


async def test_writes_and_functions_know_no_cursor(scrolls: Scrolls) -> None:
    deleted = await scrolls.gateway.get("/scrolls?after=cursor.", method="DELETE", bearer=MEMBER)
    assert (deleted.status, deleted.json["code"]) == (400, "PGRST100")
    called = await scrolls.gateway.get("/rpc/scrolls_of?shelf=1&after=cursor.&select=shelf&limit=2", bearer=MEMBER)
    assert (called.status, called.json) == (200, [{"shelf": 1}, {"shelf": 1}])
    assert "Next-Cursor" not in called.headers


async def test_the_link_leads_to_the_next_page(scrolls: Scrolls) -> None:
    filters = "or=(grade.is.null,%22no.%201%22.gt.3)&title=not.eq.%2B%26"
    target = f"{ORDERED}&{filters}&after=cursor."
    seen: list[Any] = []
    while target:
        answer = await scrolls.gateway.get(target, bearer=MEMBER)
        assert answer.status == 200, answer.body
        seen += answer.json
        link = answer.headers.get("Link")
        assert (link is None) == ("Next-Cursor" not in answer.headers)
        if link is None:
            break
        query, _, relation = link.partition(">; ")
        assert relation == 'rel="next"'
        target = f"/scrolls{query.removeprefix('<')}"
    plain = await scrolls.gateway.get(f"/scrolls?select=shelf&{filters}", bearer=MEMBER)
    assert len(seen) == len(plain.json) > 80


async def test_a_long_query_has_a_cursor_and_no_link(scrolls: Scrolls) -> None:
    many = ",".join(map(str, range(1500)))
    answer = await scrolls.gateway.get(f"{ORDERED}&shelf=in.({many})&after=cursor.", bearer=MEMBER)
    assert "Next-Cursor" in answer.headers
    assert "Link" not in answer.headers


async def test_counts_are_of_all_rows(scrolls: Scrolls) -> None:
    cursor, _ = await first(scrolls)
    for kind in ("exact", "planned"):
        answer = await scrolls.gateway.get(f"{ORDERED}&after=cursor.{cursor}", bearer=MEMBER, Prefer=f"count={kind}")
        assert answer.headers["Content-Range"] == "0-2/90"
        assert "Next-Cursor" in answer.headers
    everything = await scrolls.gateway.get("/scrolls?select=shelf&after=cursor.", bearer=MEMBER, Prefer="count=exact")
    assert everything.headers["Content-Range"] == "0-89/90"
    assert "Next-Cursor" not in everything.headers


async def test_head_says_what_get_says(scrolls: Scrolls) -> None:
    got = await scrolls.gateway.get(f"{ORDERED}&after=cursor.", bearer=MEMBER)
    head = await scrolls.gateway.get(f"{ORDERED}&after=cursor.", bearer=MEMBER, method="HEAD")
    assert head.headers["Next-Cursor"] == got.headers["Next-Cursor"]
    assert head.body == b""


async def test_the_most_rows_make_pages_too(scrolls: Scrolls) -> None:
    served = await scrolls.having(max_rows=40)
    answer = await served.get("/scrolls?select=shelf&limit=70&after=cursor.", bearer=MEMBER)
    assert len(answer.json) == 40
    answer = await served.get(f"/scrolls?select=shelf&after=cursor.{answer.headers['Next-Cursor']}", bearer=MEMBER)
    assert len(answer.json) == 40
    answer = await served.get(f"/scrolls?select=shelf&after=cursor.{answer.headers['Next-Cursor']}", bearer=MEMBER)
    assert (len(answer.json), "Next-Cursor" in answer.headers) == (10, False)


async def test_an_empty_page_and_no_rows_end_the_reading(scrolls: Scrolls) -> None:
    for target in ("/scrolls?shelf=eq.-1&limit=2", "/scrolls?limit=0"):
        answer = await scrolls.gateway.get(f"{target}&after=cursor.", bearer=MEMBER)
        assert (answer.status, answer.json) == (200, [])
        assert "Next-Cursor" not in answer.headers


async def test_a_cursor_shows_only_what_its_bearer_may_see(scrolls: Scrolls) -> None:
    target = "/own_notes?select=id&limit=4&after=cursor."
    mine = await scrolls.gateway.get(target, bearer=MEMBER)
    theirs = await scrolls.gateway.get(target + mine.headers["Next-Cursor"], bearer=OTHER)
    own = await scrolls.connection.fetch("SELECT id FROM own_notes WHERE owner = 'omar'")
    assert {row["id"] for row in theirs.json} <= {row["id"] for row in own}
    assert len(theirs.json) == 4


async def test_columns_that_may_not_be_read_order_nothing(scrolls: Scrolls) -> None:
    answer = await scrolls.gateway.get("/scrolls?select=shelf&order=hidden&limit=1&after=cursor.")
    assert (answer.status, answer.json["code"]) == (401, "42501")
    assert "Next-Cursor" not in answer.headers
    answer = await scrolls.gateway.get("/scrolls?select=shelf&order=title&limit=1&after=cursor.")
    assert answer.status == 200
    assert answer.headers["Next-Cursor"]


async def test_rows_that_come_and_go_neither_repeat_nor_hide_others(scrolls: Scrolls) -> None:
    connection = scrolls.connection
    before = {row["id"] for row in await connection.fetch("SELECT id FROM passing")}
    target = "/passing?select=id&order=grade.desc&limit=5&after=cursor."
    seen: list[int] = []
    numbers = itertools.count(1000)
    cursor: str | None = ""
    while cursor is not None:
        answer = await scrolls.gateway.get(target + cursor, bearer=MEMBER)
        seen += [row["id"] for row in answer.json]
        cursor = answer.headers.get("Next-Cursor")
        for grade in (None, 9, 3, -1):  # before, at and after the place that was reached
            await connection.execute("INSERT INTO passing VALUES ($1, $2)", next(numbers), grade)
        # the very row that the cursor was made of, and one of the past
        await connection.execute("DELETE FROM passing WHERE id = ANY ($1)", [seen[-1], seen[0]])
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    assert len(seen) > len(before) > 40
