"""What a batch answers, what its steps see of each other, and that nothing of one step reaches the next."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest.batch.shop import INES, OBJECT, OMAR, RETURN, Shop, bodies, get, order, post, ref


async def test_later_steps_see_and_name_what_earlier_ones_wrote(shop: Shop) -> None:
    answer = await shop.batch(
        [
            order(total=30),
            post(
                "/lines?select=product,quantity,order_id",
                [
                    {"order_id": ref("order.id"), "product": "pen", "quantity": 2},
                    {"order_id": ref("order.id"), "product": "ink", "quantity": 1},
                ],
                id="lines",
                headers=RETURN,
            ),
            {"method": "PATCH", "path": "/stock", "filters": [["product", "eq", ref("lines.1.product")]],
             "body": {"amount": 0}},
            get("/orders?select=id,total,lines(product)", filters=[["id", "eq", ref("order.id")]]),
        ]
    )  # fmt: skip
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json == {
        "committed": True,
        "steps": [
            {
                "id": "order",
                "status": 201,
                "headers": {
                    "Content-Range": "*/*",
                    "Content-Type": "application/vnd.pgrst.object+json; charset=utf-8",
                    "Content-Profile": "public",
                    "Preference-Applied": "return=representation",
                },
                "body": {"id": 1, "owner": "ines", "status": "open", "total": 30, "tags": None, "meta": None},
            },
            {
                "id": "lines",
                "status": 201,
                "headers": {
                    "Content-Range": "*/*",
                    "Content-Type": "application/json; charset=utf-8",
                    "Content-Profile": "public",
                    "Preference-Applied": "return=representation",
                },
                "body": [
                    {"product": "pen", "quantity": 2, "order_id": 1},
                    {"product": "ink", "quantity": 1, "order_id": 1},
                ],
            },
            {"id": None, "status": 204, "headers": {"Content-Range": "0-0/*"}},
            {
                "id": None,
                "status": 200,
                "headers": {
                    "Content-Range": "0-0/*",
                    "Content-Type": "application/json; charset=utf-8",
                    "Content-Profile": "public",
                },
                "body": [{"id": 1, "total": 30, "lines": [{"product": "pen"}, {"product": "ink"}]}],
            },
        ],
    }
    assert await shop.database.fetchval("select amount from stock where product = 'ink'") == 0


async def test_every_method_and_form(shop: Shop) -> None:
    answer = await shop.batch(
        [
            {"method": "PUT", "path": "/stock?product=eq.cap", "body": {"product": "cap", "amount": 3}},
            {"method": "HEAD", "path": "/stock", "headers": {"Prefer": "count=exact"}},
            get("/stock?order=product", headers={"Range": "0-0"}),
            get("/rpc/add?a=1&b=2"),
            post("/rpc/add", {"a": 3, "b": 4}),
            post("/stock", "product,amount\nmug,4", headers={"Content-Type": "text/csv", **RETURN}),
            post("/rpc/size_of", "AAEC", headers={"Content-Type": "application/octet-stream"}),
            get("/stock?product=eq.mug", headers={"Accept": "text/csv"}),
            get("/rpc/page", headers={"Accept": "text/html"}),
            get("/rpc/logo", headers={"Accept": "application/octet-stream"}),
            post("/orders?select=id", {}, headers={"Prefer": "return=headers-only"}),
            {"method": "DELETE", "path": "/stock?product=eq.mug"},
            get("/rest/v1/stock?select=product&product=eq.mug"),
            get("/rpc/echo?line=été là"),
            get("/stock?limit=1", headers={"Prefer": "count=planned"}),
        ]
    )
    assert answer.status == 200, answer.body
    steps = answer.json["steps"]
    statuses = [step["status"] for step in steps]
    assert statuses[:14] == [204, 200, 200, 200, 200, 201, 200, 200, 200, 200, 201, 204, 200, 200]
    assert statuses[14] in (200, 206)  # as the planner guesses
    assert steps[1]["headers"]["Content-Range"] == "0-2/3"
    assert "body" not in steps[1]
    assert steps[2]["body"] == [{"product": "cap", "amount": 3}]
    assert (steps[3]["body"], steps[4]["body"]) == (3, 7)
    assert steps[5]["body"] == [{"product": "mug", "amount": 4}]
    assert steps[6]["body"] == 3
    assert steps[7]["text"] == "product,amount\nmug,4"
    assert steps[8]["text"] == "<p>été</p>"
    assert steps[9]["base64"] == "iVBORw=="
    assert steps[10]["headers"]["Location"] == "/orders?id=eq.1"
    assert steps[12]["body"] == []
    assert steps[13]["body"] == "été là"


async def test_a_dry_run_answers_and_leaves_nothing(shop: Shop) -> None:
    steps = [order(), post("/lines", {"order_id": ref("order.id"), "product": "pen"}, headers=RETURN)]
    answer = await shop.batch(steps, dry_run=True, headers={"Idempotency-Key": "dry"})
    assert answer.status == 200
    assert answer.json["committed"] is False
    assert answer.json["steps"][1]["body"][0]["order_id"] == answer.json["steps"][0]["body"]["id"]
    for table in ("orders", "lines", "passerelle.idempotency_keys"):
        assert await shop.count(table) == 0
    assert (await shop.batch(steps, dry_run=False, headers={"Idempotency-Key": "dry"})).json["committed"] is True
    assert await shop.count("lines") == 1


async def test_a_dry_run_finds_what_only_commit_would(shop: Shop) -> None:
    answer = await shop.batch([post("/pledges", {"id": 1, "order_id": 77})], dry_run=True)
    assert (answer.status, answer.json["code"], answer.json["step"]) == (409, "23503", None)


async def test_each_step_runs_as_the_caller_with_its_own_settings(shop: Shop) -> None:
    answer = await shop.batch(
        [
            post("/rpc/asked", {}),
            post("/rpc/asked", {}, headers={"Prefer": "timezone=America/Lima"}),
            post("/rpc/asked", {}),
            post("/orders", {"id": 5, "title": "old"}, headers={"Content-Profile": "archive"}),
            get("/orders", headers={"Accept-Profile": "archive"}),
        ]
    )
    one, two, three, _, five = bodies(answer)
    assert one["method"] == "POST"
    assert one["path"] == "/rest/v1/rpc/asked"
    assert (one["role"], one["sub"], one["schema"]) == ("authenticated", "ines", "public")
    assert (one["timezone"], two["timezone"], three["timezone"]) == ("UTC", "America/Lima", "UTC")
    assert one["transaction"] == two["transaction"] == three["transaction"]
    assert five == [{"id": 5, "title": "old"}]


SPOILS = [
    "set local role anon",
    "set role service_role",
    """select set_config('request.jwt.claims', '{"role": "service_role", "sub": "omar"}', true)""",
    """select set_config('request.jwt.claims', '{"role": "service_role", "sub": "omar"}', false)""",
    "set local statement_timeout = 0",
    "set local search_path = archive",
    "select set_config('request.method', 'GET', true)",
    """select set_config('response.status', '500', true), set_config('response.headers', '[{"X-A": "1"}]', true)""",
]


@pytest.mark.parametrize("command", SPOILS)
async def test_what_a_step_does_to_its_settings_ends_with_it(shop: Shop, command: str) -> None:
    await shop.database.execute("insert into orders (owner) values ('omar')")
    calls = [post("/rpc/misbehave", {"command": command}), post("/rpc/asked", {}), get("/orders"), order()]
    answer = await shop.batch(calls)
    _, seen, orders, new = bodies(answer)
    assert answer.json["steps"][1]["status"] == 200
    assert "X-A" not in answer.json["steps"][1]["headers"]
    assert (seen["role"], seen["sub"], seen["schema"], seen["timeout"]) == ("authenticated", "ines", "public", "8s")
    assert (seen["method"], orders, new["owner"]) == ("POST", [], "ines")


@pytest.mark.parametrize("command", ["set standard_conforming_strings = off", "set client_encoding = 'LATIN1'"])
async def test_a_session_that_would_misread_names_is_not_used_on(shop: Shop, command: str) -> None:
    answer = await shop.batch([order(), post("/rpc/misbehave", {"command": command}), order("other")])
    assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (500, "55000", 2)
    assert await shop.count("orders") == 0
    assert bodies(await shop.batch([post("/rpc/echo", {"line": "été"})])) == ["été"]


@pytest.mark.parametrize("reads", [["GET"], ["HEAD"]])
async def test_reads_cannot_write_even_among_writes(shop: Shop, reads: list[str]) -> None:
    read = {"method": reads[0], "path": "/rpc/scribble"}
    for steps in ([order(), read], [read], [get("/stock"), order(), read, order("again")]):
        answer = await shop.batch(steps)
        assert (answer.status, answer.json["code"]) == (405, "25006"), steps
    assert await shop.count("orders") == 0
    assert await shop.count("calls") == 0
    # reads and writes take turns, and what was written before is seen
    mixed: list[Any] = []
    for _ in range(5):
        mixed += [order(f"o{len(mixed)}"), get("/orders?select=id")]
    assert [len(rows) for rows in bodies(await shop.batch(mixed))[1::2]] == [1, 2, 3, 4, 5]


async def test_the_strictest_isolation_asked_for_holds_for_all(shop: Shop) -> None:
    plain = bodies(await shop.batch([post("/rpc/asked", {})]))
    strict = bodies(await shop.batch([post("/rpc/asked", {}), post("/rpc/strict_asked", {})]))
    assert [each["isolation"] for each in plain] == ["read committed"]
    assert [each["isolation"] for each in strict] == ["serializable"] * 2


async def test_status_and_headers_of_a_step_are_its_own(shop: Shop) -> None:
    answer = await shop.batch([post("/rpc/dressed", {}), post("/rpc/add", {"a": 1, "b": 1})])
    assert answer.status == 200
    assert (answer.json["steps"][0]["status"], answer.json["steps"][0]["headers"]["X-Shelf"]) == (418, "7")
    assert answer.json["steps"][1]["status"] == 200
    assert "X-Shelf" not in answer.json["steps"][1]["headers"]


async def test_row_security_holds_in_every_step(shop: Shop) -> None:
    await shop.batch([order()])
    other = await shop.batch(
        [get("/orders"), {"method": "PATCH", "path": "/orders?id=eq.1", "body": {"status": "paid"}, "headers": RETURN}],
        bearer=OMAR,
    )
    assert bodies(other) == [[], []]
    refused = await shop.batch([order(owner="omar")], bearer=INES)
    assert (refused.status, refused.json["code"]) == (403, "42501")
    anonymous = await shop.batch([get("/stock"), get("/orders")], bearer=None)
    assert (anonymous.status, anonymous.json["step"]["index"]) == (401, 1)
    assert anonymous.headers["WWW-Authenticate"] == "Bearer"


async def test_numbers_stay_digit_by_digit(shop: Shop) -> None:
    price = "12345678901234567890.12345678901234567890"
    await shop.database.execute(f"insert into texts (id, price, data) values (1, {price}, '[1.10, 1e2]')")
    answer = await shop.batch(
        [
            get("/texts?id=eq.1", id="text", headers=OBJECT),
            post("/texts", {"id": 2, "price": ref("text.price"), "data": ref("text.data")}),
            get("/texts?select=id", filters=[["price", "eq", ref("text.price")]]),
        ]
    )
    assert bodies(answer)[2] == [{"id": 1}, {"id": 2}]
    assert await shop.database.fetchval("select price::text from texts where id = 2") == price
    assert (await shop.database.fetchval("select data::text from texts where id = 2")).replace(" ", "") == "[1.10,1e2]"


async def test_what_this_gateway_adds_to_writes_works_in_steps(shop: Shop) -> None:
    answer = await shop.batch(
        [
            post(
                "/orders?select=id,lines(product)",
                {"status": "new", "lines": [{"product": "pen"}, {"product": "ink"}]},
                id="order",
                headers={"Prefer": "nested=insert, return=representation", **OBJECT},
            ),
            post(
                "/orders?select=lines(product)",
                {"status": ref("order.lines.0.product"), "lines": ref("order.lines")},
                headers={"Prefer": "nested=insert, return=representation"},
            ),
            {
                "method": "PATCH",
                "path": "/stock",
                "headers": {"Prefer": "update=by-key"},
                "body": [{"product": ref("order.lines.0.product"), "amount": 40}, {"product": "ink", "amount": 50}],
            },
            {
                "method": "PATCH",
                "path": "/stock?select=amount",
                "headers": {"Prefer": "operations=apply, return=representation"},
                "filters": [["product", "eq", ref("order.lines.1.product")]],
                "body": {"amount": {"$increment": ref("order.id")}},
            },
            get("/stock?select=product&order=product&limit=1&after=cursor."),
        ]
    )
    order_, copy, _, incremented, page = bodies(answer)
    assert sorted(line["product"] for line in order_["lines"]) == ["ink", "pen"]
    assert sorted(line["product"] for line in copy[0]["lines"]) == ["ink", "pen"]
    assert sorted(await shop.database.fetch("select product, amount from stock")) == [("ink", 51), ("pen", 40)]
    assert incremented == [{"amount": 51}]
    assert page == [{"product": "ink"}]


async def test_isolation_cannot_become_stricter_on_the_way(shop: Shop) -> None:
    """Which function a body calls that is one reference shows when its turn comes; BEGIN is long done by then."""
    await shop.database.execute("insert into texts (id, data) values (1, '{}')")
    late = [get("/texts?id=eq.1", id="t", headers=OBJECT), order(), post("/rpc/strict_asked", ref("t.data"))]
    refused = await shop.batch(late)
    assert (refused.status, refused.json["code"], refused.json["step"]["index"]) == (400, "PGRSTX70", 2)
    assert await shop.count("orders") == 0
    answer = await shop.batch([*late, post("/rpc/strict_asked", {})])
    assert bodies(answer)[2]["isolation"] == "serializable"
    assert bodies(await shop.batch([*late[:2], post("/rpc/asked", ref("t.data"))]))[2]["isolation"] == "read committed"
