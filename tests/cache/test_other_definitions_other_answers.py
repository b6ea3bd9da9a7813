"""Definitions that change while answers are kept: soon nobody is answered under the former ones, then or later.

All is done past the gateway and without an announcement. What is asked in between is kept, too, and must not be found
again when the change is taken back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.cache import Definitions
from gateway.catalog import reload
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.cache.conftest import until
from tests.cache.world import World, bearer, make_database, open_world, shown

BOUND = 0.1
TOKENS = {"nobody": None, "anna": bearer('"sub": "anna", "org": "x"'), "bert": bearer('"sub": "bert", "org": "y"')}
READS = (
    "/by_sub?select=id&order=id", "/by_sub?select=*&order=id", "/owned?select=id&order=id", "/by_list?order=id",
    "/shared?select=id,label&order=id&limit=2", "/shared?select=id,mine&id=eq.1", "/rpc/mine_only?order=id",
    "/by_members", "/shared?select=id,parts(id)&order=id", "/shouts",
)  # fmt: skip
CHANGES: dict[str, tuple[str, str]] = {
    "row security off": (
        "alter table by_sub disable row level security", "alter table by_sub enable row level security",
    ),
    "row security on": (
        "alter table shared enable row level security", "alter table shared disable row level security",
    ),
    "another policy": ("create policy more on by_sub for select using (id < 3)", "drop policy more on by_sub"),
    "a changed policy": (
        "alter policy own on by_sub using (owner = 'bert')",
        "alter policy own on by_sub using (owner = auth.jwt() ->> 'sub')",
    ),
    "a policy for fewer": (
        "alter policy own on by_sub to anon", "alter policy own on by_sub to public",
    ),
    "a right less": ("revoke select on by_sub from authenticated", "grant select on by_sub to authenticated"),
    "a column less": (
        "revoke select on shared from authenticated; grant select (id) on shared to authenticated",
        "grant select on shared to authenticated",
    ),
    "no schema": ("revoke usage on schema public from public, authenticated", "grant usage on schema public to public"),
    "beyond row security": ("alter role authenticated bypassrls", "alter role authenticated nobypassrls"),
    "a member": ("grant pg_read_all_data to authenticated", "revoke pg_read_all_data from authenticated"),
    "another function": (
        "create or replace function mine(shared) returns text language sql stable as $$ select 'other' $$",
        ("create or replace function mine(shared) returns text language sql stable as "
        "$$ select $1.label || coalesce(auth.jwt() ->> 'sub', '-') $$"),
    ),
    "a function that a policy asks": (
        ("create or replace function is_member() returns boolean language sql stable security definer "
        "set search_path = '' as $$ select true $$"),
        ("create or replace function is_member() returns boolean language sql stable security definer "
        "set search_path = '' as $$ select exists (select from public.members where owner = auth.jwt() ->> 'sub') $$"),
    ),
    "another view": (
        "create or replace view owned as select * from by_sub where id < 3",
        "create or replace view owned as select * from by_sub",
    ),
    "an invoker's view": (
        "alter view owned set (security_invoker = true)", "alter view owned reset (security_invoker)",
    ),
    "a column more": ("alter table by_sub add column extra int default 7", "alter table by_sub drop column extra"),
    "a column renamed": (
        "alter table shared rename column label to name; alter table shared add column label text default 'new'",
        "alter table shared drop column label; alter table shared rename column name to label",
    ),
    "another table of the name": (
        ("alter table by_sub rename to was_sub; create table by_sub (id int, owner text); "
        "insert into by_sub values (70, 'anna'); grant select on by_sub to anon, authenticated"),
        "drop table by_sub; alter table was_sub rename to by_sub",
    ),
    "a setting of the role": (
        "alter role authenticated set timezone = 'Asia/Kolkata'", "alter role authenticated reset timezone",
    ),
    "no triggers": (
        "alter table by_sub disable trigger touch_insert; insert into by_sub values (71, 'anna')",
        "delete from by_sub where id = 71; alter table by_sub enable always trigger touch_insert",
    ),
    "rows that are rewritten": (
        "alter table shouts alter cry type public.shout using ('a' || cry)::public.shout",
        "alter table shouts alter cry type public.shout using substr(cry::text, 2)::public.shout",
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def world(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncIterator[World]:
    patch = pytest.MonkeyPatch()
    patch.setattr(reload, "_WINDOW", 0.02)
    await make_database(postgres, "redefined")
    async with open_world(
        postgres, "redefined", valkey.url, catalog_poll_interval=BOUND, channel_enabled=False
    ) as world:
        yield world
    patch.undo()


async def differences(world: World) -> list[str]:
    """Where an instance says something else than the database. Each question is put by one after the other."""
    found: list[str] = []

    async def compare(path: str) -> None:
        for name, token in TOKENS.items():
            truth = shown(await world.uncached(path, token))
            for served in (world.two, world.one):
                answer = await world.ask(served, path, token)
                if shown(answer) != truth:
                    found.append(f"{path} as {name}: {answer.headers.get('Cache-Status')} {answer.status}")

    await asyncio.gather(*(compare(path) for path in READS))
    return found


async def agrees(world: World) -> None:
    """All is as the database says, soon."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 30
    while found := await differences(world):
        assert loop.time() < end, found
        await asyncio.sleep(0.02)


