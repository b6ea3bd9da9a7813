"""An apply that ends in the middle, wherever that is, leaves the old state and no lock; and says what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from gateway.policies import apply_set, read_set
from gateway.policies.plan import Application, Interrupted
from gateway.policies.plan.errors import OutcomeUnknown, StatementFailed
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles

LOCKED = (
    "select count(*) from pg_locks where locktype = 'advisory' "
    "and database = (select oid from pg_database where datname = current_database())"
)
MADE = "select (select count(*) from pg_policy), (select count(*) from passerelle.policy_applies)"


class Meddling:
    """A connection on which something happens before its `at`-th query."""

    def __init__(self, connection: asyncpg.Connection, at: int, happens: Callable[[], Awaitable[None]]) -> None:
        self._connection = connection
        self._left = at
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._connection, name)
        if name not in ("execute", "fetch", "fetchrow", "fetchval"):
            return value

        async def meddled(*arguments: object) -> object:
            self._left -= 1
            if self._left == 0:
                await self._happens()
            return await value(*arguments)

        return meddled


@pytest.mark.parametrize("how", ["terminated", "cancelled"])
async def test_at_every_statement(policy_database: str, owner: asyncpg.Connection, files: WriteFiles, how: str) -> None:
    await owner.execute(TODOS)
    policy_set = read_set(files({"todos.yaml": TODOS_FILE}))
    at, done = 1, False
    while not done:
        connection = await asyncpg.connect(policy_database, statement_cache_size=0)
        server = connection.get_server_pid()

        async def happens(server: int = server) -> None:
            if how == "terminated":
                await owner.fetchval("select pg_terminate_backend($1, 5000)", server)
            else:
                running = asyncio.current_task()
                assert running is not None
                running.cancel()

        meddling: Any = Meddling(connection, at, happens)
        task = asyncio.create_task(apply_set(meddling, Application(policy_set, "test")))
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        await connection.close()
        done = not isinstance(outcome, BaseException)
        if not done:
            assert isinstance(outcome, Interrupted if how == "terminated" else asyncio.CancelledError), (at, outcome)
            assert tuple(await owner.fetchrow(MADE) or ()) == (0, 0), at
            await owner.fetchval("select pg_terminate_backend($1, 5000)", server)  # or it may still be ending
            assert await owner.fetchval(LOCKED) == 0, at
        at += 4
    assert at > 40
    assert tuple(await owner.fetchrow(MADE) or ()) == (1, 1)


async def test_during_commit_nobody_knows(
    policy_database: str, owner: asyncpg.Connection, files: WriteFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.execute(TODOS)
    connection = await asyncpg.connect(policy_database)
    commit = asyncpg.transaction.Transaction.commit

    async def meddled(transaction: asyncpg.transaction.Transaction) -> None:
        await owner.fetchval("select pg_terminate_backend($1, 5000)", connection.get_server_pid())
        await commit(transaction)

    monkeypatch.setattr(asyncpg.transaction.Transaction, "commit", meddled)
    with pytest.raises(OutcomeUnknown):
        await apply_set(connection, Application(read_set(files({"todos.yaml": TODOS_FILE})), "test"))


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("statement_timeout = 1", Interrupted),
        ("default_transaction_read_only = on", StatementFailed),
    ],
)
async def test_settings_of_the_owner(
    owner: asyncpg.Connection, files: WriteFiles, setting: str, error: type[Exception]
) -> None:
    await owner.execute(TODOS)
    policy_set = read_set(files({"todos.yaml": TODOS_FILE}))
    await owner.execute(f"set {setting}")
    with pytest.raises(error):
        await apply_set(owner, Application(policy_set, "test"))
    await owner.execute("reset all")
    assert await owner.fetchval("select count(*) from pg_policy") == 0
