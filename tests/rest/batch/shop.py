"""The shop's gateway, and how its tests talk to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from tests.serving import Answer, Served, token

INES = token("authenticated", sub="ines")
OMAR = token("authenticated", sub="omar")
RETURN = {"Prefer": "return=representation"}
OBJECT = {"Accept": "application/vnd.pgrst.object+json"}

Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """`database` sees everything, as the superuser."""

    served: Served
    database: asyncpg.Connection
    dsn: str

    async def batch(self, steps: Any, *, dry_run: bool | None = None, **options: Any) -> Answer:
        body = steps if dry_run is None else {"steps": steps, "dry_run": dry_run}
        return await send(self.served, json.dumps(body).encode(), **options)

    async def count(self, table: str) -> int:
        return await self.database.fetchval(f"select count(*) from {table}")


async def send(
    served: Served,
    body: bytes,
    *,
    method: str = "POST",
    path: str = "/batch/v1",
    bearer: str | None = INES,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    sent = {"Content-Type": "application/json", **(headers or {})}
    if bearer is not None:
        sent["Authorization"] = f"Bearer {bearer}"
    async with served.client.request(method, served.url + path, data=body, headers=sent) as response:
        answered = await response.read()
        return Answer(response.status, response.headers.copy(), answered, json.loads(answered) if answered else None)


def get(path: str, **more: Any) -> Step:
    return {"method": "GET", "path": path, **more}


def post(path: str, body: Any, **more: Any) -> Step:
    return {"method": "POST", "path": path, "body": body, **more}


def order(id_: str = "order", **columns: Any) -> Step:
    """A new order, answered as one object."""
    return post("/orders", columns, id=id_, headers={**RETURN, **OBJECT})


def ref(path: str | Sequence[str | int]) -> dict[str, Any]:
    return {"$ref": path}


def bodies(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    return [step.get("body") for step in answer.json["steps"]]
