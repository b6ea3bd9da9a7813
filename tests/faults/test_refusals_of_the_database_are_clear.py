"""Timeouts, locks, conflicts and full disks: a clear answer, nothing half done, nothing tried again unasked."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.bank import HURRIED, SERIAL, SETTINGS, Bank, error, rows
from tests.serving import Serve


async def calls(bank: Bank) -> int:
    """How often functions were entered; a sequence remembers also what was rolled back."""
    return await bank.connection.fetchval("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM bank.calls")


async def amounts(bank: Bank) -> list[int]:
    return [row[0] for row in await bank.connection.fetch("SELECT amount FROM bank.accounts ORDER BY id")]


async def test_a_statement_timeout(bank: Bank) -> None:
    answer = await bank.ask("POST /ledger", rows("slow", 200), HURRIED)
    assert error(answer) == (500, "57014")
    assert answer.json["message"] == "canceling statement due to statement timeout"
    assert await bank.batches() == {}
    assert (await bank.ask("POST /ledger", rows("quick", 3), HURRIED)).status == 201
    await bank.assert_well()


async def test_a_refusal_while_committing(bank: Bank) -> None:
    assert error(await bank.ask("POST /late", {"id": "refused"})) == (400, "23514")
    assert await bank.connection.fetchval("SELECT count(*) FROM bank.late") == 0
    await bank.assert_well()


async def test_a_lock_timeout(bank: Bank) -> None:
    async with bank.connection.transaction():
        await bank.connection.execute("UPDATE bank.accounts SET amount = 7 WHERE id = 1")
        answer = await bank.ask("PATCH /accounts?id=eq.1", {"amount": 8}, HURRIED)
    assert error(answer) == (500, "55P03")
    assert await amounts(bank) == [7, 100]
    assert (await bank.ask("PATCH /accounts?id=eq.1", {"amount": 8}, HURRIED)).status == 204
    await bank.assert_well()


async def test_a_deadlock(bank: Bank) -> None:
    answers = await asyncio.gather(
        bank.ask("POST /rpc/move", {"source": 1, "target": 2, "pause": 0.15}),
        bank.ask("POST /rpc/move", {"source": 2, "target": 1, "pause": 0.15}),
    )
    assert sorted(answer.status for answer in answers) == [204, 500]
    refused = next(answer for answer in answers if answer.status == 500)
    assert error(refused) == (500, "40P01")
    assert sorted(await amounts(bank)) == [99, 101]
    assert await calls(bank) == 2, "it was tried again"
    await bank.assert_well()


@pytest.mark.parametrize(("function", "bearer"), [("add_up", SERIAL), ("add_up_repeatably", None)])
async def test_a_serialization_failure(bank: Bank, function: str, bearer: str | None) -> None:
    who = {"bearer": bearer} if bearer else {}
    answers = await asyncio.gather(
        *(bank.ask(f"POST /rpc/{function}", {"target": 1, "pause": 0.1}, **who) for _ in range(2))
    )
    assert sorted(answer.status for answer in answers) == [200, 500]
    refused = next(answer for answer in answers if answer.status == 500)
    assert error(refused) == (500, "40001")
    assert await amounts(bank) == [200, 100]
    assert await calls(bank) == 2, "it was tried again"
    await bank.assert_well()


async def test_a_full_disk(bank: Bank) -> None:
    answer = await bank.ask("POST /ledger", rows("full disk"))
    assert error(answer) == (503, "53100")
    assert answer.json["hint"] == "Check free disk space."
    assert await bank.batches() == {}
    assert (await bank.ask("POST /ledger", rows("another"))).status == 201
    await bank.assert_well()


async def test_no_connection_in_time(bank: Bank, serve: Serve) -> None:
    dsn = bank.served.gateway.settings.database_url.get_secret_value()
    narrow = Bank(await serve(dsn, **SETTINGS, pool_size=1, pool_acquisition_timeout=0.2), bank.connection)
    busy = asyncio.create_task(narrow.ask("POST /rpc/nap", {"seconds": 0.6}))
    await asyncio.sleep(0.1)
    assert error(await narrow.ask("POST /ledger", rows("waiting"))) == (504, "PGRST003")
    assert (await busy).status == 200
    assert await bank.batches() == {}


async def test_a_table_that_changed_since(bank: Bank) -> None:
    """A prepared insert whose table was altered runs again, once: nothing had happened yet."""
    for turn in range(8):
        assert (await bank.ask("POST /ledger", rows(f"before {turn}", 1))).status == 201
    await bank.connection.execute("ALTER TABLE bank.ledger ALTER COLUMN part TYPE bigint")
    for turn in range(8):
        answer = await bank.ask("POST /ledger?select=batch", rows(f"after {turn}", 1), prefer="return=representation")
        assert answer.status == 201, answer.body
    found = await bank.batches()
    assert set(found.values()) == {1}
    assert len(found) == 16
    await bank.connection.execute("ALTER TABLE bank.ledger ALTER COLUMN part TYPE integer")
