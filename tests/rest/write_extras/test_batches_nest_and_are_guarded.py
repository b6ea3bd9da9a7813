"""Steps of a batch take the same preferences, and meet the same guards."""

from __future__ import annotations

from typing import Any

from tests.rest.write_extras.brocante import GUARDED, SELLER, Brocante
from tests.serving import Served

NESTED = {"Prefer": "nested=insert"}


async def batch(served: Served, bearer: str, *steps: dict[str, Any]) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {bearer}"}
    async with served.client.post(f"{served.url}/batch/v1", json=list(steps), headers=headers) as response:
        return response.status, await response.json()


async def test_a_failing_nested_insert_undoes_the_batch(brocante: Brocante) -> None:
    good = {"method": "POST", "path": "/orders", "headers": NESTED, "body": {"title": "A", "lines": [{"item": "a"}]}}
    bad = {**good, "body": {"title": "B", "lines": [{"item": "b"}, {"item": None}]}}
    status, told = await batch(brocante.open, SELLER, good, bad)
    assert (status, told["code"]) == (400, "23502")
    assert told["details"].startswith("At 'lines' in the body.")
    assert await brocante.values("SELECT count(*) FROM market.orders") == [0]
    status, _ = await batch(brocante.open, SELLER, good, good)
    assert status == 200
    assert await brocante.values("SELECT item FROM market.lines") == ["a", "a"]


async def test_guards_hold_for_steps(brocante: Brocante) -> None:
    body = [{"id": 1, "views": {"$increment": 1}}, {"id": 2, "views": {"$increment": 1}}]
    by_key = {"Prefer": "update=by-key, operations=apply"}
    changes = {"method": "PATCH", "path": "/items", "headers": by_key, "body": body}
    for last, code in (("/items", "PGRSTX40"), ("/items?id=gt.0", "PGRSTX41")):
        status, told = await batch(brocante.guarded, GUARDED, changes, {"method": "DELETE", "path": last})
        assert (status, told["code"]) == (400, code)
    assert await brocante.values("SELECT views FROM market.items ORDER BY id") == [10, 20, 0]
    assert (await batch(brocante.guarded, GUARDED, changes))[0] == 200
    assert await brocante.values("SELECT views FROM market.items ORDER BY id") == [11, 21, 0]
