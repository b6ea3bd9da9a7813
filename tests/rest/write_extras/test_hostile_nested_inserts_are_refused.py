"""Bodies of nested inserts that are wrong, huge or malicious: a clear answer that names the place, and no trace."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.write_extras.brocante import FULL, GUARDED, SELLER, Brocante
from tests.serving import Serve, serve

__all__ = ["serve"]

NESTED = "nested=insert"
COUNTS = """
    SELECT (SELECT count(*) FROM market.orders) + (SELECT count(*) FROM market.lines)
    + (SELECT count(*) FROM market.customers) + (SELECT count(*) FROM market.people)
    + (SELECT count(*) FROM market.parcels) + (SELECT count(*) FROM market.halls)
"""


def deep(levels: int) -> Any:
    row: dict[str, Any] = {"name": "leaf"}
    for _ in range(levels):
        row = {"name": "above", "people": [row]}
    return row


def place(path: str) -> str:
    return f"At '{path}' in the body."


@pytest.mark.parametrize(
    ("target", "body", "code", "details"),
    [
        # names
        ("/orders", {"title": "A", "nope": []}, "PGRST204", place("nope")),
        ("/orders", {"title": "A", "nope": 1}, "PGRST204", place("nope")),
        ("/orders", [{"title": "A", "lines": [{"item": "a"}, {"item": "b", "prise": 1}]}], "PGRST204",
         place("[0].lines[1].prise")),
        ("/orders", {"title": "A", "__proto__": {"polluted": 1}}, "PGRST204", place("__proto__")),
        ("/orders", {"title": "A", "constructor": [{"prototype": 1}]}, "PGRST204", place("constructor")),
        ("/orders", {"title": "A", "": []}, "PGRST204", place("")[:3]),
        ("/orders", {"title": "A", "!": []}, "PGRST204", place("!")),
        ("/orders", {"title": "A", "lines!nope": []}, "PGRST204", place("lines!nope")),
        ("/orders", {"title": "A", 'lines"; DROP TABLE market.lines; --': [{}]}, "PGRST204", None),
        ("/orders", {"title": "A", "lines": [{"item": "a", "x\0y": 1}]}, "PGRST204", None),
        ("/orders", {"title": "A", "pg_class": [{}]}, "PGRST204", place("pg_class")),
        ("/orders", {"title": "A", "similar_orders": [{"title": "B"}]}, "PGRSTX13", place("similar_orders")),
        ("/nothing", {"lines": []}, "PGRST205", None),
        # shapes
        ("/orders", {"title": "A", "lines": {"item": "a"}}, "PGRSTX10", place("lines")),
        ("/orders", {"title": "A", "lines": "x"}, "PGRSTX10", place("lines")),
        ("/orders", {"title": "A", "lines": [{"item": "a"}, 5]}, "PGRSTX10", place("lines[1]")),
        ("/orders", {"title": "A", "lines": [[]]}, "PGRSTX10", place("lines[0]")),
        ("/orders", {"title": "A", "customers": [{"name": "x"}]}, "PGRSTX10", place("customers")),
        ("/orders", {"title": "A", "customers": 3}, "PGRSTX10", place("customers")),
        ("/orders", [1], "PGRST102", None),
        ("/orders", [{"title": "A"}, {"title": "B", "placed": None}], "PGRST102", None),
        ("/orders", '{"title": "A", "lines": [{"item": NaN}]}', "PGRST102", None),
        ("/orders", '{"title": "A", "lines": [', "PGRST102", None),
        # columns that the relationships set
        ("/orders", {"title": "A", "lines": [{"item": "a", "order_id": None}]}, "PGRSTX12", place("lines[0].order_id")),
        ("/orders", {"title": "A", "customer_id": 1, "customers": {"name": "x"}}, "PGRSTX12", place("customer_id")),
        ("/talks", {"halls": {"fair": 1, "code": "A"}, "days": {"fair": 2, "day": 2}}, "PGRSTX12", place("days")),
        # bounds
        ("/people", deep(11), "PGRSTX11", "Rows may be nested 10 levels deep."),
        ("/orders", {"title": "A", "lines": [{"item": "x"}] * 10_000}, "PGRSTX11", None),
        # what PostgreSQL refuses
        ("/orders", {"title": "A", "lines": [{"item": "a", "price": 1}, {"item": "b", "price": -1}]}, "23514",
         place("lines[1]")),
        ("/orders", {"title": "A", "lines": [{"item": "a"}, {"item": None}]}, "23502", place("lines[1].item")),
        ("/orders", {"title": "A", "lines": [{"item": "a", "price": "1); DROP TABLE market.lines"}]}, "22P02",
         place("lines[0]")),
        ("/orders", {"title": None, "lines": []}, "23502", place("title")),
        ("/orders", {"title": "A", "customers": {"id": 7, "name": "x"}}, "428C9", place("customers")),
        ("/orders", {"title": "A", "customer_id": {"name": None}}, "23502", place("customer_id.name")),
    ],
)  # fmt: skip
async def test_refusals_name_the_place(
    brocante: Brocante, target: str, body: Any, code: str, details: str | None
) -> None:
    answer = await brocante.ask(f"POST {target}", body, prefer=NESTED)
    assert (answer.status // 100, answer.json["code"]) == (4, code), answer.body
    if details is not None:
        assert answer.json["details"].startswith(details)
    assert await brocante.values(COUNTS) == [0]


async def test_the_body_is_bounded_by_its_json_too(brocante: Brocante) -> None:
    body = b'{"name":"x","people":[' * 300 + b"]}" * 300
    for text in (body, b"[" * 100_000, b'{"name":' * 900 + b"1" + b"}" * 900):
        answer = await brocante.ask("POST /people", text, prefer=NESTED)
        assert (answer.status, answer.json["code"]) in {(400, "PGRST102"), (400, "PGRSTX11"), (400, "PGRSTX10")}


async def test_an_ambiguous_relationship_lists_the_choice(brocante: Brocante) -> None:
    answer = await brocante.ask("POST /parcels", [{"content": "x", "customers": {"name": "y"}}], prefer=NESTED)
    assert (answer.status, answer.json["code"]) == (300, "PGRST201")
    assert len(answer.json["details"]) == 2
    assert answer.json["hint"].startswith("At '[0].customers' in the body. Try changing 'customers' to one of")


async def test_a_missing_grant_undoes_all(brocante: Brocante) -> None:
    body = {"title": "A", "lines": [{"item": "a", "line_notes": [{"note": "n"}]}]}
    answer = await brocante.ask("POST /orders", body, prefer=NESTED, bearer=GUARDED)
    assert (answer.status, answer.json["code"]) == (403, "42501")
    assert answer.json["details"] == place("lines[0].line_notes[0]")
    assert await brocante.values(COUNTS) == [0]


async def test_grants_on_columns_hold(brocante: Brocante) -> None:
    """The anonymous role may insert orders and lines, and see keys and titles only."""
    body = {"title": "A", "lines": [{"item": "a"}]}
    assert (await brocante.ask("POST /orders", body, prefer=NESTED, bearer=None)).status == 201
    await brocante.connection.execute("SELECT backroom.reset()")
    ours = await brocante.ask("POST /orders?select=placed", {"title": "A"}, prefer=f"{NESTED}, {FULL}", bearer=None)
    assert (ours.status, ours.json["code"]) == (401, "42501")
    assert await brocante.values(COUNTS) == [0]


@pytest.mark.parametrize(
    ("prefer", "target", "accept", "code"),
    [
        (f"{NESTED}, resolution=merge-duplicates", "/orders", "application/json", "PGRSTX15"),
        (f"{NESTED}, {FULL}", "/heap", "application/json", "PGRSTX16"),
        (f"{NESTED}, handling=strict, nested=deep", "/orders", "application/json", "PGRST122"),
        ("nested=deep", "/orders", "application/json", "PGRST204"),
        ("return=minimal", "/orders", "application/json", "PGRST204"),
    ],
)
async def test_without_the_preference_or_against_others(
    brocante: Brocante, prefer: str, target: str, accept: str, code: str
) -> None:
    body = {"title": "A", "lines": []} if target == "/orders" else {"line": "x"}
    answer = await brocante.ask(f"POST {target}", body, prefer=prefer, Accept=accept)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert await brocante.values(COUNTS) == [0]


async def test_ten_thousand_children(brocante: Brocante, serve: Serve) -> None:
    body = {"title": "A", "lines": [{"item": f"i{n}", "price": n} for n in range(9_999)]}
    answer = await brocante.ask("POST /orders?select=lines(count)", body, prefer=NESTED, bearer=SELLER)
    assert answer.status == 201, answer.body
    assert await brocante.values("SELECT count(*) FROM market.lines WHERE item = 'i' || price") == [9_999]
    body["lines"][7_000]["price"] = "much"
    refused = await brocante.ask("POST /orders", body, prefer=NESTED)
    assert (refused.status, refused.json["code"]) == (400, "22P02")
    assert refused.json["details"] == place("lines[7000]")
    assert await brocante.values("SELECT count(*) FROM market.orders") == [1]


async def test_the_bound_is_a_setting(brocante: Brocante, serve: Serve) -> None:
    from tests.rest.write_extras.brocante import SETTINGS

    dsn = brocante.open.gateway.settings.database_url.get_secret_value()
    served = await serve(dsn, **SETTINGS, max_nested_rows=3)
    narrow = Brocante(served, served, brocante.connection)
    assert (await narrow.ask("POST /orders", {"title": "A", "lines": [{"item": "a"}] * 2}, prefer=NESTED)).status == 201
    more = await narrow.ask("POST /orders", {"title": "A", "lines": [{"item": "a"}] * 3}, prefer=NESTED)
    assert (more.status, more.json["code"]) == (400, "PGRSTX11")
    labels = await narrow.ask("POST /orders", {"title": "A", "labels": [{"name": "a"}, {"name": "b"}]}, prefer=NESTED)
    assert labels.json["code"] == "PGRSTX11"  # rows of the junction count
