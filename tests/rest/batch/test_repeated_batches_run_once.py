"""Idempotency keys: a batch that was committed is never run again, whatever happened to its answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest

from tests.rest.batch.shop import INES, OMAR, RETURN, Shop, bodies, get, order, post, ref, send
from tests.serving import Serve, token

KEYS = "passerelle.idempotency_keys"
COMMIT = b"Q\0\0\0\x0bCOMMIT\0"


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def test_a_repeated_request_is_answered_and_not_run(shop: Shop) -> None:
    steps = [order(), post("/lines", {"order_id": ref("order.id"), "product": "pen"}, headers=RETURN)]
    first = await shop.batch(steps, headers=keyed("k"))
    assert first.status == 200
    assert "Idempotency-Replayed" not in first.headers
    for key in ("k", '"k"', " k "):
        again = await shop.batch(steps, headers=keyed(key))
        assert (again.status, again.body) == (200, first.body)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert await shop.count("orders") == 1
    other = await shop.batch(steps, headers=keyed("k2"))
    assert other.json["steps"][0]["body"]["id"] == 2


async def test_a_key_stands_for_one_request(shop: Shop) -> None:
    await shop.batch([order()], headers=keyed("k"))
    for steps in ([order(status="x")], [order(), order("b")]):
        answer = await shop.batch(steps, headers=keyed("k"))
        assert (answer.status, answer.json["code"]) == (422, "PGRSTX81")
        assert "ines" not in answer.body.decode()
    assert await shop.count("orders") == 1


async def test_a_failed_batch_leaves_its_key_free(shop: Shop) -> None:
    failing = [order(), post("/stock", {"product": "pen", "amount": 1})]
    assert (await shop.batch(failing, headers=keyed("k"))).status == 409
    assert await shop.count(KEYS) == 0
    await shop.database.execute("delete from stock")
    assert (await shop.batch(failing, headers=keyed("k"))).status == 200
    assert (await shop.batch(failing, headers=keyed("k"))).headers["Idempotency-Replayed"] == "true"
    at_commit = [post("/pledges", {"id": 1, "order_id": 99})]
    assert (await shop.batch(at_commit, headers=keyed("c"))).status == 409
    assert await shop.count(KEYS) == 1


async def test_reads_alone_can_have_a_key(shop: Shop) -> None:
    first = await shop.batch([get("/stock?order=product")], headers=keyed("k"))
    await shop.database.execute("delete from stock")
    again = await shop.batch([get("/stock?order=product")], headers=keyed("k"))
    assert again.body == first.body
    assert len(bodies(again)[0]) == 2
    # and they stay reads
    answer = await shop.batch([get("/rpc/scribble")], headers=keyed("w"))
    assert (answer.status, answer.json["code"]) == (405, "25006")


async def test_twenty_at_once_run_once(shop: Shop) -> None:
    steps = [order(), post("/rpc/nap", {"seconds": 0.1}), {"method": "PATCH", "path": "/stock?product=eq.pen",
                                                         "body": {"amount": 1}}]  # fmt: skip
    answers = await asyncio.gather(*(shop.batch(steps, headers=keyed("k")) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert await shop.count("orders") == 1


async def test_twenty_at_once_run_once_under_serializable(shop: Shop) -> None:
    """There a waiting transaction cannot see what it waited for, and has to begin again."""
    steps = [order(), post("/rpc/strict_asked", {}), post("/rpc/nap", {"seconds": 0.1})]
    answers = await asyncio.gather(*(shop.batch(steps, headers=keyed("k")) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert await shop.count("orders") == 1


async def test_one_that_waits_for_a_failing_one_runs_itself(shop: Shop) -> None:
    """The key of the one that fails is free again at that moment."""
    await shop.database.execute("create unique index one_open on orders (owner) where status = 'open'")
    try:
        steps = [post("/rpc/nap", {"seconds": 0.2}), order()]
        connection = await asyncpg.connect(shop.dsn)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("insert into orders (owner) values ('ines')")
        running = [asyncio.create_task(shop.batch(steps, headers=keyed("k"))) for _ in range(3)]
        await asyncio.sleep(0.6)
        await transaction.commit()
        answers = await asyncio.gather(*running)
        await connection.close()
        assert [answer.status for answer in answers] == [409, 409, 409]
        assert await shop.count(KEYS) == 0
    finally:
        await shop.database.execute("drop index one_open")


IDENTITIES = [
    OMAR,
    token("service_role", sub="ines"),
    token("anon", sub="ines"),
    None,
    token("authenticated"),
    token("authenticated", org="a"),
    token("authenticated", org="b"),
]


async def test_keys_belong_to_an_identity(shop: Shop) -> None:
    """The same key and body of others are other requests; a renewed token is the same identity."""
    steps = [get("/stock?product=eq.pen")]
    await shop.batch(steps, headers=keyed("k"))
    await shop.database.execute("grant select on stock to service_role")
    for identity in IDENTITIES:
        answer = await shop.batch(steps, bearer=identity, headers=keyed("k"))
        assert (answer.status, "Idempotency-Replayed" in answer.headers) == (200, False), answer.body
    assert await shop.count(KEYS) == 1 + len(IDENTITIES)
    renewed = token("authenticated", sub="ines", iat=1, jti="another")
    for identity in (*IDENTITIES, renewed, token("authenticated", org="b", iat=5)):
        answer = await shop.batch(steps, bearer=identity, headers=keyed("k"))
        assert answer.headers["Idempotency-Replayed"] == "true"


async def test_a_step_that_changes_its_claims_does_not_reach_others_keys(shop: Shop) -> None:
    forge = """select set_config('request.jwt.claims', '{"role": "authenticated", "sub": "omar"}', true)"""
    assert (await shop.batch([order(), post("/rpc/misbehave", {"command": forge})], headers=keyed("k"))).status == 200
    answer = await shop.batch([get("/stock")], bearer=OMAR, headers=keyed("k"))
    assert (answer.status, "Idempotency-Replayed" in answer.headers) == (200, False)


@pytest.mark.parametrize("key", ["", "   ", "a b", "é", "x" * 256, '""'])
async def test_malformed_keys_are_refused(shop: Shop, key: str) -> None:
    answer = await shop.batch([order()], headers=keyed(key))
    assert (answer.status, answer.json["code"]) == (400, "PGRSTX80")
    assert await shop.count("orders") == 0


async def test_an_answer_that_was_lost_is_given_again(shop: Shop) -> None:
    """The client is cut off after COMMIT and before the answer: a trigger at COMMIT takes longer than it waits."""
    await shop.database.execute(
        "create function slow_commit() returns trigger language plpgsql as "
        "$$ begin perform pg_sleep(0.4); return null; end $$;"
        "create constraint trigger slow after insert on stock deferrable initially deferred "
        "for each row execute function slow_commit()"
    )
    steps = [order(), post("/stock", {"product": "slow", "amount": 1})]
    body = json.dumps(steps).encode()
    try:
        reader, writer = await asyncio.open_connection(*_address(shop))
        writer.write(_raw(body, "lost"))
        await writer.drain()
        for _ in range(100):  # the answer is on its way once the row is visible; the client leaves before reading it
            if await shop.count(KEYS):
                break
            await asyncio.sleep(0.02)
        writer.transport.abort()
        del reader
        again = await send(shop.served, body, headers=keyed("lost"))
    finally:
        await shop.database.execute("drop trigger slow on stock; drop function slow_commit()")
    assert again.status == 200
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["steps"][0]["body"]["id"] == 1
    assert await shop.count("orders") == 1


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.25, 0.35, 0.45])
async def test_a_connection_lost_at_any_moment_never_doubles_or_halves(shop: Shop, delay: float) -> None:
    """The backend of the batch is terminated at some moment before, within or after COMMIT. The gateway finds out by
    the key what happened, and the client sees one answer."""
    steps = [
        order(),
        post("/rpc/nap", {"seconds": 0.3}),
        post("/lines", {"order_id": ref("order.id"), "product": "pen"}),
    ]

    async def kill() -> None:
        await asyncio.sleep(delay)
        await shop.database.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'passerelle' and datname = current_database() and query not like 'LISTEN%'"
        )

    answer, _ = await asyncio.gather(shop.batch(steps, headers=keyed("k")), kill())
    again = await shop.batch(steps, headers=keyed("k"))
    assert again.status == 200
    if answer.status == 200:
        assert again.body == answer.body
    else:
        assert answer.status == 503
    assert (await shop.count("orders"), await shop.count("lines")) == (1, 1)


class CuttingRelay:
    """Stands before PostgreSQL's socket. Once armed, it lets the next COMMIT through, waits until the server has done
    it, and cuts the connection in place of bringing the answer."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.armed = False
        self.cuts = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._socket)
        committed = asyncio.Event()
        cut = False

        async def bring() -> None:
            while data := await server.read(65536):
                if cut:
                    committed.set()
                else:
                    writer.write(data)
            writer.close()

        back = asyncio.create_task(bring())
        while data := await reader.read(65536):
            cut = self.armed and data == COMMIT
            to_server.write(data)
            if cut:
                self.armed, self.cuts = False, self.cuts + 1
                await committed.wait()
                break
        back.cancel()
        for end in (writer, to_server):
            end.transport.abort()