async def settles(world: World) -> None:
    """Soon all is as the database says, and it stays so."""
    await agrees(world)
    for _ in range(2):
        await asyncio.sleep(1.5 * BOUND)
        assert await differences(world) == []


async def take_back(world: World, back: str) -> None:
    """That something has come and gone shows in PostgreSQL's statistics alone, which an idle session may keep to itself
    for 10 s. Until then answers are kept as if nothing had been; only then it is told to publish them."""
    await world.owner.execute(back)
    caches = [served.gateway.cache for served in (world.one, world.two)]
    await until(lambda: not any(cache is not None and cache.unsettled for cache in caches))
    await world.owner.execute("select pg_stat_force_next_flush()")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_and_back(world: World, change: tuple[str, str]) -> None:
    there, back = change
    await agrees(world)
    try:
        await world.owner.execute(there)
        await differences(world)  # kept in between, under definitions of both kinds
        await settles(world)
    finally:
        await take_back(world, back)
    await differences(world)
    await settles(world)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_there_and_back_between_two_looks(world: World, change: tuple[str, str]) -> None:
    """What was kept under the change for a moment is not found again."""
    there, back = change
    await agrees(world)
    try:
        await world.owner.execute(there)
        for path in READS:
            for token in TOKENS.values():
                for served in (world.one, world.two):
                    await world.ask(served, path, token, Cache_Control="no-cache")
    finally:
        await take_back(world, back)
    await settles(world)


async def test_a_write_to_what_only_a_new_policy_reads_is_seen_at_once(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by whoever asked before, while the instance does not know the policy yet."""
    gate, look = asyncio.Event(), Definitions._look

    async def late(self: Definitions, connection: Any) -> None:
        await gate.wait()
        await look(self, connection)

    await make_database(postgres, "unknown_policy")
    path, anna = "/by_sub?select=id&order=id", TOKENS["anna"]
    async with open_world(
        postgres, "unknown_policy", valkey.url, catalog_poll_interval=3600, channel_enabled=False
    ) as world:
        monkeypatch.setattr(Definitions, "_look", late)
        for served in (world.one, world.two):
            assert (await world.ask(served, path, anna)).status == 200
        await world.owner.execute("alter policy own on by_sub using (exists (select from tags where label = 'one'))")
        for served in (world.one, world.two):
            assert len((await world.ask(served, path, anna, Cache_Control="no-cache")).json) > 1
            assert len((await world.ask(served, path, anna)).json) > 1
        answer = await world.ask(world.one, "/tags?id=eq.1", anna, "PATCH", {"label": "another"})
        assert answer.status == 204, answer.body
        for served in (world.one, world.two):
            assert (await world.ask(served, path, anna)).json == []
        gate.set()
