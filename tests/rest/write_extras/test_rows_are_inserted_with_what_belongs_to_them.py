"""`Prefer: nested=insert`: rows with their children, parents and junctions, from one body, in one transaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.write_extras.brocante import FULL, OMAR, SELLER, Brocante

NESTED = "nested=insert"
LINES = """
    SELECT o.title, l.item, l.price, l.quantity FROM market.lines l JOIN market.orders o ON o.id = l.order_id
    ORDER BY o.title, l.id
"""


async def test_children_take_their_parents_key(brocante: Brocante) -> None:
    body = {"title": "A", "lines": [{"item": "lamp", "price": 1.10}, {"item": "chair", "price": 2}]}
    answer = await brocante.ask("POST /orders", body, prefer=NESTED)
    assert (answer.status, answer.body) == (201, b"")
    assert (answer.headers["Content-Range"], answer.headers["Preference-Applied"]) == ("*/*", "nested=insert")
    assert await brocante.rows(LINES) == [
        {"title": "A", "item": "lamp", "price": 1.1, "quantity": 1},
        {"title": "A", "item": "chair", "price": 2, "quantity": 1},
    ]


async def test_the_answer_shows_what_was_written(brocante: Brocante) -> None:
    body = [
        {"title": "B", "customers": {"name": "Ines"}, "lines": [{"item": "b1"}, {"item": "b2"}], "labels": []},
        {"title": "A", "customers": {"name": "Omar"}, "lines": [], "labels": [{"name": "x"}, {"name": "y"}]},
        {"title": "C", "customers": None},
    ]
    target = "POST /orders?select=title,customers(id,name),lines(item),labels(name)"
    answer = await brocante.ask(target, body, prefer=f"{NESTED}, {FULL}, count=exact")
    assert answer.status == 201, answer.body
    assert answer.headers["Content-Range"] == "*/3"
    assert answer.json == [
        {"title": "B", "customers": {"id": 1, "name": "Ines"}, "lines": [{"item": "b1"}, {"item": "b2"}], "labels": []},
        {"title": "A", "customers": {"id": 2, "name": "Omar"}, "lines": [], "labels": [{"name": "x"}, {"name": "y"}]},
        {"title": "C", "customers": None, "lines": [], "labels": []},
    ]


async def test_many_levels(brocante: Brocante) -> None:
    body = {
        "name": "Ines",
        "orders": [
            {"title": "A", "lines": [{"item": "a1", "line_notes": [{"note": "n1"}, {"note": "n2"}]}]},
            {"title": "B", "lines": [{"item": "b1"}, {"item": "b2", "line_notes": [{"note": "n3"}]}]},
        ],
    }
    target = "POST /customers?select=name,orders(title,lines(item,line_notes(note)))"
    answer = await brocante.ask(target, body, prefer=f"{NESTED}, {FULL}", Accept="application/vnd.pgrst.object+json")
    assert answer.status == 201, answer.body
    body["orders"][1]["lines"][0]["line_notes"] = []
    assert answer.json == body


@pytest.mark.parametrize(
    ("target", "body", "query", "found"),
    [
        # one-to-one, from both sides
        ("/orders", {"title": "A", "receipts": {"number": "R1"}},
         "SELECT r.number FROM market.receipts r JOIN market.orders USING (id)", None),
        ("/receipts", {"number": "R1", "orders": {"title": "A"}},
         "SELECT o.title || r.number FROM market.receipts r JOIN market.orders o ON o.id = r.order_id", ["AR1"]),
        # self references: the table's name means the children, the column's the parent
        ("/people", {"name": "chief", "people": [{"name": "a"}, {"name": "b", "people": [{"name": "c"}]}]},
         "SELECT p.name || '<' || b.name FROM market.people p JOIN market.people b ON b.id = p.boss_id ORDER BY 1",
         ["a<chief", "b<chief", "c<b"]),
        ("/people", {"name": "a", "boss_id": {"name": "b", "boss_id": {"name": "c"}}},
         "SELECT p.name || '<' || b.name FROM market.people p JOIN market.people b ON b.id = p.boss_id ORDER BY 1",
         ["a<b", "b<c"]),
        # two ways to one table
        ("/parcels", {"customers!parcels_sender_id_fkey": {"name": "S"}, "customers!recipient_id": {"name": "R"}},
         """SELECT s.name || r.name FROM market.parcels p JOIN market.customers s ON s.id = p.sender_id
            JOIN market.customers r ON r.id = p.recipient_id""", ["SR"]),
        ("/parcels", {"sender_id": {"name": "S"}, "recipient_id": None},
         "SELECT s.name FROM market.parcels p JOIN market.customers s ON s.id = p.sender_id", ["S"]),
        # composite keys
        ("/halls", {"fair": 1, "code": "A", "tables": [{"no": 1}, {"no": 2}]},
         "SELECT fair || hall || no FROM market.tables ORDER BY no", ["1A1", "1A2"]),
        ("/tables", {"no": 4, "halls": {"fair": 2, "code": "B"}},
         "SELECT fair || hall || no FROM market.tables", ["2B4"]),
        ("/talks", {"title": "t", "halls": {"fair": 1, "code": "A"}, "days": {"fair": 1, "day": 2}},
         "SELECT fair || hall || day FROM market.talks", ["1A2"]),
        ("/halls", {"fair": 1, "code": "A", "talks": [{"title": "t", "days": {"fair": 1, "day": 2}}]},
         "SELECT fair || hall || day FROM market.talks", ["1A2"]),
        # keys with a representation of their own
        ("/shelves", {"mark": "M-7", "books": [{"title": "x"}]}, "SELECT mark::integer FROM market.books", [7]),
        # many-to-many, and the junction by itself to refer to what is there
        ("/orders", {"title": "A", "order_labels": [{"label_id": 1}, {"labels": {"name": "new"}}]},
         "SELECT name FROM market.labels JOIN market.order_labels ON label_id = id ORDER BY 1", ["kept", "new"]),
        ("/labels", {"name": "l", "orders": [{"title": "A"}, {"title": "B"}]},
         """SELECT o.title FROM market.orders o JOIN market.order_labels ON order_id = id JOIN market.labels l
            ON l.id = label_id WHERE l.name = 'l' ORDER BY 1""", ["A", "B"]),
        # through a view
        ("/titled_orders", {"title": "V", "lines": [{"item": "v1"}]},
         "SELECT item FROM market.lines JOIN market.orders o ON o.id = order_id WHERE title = 'V'", ["v1"]),
        # the other way to say that a row has a parent
        ("/lines", [{"item": "x", "orders": {"title": "A"}}, {"item": "y", "orders": {"title": "B"}}],
         "SELECT item || title FROM market.lines JOIN market.orders o ON o.id = order_id ORDER BY 1", ["xA", "yB"]),
        ("/orders", {"title": "plain"}, "SELECT title FROM market.orders", ["plain"]),
        ("/orders", {"title": "empty", "lines": [], "receipts": None, "customers": None, "labels": None},
         "SELECT title FROM market.orders", ["empty"]),
        ("/orders", [], "SELECT title FROM market.orders", []),
        ("/heap", {"line": "no key"}, "SELECT line FROM market.heap WHERE line = 'no key'", ["no key"]),
    ],
)  # fmt: skip
async def test_relationships(brocante: Brocante, target: str, body: Any, query: str, found: list[Any] | None) -> None:
    answer = await brocante.ask(f"POST {target}", body, prefer=NESTED)
    assert answer.status == 201, answer.body
    if found is None:
        query, found = "SELECT r.number FROM market.receipts r JOIN market.orders o ON o.id = r.order_id", ["R1"]
    assert await brocante.values(query) == found


async def test_each_child_belongs_to_its_own_parent(brocante: Brocante) -> None:
    body = [{"title": f"t{n}", "lines": [{"item": f"t{n}.{m}"} for m in range(n % 4)]} for n in range(60)]
    assert (await brocante.ask("POST /orders", body, prefer=NESTED)).status == 201
    pairs = "SELECT title || '/' || item FROM market.lines l JOIN market.orders o ON o.id = l.order_id"
    assert sorted(await brocante.values(pairs)) == sorted(f"t{n}/t{n}.{m}" for n in range(60) for m in range(n % 4))


async def test_keys_that_triggers_choose(brocante: Brocante) -> None:
    body = [{"name": "a", "things": [{"name": "a1"}]}, {"name": "b", "things": [{"name": "b1"}, {"name": "b2"}]}]
    answer = await brocante.ask("POST /boxes?select=id,name,things(name)", body, prefer=f"{NESTED}, {FULL}")
    assert answer.json == [  # what triggers made of the boxes after their things had come, too
        {"id": 1000, "name": "A", "things": [{"name": "a1"}]},
        {"id": 1001, "name": "B", "things": [{"name": "b1"}, {"name": "b2"}]},
    ]
    dropped = await brocante.ask("POST /boxes?select=name", [{"name": "nothing"}, {"name": "c"}],
                                 prefer=f"{NESTED}, {FULL}")  # fmt: skip
    assert (dropped.status, dropped.json) == (201, [{"name": "c"}])
    lost = await brocante.ask("POST /boxes", [{"name": "d"}, {"name": "nothing", "things": [{"name": "x"}]}],
                              prefer=NESTED)  # fmt: skip
    assert (lost.status, lost.json["code"]) == (400, "PGRSTX14")
    assert lost.json["details"].startswith("At '[1].things[0]' in the body.")
    assert await brocante.values("SELECT count(*) FROM market.boxes") == [3]


async def test_policies_of_children_see_their_parents(brocante: Brocante) -> None:
    body = {"id": 1, "owner": "ines", "pages": [{"line": "a"}, {"line": "b"}]}
    answer = await brocante.ask("POST /diaries?select=id,pages(line)", body, prefer=f"{NESTED}, {FULL}", bearer=SELLER)
    assert (answer.status, answer.json) == (201, [{"id": 1, "pages": [{"line": "a"}, {"line": "b"}]}])


@pytest.mark.parametrize(
    ("bearer", "pages", "path"),
    [(OMAR, ["a"], ""), (SELLER, ["a", "forbidden", "b"], "pages[1]"), (SELLER, ["forbidden"], "pages[0]")],
)
async def test_one_refused_row_undoes_all(brocante: Brocante, bearer: str, pages: list[str], path: str) -> None:
    body = {"id": 1, "owner": "ines", "pages": [{"line": line} for line in pages]}
    answer = await brocante.ask("POST /diaries", body, prefer=NESTED, bearer=bearer)
    assert (answer.status, answer.json["code"]) == (403, "42501")
    assert answer.json["details"] == (f"At '{path}' in the body." if path else "At the root of the body.")
    assert await brocante.values("SELECT count(*) FROM market.diaries") == [0]


@pytest.mark.parametrize(("missing", "quantities"), [("missing=default", [1, 5]), ("missing=null", [None, 5])])
async def test_rows_may_differ_if_the_client_says_what_that_means(
    brocante: Brocante, missing: str, quantities: list[Any]
) -> None:
    body = {"title": "A", "lines": [{"item": "a"}, {"item": "b", "quantity": 5}]}
    refused = await brocante.ask("POST /orders", body, prefer=NESTED)
    assert (refused.status, refused.json["message"]) == (400, "All object keys must match")
    assert refused.json["details"] == "At 'lines[0]' in the body. Missing: quantity."
    assert (await brocante.ask("POST /orders", body, prefer=f"{NESTED}, {missing}")).status == 201
    assert await brocante.values("SELECT quantity FROM market.lines ORDER BY item") == quantities


async def test_columns_as_clients_send_it(brocante: Brocante) -> None:
    """supabase-js names all keys of an array's rows."""
    body = [{"title": "A", "lines": [{"item": "a"}]}, {"title": "B", "customer_id": None, "extra": 1}]
    target = 'POST /orders?columns="title","lines","customer_id"&select=title,lines(item)'
    answer = await brocante.ask(target.replace('"', "%22"), body, prefer=f"{NESTED}, {FULL}")
    assert (answer.status, answer.json) == (
        201,
        [{"title": "A", "lines": [{"item": "a"}]}, {"title": "B", "lines": []}],
    )


