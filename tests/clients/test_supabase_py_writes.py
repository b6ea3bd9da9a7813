"""The unmodified Python client writes, in its asynchronous and its blocking form; PostgreSQL tells what came of it."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from postgrest import APIError

from tests.clients.comparing import Expected, canonical
from tests.clients.hublib_writes import AROUND, FORMS, FUNCTIONS, RESOURCES, Write
from tests.clients.reference import HubLib
from tests.clients.test_supabase_py import connect

TABLES = {"resources": RESOURCES, "around": AROUND, "forms": FORMS, "functions": FUNCTIONS}

pytestmark = pytest.mark.filterwarnings(r"ignore:The '\w+' parameter is deprecated:DeprecationWarning")


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
async def test_writes(blocking: bool, hublib: HubLib, subtests: pytest.Subtests) -> None:
    connection = await asyncpg.connect(hublib.owner, server_settings={"timezone": "UTC"})
    expected = Expected(connection)
    callers = {caller for writes in TABLES.values() for write in writes for caller in write.callers}
    clients = {caller: await connect(hublib, caller, blocking=blocking) for caller in callers}
    for table, writes in TABLES.items():
        for write in writes:
            for caller in write.callers:
                with subtests.test(f"{table}: {write.name}", caller=caller):
                    await connection.execute("select kept.restore()")
                    viewer = hublib.people.get(caller, caller)
                    request = write.build(clients[caller], viewer)
                    await check(write, request, expected, viewer, blocking=blocking)
    await connection.close()


async def check(write: Write, request: Any, expected: Expected, viewer: str, *, blocking: bool) -> None:
    async def run() -> Any:
        return await asyncio.to_thread(request.execute) if blocking else await request.execute()

    if write.error is not None:
        with pytest.raises(APIError) as refused:
            await run()
        assert refused.value.code == write.error
        assert await expected.rows("select name from kept.touched", viewer) == []
        return
    answer = await run()
    if write.returned is not None:
        wanted = await expected.rows(write.returned, viewer)
        assert wanted, "the query for what should be returned found nothing"
        assert canonical(answer.data) == canonical(wanted[0] if write.one else wanted)
    else:
        assert answer.data == write.data
    assert answer.count == write.count
    if write.state is not None:
        assert await expected.rows(write.state, viewer) == write.found
