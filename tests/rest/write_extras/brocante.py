"""What the tests know of the brocante: its gateways, and requests that change it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import asyncpg
from yarl import URL

from tests.serving import Answer, Served, token

SETTINGS: dict[str, Any] = {"schemas": "market", "extra_search_path": "public", "anon_role": "brocante_anon"}
GUARDS: dict[str, Any] = {
    "require_filter": "brocante_guarded,brocante_anon",
    "max_affected": "brocante_guarded=2,*=100",
}

SELLER = token("brocante_seller", sub="ines")
OMAR = token("brocante_seller", sub="omar")
GUARDED = token("brocante_guarded", sub="ines")
FULL = "return=representation"


@dataclass(frozen=True, slots=True)
class Brocante:
    """A gateway without guards, one with guards, and the superuser's connection past them."""

    open: Served
    guarded: Served
    connection: asyncpg.Connection

    async def rows(self, query: str) -> Any:
        """The rows of `query` as JSON."""
        text = await self.connection.fetchval(f"SELECT coalesce(json_agg(found), '[]')::text FROM ({query}) AS found")
        return json.loads(text)

    async def values(self, query: str) -> list[Any]:
        """The only column of `query`."""
        return [row[0] for row in await self.connection.fetch(query)]

    async def ask(
        self,
        do: str,
        body: Any = None,
        *,
        prefer: str | None = None,
        bearer: str | None = SELLER,
        guarded: bool = False,
        content_type: str = "application/json",
        **headers: str,
    ) -> Answer:
        """`do` is method and target; `body` is sent as JSON unless it is text or bytes."""
        method, target = do.split(" ", 1)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer}"
        if prefer is not None:
            sent["Prefer"] = prefer
        data: bytes | None = None
        if body is not None:
            data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
            sent["Content-Type"] = content_type
        served = self.guarded if guarded else self.open
        url = URL(f"{served.url}/rest/v1{target}", encoded=True)
        async with served.client.request(method, url, headers=sent, data=data) as response:
            answer = await response.read()
            kind = response.headers.get("Content-Type", "")
            parsed = json.loads(answer) if "json" in kind.partition(";")[0] and answer else None
            return Answer(response.status, response.headers.copy(), answer, parsed)