async def test_location(brocante: Brocante) -> None:
    answer = await brocante.ask("POST /halls", {"fair": 1, "code": "A/b", "tables": [{"no": 1}]},
                                prefer=f"{NESTED}, return=headers-only")  # fmt: skip
    assert (answer.status, answer.headers["Location"]) == (201, "/halls?code=eq.A%2Fb&fair=eq.1")


async def test_keys_in_a_representation_of_their_own(brocante: Brocante) -> None:
    body = [{"mark": "M-8", "books": [{"title": "y"}]}, {"mark": "M-7", "books": [{"title": "x"}]}]
    answer = await brocante.ask("POST /shelves?select=mark,books(title)", body, prefer=f"{NESTED}, {FULL}")
    assert (answer.status, answer.json) == (201, body)


async def test_numbers_keep_their_digits(brocante: Brocante) -> None:
    body = '{"title": "A", "lines": [{"item": "a", "price": 123456789012345678901234567890.10}]}'
    assert (await brocante.ask("POST /orders", body, prefer=NESTED)).status == 201
    assert await brocante.values("SELECT price::text FROM market.lines") == ["123456789012345678901234567890.10"]


async def test_rollback_and_dry_runs_leave_nothing(brocante: Brocante) -> None:
    body = {"title": "A", "lines": [{"item": "a", "price": -1}]}
    answer = await brocante.ask("POST /orders", body, prefer=NESTED)
    assert (answer.status, answer.json["code"]) == (400, "23514")
    assert await brocante.values("SELECT count(*) FROM market.orders") == [0]
