"""Whatever name a request brings, code that is not vouched for never runs on a session that others get unscrubbed.

One session serves everybody here, and hidden code leaves a mark in it. The next caller must not see the mark.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest
import pytest_asyncio

from gateway.database import PROOF_COLUMNS, Caller
from gateway.embedded import EmbeddedPostgres
from gateway.identity import Identity
from gateway.rest.plan import tree
from tests.rest.mediatheque import Mediatheque
from tests.serving import Served, start_gateway, stop_gateway

LONG = "x" * 70

REQUESTS = [
    "/words?select=rank",
    "/words?select=r:rank",
    "/words?rank=eq.1",
    "/words?or=(rank.eq.1,word.eq.x)",
    "/words?order=rank",
    "/words?select=word,rank:plain(word)&rank=eq.1",
    "/words?select=rank,rank:plain(word)",
    f"/words?select={LONG}",
    f"/words?{LONG}=eq.1",
    "/words?select=word::odd&word=eq.x",
    "/words?select=word::ODD&word=eq.x",
    "/words?select=word::odd array&word=eq.{x}",
    "/words?select=word::_odd&word=eq.{x}",
    "/words?select=word::composed&word=eq.(x)",
    "/words?select=word::composed array&word=eq.{(x)}",
    "/words?select=word::oddities&word=eq.(x)",
    "/words?select=word::_oddities&word=eq.{(x)}",
    "/words?select=word::\u00c9trange&word=eq.x",
    "/words?select=data->>a::odd&word=eq.x",
    "/words?select=x:word.max()::odd&word=eq.x",
    "/words?select=followers(word)",
    "/words?select=followers!inner()",
    "/words?select=word,guarded(word)",
    "/words?select=word,guarded()&guarded=is.null",
    "/guarded?select=words(rank)",
    "/guarded?select=words(word)&words.rank=eq.1",
    "/spied_words",
    "/guarded",
    "/oddities",
    "/rpc/followers?w=(x,1,)",
]


@pytest_asyncio.fixture(scope="module")
async def lone(postgres: EmbeddedPostgres, mediatheque: Mediatheque) -> AsyncIterator[Served]:
    """A gateway with a single session. (The médiathèque is asked for because it makes the roles.)"""
    connection = await asyncpg.connect(mediatheque.dsn)
    await connection.execute('CREATE DATABASE "hidden"')
    await connection.close()
    connection = await asyncpg.connect(postgres.dsn("hidden"))
    await connection.execute((Path(__file__).parent / "hidden_code.sql").read_text(encoding="utf-8"))
    await connection.close()
    served = await start_gateway(
        postgres.dsn("hidden", user="rest_login"), pool_size=1, anon_role="rest_anon", aggregates_enabled=True
    )
    yield served
    await stop_gateway(served)


NEXT = Caller(Identity("rest_member", '{"role":"rest_member"}', anonymous=False), '"public"')


async def mark_after(lone: Served, target: str, **headers: str) -> str | None:
    """What the request has left in the session when the next caller's read gets it."""
    answer = await lone.get(quote(target, safe="/?&=:(){},.!_->"), **headers)
    assert answer.status == 200, answer.body
    row = await lone.gateway.database.read(
        NEXT, f"SELECT nullif(pg_catalog.current_setting('app.spied', true), ''), {PROOF_COLUMNS}"
    )
    return row[0]


@pytest.mark.parametrize("target", REQUESTS)
async def test_nothing_of_it_reaches_the_next_caller(lone: Served, target: str) -> None:
    assert await mark_after(lone, target) is None


async def test_nor_of_what_renders_the_rows(lone: Served) -> None:
    assert await mark_after(lone, "/words", Accept="text/odd") is None


async def test_vouched_reads_stay_fast_beside_it(lone: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    read = lone.gateway.database.read

    async def noted(caller: object, sql: str, arguments: object = ()) -> object:
        seen.append(sql)
        return await read(caller, sql, arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(lone.gateway.database, "read", noted)
    assert (await lone.get("/words?select=word,flag::text,data->>a&flag=gt.1&order=word")).status == 200
    assert len(seen) == 1


@pytest.mark.parametrize("target", ["/words?select=rank", "/words?select=word::odd&word=eq.x", "/spied_words"])
async def test_the_test_can_fail(lone: Served, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    monkeypatch.setattr(tree, "opaque_reason", lambda *_: None)
    lone.gateway.plans.clear()
    assert await mark_after(lone, target) is not None
    monkeypatch.undo()
    lone.gateway.plans.clear()
    lone.gateway.database.flush()
