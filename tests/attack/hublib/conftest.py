"""Gateways before the reference application under its policy files, and an oracle that says what is whose.

Everything is asked twice over: of one gateway without a cache, and of two that share one, in which somebody else has
just asked the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from yarl import URL

from gateway.catalog import Name, Volatility
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.attack.hublib.people import ADMIN, PEOPLE, Person
from tests.cache.conftest import until
from tests.cache.world import everything_is_worth_it
from tests.hublib import install_hublib
from tests.serving import Served, decided, settle_leases, start_gateway, stop_gateway

_MARK = re.compile(rb"mark:(\w+):([0-9a-f-]{36}|config-[\w-]+):")


@dataclass
class Target:
    """The application under attack; `owner` asks the oracle, past row security. `caches` are gateways that share a
    cache, none where the attack is on the database alone. `sources` counts where their answers came from."""

    served: Served
    owner: asyncpg.Connection
    tables: list[str]
    caches: list[Served] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)

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
        """The answer; with caches the one after somebody else has asked the same. Tests ask for everybody in turn, so
        most of what was kept for others is there, too."""
        if not self.caches or not self._may_be_kept(path, method):
            return await self._send(self.caches[0] if self.caches else self.served, person, path, method, body, headers)
        # The one before has asked the other instance: what was kept of that is found in Redis first, then in memory.
        at = PEOPLE.index(person) if person in PEOPLE else 0
        served, before = self.caches[at % 2], PEOPLE[at - 1]
        first = await self._send(served, person, path, method, body, headers)
        await self._send(served, before, path, method, body, headers)
        await decided(served)
        again = await self._send(served, person, path, method, body, headers)
        assert again[:2] == first[:2], (str(person), path)
        assert again[2].get("Content-Range") == first[2].get("Content-Range"), (str(person), path)
        self._note(again[2].get("Cache-Status", "none"))
        return again

    def _may_be_kept(self, path: str, method: str) -> bool:
        if method != "POST":
            return method in ("GET", "HEAD")
        name = path.removeprefix("/rest/v1/rpc/").partition("?")[0]
        functions = self.served.gateway.catalog.current().functions.get(Name("public", name), ())
        return bool(functions) and all(each.volatility is not Volatility.VOLATILE for each in functions)

    def _note(self, status: str) -> None:
        parts = [part.strip() for part in status.split(";")[1:] if "ttl" not in part]
        source = "; ".join(parts[:2])
        self.sources[source] = self.sources.get(source, 0) + 1

    async def _send(
        self, served: Served, person: Person, path: str, method: str, body: object, headers: dict[str, str]
    ) -> tuple[int, bytes, Any]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {person.bearer}"
        url = URL(f"{served.url}{path}", encoded=True)
        data = json.dumps(body) if body is not None else None
        if data is not None:
            sent["Content-Type"] = "application/json"
        async with served.client.request(method, url, headers=sent, data=data) as response:
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


@pytest_asyncio.fixture(scope="package", loop_scope="session", params=["database", "cache"])
async def target(
    request: pytest.FixtureRequest, postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> AsyncIterator[Target]:
    """The application; once more with caches that keep whatever they may, although a database this small is quicker."""
    administrator = await asyncpg.connect(postgres.dsn())
    name = f"hublib_under_attack_{request.param}"
    await administrator.execute(f"create database {name}")
    dsn, login = postgres.dsn(name), postgres.dsn(name, user="authenticator")
    await install_hublib(dsn)
    owner = await asyncpg.connect(dsn)
    await owner.execute("set timezone to 'UTC'")
    await owner.execute((Path(__file__).parent / "oracle.sql").read_text("utf-8"))
    await owner.execute("delete from user_roles where user_id = $1", ADMIN)
    tables = [row["relation"] for row in await owner.fetch("select distinct relation from oracle.rules order by 1")]
    async with AsyncExitStack() as stack:
        if request.param == "cache":
            stack.enter_context(everything_is_worth_it())
            await keep_everything(owner)
        redis: dict[str, Any] = {"redis_url": valkey.url, "redis_prefix": f"{name}:"}
        redis = redis if request.param == "cache" else {}
        if redis:
            await settle_leases(valkey.url, f"{name}:")
        served = [await start_gateway(login, aggregates_enabled=True, **redis) for _ in range(2 if redis else 1)]
        for each in served:
            stack.push_async_callback(stop_gateway, each)
            if redis:
                await until(lambda each=each: each.gateway.cache.coherence.version is not None)
        target = Target(served[0], owner, tables, served if redis else [])
        yield target
    await owner.close()
    await administrator.execute(f"drop database {name} with (force)")
    await administrator.close()


async def keep_everything(owner: asyncpg.Connection) -> None:
    """A rule for each relation and function, and triggers on each table, beyond what the policy files say."""
    await owner.execute((Path(__file__).parent / "keep_everything.sql").read_text("utf-8"))
