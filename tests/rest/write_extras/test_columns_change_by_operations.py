"""`Prefer: operations=apply`: new values that PostgreSQL makes of old ones, in one statement."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rest.write_extras.brocante import FULL, Brocante

APPLY = "operations=apply"


@pytest.mark.parametrize(
    ("row", "body", "changed"),
    [
        (1, {"views": {"$increment": 5}}, {"views": 15}),
        (1, {"views": {"$increment": "5"}}, {"views": 15}),
        (1, {"views": {"$decrement": 3}, "name": "x"}, {"views": 7, "name": "x"}),
        (1, {"price": {"$increment": 0.005}}, {"price": 9.51}),
        (1, {"stock": {"$decrement": 4}}, {"stock": 1}),
        (3, {"stock": {"$increment": 4}}, {"stock": None}),
        (1, {"day": {"$increment": 31}}, {"day": "2024-02-01"}),
        (1, {"seen": {"$increment": "1 day"}}, {"seen": "2024-01-02T00:00:00+00:00"}),
        (1, {"hour": {"$decrement": "15 minutes"}}, {"hour": "00:45:00"}),
        (1, {"tags": {"$append": ["new", "old"]}}, {"tags": ["old", "brass", "new", "old"]}),
        (1, {"tags": {"$append": "new"}}, {"tags": ["old", "brass", "new"]}),
        (2, {"tags": {"$append": "first"}}, {"tags": ["first"]}),
        (1, {"numbers": {"$remove": [2, 9, 1]}}, {"numbers": [3]}),
        (2, {"numbers": {"$remove": None}}, {"numbers": [2]}),
        (2, {"tags": {"$remove": "x"}}, {"tags": None}),
        (1, {"meta": {"$append": [{"c": 1.10}, "d"]}}, {"meta": ["a", {"b": 1}, {"c": 1.10}, "d"]}),
        (2, {"meta": {"$append": "first"}}, {"meta": ["first"]}),
        (1, {"meta": {"$remove": {"b": 1.0}}}, {"meta": ["a"]}),
        (3, {"meta": {"$merge": {"l": [1]}}}, {"meta": {"k": 1, "l": [1]}}),
        (2, {"meta": {"$merge": {"l": 1}}}, {"meta": {"l": 1}}),
        (3, {"slug": {"$default": "mirror"}, "name": {"$default": "no"}}, {"slug": "mirror"}),
        (3, {"meta": {"$set": {"$increment": 1}}}, {"meta": {"$increment": 1}}),
        (3, {"meta": {"$increment": 1, "b": 2}}, {"meta": {"$increment": 1, "b": 2}}),
        (3, {"meta": {"plain": {"$increment": 1}}}, {"meta": {"plain": {"$increment": 1}}}),
        (3, {"raw": {"$set": None}, "meta": {}}, {"meta": {}}),
    ],
)
async def test_operations(brocante: Brocante, row: int, body: Any, changed: dict[str, Any]) -> None:
    query = f"SELECT * FROM market.items WHERE id = {row}"
    (before,) = await brocante.rows(query)
    answer = await brocante.ask(f"PATCH /items?id=eq.{row}", body, prefer=f"{APPLY}, {FULL}")
    assert answer.status == 200, answer.body
    assert answer.json == await brocante.rows(query) == [{**before, **changed}]


async def test_each_row_of_a_body_has_its_operand(brocante: Brocante) -> None:
    body = [{"id": 1, "views": {"$increment": 1}}, {"id": 2, "views": {"$increment": 2}}, {"id": 3, "name": "x"}]
    answer = await brocante.ask("PATCH /items", body, prefer=f"{APPLY}, update=by-key")
    assert (answer.status, answer.headers["Preference-Applied"]) == (204, "update=by-key, operations=apply")
    assert await brocante.values("SELECT views FROM market.items ORDER BY id") == [11, 22, 0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"views": {"$explode": 1}}, "PGRSTX30"),
        ({"meta": {"$explode": 1}}, "PGRSTX30"),
        ({"views": {"$increment; DROP TABLE market.items": 1}}, "PGRSTX30"),
        ({"name": {"$increment": 1}}, "PGRSTX32"),
        ({"raw": {"$append": 1}}, "PGRSTX32"),
        ({"views": {"$append": 1}}, "PGRSTX32"),
        ({"tags": {"$merge": {"a": 1}}}, "PGRSTX32"),
        ({"nope": {"$increment": 1}}, "PGRST204"),
        ({"views": {"$increment": "1; DROP TABLE market.items"}}, "22P02"),
        ({"views": {"$increment": {"$increment": 1}}}, "22P02"),
        ({"views": {"$increment": 2147483647}}, "22003"),
        ({"views": {"$increment": None}}, "23502"),
        ({"stock": {"$decrement": 5}}, "23514"),
        ({"numbers": {"$append": "x"}}, "22P02"),
        ([{"id": 1, "views": {"$increment": 1}}, {"id": 2, "views": 5}], "PGRSTX31"),
    ],
)
async def test_refusals_change_nothing(brocante: Brocante, body: Any, code: str) -> None:
    before = await brocante.rows("SELECT * FROM market.items ORDER BY id")
    target = "/items" if isinstance(body, list) else "/items?id=eq.1"
    answer = await brocante.ask(
        f"PATCH {target}", body, prefer=f"{APPLY}, update=by-key" if target == "/items" else APPLY
    )
    assert (answer.status, answer.json["code"]) == (400, code), answer.body
    assert await brocante.rows("SELECT * FROM market.items ORDER BY id") == before


async def test_removing_from_what_is_no_list(brocante: Brocante) -> None:
    answer = await brocante.ask("PATCH /items?id=eq.3", {"meta": {"$remove": "k"}}, prefer=APPLY)
    assert (answer.status, answer.json["code"]) == (400, "22023")


@pytest.mark.parametrize(("prefer", "method"), [(None, "PATCH"), ("nested=insert", "PATCH"), (APPLY, "POST")])
async def test_without_the_preference_objects_are_values(brocante: Brocante, prefer: str | None, method: str) -> None:
    body = {"id": 9, "meta": {"$increment": 1}}
    answer = await brocante.ask(f"{method} /items{'?id=eq.3' if method == 'PATCH' else ''}", body, prefer=prefer)
    assert answer.status in (201, 204)
    assert "operations" not in answer.headers.get("Preference-Applied", "")
    assert await brocante.rows("SELECT meta FROM market.items WHERE id = 9") == [{"meta": {"$increment": 1}}]


async def test_no_increment_is_lost(brocante: Brocante) -> None:
    asks = [brocante.ask("PATCH /items?id=eq.1", {"views": {"$increment": 1}}, prefer=APPLY) for _ in range(40)]
    assert {answer.status for answer in await asyncio.gather(*asks)} == {204}
    assert await brocante.values("SELECT views FROM market.items WHERE id = 1") == [50]
