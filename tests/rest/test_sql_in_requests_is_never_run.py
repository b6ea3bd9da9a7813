"""SQL in every name and value position of the target, in every header and in claims: refused, or plain data."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.rest.hostility import BASE, sane
from tests.rest.mediatheque import MEMBER, Mediatheque
from tests.rest.raw_http import get
from tests.serving import token

pytestmark = pytest.mark.usefixtures("unharmed")

SQL = [
    "'; drop table internal.canary; --",
    "') or 1=1; create table pwned(); --",
    '") or 1=1 --',
    '"; update internal.canary set state = $$dead$$; --',
    "$1",
    "$$; create table pwned(); $$",
    "$tag$",
    "/*",
    "*/ delete from api.books; --",
    "\\'; delete from api.books; --",
    "E'\\x27'",
    "1; create table pwned()",
    "1) union select secret from api.vault --",
    "(select secret from api.vault)",
    "pg_sleep(9)",
    "%s %(x)s {0} {{}} %n",
    "${jndi:ldap://x}",
    "\u2019; drop table api.books; --",
    "\uff07 or 1=1",
]
POSITIONS = [
    "/{}",
    "/rpc/{}",
    "/rpc/echo?{}=x",
    "/books?select={}",
    "/books?select={}:id",
    "/books?select=id::{}",
    "/books?select=meta->{}",
    "/books?select=meta->>{}",
    "/books?select=authors!{}(id)",
    "/books?select={}(id)",
    "/books?select={}:authors(id)",
    "/books?select=...{}(id)",
    "/books?{}=eq.1",
    "/books?meta->{}=eq.1",
    "/books?authors.{}=eq.1",
    "/books?{}.id=eq.1",
    "/books?id={}",
    "/books?id=eq.{}",
    "/books?id=in.({})",
    "/books?id=is.{}",
    "/books?id={}.1",
    "/books?id=eq({}).1",
    "/books?title=fts({}).x",
    "/books?title=match.{}",
    "/books?body=fts.{}",
    "/books?lent=cs.{}",
    "/books?tags=ov.{}",
    "/books?meta=cs.{}",
    "/books?or={}",
    "/books?or=({})",
    "/books?or=(id.eq.{})",
    "/books?or=({}.eq.1)",
    "/books?order={}",
    "/books?order=id.{}",
    "/books?order={}(id)",
    "/books?limit={}",
    "/books?offset={}",
    "/books?authors.limit={}",
    "/books?columns={}",
    "/books?on_conflict={}",
    "/books?apikey={}",
    "/rpc/total?amounts={}",
    "/rpc/add?a={}&b=1",
]
DATA = [
    "/books?select=id&title=eq.{}",
    "/books?select=id&title=neq.{}",
    "/rpc/echo?line={}",
    '/books?select=id&title=in.("{}")',
]
FORMS = ["{}", '"{}"']


@pytest.mark.parametrize("sql", SQL)
async def test_sql_in_every_position_of_the_target(mediatheque: Mediatheque, sql: str) -> None:
    for position in POSITIONS:
        for form in FORMS:
            text = form.replace("{}", sql.replace("\\", "\\\\").replace('"', '\\"') if form != "{}" else sql)
            sent = BASE + position.replace("{}", quote(text, safe="")).encode()
            answer = await get(mediatheque.fast.url, sent)
            sane(answer)
            assert b"gold" not in answer.body
            if answer.status != 200 and answer.json["code"] == "42601":
                # a cast is a word of SQL, and PostgreSQL says the same of a tsquery that it cannot read
                assert position in ("/books?select=id::{}", "/books?body=fts.{}")


@pytest.mark.parametrize("sql", SQL)
async def test_sql_as_data_is_data(mediatheque: Mediatheque, sql: str) -> None:
    found: list[Any] = []
    for target in DATA:
        inner = sql.replace("\\", "\\\\").replace('"', '\\"') if '"{}"' in target else sql
        answer = await get(mediatheque.fast.url, BASE + target.replace("{}", quote(inner, safe="")).encode())
        assert answer.status == 200, answer.body
        found.append(answer.json)
    assert found[0] == found[3] == []
    assert len(found[1]) == 5
    assert found[2] == sql


HEADERS = [
    "Accept: {}",
    "Accept: text/csv;q={}",
    "Accept: application/vnd.pgrst.plan+json; options={}",
    "Prefer: {}",
    "Prefer: timezone={}",
    "Prefer: handling=strict, count={}",
    "Range: {}",
    "Range: 0-{}",
    "Accept-Profile: {}",
    "Content-Profile: {}",
    "apikey: {}",
    "Authorization: {}",
    "Authorization: Bearer {}",
    "Cookie: x={}",
    "X-Request-Id: {}",
]


@pytest.mark.parametrize("sql", SQL)
async def test_sql_in_every_header(mediatheque: Mediatheque, sql: str) -> None:
    for header in HEADERS:
        for target in (b"/books?select=id&limit=1", b"/rpc/asked"):
            sane(await get(mediatheque.fast.url, BASE + target, header.replace("{}", sql).encode()))


@pytest.mark.parametrize("sql", SQL)
async def test_sql_in_claims_is_text(mediatheque: Mediatheque, sql: str) -> None:
    for served in (mediatheque.fast, mediatheque.careful):
        mine = await served.get("/notes", bearer=token("rest_member", sub=sql, **{sql: sql, "nested": {sql: [sql]}}))
        assert (mine.status, mine.json) == (200, [])
        ghost = await served.get("/books?select=id", bearer=token(sql))
        assert (ghost.status, ghost.json["code"]) == (401, "22023")
        assert ghost.json["message"] == f'role "{sql}" does not exist'
    hers = await mediatheque.fast.get("/notes?select=id&order=id", bearer=MEMBER)
    assert hers.json == [{"id": 1}, {"id": 3}]


@pytest.mark.parametrize("claim", ["a\0b", "\ud800", "x" * 200_000, {"a": "\0"}])
async def test_claims_that_postgresql_cannot_hold(mediatheque: Mediatheque, claim: object) -> None:
    answer = await mediatheque.fast.get("/notes", bearer=token("rest_member", sub="ines", odd=claim))
    assert answer.status in (200, 400, 401, 431), answer.body
    assert answer.status == 200 or list(answer.json) == ["code", "details", "hint", "message"]
