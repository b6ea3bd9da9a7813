"""Clients that vanish, backends that are ended, servers that restart: what was acknowledged is there, the rest is
absent or whole, and the gateway goes on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from urllib.parse import urlsplit

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres
from tests.faults.bank import LEDGER, PARTS, SETTINGS, USER, Bank, error, rows
from tests.rest.writes.asking import Ask
from tests.serving import Serve

# the server's own words, if they came before the connection broke
ENDED = ((503, "57P01"), (503, "PGRST001"))


def assert_whole(found: dict[str, int], acknowledged: set[str]) -> None:
    assert set(found.values()) <= {PARTS}, "a write happened in part"
    assert acknowledged <= set(found), "an acknowledged write is not there"


async def post_and_vanish(bank: Bank, batch: str, chance: random.Random) -> bool:
    """Whether the answer came before the client went."""
    address = urlsplit(bank.served.url)
    target, body = (
        ("/rest/v1/ledger", rows(batch))
        if chance.random() < 0.7
        else ("/rest/v1/rpc/enter", {"name": batch, "parts": PARTS})
    )
    data = json.dumps(body).encode()
    head = (
        f"POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {USER}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    ).encode()
    whole = head + data
    sent = whole if chance.random() < 0.85 else whole[: chance.randrange(len(whole))]
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(sent)
    try:
        async with asyncio.timeout(chance.random() * 0.1):
            return b" 20" in await reader.readline()
    except (TimeoutError, ConnectionError):
        return False
    finally:
        writer.transport.abort() if chance.random() < 0.5 else writer.close()


async def test_clients_that_vanish(bank: Bank) -> None:
    chance = random.Random(3)
    acknowledged: set[str] = set()

    async def many(name: int) -> None:
        for turn in range(25):
            batch = f"{name}-{turn}"
            if await post_and_vanish(bank, batch, chance):
                acknowledged.add(batch)

    await asyncio.gather(*(many(name) for name in range(8)))
    await bank.assert_well()
    found = await bank.batches()
    assert_whole(found, acknowledged)
    # the moments were spread over the whole way
    assert 20 < len(found) < 180
    assert bank.served.gateway.database.stats().cancellations > 20


async def test_a_backend_ended_within_a_write(bank: Bank) -> None:
    writing = asyncio.create_task(bank.ask("POST /rpc/enter", {"name": "ended", "parts": PARTS, "pause": 0.2}))
    await asyncio.sleep(0.3)
    assert await bank.terminate() == 1
    assert error(await writing) in ENDED
    assert await bank.batches() == {}
    await bank.assert_well()


async def test_a_backend_ended_while_it_commits(bank: Bank) -> None:
    for do, body in (("POST /late", {"id": "x"}), ("POST /late", [{"id": "x"}, {"id": "y"}])):
        writing = asyncio.create_task(bank.ask(do, body))
        await asyncio.sleep(0.2)
        assert await bank.terminate() == 1
        assert error(await writing) in ENDED
        assert await bank.connection.fetchval("SELECT count(*) FROM bank.late") == 0
    await bank.assert_well()


async def test_backends_ended_at_random(bank: Bank) -> None:
    chance = random.Random(5)
    outcomes: dict[str, int] = {}

    async def write(name: int) -> None:
        for turn in range(12):
            batch = f"{name}-{turn}"
            outcomes[batch] = (await bank.ask("POST /ledger", rows(batch))).status

    async def disturb() -> None:
        while True:
            await asyncio.sleep(chance.random() * 0.1)
            await bank.terminate()

    disturbing = asyncio.create_task(disturb())
    await asyncio.gather(*(write(name) for name in range(6)))
    disturbing.cancel()
    await asyncio.gather(disturbing, return_exceptions=True)
    assert set(outcomes.values()) == {201, 503}
    assert_whole(await bank.batches(), {batch for batch, status in outcomes.items() if status == 201})
    await bank.assert_well()


@pytest.mark.parametrize("way", ["restart", "crash"])
async def test_a_server_that_goes_away_in_a_storm(own_cluster: EmbeddedPostgres, serve: Serve, way: str) -> None:
    connection = await asyncpg.connect(own_cluster.dsn())
    await connection.execute(LEDGER.read_text(encoding="utf-8"))
    await connection.close()
    served = await serve(own_cluster.dsn(user="fault_login"), **SETTINGS, pool_acquisition_timeout=2.0)
    outcomes: dict[str, int] = {}
    stopping = asyncio.Event()

    async def write(name: int) -> None:
        turn = 0
        while not stopping.is_set():
            turn += 1
            batch = f"{name}-{turn}"
            answer = await Ask("POST /ledger", rows(batch), bearer=USER).to(served)
            outcomes[batch] = answer.status
            if answer.status == 503:
                error(answer)
                await asyncio.sleep(0.02)

    writers = [asyncio.create_task(write(name)) for name in range(6)]
    await asyncio.sleep(0.4)
    if way == "restart":
        await asyncio.to_thread(own_cluster.stop)
    else:
        os.kill(own_cluster.pid, signal.SIGKILL)
        await asyncio.sleep(0.2)
    await asyncio.to_thread(own_cluster.start)
    for _ in range(200):
        await asyncio.sleep(0.02)
        if list(outcomes.values())[-12:].count(201) >= 6:
            break
    stopping.set()
    await asyncio.gather(*writers)
    assert set(outcomes.values()) == {201, 503}
    assert list(outcomes.values())[-1] == 201, "it did not recover"
    connection = await asyncpg.connect(own_cluster.dsn())
    bank = Bank(served, connection)
    assert_whole(await bank.batches(), {batch for batch, status in outcomes.items() if status == 201})
    await bank.assert_well()
    await connection.close()
