"""Requests that look alike share no statement they should not: each is asked with an empty plan cache, then all again
and again in random order with a full one. The answers must be the same to the byte."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from gateway.embedded import EmbeddedPostgres
from tests.attack.conftest import login
from tests.attack.wire import Wire, request
from tests.serving import Serve, Served

JSON_HEADER = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
BACK = "Prefer: return=representation, tx=rollback"
Asked = tuple[str, str, tuple[str, ...], bytes]


def read(target: str, *headers: str) -> list[Asked]:
    """By GET and by HEAD."""
    return [(method, target, headers, b"") for method in ("GET", "HEAD")]


def write(method: str, target: str, body: Any, *headers: str) -> Asked:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return method, target, (BACK, *headers), data


READS = [
    asked
    for target in (
        *(
            "/things",
            "/things?id=eq.1",
            "/things?id=eq.2",
            "/things?id=neq.1",
            "/things?id=not.eq.1",
            "/things?id=in.(1)",
        ),
        *("/things?id=is.null", "/things?id=is.not_null", "/things?id=is.NULL", "/things?id=isdistinct.1"),
        *("/things?select=id", "/things?select=word", "/things?select=id,word", "/things?select=word,id"),
        *("/things?select=id::text", "/things?select=id::int", "/things?select=a:id", "/things?select=b:id"),
        *("/things?limit=1", "/things?limit=0", "/things?limit=2", "/things?offset=1", "/things?offset=0"),
        *("/things?limit=1&offset=1", "/things?offset=1&limit=1", "/things?limit=1&offset=0"),
        *("/things?order=id", "/things?order=id.desc", "/things?order=word&limit=2", "/things?id.order=word"),
        *("/things?select=id,things!parent(id)&things.limit=1", "/things?select=id,things!parent(id)&limit=1"),
        *("/things?select=id,things!parent(id)&things.offset=1", "/things?select=id,things!parent(id)&things.offset=0"),
        *("/things?select=id,things!parent(word)", "/things?select=id,things!inner!parent(id)"),
        *(
            "/things?id=gt.3&id=lt.6",
            "/things?id=lt.6&id=gt.3",
            "/things?and=(id.gt.3,id.lt.6)",
            "/things?or=(id.gt.3,id.lt.6)",
        ),
        *("/things?not.or=(id.gt.3,id.lt.2)", "/things?or=(id.eq.1,word.eq.w2)", "/things?or=(word.eq.w2,id.eq.1)"),
        *(
            "/things?data->>a=is.null",
            "/things?data->a=is.null",
            "/things?data->0=is.null",
            '/things?data->"0"=is.null',
        ),
        *(
            "/things?word=like.w*",
            "/things?word=ilike.w*",
            "/things?word=like(any).{w1,w2}",
            "/things?word=like(all).{w1,w2}",
        ),
        *("/things?select=count", "/things?select=id.sum()", "/things?select=id.max()", "/things?select=count()"),
        *(
            "/ledger",
            "/owned",
            "/rpc/echo?line=a",
            "/rpc/echo?line=b",
            "/rpc/echo?line=eq.a",
            "/rpc/echo?line=not.eq.a",
        ),
        *("/rpc/total?numbers=1", "/rpc/total?numbers=1&numbers=2", "/rpc/total?numbers=1&numbers=2&numbers=3"),
        *("/rpc/total?numbers={1,2}", "/rpc/total?numbers=1&total=eq.1", "/rpc/total?total=eq.1&numbers=1"),
    )
    for asked in read(target)
]
HEADERS = [
    asked
    for headers in (
        ("Prefer: count=exact",),
        ("Prefer: count=planned",),
        ("Prefer: count=estimated",),
        ("Prefer: handling=strict", "Prefer: nonsense"),
        ("Prefer: handling=lenient, nonsense",),
        ("Prefer: handling=strict, max-affected=1",),
        ("Range: 0-0",),
        ("Range: 1-2",),
        ("Range: 1-",),
        ("Accept: text/csv",),
        ("Accept: application/vnd.pgrst.object+json",),
        ("Accept: application/vnd.pgrst.array+json;nulls=stripped",),
        ("Accept: application/vnd.pgrst.object+json;nulls=stripped",),
        ("Accept: text/csv;q=0.1, application/json",),
        ("Accept: text/csv, application/json;q=0.1",),
        ("Accept-Profile: public",),
    )
    for target in ("/things?id=lt.4&order=id", "/things?id=eq.1", "/rpc/echo?line=a")
    for asked in read(target, *headers)
]
ROW = {"id": 50, "word": "new"}
WRITES = [
    *(write("POST", "/things", body) for body in (ROW, [ROW], [ROW, {**ROW, "id": 51}], {"id": 52}, {}, [], [{}])),
    write("POST", "/things?columns=id", [ROW]),
    write("POST", "/things?columns=id,word", [ROW]),
    write("POST", "/things?columns=word,id", ROW),
    write("POST", "/things", b"id,word\n60,x", "Content-Type: text/csv"),
    write("POST", "/things", b"id\n61", "Content-Type: text/csv"),
    write("POST", "/things", b"id=62&word=y", FORM),
    write("POST", "/things?select=id", ROW),
    write("POST", "/things?on_conflict=id", {"id": 1, "word": "z"}, "Prefer: resolution=merge-duplicates"),
    write("POST", "/things", {"id": 1, "word": "z"}, "Prefer: resolution=merge-duplicates"),
    write("POST", "/things", {"id": 1, "word": "z"}, "Prefer: resolution=ignore-duplicates"),
    write("POST", "/things", {"id": 1, "word": "z"}),
    write("POST", "/things", [{"id": 63}, {"id": 64, "word": "w"}], "Prefer: missing=default"),
    write("POST", "/things?columns=id,word", [{"id": 63}, {"id": 64, "word": "w"}], "Prefer: missing=default"),
    write("POST", "/things?columns=id,word", [{"id": 63}, {"id": 64, "word": "w"}]),
    write("PUT", "/things?id=eq.1", {"id": 1, "word": "put"}),
    write("PUT", "/things?id=eq.70", {"id": 70, "word": "put"}),
    write("PATCH", "/things?id=eq.1", {"word": "patched"}),
    write("PATCH", "/things?id=eq.1", [{"word": "patched"}]),
    write("PATCH", "/things?id=eq.1", {}),
    write("PATCH", "/things?id=eq.1", {"word": "patched", "parent": 2}),
    write("PATCH", "/things?id=eq.1&columns=word", {"word": "patched", "parent": 2}),
    write("PATCH", "/things?id=eq.1&columns=parent", {"word": "patched", "parent": 2}),
    write("PATCH", "/things?id=gt.8", {"word": "many"}, "Prefer: handling=strict, max-affected=1"),
    write("PATCH", "/things?id=gt.8", {"word": "many"}, "Prefer: max-affected=1"),
    write("DELETE", "/things?id=eq.1", b""),
    write("DELETE", "/things?id=gt.8", b""),
    ("DELETE", "/things?id=gt.8", ("Prefer: tx=rollback",), b""),
    ("DELETE", "/things?id=gt.8", ("Prefer: tx=rollback, return=headers-only",), b""),
    ("POST", "/things", ("Prefer: tx=rollback, return=headers-only",), b'{"id":80}'),
    ("POST", "/things", ("Prefer: tx=rollback, return=minimal",), b'{"id":80}'),
    *(write("POST", "/rpc/echo", body) for body in ({"line": "a"}, {"line": "b"}, [{"line": "c"}], {"other": 1}, {})),
    write("POST", "/rpc/echo", b"line=a", FORM),
    write("POST", "/rpc/echo", b"line=a&line=b", FORM),
    write("POST", "/rpc/echo?columns=line", {"line": "d", "more": 1}),
    write("POST", "/rpc/total", {"numbers": [1, 2]}),
    write("POST", "/rpc/total", b"numbers=1&numbers=2", FORM),
    write("POST", "/rpc/total", b"numbers=1", FORM),
    write("POST", "/rpc/echo?limit=1", {"line": "a"}),
]
ALL = [*READS, *HEADERS, *WRITES]


async def ask(wire: Wire, asked: Asked) -> tuple[Any, ...]:
    method, target, headers, body = asked
    kind = () if not body or any(name.startswith("Content-Type") for name in headers) else (JSON_HEADER,)
    wire.send(request(method, f"/rest/v1{target}", *kind, *headers, body=body))
    status, answered, content = await wire.answer(head=method == "HEAD")
    return status, {name: value for name, value in answered.items() if name != "date"}, content


async def serving(serve: Serve, postgres: EmbeddedPostgres, dsn: str) -> Served:
    return await serve(
        login(postgres, dsn), anon_role="attack_anon", tx_end="commit-allow-override", aggregates_enabled=True
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_full_cache_answers_as_an_empty_one(
    serve: Serve, postgres: EmbeddedPostgres, target_dsn: str, seed: int
) -> None:
    served = await serving(serve, postgres, target_dsn)
    wire = await Wire.to(served.url)
    expected: list[tuple[Any, ...]] = []
    for asked in ALL:
        served.gateway.plans.clear()
        expected.append(await ask(wire, asked))
    hits = served.gateway.plans.counts.hits
    chance = random.Random(seed)
    order = list(range(len(ALL))) * 3
    chance.shuffle(order)
    for at in order:
        assert await ask(wire, ALL[at]) == expected[at], ALL[at]
    assert served.gateway.plans.counts.hits - hits > len(ALL)
    await wire.close()


async def test_the_requests_are_good_for_something(serve: Serve, postgres: EmbeddedPostgres, target_dsn: str) -> None:
    """Most of them succeed, and they have answers of their own."""
    served = await serving(serve, postgres, target_dsn)
    wire = await Wire.to(served.url)
    answers = [await ask(wire, asked) for asked in ALL]
    assert sum(answer[0] < 300 for answer in answers) > len(ALL) * 0.8
    assert len({repr(answer) for answer in answers}) > 120
    await wire.close()
