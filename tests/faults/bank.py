"""What the tests know of the ledger: who asks, what is there, and whether the gateway is well."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.rest.writes.asking import Ask
from tests.serving import Answer, Served, token

SETTINGS: dict[str, Any] = {"schemas": "bank", "anon_role": "none", "tx_end": "commit"}
USER = token("fault_user")
HURRIED = token("fault_hurried")
SERIAL = token("fault_serial")
PARTS = 10
LEDGER = Path(__file__).parent / "ledger.sql"
LARGEST_BODY = 4000
BODY_TIMEOUT = 0.3


@dataclass(frozen=True, slots=True)
class Bank:
    """A gateway on the ledger, and the superuser's connection past it."""

    served: Served
    connection: asyncpg.Connection

    async def ask(self, do: str, body: Any = None, bearer: str = USER, **options: Any) -> Answer:
        return await Ask(do, body, bearer=bearer, **options).to(self.served)

    async def batches(self) -> dict[str, int]:
        """How many parts of each batch there are."""
        found = await self.connection.fetch("SELECT batch, count(*) AS parts FROM bank.ledger GROUP BY batch")
        return {row["batch"]: row["parts"] for row in found}

    async def terminate(self) -> int:
        """End one of the gateway's backends that are at work; how many were ended."""
        ended = await self.connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE usename = 'fault_login' "
            "AND datname = current_database() AND state <> 'idle' ORDER BY random() LIMIT 1) AS busy"
        )
        return len(ended)

    async def busy(self) -> int:
        return await self.connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE usename = 'fault_login' AND datname = current_database() AND state <> 'idle'"
        )

    async def assert_well(self) -> None:
        """Nothing runs on, nobody waits, and as many requests as there are connections are served at once."""
        for _ in range(250):
            if await self.busy() == 0:
                break
            await asyncio.sleep(0.02)
        else:
            pytest.fail("a backend is still at work after 5 s")
        answers = await asyncio.gather(*(self.ask("POST /rpc/nap", {"seconds": 0.01}) for _ in range(8)))
        assert [answer.status for answer in answers] == [200] * 8
        statistics = self.served.gateway.database.stats()
        assert statistics.waiting == 0
        assert statistics.idle == statistics.connected <= statistics.size
        assert statistics.mismatches == 0


def rows(batch: str, parts: int = PARTS) -> list[dict[str, Any]]:
    return [{"batch": batch, "part": part} for part in range(1, parts + 1)]


def error(answer: Answer) -> tuple[int, str]:
    """Status and code; the body must be the four keys of an error."""
    assert sorted(answer.json) == ["code", "details", "hint", "message"]
    assert answer.headers["Proxy-Status"] == f"PostgREST; error={answer.json['code']}"
    assert ("Retry-After" in answer.headers) == (answer.status == 503)
    return answer.status, answer.json["code"]