async def test_a_connection_cut_after_commit(shop: Shop, serve: Serve, shop_dsn: str, server_directory: Path) -> None:
    """With a key the gateway itself finds the answer; without one it says that nobody knows."""
    parameters = parse_qs(urlsplit(shop_dsn).query)
    name = f".s.PGSQL.{parameters['port'][0]}"
    directory = server_directory / "relay"
    directory.mkdir()
    relay = CuttingRelay(Path(parameters["host"][0]) / name)
    listening = await asyncio.start_unix_server(relay, directory / name)
    here, there = (quote(str(path), safe="") for path in (parameters["host"][0], directory))
    served = await serve(shop_dsn.replace(here, there).replace("postgres:", "authenticator:", 1))
    body = json.dumps([order()]).encode()
    assert (await send(served, body)).status == 200

    relay.armed = True
    answer = await send(served, body, headers=keyed("k"))
    assert (answer.status, answer.headers.get("Idempotency-Replayed"), relay.cuts) == (200, "true", 1)
    assert answer.json["steps"][0]["body"]["id"] == 2
    assert await shop.count("orders") == 2

    relay.armed = True
    answer = await send(served, body)
    assert (answer.status, answer.json["step"], relay.cuts) == (503, None, 2)
    assert answer.json["hint"].startswith("It is not known whether")
    assert await shop.count("orders") == 3
    listening.close()


