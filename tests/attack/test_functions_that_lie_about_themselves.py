"""A function that is declared IMMUTABLE and reads who is asking: PostgreSQL folds its answer into plans, which outlive
the request on their connection. The next caller must not get the last one's rows for that."""

from __future__ import annotations

import asyncpg
import pytest

from tests.serving import Serve, serve, token  # noqa: F401

USERS = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"]

BODIES = {
    "an SQL text": "create function public.me() returns uuid language sql immutable as "
    "$$ select nullif(current_setting('request.jwt.claims', true)::json ->> 'sub', '')::uuid $$",
    "a standard body": "create function public.me() returns uuid language sql immutable "
    "return (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid",
    "PL/pgSQL": "create function public.me() returns uuid language plpgsql immutable as "
    "$$ begin return auth.uid(); end $$",
    "PL/pgSQL over another": "create function public.claim(name text) returns text language sql stable as "
    "$$ select current_setting('request.jwt.claims', true)::json ->> name $$;"
    "create function public.me() returns uuid language plpgsql immutable as "
    "$$ declare found text := public.claim('sub'); begin return found; end $$",
    "dynamic SQL": "create function public.me() returns uuid language plpgsql immutable as "
    "$$ declare found uuid; begin execute 'select auth' || '.uid()' into found; return found; end $$",
    "an auth function redeclared": "alter function auth.uid() immutable; "
    "create function public.me() returns uuid language sql stable return auth.uid()",
}


@pytest.fixture(params=BODIES.values(), ids=BODIES)
async def lying(hublib_database: str, request: pytest.FixtureRequest) -> str:
    owner = await asyncpg.connect(hublib_database)
    await owner.execute(request.param)
    await owner.execute(
        "create table public.diaries (id integer primary key, user_id uuid, entry text);"
        "alter table public.diaries enable row level security;"
        "grant select, insert, update, delete on public.diaries to authenticated;"
        "create policy own on public.diaries using (user_id = public.me()) with check (user_id = public.me());"
        f"insert into public.diaries values (1, '{USERS[0]}', 'mine'), (2, '{USERS[1]}', 'mine');"
        "create function public.my_entries() returns setof public.diaries language sql stable as "
        "'select * from public.diaries';"
        "create function public.who() returns uuid language plpgsql stable as 'begin return public.me(); end'"
    )
    await owner.close()
    return hublib_database


@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_each_caller_gets_their_own(serve: Serve, lying: str, mode: str) -> None:  # noqa: F811
    served = await serve(lying, login="authenticator", pool_size=1, pool_mode=mode)
    for turn in range(12):
        user = USERS[turn % 2]
        bearer = token(sub=user)
        for path in ("/diaries?select=user_id", "/diaries?select=user_id&id=gt.0", "/rpc/my_entries?select=user_id"):
            answer = await served.get(path, bearer=bearer)
            assert answer.json == [{"user_id": user}], (turn, path, answer.json)
        answer = await served.get("/rpc/who", bearer=bearer)
        assert answer.json == user, turn
        async with served.client.patch(
            f"{served.url}/rest/v1/diaries?id=gt.0&select=user_id",
            json={"entry": "x"},
            headers={"Authorization": f"Bearer {bearer}", "Prefer": "return=representation"},
        ) as response:
            assert await response.json() == [{"user_id": user}], turn
