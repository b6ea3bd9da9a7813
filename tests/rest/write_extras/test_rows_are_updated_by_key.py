"""`Prefer: update=by-key`: each row of the body changes the row it names, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.write_extras.brocante import FULL, SELLER, Brocante

BY_KEY = "update=by-key"
NAMES = "SELECT id, name, views FROM market.items ORDER BY id"


def named(*rows: tuple[int, str, int]) -> list[dict[str, Any]]:
    return [{"id": id_, "name": name, "views": views} for id_, name, views in rows]


async def test_each_row_gets_its_own_values(brocante: Brocante) -> None:
    body = [{"id": 1, "name": "A", "views": 7}, {"id": 2, "name": "B", "views": 8}]
    answer = await brocante.ask("PATCH /items", body, prefer=BY_KEY)
    assert (answer.status, answer.headers["Content-Range"]) == (204, "0-1/*")
    assert answer.headers["Preference-Applied"] == "update=by-key"
    assert await brocante.rows(NAMES) == named((1, "A", 7), (2, "B", 8), (3, "Mirror", 0))


async def test_what_a_row_leaves_out_stays(brocante: Brocante) -> None:
    body = [{"id": 1, "name": None}, {"id": 2, "views": 8}, {"id": 3, "views": 1, "name": "M"}]
    answer = await brocante.ask("PATCH /items?select=id,name,views&order=id", body, prefer=f"{BY_KEY}, {FULL}")
    assert answer.status == 200
    assert answer.json == await brocante.rows(NAMES)
    assert answer.json == [{"id": 1, "name": None, "views": 10}, *named((2, "Chair", 8), (3, "M", 1))]


@pytest.mark.parametrize(
    ("target", "body", "changed"),
    [
        ("/items", {"id": 2, "name": "one object"}, [2]),
        ("/items?on_conflict=slug", [{"slug": "lamp", "name": "by slug"}, {"slug": "chair", "name": "b"}], [1, 2]),
        ("/items?views=gt.15", [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}], [2]),
        ("/items?columns=id,name", [{"id": 1, "name": "x", "views": 99}, {"id": 2}], [1]),
        ("/items?select=id", [{"id": "1", "name": "as text"}], [1]),
        ("/items", [], []),
        ("/items", [{"id": None, "name": "x"}], []),
        ("/items", [{"id": 77, "name": "x"}], []),
        ("/named_items", [{"id": 3, "name": "through a view"}], [3]),
    ],
)
async def test_only_the_rows_named_change(brocante: Brocante, target: str, body: Any, changed: list[int]) -> None:
    before = {row["id"]: row for row in await brocante.rows(NAMES)}
    answer = await brocante.ask(f"PATCH {target}", body, prefer=BY_KEY)
    assert answer.status == 204, answer.body
    after = {row["id"]: row for row in await brocante.rows(NAMES)}
    assert [key for key in after if after[key] != before[key]] == changed
    assert all(after[key]["views"] == before[key]["views"] for key in after)


async def test_composite_keys(brocante: Brocante) -> None:
    body = [{"hall": "A", "no": 2, "holder": "x"}, {"hall": "B", "no": 1, "fee": 9}]
    answer = await brocante.ask("PATCH /places", body, prefer=BY_KEY)
    assert answer.status == 204
    assert await brocante.values("SELECT row(p.*)::text FROM market.places p ORDER BY 1") == [
        "(A,1,Ines,3)",
        "(A,2,x,3)",
        "(B,1,Zoe,9)",
    ]


async def test_csv(brocante: Brocante) -> None:
    answer = await brocante.ask("PATCH /items", "id,name\n1,A\n2,NULL\n", prefer=BY_KEY, content_type="text/csv")
    assert answer.status == 204
    assert await brocante.values("SELECT name FROM market.items ORDER BY id") == ["A", None, "Mirror"]


@pytest.mark.parametrize(
    ("target", "body", "prefer", "code"),
    [
        ("/items", [{"id": 1, "name": "a"}, {"id": "1", "name": "b"}], BY_KEY, "PGRSTX23"),
        ("/places", [{"hall": "A", "no": 1, "fee": 1}] * 2, BY_KEY, "PGRSTX23"),
        ("/items", [{"id": 1, "name": "a"}, {"id": 9, "name": "b"}], f"{BY_KEY}, handling=strict", "PGRSTX24"),
        ("/items", [{"id": 1, "name": "a"}, {"name": "b"}], BY_KEY, "PGRSTX21"),
        ("/items", [{"id": 1}, {"id": 2}], BY_KEY, "PGRSTX22"),
        ("/heap", [{"line": "x", "number": 5}], BY_KEY, "PGRSTX20"),
        ("/items?on_conflict=nope", [{"id": 1, "name": "a"}], BY_KEY, "PGRST204"),
        ("/items", [{"id": 1, "nope": "a"}], BY_KEY, "PGRST204"),
        ("/items", [{"id": 1, 'x" = 1; --': "a"}], BY_KEY, "PGRST204"),
        ("/items", [{"id": 1, "__proto__": {"a": 1}}], BY_KEY, "PGRST204"),
        ("/items", [1], BY_KEY, "PGRST102"),
        ("/items", "[{", BY_KEY, "PGRST102"),
        ("/items", [{"id": "one", "name": "a"}], BY_KEY, "22P02"),
        ("/items", [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}], f"{BY_KEY}, handling=strict, max-affected=1",
         "PGRST124"),
    ],
)  # fmt: skip
async def test_refusals_change_nothing(brocante: Brocante, target: str, body: Any, prefer: str, code: str) -> None:
    before = await brocante.rows("SELECT * FROM market.items ORDER BY id")
    answer = await brocante.ask(f"PATCH {target}", body, prefer=prefer)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert await brocante.rows("SELECT * FROM market.items ORDER BY id") == before


async def test_rows_that_a_policy_hides_are_not_found(brocante: Brocante) -> None:
    body = [{"id": 1, "name": "mine"}, {"id": 2, "name": "stolen"}]
    strict = await brocante.ask("PATCH /private_items", body, prefer=f"{BY_KEY}, handling=strict", bearer=SELLER)
    assert (strict.status, strict.json["details"]) == (400, "1 of the 2 rows were not found.")
    lenient = await brocante.ask("PATCH /private_items", body, prefer=f"{BY_KEY}, count=exact", bearer=SELLER)
    assert (lenient.status, lenient.headers["Content-Range"]) == (204, "0-0/1")
    assert await brocante.values("SELECT name FROM market.private_items ORDER BY id") == ["mine", "his"]


async def test_numbers_keep_their_digits(brocante: Brocante) -> None:
    body = '[{"id": 1, "meta": {"n": 123456789012345678901234567890.10}, "price": 1.10}, {"id": 2, "price": 0.30}]'
    answer = await brocante.ask("PATCH /items", body, prefer=BY_KEY)
    assert answer.status == 204
    found = await brocante.values("SELECT meta ->> 'n' FROM market.items WHERE id = 1")
    assert found == ["123456789012345678901234567890.10"]


async def test_ten_thousand_rows(brocante: Brocante) -> None:
    await brocante.connection.execute("INSERT INTO market.heap SELECT 'n', n FROM generate_series(10, 10009) AS n")
    body = [{"number": n, "line": f"line {n}"} for n in range(10, 10010)]
    answer = await brocante.ask("PATCH /heap?on_conflict=number", body, prefer=BY_KEY)
    assert (answer.status, answer.headers["Content-Range"]) == (204, "0-9999/*")
    assert await brocante.values("SELECT count(*) FROM market.heap WHERE line = 'line ' || number") == [10000]


async def test_without_the_preference_an_update_is_postgrests(brocante: Brocante) -> None:
    answer = await brocante.ask("PATCH /items?id=eq.1", [{"name": "all"}])
    assert (answer.status, "Preference-Applied" in answer.headers) == (204, False)
    differing = await brocante.ask("PATCH /items?id=eq.1", [{"name": "a"}, {"views": 1}])
    assert differing.json["message"] == "All object keys must match"