def _address(shop: Shop) -> tuple[str, int]:
    parts = urlsplit(shop.served.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def _raw(body: bytes, key: str) -> bytes:
    head = (
        "POST /batch/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {INES}\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def test_without_the_gateways_objects_a_key_is_refused_and_a_batch_is_not(database: str, serve: Serve) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("create table public.plain (id integer primary key)")
    await connection.close()
    served = await serve(database, anon_role="postgres")
    steps: list[Any] = [post("/plain", {"id": 1}), get("/plain")]
    refused = await send(served, json.dumps(steps).encode(), bearer=None, headers=keyed("k"))
    assert (refused.status, refused.json["code"]) == (400, "PGRSTX83")
    answer = await send(served, json.dumps(steps).encode(), bearer=None)
    assert bodies(answer)[1] == [{"id": 1}]


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
async def test_roles_of_the_api_reach_the_keys_through_the_functions_only(shop: Shop, role: str) -> None:
    await shop.batch([order()], headers=keyed("k"))
    connection = await asyncpg.connect(shop.dsn.replace("postgres:", "authenticator:", 1))
    try:
        await connection.execute(f"set role {role}")
        for refused in (
            f"select * from {KEYS}",
            f"select count(*) from {KEYS}",
            f"insert into {KEYS} (caller, key, request) values ('', 'x', 'x')",
            f"update {KEYS} set answer = 'x'",
            f"delete from {KEYS}",
            f"truncate {KEYS}",
            "select passerelle.idempotency_caller_v1()",
            "select * from passerelle.migrations",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(refused)
        await connection.execute("""set request.jwt.claims = '{"sub": "omar"}'""")
        begun = await connection.fetchrow("select * from passerelle.idempotency_begin_v1('k', 'x')")
        assert begun is not None
        assert tuple(begun) == ("new", None, None)
        # a key that was answered stays as it is, even for its owner
        await connection.execute("select passerelle.idempotency_finish_v1('k', 200, 'mine')")
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("select passerelle.idempotency_finish_v1('k', 200, 'changed')")
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("select passerelle.idempotency_finish_v1('never begun', 200, 'x')")
    finally:
        await connection.close()


async def test_old_keys_are_forgotten(shop: Shop) -> None:
    await shop.batch([order()], headers=keyed("k"))
    await shop.database.execute(
        f"insert into {KEYS} (caller, key, request, status, answer, created_at) "
        "select 'x', n::text, '', 200, '', now() - interval '25 hours' from generate_series(1, 25) n"
    )
    await shop.database.execute(f"update {KEYS} set created_at = now() - interval '25 hours' where key = 'k'")
    answer = await shop.batch([order(), order("b")], headers=keyed("k"))
    assert (answer.status, "Idempotency-Replayed" in answer.headers) == (200, False)
    assert await shop.count(KEYS) == 16
    for number in range(3):
        await shop.batch([get("/stock")], headers=keyed(f"n{number}"))
    assert await shop.count(KEYS) == 4


async def test_a_key_in_use_for_long_is_a_409(shop: Shop) -> None:
    """The first batch is still running when the second has waited as long as its role's statements may."""
    await shop.database.execute("alter role authenticated set statement_timeout = '300ms'")
    blocker = await asyncpg.connect(shop.dsn)
    try:
        await shop.served.gateway.reload()
        await blocker.execute("begin")
        await blocker.execute("set local role authenticated")
        await blocker.execute("""set local request.jwt.claims = '{"sub": "ines"}'""")
        await blocker.execute("select passerelle.idempotency_begin_v1('k', 'x')")
        answer = await shop.batch([order()], headers=keyed("k"))
        assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (409, "PGRSTX82", "1")
    finally:
        await blocker.close()
        await shop.database.execute("alter role authenticated set statement_timeout = '8s'")
        await shop.served.gateway.reload()
