"""Two gateways that share a cache, and one question to both: the answer must be the one that the database gives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from yarl import URL

from gateway.cache import definitions, worth
from gateway.database import Database
from gateway.embedded import EmbeddedPostgres
from gateway.migrations import migrate
from gateway.paths import schema_directory
from tests.cache.conftest import until
from tests.serving import SECRET, Answer, Served, decided, settle_leases, start_gateway, stop_gateway

_OF_THE_MOMENT = {"cache-status", "date", "server-timing", "x-request-id", "age"}
HITS = ("hit; detail=memory", "hit; detail=redis")


def signed(payload: str) -> str:
    """A token with exactly this text as its payload."""

    def coded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = f"{coded(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{coded(payload.encode())}"
    return f"{head}.{coded(hmac.new(SECRET.encode(), head.encode(), hashlib.sha256).digest())}"


def bearer(claims: str, role: str = "authenticated") -> str:
    """A token with these claims, the text of a JSON object's members."""
    members = [f'"exp": {int(time.time()) + 3600}', f'"role": "{role}"', *([claims] if claims else [])]
    return signed(f"{{{', '.join(members)}}}")


@dataclass
class World:
    """`one` and `two` are instances that share a cache. `asked` counts what was asked of the database for answers."""

    one: Served
    two: Served
    owner: asyncpg.Connection
    asked: list[str] = field(default_factory=list)

    async def ask(self, served: Served, path: str, token: str | None, method: str = "GET", body: object = None,
                  **headers: str) -> Answer:  # fmt: skip
        """A request below `/rest/v1`, a `body` as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            data = body if isinstance(body, bytes | str) else json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        url = URL(f"{served.url}/rest/v1{path}", encoded=True)
        async with served.client.request(method, url, headers=sent, data=data) as response:
            raw = await response.read()
            kind = response.headers.get("Content-Type", "")
            parsed = json.loads(raw) if "json" in kind.partition(";")[0] and raw else None
            return Answer(response.status, response.headers.copy(), raw, parsed)

    async def ask_calmly(self, served: Served, path: str, token: str | None, *more: Any, **headers: str) -> Answer:
        """The same, when everybody can have what was answered before."""
        await decided(self.one)
        await decided(self.two)
        return await self.ask(served, path, token, *more, **headers)

    async def uncached(self, path: str, token: str | None, method: str = "GET", body: object = None,
                       **headers: str) -> Answer:  # fmt: skip
        """What the database says now."""
        answer = await self.ask(self.one, path, token, method, body, Cache_Control="no-store", **headers)
        assert answer.headers.get("Cache-Status", "").split("; ")[1:2] != ["hit"]
        return answer


def source(answer: Answer) -> str:
    """Where an answer came from, in the words of Cache-Status."""
    parts = answer.headers.get("Cache-Status", "none").split("; ")[1:]
    return "; ".join(part for part in parts[:2] if not part.startswith(("ttl=", "stored", "key=")))


def shown(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    """All that a client can tell answers apart by, but for where they came from."""
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in _OF_THE_MOMENT}
    return answer.status, answer.body, headers


@contextmanager
def everything_is_worth_it() -> Iterator[None]:
    """A database this small is quicker than any cache: keep its answers all the same, as soon as that may be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worth.Tier, "is_worth", lambda *_: True)
        for name in ("_SHORTEST", "_PAUSE", "_REST"):
            patch.setattr(definitions, name, 0)
        yield


@contextmanager
def counted(asked: list[str]) -> Iterator[None]:
    """Statements of reads, as they go to the database."""
    read, run = Database.read, Database.run_transaction

    async def counting_read(self: Database, caller: Any, sql: str, arguments: Any = ()) -> Any:
        asked.append(sql)
        return await read(self, caller, sql, arguments)

    async def counting_run(self: Database, *args: Any, **kwargs: Any) -> Any:
        asked.append("transaction")
        return await run(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "read", counting_read)
        patch.setattr(Database, "run_transaction", counting_run)
        yield


async def make_database(postgres: EmbeddedPostgres, name: str, *more: str) -> None:
    """The world, and what further files make of it."""
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute(f"create database {name}")
    await administrator.close()
    await migrate(postgres.dsn(name), schema_directory() / "gateway")
    owner = await asyncpg.connect(postgres.dsn(name))
    for file in ("world.sql", *more):
        await owner.execute((Path(__file__).parent / file).read_text("utf-8"))
    await owner.close()


@asynccontextmanager
async def open_world(postgres: EmbeddedPostgres, name: str, redis_url: str, **settings: Any) -> AsyncIterator[World]:
    """The world on a database of that name, ready to serve from its cache."""
    async with AsyncExitStack() as stack:
        stack.enter_context(everything_is_worth_it())
        asked: list[str] = []
        stack.enter_context(counted(asked))
        owner = await asyncpg.connect(postgres.dsn(name))
        stack.push_async_callback(owner.close)
        chosen = {"schemas": ["public", "other"], "catalog_poll_interval": 0.3, **settings}
        served: list[Served] = []
        await settle_leases(redis_url, f"{name}:")
        for _ in range(2):
            each = await start_gateway(
                postgres.dsn(name, user="authenticator"), redis_url=redis_url, redis_prefix=f"{name}:", **chosen
            )
            stack.push_async_callback(stop_gateway, each)
            served.append(each)
        world = World(served[0], served[1], owner, asked)
        await ready(world)
        yield world


async def ready(world: World) -> None:
    for each in (world.one, world.two):
        cache = each.gateway.cache
        assert cache is not None
        await until(lambda cache=cache: cache.coherence.version is not None)
        assert each.gateway.catalog.current().caching is not None
