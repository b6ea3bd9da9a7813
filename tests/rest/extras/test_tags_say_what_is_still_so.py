"""ETag and If-None-Match: 304 exactly when the answer would be the same, for the same caller and the same question."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.settings import load_settings
from tests.rest.extras.scrolls import MEMBER, OTHER, Scrolls
from tests.rest.extras.test_long_reads_by_body import OWN, Sent, send
from tests.serving import Served

TARGET = "/makers?select=id,name&order=id&limit=3"


async def tag(served: Served, target: str = TARGET, **options: Any) -> str:
    answer = await served.get(target, **options)
    assert answer.status in (200, 206)
    assert answer.headers["ETag"].startswith('W/"')
    return answer.headers["ETag"]


async def test_the_same_answer_is_not_sent_again(scrolls: Scrolls) -> None:
    full = await scrolls.gateway.get(TARGET)
    assert full.headers["Cache-Control"] == "private, no-cache"
    assert full.headers["Vary"] == "Accept, Prefer, Range, Authorization, apikey, Accept-Profile"
    again = await scrolls.gateway.get(TARGET, If_None_Match=full.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Content-Location"):
        assert again.headers[name] == full.headers[name]
    for name in ("Content-Type", "Content-Range", "Content-Length"):
        assert name not in again.headers


MATCHING = ["{0}", "*", " * ", '"x", {0}', '{0} , W/"y"', "{strong}", '"a,b",{strong}']


@pytest.mark.parametrize("sent", MATCHING)
async def test_any_of_the_tags_will_do(scrolls: Scrolls, sent: str) -> None:
    known = await tag(scrolls.gateway)
    sent = sent.format(known, strong=known.removeprefix("W/"))
    assert (await scrolls.gateway.get(TARGET, If_None_Match=sent)).status == 304


@pytest.mark.parametrize("sent", ["", '""', 'W/"00"', "{bare}", "x", '"*"', '"{bare}', '{bare}"'])
async def test_nothing_else_will(scrolls: Scrolls, sent: str) -> None:
    known = await tag(scrolls.gateway)
    answer = await scrolls.gateway.get(TARGET, If_None_Match=sent.format(bare=known[3:-1]))
    assert (answer.status, len(answer.json)) == (200, 3)


async def test_what_differs_has_another_tag(scrolls: Scrolls) -> None:
    served = scrolls.gateway
    nothing = "/makers?id=eq.-1"
    tags = [
        await tag(served),
        await tag(served, "/makers?select=id,name&order=id.desc&limit=3"),
        await tag(served, TARGET, Prefer="count=exact"),
        await tag(served, TARGET, Accept="text/csv"),
        await tag(served, nothing),
        await tag(served, nothing, Accept="application/vnd.pgrst.array+json;nulls=stripped"),
        await tag(served, "/own_notes?select=id", bearer=MEMBER),
        await tag(served, "/own_notes?select=id", bearer=OTHER),
    ]
    assert len(set(tags)) == len(tags)


async def test_a_change_is_seen_at_once(scrolls: Scrolls) -> None:
    target = "/passing?id=eq.5000"
    known = await tag(scrolls.gateway, target)
    await scrolls.connection.execute("INSERT INTO passing VALUES (5000, 1)")
    try:
        answer = await scrolls.gateway.get(target, If_None_Match=known)
        assert (answer.status, answer.json) == (200, [{"id": 5000, "grade": 1}])
    finally:
        await scrolls.connection.execute("DELETE FROM passing WHERE id = 5000")
    assert (await scrolls.gateway.get(target, If_None_Match=known)).status == 304


async def test_more_rows_behind_the_page_are_a_change_if_they_are_counted(scrolls: Scrolls) -> None:
    target = "/passing?select=grade&id=lt.0&limit=1"
    counted = await tag(scrolls.gateway, target, Prefer="count=exact")
    await scrolls.connection.execute("INSERT INTO passing VALUES (-1, 1), (-2, 1)")
    try:
        one = await tag(scrolls.gateway, target, Prefer="count=exact")
        await scrolls.connection.execute("INSERT INTO passing VALUES (-3, 1)")
        more = await scrolls.gateway.get(target, Prefer="count=exact", If_None_Match=one)
        assert (more.status, more.headers["Content-Range"]) == (206, "0-0/3")
    finally:
        await scrolls.connection.execute("DELETE FROM passing WHERE id < 0")
    answer = await scrolls.gateway.get(target, Prefer="count=exact", If_None_Match=counted)
    assert answer.status == 304


async def test_head_that_asks_has_the_tag_of_get(scrolls: Scrolls) -> None:
    known = await tag(scrolls.gateway)
    asked = await scrolls.gateway.get(TARGET, method="HEAD", If_None_Match='"other"')
    assert (asked.status, asked.body, asked.headers["ETag"]) == (200, b"", known)
    same = await scrolls.gateway.get(TARGET, method="HEAD", If_None_Match=known)
    assert (same.status, same.body) == (304, b"")
    plain = await scrolls.gateway.get(TARGET, method="HEAD", Prefer="count=exact")
    assert "ETag" not in plain.headers, "a count should not make a body"
    assert plain.headers["Cache-Control"] == "private, no-cache"


async def test_queries_by_body_have_tags_and_posts_no_304(scrolls: Scrolls) -> None:
    body = TARGET.partition("?")[2].encode()
    known = await tag(scrolls.gateway, bearer=MEMBER)
    answer = await send(scrolls.gateway, "/makers", Sent("QUERY", OWN, body), **{"If-None-Match": known})
    assert (answer.status, answer.body) == (304, b"")
    answer = await send(scrolls.gateway, "/makers", Sent("POST", OWN, body), **{"If-None-Match": known})
    assert (answer.status, answer.headers["ETag"]) == (200, known)


async def test_what_sql_says_wins(scrolls: Scrolls) -> None:
    answer = await scrolls.gateway.get("/rpc/tagged")
    assert answer.headers.getall("ETag") == ['"mine"']
    assert answer.headers.getall("Cache-Control") == ["max-age=60"]
    again = await scrolls.gateway.get("/rpc/tagged", If_None_Match='W/"mine"')
    assert (again.status, again.headers["ETag"]) == (304, '"mine"')


@pytest.mark.parametrize(
    ("target", "status"), [("/makers?id=eq.x", 400), ("/nowhere", 404), ("/makers?select=id&offset=900", 416)]
)
async def test_errors_are_never_304(scrolls: Scrolls, target: str, status: int) -> None:
    answer = await scrolls.gateway.get(target, If_None_Match="*", Prefer="count=exact")
    assert answer.status == status
    assert "ETag" not in answer.headers
    assert answer.json["message"]


async def test_writes_have_none(scrolls: Scrolls) -> None:
    answer = await scrolls.gateway.get("/scrolls?shelf=eq.-1", method="DELETE", bearer=MEMBER, If_None_Match="*")
    assert answer.status == 204
    assert "ETag" not in answer.headers
    called = await scrolls.gateway.get("/rpc/asked", method="POST", Content_Type="application/json", If_None_Match="*")
    assert called.status == 200


async def test_they_can_be_switched_off(scrolls: Scrolls) -> None:
    served = await scrolls.having(etags=False)
    answer = await served.get(TARGET, If_None_Match="*")
    assert answer.status == 200
    assert "ETag" not in answer.headers
    assert "Cache-Control" not in answer.headers
    assert answer.headers["Vary"] == "Accept, Prefer, Range"


def test_postgrest_mode_has_none_unless_asked_for() -> None:
    given = {"PGRST_DB_URI": "postgresql://x"}
    assert not load_settings(given).etags
    assert load_settings({**given, "PASSERELLE_ETAGS": "true"}).etags
    assert load_settings({"PASSERELLE_DATABASE_URL": "postgresql://x"}).etags
