"""Who loses against another transaction was undone as a whole, and is tried again; a called function is not."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres
from tests.faults.bank import SERIAL, Bank, error
from tests.serving import Answer


async def amounts(bank: Bank) -> list[int]:
    return [row["amount"] for row in await bank.connection.fetch("SELECT amount FROM bank.accounts ORDER BY id")]


async def until_waiting(bank: Bank) -> None:
    """Until a backend of the gateway waits for a lock."""
    for _ in range(2000):
        await bank.connection.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction it would stay the same
        if await bank.connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'fault_login' AND wait_event_type = 'Lock'"
        ):
            return
        await asyncio.sleep(0.002)
    pytest.fail("no backend waits")


async def test_a_serialization_failure(bank: Bank) -> None:
    """The rival's change commits between the snapshot of a serializable request and its write."""
    async with bank.connection.transaction():
        await bank.connection.execute("UPDATE bank.accounts SET amount = 7 WHERE id = 1")
        asked = asyncio.create_task(bank.ask("PATCH /accounts?id=eq.1", {"amount": 8}, SERIAL))
        await until_waiting(bank)
    assert (await asked).status == 204
    assert await amounts(bank) == [8, 100]
    await bank.assert_well()


async def test_one_that_does_not_go_away_is_answered_in_the_end(bank: Bank) -> None:
    await bank.connection.execute(
        """CREATE FUNCTION bank.lose() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM nextval('bank.calls'); RAISE SQLSTATE '40001'; END $$;
        CREATE TRIGGER lose BEFORE UPDATE ON bank.accounts FOR EACH ROW EXECUTE FUNCTION bank.lose();
        GRANT USAGE ON SEQUENCE bank.calls TO fault_user"""
    )
    try:
        answer = await bank.ask("PATCH /accounts?id=eq.1", {"amount": 8})
        tried = await bank.connection.fetchval("SELECT last_value FROM bank.calls")
    finally:
        await bank.connection.execute("DROP TRIGGER lose ON bank.accounts; DROP FUNCTION bank.lose()")
    assert error(answer) == (500, "40001")
    assert tried == 4
    assert await amounts(bank) == [100, 100]
    await bank.assert_well()


async def test_a_deadlock(bank: Bank, postgres: EmbeddedPostgres) -> None:
    """The gateway's request loses, for its rival is more patient; should the rival come too late for that, again."""
    rival = await asyncpg.connect(postgres.dsn("ledger"))
    lost = False
    try:
        await rival.execute("SET deadlock_timeout = '500ms'")
        while not lost:
            asked: asyncio.Task[Answer] | None = None
            try:
                async with rival.transaction():
                    await rival.execute("UPDATE bank.accounts SET amount = 20 WHERE id = 2")
                    asked = asyncio.create_task(bank.ask("PATCH /accounts?id=gt.0", {"amount": 8}))
                    await until_waiting(bank)
                    await rival.execute("UPDATE bank.accounts SET amount = 10 WHERE id = 1")
                lost = True
            except asyncpg.DeadlockDetectedError:
                pass
            assert asked is not None
            assert (await asked).status == 204
    finally:
        await rival.close()
    assert await amounts(bank) == [8, 8]
    await bank.assert_well()
