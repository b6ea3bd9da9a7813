"""Many users, roles and cancelled requests in flight at once over HTTP, against three sessions, with functions that
spoil their session on purpose: every answer carries the caller's own rows. tests/database has the same for the room
below; its people and its planted bug are used here."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

import gateway.app
from gateway.database import Database
from gateway.database.session import Session
from gateway.embedded import EmbeddedPostgres
from tests.database import test_nobody_sees_anothers_rows as below
from tests.serving import Answer, Served, start_gateway, stop_gateway, token

WORKERS = 20
ROUNDS = 40
USERS = 30
NOTES_EACH = 3
ROLES = ("apart_user", "apart_user", "apart_other")
MISCHIEF = [
    [command.replace("room_", "apart_")]
    for command in (
        *below.MISCHIEF,
        "SET default_transaction_read_only = off; SET app.tenant = 'attacker'",
        "SET SESSION AUTHORIZATION DEFAULT",
        "RESET ALL",
        "SELECT pg_advisory_lock_shared(2)",
        "SELECT set_config('response.headers', '[]', false)",
        "SET statement_timeout = '1ms'",
        "SET row_security = off",
    )
]


@pytest_asyncio.fixture(scope="module")
async def apart(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The connection string, as the login role, of a database where everybody has a few notes."""
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute('CREATE DATABASE "apart"')
    await connection.close()
    here = Path(__file__).parent
    scripts = [(here.parent / "database" / "room.sql").read_text(), (here / "kept_apart.sql").read_text()]
    connection = await asyncpg.connect(postgres.dsn("apart"))
    for script in scripts:
        await connection.execute(script.replace("room_", "apart_"))
    await connection.execute(
        "INSERT INTO notes (owner) SELECT u::text FROM generate_series(1, $1) u, generate_series(1, $2)",
        USERS,
        NOTES_EACH,
    )
    await connection.close()
    yield postgres.dsn("apart", user="apart_authenticator")


class Refused(Exception):
    """The identity check let no answer through; no answer is nobody's rows."""


class Witness:
    """Sends requests of one user after the other, and notes whatever was not that user's."""

    def __init__(self, served: Served, seed: int) -> None:
        self._served = served
        self._random = random.Random(seed)
        self.foreign: list[str] = []
        self.answers = 0
        self.cancelled = 0
        self.spoiled = 0

    async def run(self) -> None:
        actions = [self.read, self.read, self.embedded, self.call, self.spoil, self.spoil_by_post, self.leave]
        for _ in range(ROUNDS):
            user, role = str(self._random.randint(1, USERS)), self._random.choice(ROLES)
            with suppress(Refused):
                await self._random.choice(actions)(user, role)

    async def read(self, user: str, role: str) -> None:
        answer = await self.get("/notes?select=id,owner&order=id", user, role)
        self.rows(user, role, answer.json)

    async def embedded(self, user: str, role: str) -> None:
        answer = await self.get("/notes?select=owner&owner=not.is.null&limit=9", user, role, Prefer="count=exact")
        self.rows(user, role, answer.json)
        self.expect(answer.headers["Content-Range"] == f"0-{NOTES_EACH - 1}/{NOTES_EACH}", user, role, answer.headers)

    async def call(self, user: str, role: str) -> None:
        seen = (await self.get("/rpc/mine", user, role)).json
        self.rows(user, role, seen.pop("rows"))
        own = {"role": role, "sub": user, "place": "public", "tenant": None, "read_only": "on", "locks": 0}
        self.expect(seen == own, user, role, seen)

    async def spoil(self, user: str, role: str) -> None:
        command = self._random.choice(MISCHIEF)[0]
        answer = await self.get(f"/rpc/misbehave?command={command}", user, role, any_status=True)
        self.spoiled += answer.status == 200

    async def spoil_by_post(self, user: str, role: str) -> None:
        headers = {"Authorization": f"Bearer {tokens(user, role)}"}
        payload = {"commands": self._random.choice(MISCHIEF) + self._random.choice(MISCHIEF)}
        url = f"{self._served.url}/rest/v1/rpc/mischief"
        async with self._served.client.post(url, json=payload, headers=headers) as response:
            self.spoiled += response.status == 200

    async def leave(self, user: str, role: str) -> None:
        """Ask, and go away after a moment."""
        targets = ["/notes?select=id,owner", "/rpc/nap?seconds=0.01", "/rpc/nap?seconds=5", "/rpc/mine"]
        asking = asyncio.ensure_future(self.get(self._random.choice(targets), user, role, any_status=True))
        await asyncio.sleep(self._random.choice([0, 0.001, 0.003, 0.01]))
        asking.cancel()
        try:
            answer = await asking
        except asyncio.CancelledError:
            self.cancelled += 1
            return
        if isinstance(answer.json, list):
            self.rows(user, role, answer.json)

    async def get(self, target: str, user: str, role: str, *, any_status: bool = False, **headers: str) -> Answer:
        answer = await self._served.get(target.replace(" ", "%20"), bearer=tokens(user, role), **headers)
        if answer.status == 503:
            raise Refused
        assert any_status or answer.status == 200, answer.body
        return answer

    def rows(self, user: str, role: str, rows: list[dict[str, Any]]) -> None:
        self.answers += 1
        self.expect([row["owner"] for row in rows] == [user] * NOTES_EACH, user, role, rows)

    def expect(self, own: bool, user: str, role: str, found: object) -> None:
        if not own:
            self.foreign.append(f"{role} {user} got {str(found)[:200]}")


_tokens: dict[tuple[str, str], str] = {}


def tokens(user: str, role: str) -> str:
    if (user, role) not in _tokens:
        _tokens[user, role] = token(role, sub=user)
    return _tokens[user, role]


async def hear(served: Served) -> list[Witness]:
    witnesses = [Witness(served, seed) for seed in range(WORKERS)]
    await asyncio.gather(*(each.run() for each in witnesses))
    return witnesses


@pytest.mark.parametrize("mode", ["session", "transaction"])
async def test_every_answer_is_the_callers(apart: str, mode: str) -> None:
    served = await start_gateway(apart, pool_size=3, pool_mode=mode, anon_role="apart_anon")
    try:
        witnesses = await hear(served)
        assert [line for each in witnesses for line in each.foreign] == []
        assert sum(each.answers for each in witnesses) > WORKERS * ROUNDS / 3
        assert sum(each.spoiled for each in witnesses) > WORKERS * 2
        assert sum(each.cancelled for each in witnesses) > WORKERS
        statistics = served.gateway.database.stats()
        assert (statistics.mismatches, statistics.size) == (0, 3)
        assert statistics.connected <= 3
    finally:
        await stop_gateway(served)


@pytest.mark.parametrize("verify", [True, False])
async def test_with_a_bug_in_the_switch_only_the_check_stands_between(
    apart: str, monkeypatch: pytest.MonkeyPatch, verify: bool
) -> None:
    monkeypatch.setattr(Session, "messages_to_carry", below.forget_to_switch)
    monkeypatch.setattr(gateway.app, "Database", partial(Database, verify_identity=verify))
    served = await start_gateway(apart, pool_size=3, anon_role="apart_anon")
    try:
        foreign = [line for each in await hear(served) for line in each.foreign]
        mismatches = served.gateway.database.stats().mismatches
    finally:
        await stop_gateway(served)
    if verify:
        assert foreign == []
        assert mismatches > 0
    else:
        assert foreign != []
