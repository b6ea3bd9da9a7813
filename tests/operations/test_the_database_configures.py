"""Settings `pgrst.*` of the login role lie over the others, at start and at each `reload config`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from tests.serving import Serve, Served


@pytest_asyncio.fixture
async def admin(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute(
        """create table things (id int primary key);
        insert into things select generate_series(1, 9)"""
    )
    yield connection
    await connection.close()


async def say(admin: asyncpg.Connection, name: str, value: str) -> None:
    """Change a setting of the login role, in this database only."""
    where = await admin.fetchval("select format('role %I in database %I', current_user, current_database())")
    await admin.execute(f"alter {where} set pgrst.{name} = '{value}'")


async def rows_become(served: Served, wanted: int) -> None:
    deadline = time.monotonic() + 10
    while len((await served.get("/things")).json) != wanted:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_at_start_and_on_notification(database: str, admin: asyncpg.Connection, serve: Serve) -> None:
    await say(admin, "db_max_rows", "4")
    served = await serve(database, anon_role="postgres")
    assert len((await served.get("/things")).json) == 4

    await say(admin, "db_max_rows", "2")
    await admin.execute("notify pgrst, 'reload config'")
    await rows_become(served, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwt_role_claim_key", "$["),
        ("jwt_secret", "short"),
        ("jwt_secret", '{"keys": 3}'),
        ("openapi_server_proxy_uri", "nonsense"),
        ("db_max_rows", "many"),
    ],
)
async def test_what_cannot_be_used_leaves_the_settings_in_force(
    database: str, admin: asyncpg.Connection, serve: Serve, name: str, value: str
) -> None:
    await say(admin, "db_schemas", "public")
    served = await serve(database, max_rows=3, anon_role="postgres")
    before = served.gateway.application
    await say(admin, name, value)
    await served.gateway.reload()

    assert served.gateway.application is before
    assert len((await served.get("/things")).json) == 3


async def test_nor_does_it_keep_the_gateway_from_starting(
    database: str, admin: asyncpg.Connection, serve: Serve
) -> None:
    await say(admin, "jwt_role_claim_key", "$[")
    served = await serve(database, max_rows=3, anon_role="postgres")

    assert len((await served.get("/things")).json) == 3
