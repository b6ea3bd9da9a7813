"""Whatever goes wrong, wherever: nothing of the batch is there, the answer says which step it was, and the gateway goes
on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from tests.rest.batch.shop import INES, OMAR, RETURN, Shop, bodies, get, order, post, ref, send
from tests.serving import Serve, token


async def test_the_last_of_a_thousand_steps_undoes_all(shop: Shop) -> None:
    steps = [post("/stock", {"product": f"p{number}", "amount": number}) for number in range(999)]
    failed = await shop.batch([*steps, post("/stock", {"product": "p0", "amount": 1}, id="last")])
    assert failed.status == 409
    assert failed.json["code"] == "23505"
    assert failed.json["details"] == "Key (product)=(p0) already exists."
    assert failed.json["step"] == {"index": 999, "id": "last", "method": "POST", "path": "/stock", "status": 409}
    assert await shop.count("stock") == 2
    done = await shop.batch([*steps, post("/stock", {"product": "last", "amount": 1})])
    assert done.status == 200
    assert len(done.json["steps"]) == 1000
    assert await shop.count("stock") == 1002


FAILURES: list[tuple[Any, int, str]] = [
    (post("/stock", {"product": "x", "amount": -1}), 400, "23514"),
    (post("/lines", {"order_id": 99, "product": "x"}), 409, "23503"),
    (post("/nowhere", {}), 404, "PGRST205"),
    (post("/stock", {"nothing": 1}), 400, "PGRST204"),
    (get("/stock?amount=drop.5"), 400, "PGRST100"),
    (get("/stock?select=nothing"), 400, "42703"),
    (get("/stock", headers={"Accept": "application/vnd.pgrst.object+json"}), 406, "PGRST116"),
    (get("/stock", headers={"Accept": "image/png"}), 406, "PGRST107"),
    (get("/stock", headers={"Accept-Profile": "passerelle"}), 406, "PGRST106"),
    (get("/stock?offset=50", headers={"Prefer": "count=exact"}), 416, "PGRST103"),
    (get("/rpc/nothing"), 404, "PGRST202"),
    (post("/rpc/nap", {"seconds": "x"}), 400, "22P02"),
    (get("/calls"), 403, "42501"),
    ({"method": "PATCH", "path": "/stock?product=eq.pen", "body": {"amount": 1},
      "headers": {"Prefer": "handling=strict, max-affected=0"}}, 400, "PGRST124"),
    ({"method": "DELETE", "path": "/stock"}, 400, "PGRSTX40"),
    ({"method": "PUT", "path": "/stock?amount=eq.1", "body": {"product": "x", "amount": 1}}, 405, "PGRST105"),
    (post("/stock", "a,b\n1", headers={"Content-Type": "text/csv"}), 400, "PGRST102"),
    (post("/stock", "x", headers={"Content-Type": "image/png"}), 400, "PGRST102"),
    (post("/rpc/size_of", "!", headers={"Content-Type": "application/octet-stream"}), 400, "PGRSTX70"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "status", "code"), FAILURES, ids=[code + step["path"] for step, _, code in FAILURES])
async def test_a_step_that_fails_is_named_with_its_own_error(shop: Shop, step: Any, status: int, code: str) -> None:
    answer = await shop.batch([order(), step, order("after")])
    assert (answer.status, answer.json["code"]) == (status, code), answer.body
    assert answer.json.keys() == {"code", "details", "hint", "message", "step"}
    expected = {"index": 1, "id": None, "method": step["method"], "path": step["path"], "status": status}
    assert answer.json["step"] == expected
    assert await shop.count("orders") == 0


async def test_what_can_be_known_before_is_found_before_anything_runs(shop: Shop) -> None:
    """The sequence shows it: rolled back numbers are not given out again."""
    await shop.batch([order(), post("/nowhere", {})])
    await shop.batch([order(), get("/stock?amount=drop.5")])
    assert bodies(await shop.batch([order()]))[0]["id"] == 1


MALFORMED: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"null", 400),
    (b"[]", 400),
    (b'"steps"', 400),
    (b"{}", 400),
    (b'{"steps": []}', 400),
    (b'{"steps": {}}', 400),
    (b'{"steps": [{"method": "GET", "path": "/stock"}], "dry_run": "yes"}', 400),
    (b'{"steps": [{"method": "GET", "path": "/stock"}], "dryrun": true}', 400),
    (b"[1]", 400),
    (b"[[]]", 400),
    (b"[{}]", 400),
    (b'[{"method": "GET"}]', 400),
    (b'[{"path": "/stock"}]', 400),
    (b'[{"method": "get", "path": "/stock"}]', 400),
    (b'[{"method": "OPTIONS", "path": "/stock"}]', 400),
    (b'[{"method": "TRACE", "path": "/stock"}]', 400),
    (b'[{"method": "GET", "path": "/stock", "url": "x"}]', 400),
    (b'[{"method": "GET", "path": "/stock", "body": {}}]', 400),
    (b'[{"method": "DELETE", "path": "/stock?amount=eq.1", "body": {}}]', 400),
    (b'[{"method": "GET", "path": "/stock", "id": "a.b"}]', 400),
    (b'[{"method": "GET", "path": "/stock", "id": ""}]', 400),
    (b'[{"method": "GET", "path": "/stock", "id": 5}]', 400),
    (b'[{"method": "GET", "path": "/stock", "filters": {}}]', 400),
    (b'[{"method": "GET", "path": "/stock", "headers": []}]', 400),
    (b'[{"method": "GET", "path": "/stock", "headers": {"Prefer": 5}}]', 400),
    (b'[{"method": "GET", "path": "/stock", "headers": {"Prefer": "a", "prefer": "b"}}]', 400),
    (b'[{"method": "POST", "path": "/stock", "body": NaN}]', 400),
    (b'[{"method": "POST", "path": "/stock", "body": "\\ud800"}]', 400),
    (b'[{"method": "GET", "path": "/stock?product=eq.\xff"}]', 400),
    (b"[" * 100_000, 400),
    (b'[{"method": "POST", "path": "/stock", "body": ' + b"[" * 5000 + b"]" * 5000 + b"}]", 400),
]


@pytest.mark.parametrize(("body", "status"), MALFORMED, ids=[body[:60].decode("latin-1") for body, _ in MALFORMED])
async def test_malformed_batches_are_refused(shop: Shop, body: bytes, status: int) -> None:
    answer = await send(shop.served, body)
    assert answer.status == status, answer.body
    assert answer.json["code"].startswith("PGRST")


PATHS = [
    "stock",
    "",
    "/",
    "//stock",
    "//evil.example/stock",
    "http://evil.example/rest/v1/stock",
    "https://evil.example/",
    "/../auth/v1/users",
    "/rest/v1/../auth/v1/users",
    "/rpc/../stock",
    "/%2e%2e/auth/v1/users",
    "/..%2f..%2fauth%2fusers",
    "/auth/v1/token",
    "/realtime/v1/websocket",
    "/rest/v1/batch/v1",
    "/rest/v1",
    "/rest/v1/",
    "/rest/v1/rest/v1/stock",
    "/batch/v1",
    "/batch/v1/",
    "/batch/v1?x=eq.1",
    "/rest/v1/batch/v1/x",
    "/stock/x",
    "/stock#x",
    "/stock\r\nX: y",
    "/stock\0",
    "/stock%00",
    "/%ff",
    "/auth.users",
    "/pg_catalog.pg_class",
    '/stock"; drop table stock; --',
    "/passerelle.idempotency_keys",
]


@pytest.mark.parametrize("path", PATHS)
async def test_steps_reach_nothing_but_the_rest_api(shop: Shop, path: str) -> None:
    answer = await shop.batch([order(), get(path)])
    assert answer.status in (400, 404), answer.body
    assert answer.json["step"]["index"] == 1
    assert await shop.count("orders") == 0


@pytest.mark.parametrize(
    "name",
    ["Authorization", "authorization", "apikey", "Cookie", "Host", "X-Forwarded-For", "Content-Length", "X-Request-Id",
     "Idempotency-Key", "Origin", "If-None-Match", "", "Accept\r\nX"],
)  # fmt: skip
async def test_steps_have_no_headers_that_say_who_asks(shop: Shop, name: str) -> None:
    answer = await shop.batch([order(), get("/stock", headers={name: "x"})])
    assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (400, "PGRSTX70", 1)


@pytest.mark.parametrize("value", ["a\r\nX-Y: z", "a\nb", "a\0b"])
async def test_header_values_are_one_line(shop: Shop, value: str) -> None:
    answer = await shop.batch([get("/stock", headers={"Prefer": value})])
    assert (answer.status, answer.json["code"]) == (400, "PGRSTX70")


async def test_a_step_cannot_bring_credentials_or_end_the_transaction(shop: Shop) -> None:
    answer = await shop.batch([get("/stock?apikey=eq.x")])
    assert answer.status == 400
    for end in ("commit", "rollback"):
        answer = await shop.batch([order(), post("/orders", {}, headers={"Prefer": f"tx={end}"})])
        assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (400, "PGRSTX70", 1)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded",
                     "multipart/form-data; boundary=x", "", "application/jsonx", "text/json"]
)  # fmt: skip
async def test_what_web_pages_send_without_asking_is_refused(shop: Shop, content_type: str) -> None:
    answer = await send(shop.served, json.dumps([order()]).encode(), headers={"Content-Type": content_type})
    assert (answer.status, answer.json["code"]) == (415, "PGRSTX75")
    assert await shop.count("orders") == 0


async def test_only_post_and_only_there(shop: Shop) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = await send(shop.served, b"[]", method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "OPTIONS,POST")
    assert (await send(shop.served, b"", method="OPTIONS")).headers["Allow"] == "OPTIONS,POST"
    assert (await send(shop.served, b"[]", path="/batch/v1/x")).status == 404
    assert (await send(shop.served, b"[]", path="/batch/v1/")).status == 404
    assert (await send(shop.served, b"[]", path="/batch/v1?dry_run=true")).status == 400
    assert (await send(shop.served, b"[]", bearer="x.y.z")).status == 401


async def test_deferred_constraints_fail_at_commit(shop: Shop) -> None:
    good = [post("/pledges", {"id": 1, "order_id": None}), order(), post("/pledges", {"id": 2, "order_id": 1})]
    assert (await shop.batch(good)).status == 200
    answer = await shop.batch([order(), post("/pledges", {"id": 3, "order_id": 99})])
    assert (answer.status, answer.json["code"], answer.json["step"]) == (409, "23503", None)
    assert (await shop.count("orders"), await shop.count("pledges")) == (1, 2)


async def test_deadlocks_are_tried_again(shop: Shop) -> None:
    """Two batches that lock two rows in opposite order, at once, again and again: both are done in the end."""

    def locking(first: str, second: str) -> list[Any]:
        return [
            {"method": "PATCH", "path": f"/stock?product=eq.{first}", "body": {"amount": 7}},
            post("/rpc/nap", {"seconds": 0.05}),
            {"method": "PATCH", "path": f"/stock?product=eq.{second}", "body": {"amount": 8}},
            order(),
        ]

    await shop.database.execute("alter database batch_shop set deadlock_timeout = '50ms'")
    shop.served.gateway.database.flush()
    answers = await asyncio.gather(*(shop.batch(locking(*pair)) for pair in (("pen", "ink"), ("ink", "pen"))))
    assert [answer.status for answer in answers] == [200, 200]
    assert await shop.count("orders") == 2


async def test_a_conflict_that_stays_is_a_clear_503(shop: Shop) -> None:
    fails = "do $$ begin raise exception 'again' using errcode = '40P01'; end $$"
    answer = await shop.batch([order(), post("/rpc/misbehave", {"command": fails})])
    assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (503, "40P01", 1)
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["hint"] == "Nothing was changed. Send the batch again."
    assert await shop.count("orders") == 0


async def test_the_time_of_a_step_and_of_the_whole_is_limited(shop: Shop, serve: Serve, shop_dsn: str) -> None:
    served = await serve(shop_dsn, login="authenticator", batch_timeout=0.5, pool_size=2)
    nap = post("/rpc/nap", {"seconds": 0.2})
    body = json.dumps([order(), nap, nap, nap, nap]).encode()
    answer = await send(served, body)
    assert (answer.status, answer.json["code"], answer.json["step"]["index"]) == (504, "PGRSTX74", 3)
    await shop.database.execute("alter role authenticated set statement_timeout = '100ms'")
    try:
        await served.gateway.reload()
        answer = await send(served, body)
        assert (answer.json["code"], answer.json["step"]["index"]) == ("57014", 1)
    finally:
        await shop.database.execute("alter role authenticated set statement_timeout = '8s'")
    assert await shop.count("orders") == 0
    await asyncio.sleep(0.1)
    assert (await send(served, json.dumps([get("/stock")]).encode())).status == 200


async def test_a_backend_that_dies_leaves_nothing(shop: Shop) -> None:
    async def kill() -> None:
        await asyncio.sleep(0.15)
        await shop.database.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where query like '%nap%' and pid <> pg_backend_pid()"
        )

    steps = [order(), post("/rpc/nap", {"seconds": 5})]
    answer, _ = await asyncio.gather(shop.batch(steps), kill())
    assert answer.status == 503
    assert answer.json["step"]["index"] == 1
    assert await shop.count("orders") == 0
    assert (await shop.batch([order()])).status == 200


async def test_a_client_that_goes_away_leaves_nothing(shop: Shop) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await shop.batch([order(), post("/rpc/nap", {"seconds": 30})])
    await asyncio.sleep(0.2)
    running = "select count(*) from pg_stat_activity where state <> 'idle' and datname = current_database()"
    for _ in range(50):
        if await shop.database.fetchval(running) == 1:
            break
        await asyncio.sleep(0.1)
    assert await shop.database.fetchval(running) == 1
    assert await shop.count("orders") == 0


async def test_limits(shop: Shop, serve: Serve, shop_dsn: str) -> None:
    served = await serve(shop_dsn, login="authenticator", batch_max_steps=2, max_body_bytes=2000)
    ok = await send(served, json.dumps([get("/stock")] * 2).encode())
    assert ok.status == 200
    many = await send(served, json.dumps([get("/stock")] * 3).encode())
    assert (many.status, many.json["code"]) == (413, "PGRSTX71")
    large = await send(served, json.dumps([post("/rpc/echo", {"line": "x" * 3000})]).encode())
    assert large.status == 413


async def test_the_function_before_each_request_runs_once(shop: Shop, serve: Serve, shop_dsn: str) -> None:
    served = await serve(shop_dsn, login="authenticator", pre_request="public.before_each")
    answer = await send(
        served, json.dumps([order(), order("b"), post("/stock", {"product": "x", "amount": 1})]).encode()
    )
    assert answer.status == 200
    assert [row["name"] for row in await shop.database.fetch("select name from calls")] == ["/batch/v1"]
    answer = await send(served, json.dumps([order(), post("/stock", {"product": "x", "amount": 1})]).encode())
    assert answer.status == 409
    assert await shop.count("calls") == 1


async def test_what_the_function_before_each_request_decides_holds_for_all_steps(
    shop: Shop, serve: Serve, shop_dsn: str
) -> None:
    served = await serve(shop_dsn, login="authenticator", pre_request="public.demote")
    asked = json.dumps([post("/rpc/asked", {}), post("/rpc/asked", {}), get("/stock?product=eq.pen")]).encode()
    for sub, expected in (("ines", ("authenticated", "ines")), ("tom", ("authenticated", "ines")),
                          ("omar", ("anon", "omar"))):  # fmt: skip
        first, second, _ = bodies(await send(served, asked, bearer=token("authenticated", sub=sub)))
        assert (first["role"], first["sub"]) == (second["role"], second["sub"]) == expected
        assert (first["path"], first["schema"]) == ("/rest/v1/rpc/asked", "public")
    refused = await send(served, json.dumps([get("/stock"), order()]).encode(), bearer=OMAR)
    assert (refused.json["code"], refused.json["step"]["index"]) == ("42501", 1)
    keyed = {"Idempotency-Key": "k"}
    assert (await send(served, asked, bearer=INES, headers=keyed)).status == 200
    shared = await send(served, asked, bearer=token("authenticated", sub="tom"), headers=keyed)
    assert shared.headers["Idempotency-Replayed"] == "true"


async def test_a_gateway_that_rolls_back_rolls_back_batches(shop: Shop, serve: Serve, shop_dsn: str) -> None:
    served = await serve(shop_dsn, login="authenticator", tx_end="rollback")
    answer = await send(served, json.dumps([order()]).encode(), headers={"Idempotency-Key": "k"})
    assert (answer.status, answer.json["committed"]) == (200, False)
    assert (await shop.count("orders"), await shop.count("passerelle.idempotency_keys")) == (0, 0)


async def test_postgrest_mode_has_batches_only_if_asked(shop: Shop, serve: Serve, shop_dsn: str) -> None:
    mode = {"login": "authenticator", "postgrest_mode": True, "anon_role": "anon", "schemas": "public"}
    plain = await serve(shop_dsn, batch_enabled=False, **mode)
    assert (await send(plain, json.dumps([get("/stock")]).encode())).status == 404
    enabled = await serve(shop_dsn, batch_enabled=True, **mode)
    assert bodies(await send(enabled, json.dumps([get("/stock?select=product&product=eq.pen")]).encode())) == [
        [{"product": "pen"}]
    ]


async def test_minimal_errors_tell_the_step_too(shop: Shop, serve: Serve, shop_dsn: str) -> None:
    served = await serve(shop_dsn, login="authenticator", client_error_verbosity="minimal")
    answer = await send(served, json.dumps([post("/nowhere", {})]).encode())
    assert answer.json.keys() == {"code", "message", "step"}


async def test_a_table_changed_between_two_batches_is_no_error(shop: Shop) -> None:
    steps = [get("/texts?limit=1"), post("/texts", {"id": 1, "line": "a"}, headers=RETURN)]
    assert (await shop.batch(steps)).status == 200
    await shop.database.execute("alter table texts add column later integer")
    try:
        await shop.served.gateway.reload()
        await shop.database.execute("delete from texts")
        assert bodies(await shop.batch(steps))[1][0]["later"] is None
    finally:
        await shop.database.execute("alter table texts drop column later")
        await shop.served.gateway.reload()


async def test_works_behind_a_transaction_pooler(shop: Shop, serve: Serve, shop_dsn: str) -> None:
    served = await serve(shop_dsn, login="authenticator", pool_mode="transaction")
    steps = [order(), get("/orders"), post("/lines", {"order_id": ref("order.id"), "product": "pen"}), get("/lines")]
    for number in (1, 2):
        answer = await send(served, json.dumps(steps).encode(), headers={"Idempotency-Key": f"k{number}"})
        assert len(bodies(answer)[3]) == number
    assert INES
    assert isinstance(shop.database, asyncpg.Connection)
