"""Requests that change the atelier, and what is there afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from yarl import URL

from tests.serving import Answer, Served, token

SETTINGS: dict[str, Any] = {
    "schemas": "shop,depot",
    "extra_search_path": "public",
    "anon_role": "atelier_anon",
    "plan_enabled": True,
    "app_settings": {"motto": "measure twice"},
}

INES = token("atelier_member", sub="ines")
OMAR = token("atelier_member", sub="omar")
HURRIED = token("atelier_hurried", sub="ines")
STRICT = token("atelier_strict", sub="ines")

SINGLE = "application/vnd.pgrst.object+json"
FULL = "return=representation"


@dataclass(frozen=True, slots=True)
class Atelier:
    """A gateway that commits unless told otherwise, one that rolls back unless told otherwise, and the superuser's
    connection past them."""

    commits: Served
    undoes: Served
    connection: asyncpg.Connection

    async def rows(self, query: str) -> Any:
        """The rows of `query` as JSON."""
        text = await self.connection.fetchval(f"SELECT coalesce(json_agg(found), '[]')::text FROM ({query}) AS found")
        return json.loads(text)

    async def everything(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        names = await self.connection.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace IN "
            "('shop'::regnamespace, 'depot'::regnamespace, 'backroom'::regnamespace)"
        )
        return {
            name: [row[0] for row in await self.connection.fetch(f"SELECT t::text FROM {name} AS t ORDER BY 1")]
            for (name,) in names
        }


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `do` is method and target; `body` is sent as JSON unless it is text or bytes."""

    do: str
    body: Any = None
    prefer: str | None = None
    bearer: str | None = INES
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        parts = [self.do, self.prefer or "", "" if self.body is None else str(self.body)[:50], *self.headers.values()]
        return " ".join(part for part in parts if part)

    async def to(self, served: Served) -> Answer:
        method, _, target = self.do.partition(" ")
        headers = dict(self.headers)
        if self.prefer is not None:
            headers["Prefer"] = self.prefer
        if self.bearer is not None:
            headers["Authorization"] = f"Bearer {self.bearer}"
        data = self.body
        if data is not None and not isinstance(data, str | bytes):
            data = json.dumps(data)
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        url = URL(f"{served.url}/rest/v1{target}", encoded=True)
        async with served.client.request(
            method, url, headers=headers, data=data, skip_auto_headers=("Content-Type",)
        ) as response:
            body = await response.read()
            kind = response.headers.get("Content-Type", "")
            parsed = json.loads(body) if "json" in kind.partition(";")[0] and body else None
            return Answer(response.status, response.headers.copy(), body, parsed)
