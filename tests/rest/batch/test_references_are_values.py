"""Where a reference may stand, what it becomes, and that it never becomes anything but a value."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.rest.batch.references import Reference, follow, read_template
from gateway.rest.batch.request import read_batch
from gateway.rest.exact_json import Json, parse, text_of
from tests.rest.batch.shop import OBJECT, RETURN, Shop, bodies, get, order, post, ref

SOURCE = '{"id": 7, "rows": [{"n": 1.50, "a.b": "dot"}, {"n": 2, "a.b": null}], "no": {}, "*": "star"}'


def resolved(template: str) -> str:
    source = parse(SOURCE)
    found = read_template(parse(template)).resolve(lambda reference: follow(source, reference))
    return text_of(found)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"$ref": "s.id"}', "7"),
        ('[{"$ref": "s.rows.0.n"}, {"$ref": "s.rows.1.n"}]', "[1.50,2]"),
        ('{"x": {"$ref": "s.rows.*.n"}}', '{"x":[1.50,2]}'),
        ('{"$ref": ["s", "rows", 0, "a.b"]}', '"dot"'),
        ('{"$ref": ["s", "rows", "*", "a.b"]}', '["dot",null]'),
        ('{"$ref": "s.rows.1"}', '{"n":2,"a.b":null}'),
        ('{"$ref": "s.*"}', '"star"'),
        ('{"$literal": {"$ref": "s.id"}}', '{"$ref":"s.id"}'),
        ('{"a": {"$literal": [{"$literal": 1}]}}', '{"a":[{"$literal":1}]}'),
        ('{"ref": "s.id", "$reference": "s.id", "b": "$ref"}', '{"ref":"s.id","$reference":"s.id","b":"$ref"}'),
        ('"{\\"$ref\\": \\"s.id\\"}"', '"{\\"$ref\\": \\"s.id\\"}"'),
    ],
)
def test_references_become_values(template: str, expected: str) -> None:
    assert resolved(template) == expected


@pytest.mark.parametrize(
    "template",
    [
        '{"$ref": "s.id", "more": 1}',
        '{"$ref": "s.id", "$literal": 1}',
        '{"$literal": 1, "more": 1}',
        '{"$ref": 5}',
        '{"$ref": null}',
        '{"$ref": []}',
        '{"$ref": {}}',
        '{"$ref": ""}',
        '{"$ref": [{"$ref": "s"}, "id"]}',
        '{"$ref": ["s", true]}',
        '{"$ref": ["s", null]}',
        '{"$ref": "1.id"}',
        '{"$ref": "s.nothing"}',
        '{"$ref": "s.rows.2"}',
        '{"$ref": "s.rows.-1"}',
        '{"$ref": "s.rows.00"}',
        '{"$ref": "s.rows.99999999999999999999"}',
        '{"$ref": "s.rows.n"}',
        '{"$ref": "s.id.0"}',
        '{"$ref": "s.rows.*.nothing"}',
        '{"$ref": "s.no.*"}',
        "[" * 250 + "]" * 250,
    ],
)
def test_what_refers_to_nothing_is_refused(template: str) -> None:
    with pytest.raises(GatewayError) as refused:
        resolved(template)
    assert refused.value.status == 400


def test_paths_are_told_as_they_were_written() -> None:
    assert str(Reference("s", ("rows", "0"))) == "s.rows.0"


def parsed(steps: list[Json]) -> Any:
    return read_batch(text_of(steps).encode(), 10)


@pytest.mark.parametrize(
    "steps",
    [
        [get("/stock", filters=[["product", "eq", ref("nobody.id")]])],
        [post("/stock", {"product": ref("self.id")}, id="self")],
        [post("/stock", {"product": ref("later.id")}), get("/stock", id="later")],
        [get("/stock", id="twice"), get("/stock", id="twice")],
    ],
    ids=["unknown", "itself", "later", "two of a name"],
)
def test_references_to_no_earlier_step_are_found_before_anything_runs(steps: list[Json]) -> None:
    with pytest.raises(GatewayError) as refused:
        parsed(steps)
    assert refused.value.status == 400


# Every place of a step that is no value: a reference there is an error, or plain text.
@pytest.mark.parametrize(
    "step",
    [
        get(ref("order.id")),  # type: ignore[arg-type]
        {"method": ref("order.id"), "path": "/stock"},
        get("/stock", headers=ref("order.id")),
        get("/stock", headers={"Prefer": ref("order.id")}),
        get("/stock", filters=ref("order.id")),
        get("/stock", filters=[ref("order.id")]),
        get("/stock", filters=[[ref("order.id"), "eq", 1]]),
        get("/stock", filters=[["product", ref("order.id"), 1]]),
        get("/stock", id=ref("order.id")),
        post("/stock", ref("order.id"), headers={"Content-Type": "text/csv"}),
        ref("order.id"),
    ],
)
async def test_references_stand_nowhere_else(shop: Shop, step: Any) -> None:
    answer = await shop.batch([order(), step])
    assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (400, "PGRSTX70", 1), answer.body
    assert await shop.count("orders") == 0


@pytest.mark.parametrize("text", ['{"$ref":"order.id"}', '{{"$ref":"order.id"}}', "$ref:order.id"])
async def test_texts_that_look_like_references_stay_texts(shop: Shop, text: str) -> None:
    answer = await shop.batch(
        [
            order(),
            get("/stock?select=product", filters=[["product", "eq", text]]),
            post("/rpc/echo", {"line": text}),
            post("/rpc/echo", {"line": f"a {text} b"}),
        ]
    )
    assert bodies(answer)[1:] == [[], text, f"a {text} b"]


HOSTILE = [
    "'; drop table public.orders; --",
    '","quantity":99,"x":"',
    "1 or 1=1",
    "eq.5",
    "in.(1,2)",
    "5&order=id&select=*",
    "%27%20or%201=1",
    "*",
    "{a,b}",
    "(a,b)",
    'a"b\\c',
    "null",
    "é\u2028\U0001f600",
    "$1",
    "",
]


@pytest.mark.parametrize("value", HOSTILE)
async def test_hostile_values_are_values(shop: Shop, value: str) -> None:
    """Stored, read, referred to from a body and from filters of all kinds: the same text each time, and nothing else
    happens."""
    await shop.database.execute("insert into texts (id, line) values (1, $1), (2, 'other')", value)
    answer = await shop.batch(
        [
            get("/texts?id=eq.1", id="text", headers=OBJECT),
            post("/texts", {"id": 3, "line": ref("text.line"), "data": {"x": [ref("text.line")]}}, headers=RETURN),
            get("/texts?select=id&order=id", filters=[["line", "eq", ref("text.line")]]),
            get("/texts?select=id&order=id", filters=[["line", "in", [ref("text.line"), "nothing like it"]]]),
            get("/texts?select=id&order=id", filters=[["line", "not.in", [ref("text.line")]]]),
            get("/texts?select=id&order=id", filters=[["line", "neq", ref("text.line")]]),
            get("/texts?select=id&order=id", filters=[["data->x->>0", "eq", ref("text.line")]]),
            post("/rpc/echo", {"line": ref("text.line")}),
        ]
    )
    _, copy, equal, within, outside, unequal, inside, echoed = bodies(answer)
    assert copy == [{"id": 3, "line": value, "data": {"x": [value]}, "price": None}]
    assert equal == within == [{"id": 1}, {"id": 3}]
    assert outside == unequal == [{"id": 2}]
    assert inside == [{"id": 3}]
    assert echoed == value


async def test_rows_can_be_copied_whole(shop: Shop) -> None:
    await shop.database.execute("insert into texts (id, line) values (1, 'a'), (2, 'b')")
    answer = await shop.batch(
        [
            get("/texts?select=line&order=id", id="texts"),
            {"method": "DELETE", "path": "/texts", "filters": [["id", "in", [1, 2]]]},
            get("/stock?select=product,amount&product=eq.pen", id="stock"),
            {"method": "DELETE", "path": "/stock", "filters": [["product", "in", ref("stock.*.product")]]},
            post("/stock", ref("stock"), headers=RETURN),
            post("/stock", [{"product": "a", "amount": 1}], id="new", headers=RETURN),
            {"method": "DELETE", "path": "/stock?product=eq.a"},
            post("/stock", [ref("new.0")], headers=RETURN),
        ]
    )
    assert bodies(answer)[4] == [{"product": "pen", "amount": 5}]
    assert bodies(answer)[7] == [{"product": "a", "amount": 1}]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([["tags", "cs", ["a"]]], [1, 2]),
        ([["tags", "ov", ["b", "c"]]], [1, 2]),
        ([["tags", "cs", ['with "quotes", and {braces}']]], [3]),
        ([["meta", "cs", {"n": 1}]], [1]),
        ([["meta->n", "eq", 2]], [2]),
        ([["total", "gte", 1.5], ["total", "lt", 3]], [2]),
        ([["id", "in", [1, 3]]], [1, 3]),
        ([["id", "in", []]], []),
        ([["status", "in", [""]]], [3]),
        ([["status", "like", "op*"]], [1, 2]),
        ([["status", "eq(any)", ["open", ""]]], [1, 2, 3]),
        ([["id", "not.eq", 1]], [2, 3]),
        ([["status", "fts(simple)", "open"]], [1, 2]),
        ([["id", "isdistinct", 1]], [2, 3]),
    ],
)
async def test_filters_take_typed_values(shop: Shop, filters: list[Json], found: list[int]) -> None:
    await shop.database.execute(
        "insert into orders (owner, status, total, tags, meta) values "
        """('ines', 'open', 1, '{a,b}', '{"n": 1}'), ('ines', 'open', 2.5, '{a,c}', '{"n": 2}'),"""
        """('ines', '', 9, array['with "quotes", and {braces}'], null)"""
    )
    answer = await shop.batch([get("/orders?select=id&order=id", filters=filters)])
    assert bodies(answer) == [[{"id": number} for number in found]]


@pytest.mark.parametrize(
    "condition",
    [
        ["id", "is", None],
        ["id", "not.is", True],
        ["id", "eq.5", 1],
        ["id", "eq=1&x", 1],
        ["id", "", 1],
        ["id", "drop", 1],
        ["id", "eq"],
        ["id", "eq", 1, 2],
        ["", "eq", 1],
        ["id\0x", "eq", 1],
        [5, "eq", 1],
        ["id", "eq", {"$ref": "x", "y": 1}],
        "id=eq.1",
        {"column": "id"},
    ],
)
async def test_malformed_filters_are_refused(shop: Shop, condition: Any) -> None:
    answer = await shop.batch([get("/orders", filters=[condition])])
    assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (400, "PGRSTX70", 0)


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (["id", "eq", None], "PGRSTX72"),
        (["id", "in", 5], "PGRSTX72"),
        (["id", "in", [None]], "PGRSTX72"),
        (["id", "in", [[1]]], "PGRSTX72"),
        (["id", "eq", "x"], "22P02"),
        (["id", "eq", "\0"], "22021"),
        (["id", "in", ["1}", "{2"]], "22P02"),
        (["nothing", "eq", 1], "42703"),
    ],
)
async def test_filters_without_a_usable_value_or_column_are_refused(shop: Shop, condition: Any, code: str) -> None:
    answer = await shop.batch([order(), get("/orders", filters=[condition])])
    assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (400, code, 1), answer.body
    assert await shop.count("orders") == 0


@pytest.mark.parametrize("column", ['id"; drop table orders; --', "id->>'; drop table orders; --", "id->'x\"; drop"])
async def test_columns_of_filters_are_names(shop: Shop, column: str) -> None:
    """They are read by the grammar that reads the query string, which quotes what it takes for names."""
    answer = await shop.batch([order(), get("/orders", filters=[[column, "eq", 1]])])
    assert answer.status in (200, 400), answer.body
    assert await shop.count("orders") == (answer.status == 200)


@pytest.mark.parametrize("path", ["order.nothing", "order.0.id", "order.id.x", "empty.id"])
async def test_references_that_find_nothing_name_their_step(shop: Shop, path: str) -> None:
    steps = [order(), post("/orders", {}, id="empty"), post("/lines", {"order_id": ref(path), "product": "pen"})]
    answer = await shop.batch(steps)
    assert (answer.status, answer.json["code"]) == (400, "PGRSTX72")
    assert answer.json["step"] == {"index": 2, "id": None, "method": "POST", "path": "/lines", "status": 400}
    assert path in answer.json["message"]
    assert await shop.count("orders") == 0


async def test_short_batches_cannot_repeat_long_values_without_end(shop: Shop) -> None:
    await shop.database.execute("insert into texts (id, line) values (1, repeat('x', 1000000))")
    steps = [get("/texts?id=eq.1", id="t", headers=OBJECT), post("/rpc/echo", {"line": [ref("t.line")] * 100})]
    answer = await shop.batch(steps)
    assert (answer.status, answer.json["code"]) == (413, "PGRSTX73")
