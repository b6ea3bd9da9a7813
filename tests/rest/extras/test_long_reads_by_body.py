"""A query string in the body is answered as the same one in the URL, and nothing can be written with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from yarl import URL

from tests.rest.extras.scrolls import MEMBER, Scrolls
from tests.serving import Answer, Served

OWN = "application/vnd.passerelle.query"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Sent:
    method: str
    type: str | None
    body: bytes


async def send(served: Served, path: str, sent: Sent, **headers: str) -> Answer:
    headers = {"Authorization": f"Bearer {MEMBER}", **headers}
    if sent.type is not None:
        headers["Content-Type"] = sent.type
    skipped = ("Content-Type",) if sent.type is None else ()
    url = URL(f"{served.url}/rest/v1{path}", encoded=True)
    async with served.client.request(
        sent.method, url, data=sent.body, headers=headers, skip_auto_headers=skipped
    ) as response:
        body = await response.read()
        parsed = await response.json() if "json" in response.headers.get("Content-Type", "") and body else None
        return Answer(response.status, response.headers.copy(), body, parsed)


WAYS = [("QUERY", OWN), ("QUERY", FORM), ("QUERY", f"{FORM}; charset=UTF-8"), ("POST", OWN), ("POST", f"{OWN};v=1")]
READS = [
    ("/scrolls", "select=shelf,title&order=title,%22no.%201%22&limit=5&title=neq.b"),
    ("/scrolls", "select=shelf,maker:makers(name)&title=in.(%22x%5C%22y%22,%22a,b%22)&order=made.desc,%22no.%201%22"),
    ("/plain_scrolls", "select=title&or=(grade.is.null,grade.gt.4)&order=%22no.%201%22&offset=2&limit=3"),
    ("/rpc/scrolls_of", "shelf=3&select=title&order=%22no.%201%22&limit=2"),
    ("/scrolls", "title=nonsense"),
    ("/scrolls", "select=nothing"),
    ("/nowhere", "select=x"),
    ("/scrolls", ""),
]


@pytest.mark.parametrize(("method", "kind"), WAYS)
@pytest.mark.parametrize(("path", "query"), READS)
async def test_answers_are_those_of_get(scrolls: Scrolls, method: str, kind: str, path: str, query: str) -> None:
    headers = {"Prefer": "count=exact", "Accept": "application/json"}
    expected = await scrolls.gateway.get(f"{path}?{query}", bearer=MEMBER, **headers)
    answer = await send(scrolls.gateway, path, Sent(method, kind, query.encode()), **headers)
    assert (answer.status, answer.body) == (expected.status, expected.body)
    assert {k: v for k, v in answer.headers.items() if k != "Date"} == {
        k: v for k, v in expected.headers.items() if k != "Date"
    }


@pytest.mark.parametrize(("method", "kind"), WAYS[:1] + WAYS[3:4])
async def test_lists_may_be_longer_than_any_url(scrolls: Scrolls, method: str, kind: str) -> None:
    numbers = ",".join(map(str, range(1, 40_000)))
    body = f"select=n:%22no.%201%22&%22no.%201%22=in.({numbers})\r\n".encode()
    assert len(body) > 200_000
    answer = await send(scrolls.gateway, "/scrolls", Sent(method, kind, body))
    assert (answer.status, len(answer.json)) == (200, 90)
    assert "Content-Location" not in answer.headers


async def test_the_url_may_say_a_part(scrolls: Scrolls) -> None:
    answer = await send(scrolls.gateway, "/scrolls?select=title&limit=1", Sent("QUERY", OWN, b"title=eq.a,b"))
    assert answer.json == [{"title": "a,b"}]


async def test_pages_go_on_by_body(scrolls: Scrolls) -> None:
    query = "select=n:%22no.%201%22&order=grade&limit=50&after=cursor."
    first = await send(scrolls.gateway, "/scrolls", Sent("QUERY", OWN, query.encode()))
    query += first.headers["Next-Cursor"]
    second = await send(scrolls.gateway, "/scrolls", Sent("POST", OWN, query.encode()))
    assert len({row["n"] for row in first.json + second.json}) == 90


REFUSED: list[tuple[Sent, int, str]] = [
    (Sent("QUERY", None, b"select=title"), 415, "PGRSTX53"),
    (Sent("QUERY", "text/plain;charset=UTF-8", b"select=title"), 415, "PGRSTX53"),
    (Sent("QUERY", "application/json", b"{}"), 415, "PGRSTX53"),
    (Sent("QUERY", OWN, b"title=eq.\xff"), 400, "PGRSTX54"),
    (Sent("QUERY", OWN, b"title=eq.%FF"), 400, "PGRST100"),
    (Sent("QUERY", OWN, b"title=eq.\0"), 400, "PGRST100"),
    (Sent("POST", OWN, b"\xc3\x28"), 400, "PGRSTX54"),
]


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED)
async def test_what_is_no_query_is_refused(scrolls: Scrolls, sent: Sent, status: int, code: str) -> None:
    answer = await send(scrolls.gateway, "/scrolls", sent)
    assert (answer.status, answer.json["code"]) == (status, code)
    if status == 415:
        assert answer.headers["Accept-Query"] == f"{OWN}, {FORM}"


@pytest.mark.parametrize(("method", "kind"), WAYS)
async def test_nothing_can_be_written(scrolls: Scrolls, method: str, kind: str) -> None:
    answer = await send(scrolls.gateway, "/rpc/scribble", Sent(method, kind, b""))
    assert (answer.status, answer.json["code"]) == (405, "25006")
    answer = await send(scrolls.gateway, "/rpc/asked", Sent(method, kind, b""))
    assert answer.json == {"method": "GET", "read_only": "on"}
    answer = await send(scrolls.gateway, "/scrolls", Sent(method, kind, b'{"shelf": 1, "no. 1": 500, "title": "x"}'))
    assert answer.json is None or answer.status != 201
    assert await scrolls.connection.fetchval('SELECT count(*) FROM scrolls WHERE "no. 1" = 500') == 0


async def test_forms_by_post_are_still_rows(scrolls: Scrolls) -> None:
    answer = await send(scrolls.gateway, "/makers", Sent("POST", FORM, b"id=77"))
    assert (answer.status, answer.json["code"]) == (403, "42501")


async def test_bodies_have_the_usual_limit(scrolls: Scrolls) -> None:
    served = await scrolls.having(max_body_bytes=1000)
    answer = await send(served, "/scrolls", Sent("QUERY", OWN, b"title=in.(" + b"x," * 600 + b"x)"))
    assert answer.status == 413


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_take_no_query_by_body(scrolls: Scrolls, method: str) -> None:
    answer = await send(scrolls.gateway, "/scrolls", Sent(method, OWN, b"title=eq.a"))
    assert (answer.status, answer.json["code"]) == (415, "PGRSTX55")
    assert await scrolls.connection.fetchval("SELECT count(*) FROM scrolls") == 90


async def test_options_says_what_postgrest_says(scrolls: Scrolls) -> None:
    answer: Any = await scrolls.gateway.get("/scrolls", method="OPTIONS")
    assert answer.headers["Allow"] == "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"


async def test_the_body_may_come_in_chunks(scrolls: Scrolls) -> None:
    async def chunks() -> Any:
        yield b"select=title"
        yield b"&title=eq.a&limit=1"

    headers = {"Authorization": f"Bearer {MEMBER}", "Content-Type": OWN}
    url = f"{scrolls.gateway.url}/rest/v1/scrolls"
    async with scrolls.gateway.client.request("QUERY", url, data=chunks(), headers=headers) as response:
        assert await response.json() == [{"title": "a"}]
