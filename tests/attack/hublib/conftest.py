"""One gateway before the reference application under its policy files, and an oracle that says what is whose."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import pytest_asyncio
from yarl import URL

from gateway.embedded import EmbeddedPostgres
from tests.attack.hublib.people import ADMIN, Person
from tests.hublib import install_hublib
from tests.serving import Served, start_gateway, stop_gateway

_MARK = re.compile(rb"mark:(\w+):([0-9a-f-]{36}|config-[\w-]+):")


@dataclass
class Target:
    """The application under attack; `owner` asks the oracle, past row security."""

    served: Served
    owner: asyncpg.Connection
    tables: list[str]

    async def allowed(self, person: Person, relation: str, verb: str) -> set[str]:
        """The ids of the rows that somebody may see, update or delete."""
        rule = await self.owner.fetchval(
            "select condition from oracle.rules where relation = $1 and verb = $2", relation, verb
        )
        key = key_of(relation)
        rows = await self.owner.fetch(
            f'select "{key}"::text as id from public."{relation}" where ($1::uuid is null or true) and ({rule})',
            person.sub,
        )
        return {row["id"] for row in rows}

    async def everything(self, relation: str) -> set[str]:
        rows = await self.owner.fetch(f'select "{key_of(relation)}"::text as id from public."{relation}"')
        return {row["id"] for row in rows}

    async def ask(
        self, person: Person, path: str, method: str = "GET", body: object = None, **headers: str
    ) -> tuple[int, bytes, aiohttp.typedefs.LooseHeaders]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {person.bearer}"
        url = URL(f"{self.served.url}{path}", encoded=True)
        data = json.dumps(body) if body is not None else None
        if data is not None:
            sent["Content-Type"] = "application/json"
        async with self.served.client.request(method, url, headers=sent, data=data) as response:
            return response.status, await response.read(), response.headers.copy()

    async def leaks(self, person: Person, body: bytes) -> set[tuple[str, str]]:
        """The rows that show through an answer although the person may not see them."""
        found = {(table.decode(), id_.decode()) for table, id_ in _MARK.findall(body)}
        leaked: set[tuple[str, str]] = set()
        for table in {table for table, _ in found}:
            seen = await self.allowed(person, table, "select")
            leaked |= {(name, id_) for name, id_ in found if name == table and id_ not in seen}
        return leaked


def key_of(relation: str) -> str:
    return "resource_id" if relation == "resource_stats" else "id"


@pytest_asyncio.fixture(scope="session")
async def target(postgres: EmbeddedPostgres) -> AsyncIterator[Target]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database hublib_under_attack")
    dsn = postgres.dsn("hublib_under_attack")
    await install_hublib(dsn)
    owner = await asyncpg.connect(dsn)
    await owner.execute("set timezone to 'UTC'")
    await owner.execute((Path(__file__).parent / "oracle.sql").read_text("utf-8"))
    await owner.execute("delete from user_roles where user_id = $1", ADMIN)
    tables = await owner.fetch("select distinct relation from oracle.rules order by 1")
    served = await start_gateway(postgres.dsn("hublib_under_attack", user="authenticator"), aggregates_enabled=True)
    yield Target(served, owner, [row["relation"] for row in tables])
    await stop_gateway(served)
    await owner.close()
    await administrator.execute("drop database hublib_under_attack with (force)")
    await administrator.close()
