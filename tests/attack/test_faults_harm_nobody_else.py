"""Backends that die, clients that leave, a catalog connection that is cut: over HTTP, with several users at once."""

from __future__ import annotations

import asyncio
import json
import random
import time

import asyncpg
import pytest

from tests.attack.wire import Wire, request
from tests.serving import Served, token

MEMBERS = {sub: token("attack_member", sub=sub) for sub in ("even", "odd")}
SECONDS = 20.0


async def recovered(target: Served) -> None:
    """The gateway answers again by itself, soon."""
    deadline = time.monotonic() + SECONDS
    while (answer := await target.get("/things?select=id&id=eq.1")).status != 200:
        assert answer.status == 503
        assert "Retry-After" in answer.headers
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def as_users(target: Served, stop: asyncio.Event) -> dict[int, int]:
    """Users who read their rows, by both paths, until told to stop; how often each status came."""
    seen: dict[int, int] = {}

    async def user(sub: str) -> None:
        while not stop.is_set():
            for path in ("/owned?select=owner", "/owned?select=owner&limit=3", "/rpc/echo?line=" + sub):
                answer = await target.get(path, bearer=MEMBERS[sub])
                seen[answer.status] = seen.get(answer.status, 0) + 1
                if answer.status == 200:
                    rows = answer.json if isinstance(answer.json, list) else [{"owner": answer.json}]
                    assert {row["owner"] for row in rows} == {sub}
                else:
                    assert answer.status == 503, answer.body
                    assert answer.json["code"] in ("57P01", "PGRST000", "PGRST001"), answer.json

    async with asyncio.TaskGroup() as group:
        for sub in MEMBERS:
            for _ in range(3):
                group.create_task(user(sub))
    return seen


@pytest.mark.parametrize("who", ["passerelle", "passerelle%", "passerelle catalog"])
async def test_killed_backends(target: Served, target_dsn: str, who: str) -> None:
    stop = asyncio.Event()
    users = asyncio.create_task(as_users(target, stop))
    superuser = await asyncpg.connect(target_dsn)
    for _ in range(15):
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE $1",
            who,
        )
        await asyncio.sleep(0.05)
    await superuser.close()
    stop.set()
    seen = await users
    assert seen[200] > 20
    await recovered(target)
    assert target.gateway.database.stats().mismatches == 0


async def test_the_catalog_is_read_again_after_its_connection_was_cut(target: Served, target_dsn: str) -> None:
    superuser = await asyncpg.connect(target_dsn)
    await superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'passerelle catalog'"
        " AND datname = current_database()"
    )
    # while nobody listens
    await superuser.execute(
        "CREATE TABLE public.late (id integer); GRANT SELECT ON public.late TO attack_anon; NOTIFY pgrst"
    )
    await superuser.close()
    deadline = time.monotonic() + SECONDS
    while (await target.get("/late")).status != 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_writes_of_clients_who_leave_are_whole_or_not_there(target: Served, target_dsn: str) -> None:
    """Leaving at any time: before the call, within its loop of inserts, around its commit."""
    chance = random.Random(7)
    for number in range(40):
        wire = await Wire.to(target.url)
        body = json.dumps({"id": number, "lines": 8, "seconds": 0.02}).encode()
        wire.send(request("POST", "/rest/v1/rpc/post_slowly", f"Authorization: Bearer {MEMBERS['even']}", body=body))
        await asyncio.sleep(chance.uniform(0, 0.04))
        wire.writer.transport.abort()
        mine = await target.get("/owned?select=owner&limit=1", bearer=MEMBERS["odd"])
        assert mine.json == [{"owner": "odd"}]
    await asyncio.sleep(0.3)
    superuser = await asyncpg.connect(target_dsn)
    lines = await superuser.fetch("SELECT id / 100 AS number, count(*) FROM public.ledger GROUP BY 1")
    waiting = await superuser.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    await superuser.close()
    assert {row["count"] for row in lines} <= {8}
    assert waiting == 0
    assert target.gateway.database.stats().mismatches == 0


async def test_answers_that_arrive_mean_that_the_write_is_there(target: Served, target_dsn: str) -> None:
    """Backends die while writes run: a 204 is never a lie, whatever happened to the others."""
    superuser = await asyncpg.connect(target_dsn)
    told: set[int] = set()

    async def write(number: int) -> None:
        body = json.dumps({"id": number, "lines": 4, "seconds": 0.01}).encode()
        wire = await Wire.to(target.url)
        wire.send(request("POST", "/rest/v1/rpc/post_slowly", f"Authorization: Bearer {MEMBERS['even']}", body=body))
        status, _, content = await wire.answer(timeout=SECONDS)
        await wire.close()
        if status == 204:
            told.add(number)
        else:
            assert status == 503, content

    async def kill() -> None:
        while True:
            await asyncio.sleep(0.03)
            await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE '%post_slowly%' AND pid <> pg_backend_pid()"
            )

    killer = asyncio.create_task(kill())
    for start in range(0, 80, 4):
        await asyncio.gather(*(write(start + at) for at in range(4)))
    killer.cancel()
    await asyncio.gather(killer, return_exceptions=True)
    await superuser.close()
    superuser = await asyncpg.connect(target_dsn)
    lines = await superuser.fetch("SELECT id / 100 AS number, count(*) FROM public.ledger GROUP BY 1")
    await superuser.close()
    assert {row["count"] for row in lines} <= {4}
    assert told <= {row["number"] for row in lines}
    assert 0 < len(told) < 80


async def test_what_a_napper_left_reaches_nobody(target: Served) -> None:
    """An opaque function sets its session's own settings; its client leaves, or its backend sleeps on."""
    chance = random.Random(3)
    for _ in range(20):
        wire = await Wire.to(target.url)
        wire.send(
            request("POST", "/rest/v1/rpc/nap", f"Authorization: Bearer {MEMBERS['even']}", body=b'{"seconds":0.03}')
        )
        await asyncio.sleep(chance.uniform(0, 0.05))
        wire.writer.transport.abort()
        assert (await target.get("/rpc/napper", bearer=MEMBERS["odd"])).json == ""
