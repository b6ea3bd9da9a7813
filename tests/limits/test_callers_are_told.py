"""Over HTTP: who is limited by what, and what answers say of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from tests.serving import Answer, Served, token

Start = Callable[..., Awaitable[Served]]

ANA = token(sub="11111111-1111-4111-8111-111111111111")
BEA = token(sub="bea")
PAGE = {"Origin": "https://page.example"}


async def ask(
    served: Served,
    method: str,
    path: str,
    *,
    body: Any = None,
    bearer: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    sent = {"Content-Type": "application/json", **(headers or {})}
    if bearer is not None:
        sent["Authorization"] = f"Bearer {bearer}"
    data = None if body is None else json.dumps(body)
    async with served.client.request(method, served.url + path, data=data, headers=sent) as response:
        answered = await response.read()
        kind = response.headers.get("Content-Type", "")
        parsed = json.loads(answered) if answered and "json" in kind else None
        return Answer(response.status, response.headers.copy(), answered, parsed)


async def statuses(served: Served, times: int, method: str, path: str, **options: Any) -> list[int]:
    return [(await ask(served, method, path, **options)).status for _ in range(times)]


def calls(served: Served) -> int:
    """Commands that were sent to Redis for this, apart from the bus's own."""
    counts = served.gateway.limiter.counts
    return counts.allowed + sum(counts.refused.values())


async def test_a_refusal(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=2/h")
    fine = await served.get("/books?limit=1", bearer=ANA, **PAGE)
    assert fine.status == 200
    assert fine.headers["RateLimit-Policy"] == '"reads";q=2;w=3600'
    assert re.fullmatch(r'"reads";r=1;t=1[78]\d\d', fine.headers["RateLimit"])
    assert "Retry-After" not in fine.headers
    assert await statuses(served, 1, "GET", "/rest/v1/books", bearer=ANA) == [200]
    refused = await served.get("/books?limit=1", bearer=ANA, **PAGE)
    seconds = int(refused.headers["Retry-After"])
    assert 1790 <= seconds <= 1800
    assert (refused.status, refused.json) == (
        429,
        {
            "code": "PGRSTX90",
            "details": "The limit 'reads' allows 2 requests in 3600 seconds.",
            "hint": f"Try again in {seconds} seconds.",
            "message": "Too many requests",
        },
    )
    assert refused.headers["RateLimit-Policy"] == '"reads";q=2;w=3600'
    assert refused.headers["RateLimit"] == f'"reads";r=0;t={seconds}'
    for answer in (fine, refused):
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    # others have their own
    assert await statuses(served, 2, "GET", "/rest/v1/books", bearer=BEA) == [200, 200]


async def test_errors_are_answers_too(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=5/h burst 4")
    answer = await served.get("/nothing", bearer=ANA)
    assert answer.status == 404
    assert answer.headers["RateLimit-Policy"] == '"reads";q=5;w=3600;passerelle-burst=4'
    assert answer.headers["RateLimit"].startswith('"reads";r=3;')


async def test_reads_and_writes(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=4/h, writes=3/h")
    loan = {"book_id": 1}
    reads = [("GET", "/rest/v1/books", None), ("HEAD", "/rest/v1/books", None)]
    reads += [("POST", "/rest/v1/rpc/shelf", {"n": 1}), ("GET", "/rest/v1/rpc/shelf?n=1", None)]
    writes = [("POST", "/rest/v1/loans", loan), ("POST", "/rest/v1/rpc/lend", loan), ("POST", "/rest/v1/rpc/no", {})]
    for method, path, body in [*reads, *writes]:
        assert (await ask(served, method, path, body=body, bearer=ANA)).status in (200, 201, 404), path
    for method, path, body in [*reads, *writes]:
        answer = await ask(served, method, path, body=body, bearer=ANA)
        kind = "reads" if (method, path, body) in reads else "writes"
        assert (answer.status, answer.headers["RateLimit-Policy"].split(";")[0]) == (429, f'"{kind}"'), path
    assert served.gateway.limiter.counts.refused == {"reads": 4, "writes": 3}


async def test_a_query_by_body_is_a_read(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=1/h, writes=1/h")
    headers = {"Content-Type": "application/vnd.passerelle.query"}
    for expected in (200, 429):
        async with served.client.post(
            f"{served.url}/rest/v1/books", data="limit=1", headers={**headers, "Authorization": f"Bearer {ANA}"}
        ) as response:
            assert response.status == expected
            assert response.headers["RateLimit-Policy"].startswith('"reads"')


async def test_what_does_not_count(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=1/h, writes=1/h, anonymous=1/h")
    asks = {**PAGE, "Access-Control-Request-Method": "GET"}
    for path in ("/rest/v1/books", "/batch/v1"):
        assert await statuses(served, 5, "OPTIONS", path, headers=asks) == [200] * 5
        assert await statuses(served, 3, "OPTIONS", path) == [200] * 3
    assert await statuses(served, 3, "GET", "/health") == [200] * 3
    assert await statuses(served, 3, "GET", "/rest/v1/books", bearer="x.y.z") == [401] * 3
    service = token("service_role")
    assert await statuses(served, 5, "GET", "/rest/v1/notes", bearer=service) == [200] * 5
    assert calls(served) == 0
    assert await statuses(served, 2, "GET", "/rest/v1/books") == [200, 429]


def count_scripts(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The scripts that requests run from now on, apart from the bus's own."""
    ran: list[str] = []
    bus = served.gateway.bus
    assert bus is not None
    run = bus.run

    async def counted(script: Any, **options: Any) -> Any:
        ran.append(script.name)
        return await run(script, **options)

    monkeypatch.setattr(bus, "run", counted)
    return ran


async def test_round_trips(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """None when nothing limits a request, one for any number of limits."""
    served = await gateway()
    ran = count_scripts(served, monkeypatch)
    for path in ("/rest/v1/books", "/rest/v1/rpc/shelf?n=1"):
        answer = await ask(served, "GET", path, bearer=ANA)
        assert answer.status == 200
        assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers)
    assert await statuses(served, 3, "GET", "/rest/v1/notes", bearer=token("service_role")) == [200] * 3
    assert ran == []
    served = await gateway(rate_limits="reads=10/h, writes=10/h, rows=100/h")
    ran = count_scripts(served, monkeypatch)
    answer = await ask(served, "GET", "/rest/v1/notes", bearer=ANA)
    names = re.findall(r'"([^"]+)";q=', answer.headers["RateLimit-Policy"])
    assert (names, ran) == (["reads", "rows", "public.notes"], ["gcra"])
    steps = [{"method": "GET", "path": "/notes"}, {"method": "POST", "path": "/loans", "body": {"book_id": 1}}]
    answer = await ask(served, "POST", "/batch/v1", body=steps, bearer=ANA)
    names = re.findall(r'"([^"]+)";q=', answer.headers["RateLimit-Policy"])
    assert (names, ran) == (["reads", "rows", "public.notes", "writes"], ["gcra"] * 2)


async def test_who_is_not_signed_in_counts_by_address(gateway: Start) -> None:
    served = await gateway(rate_limits="anonymous=2/h", trusted_proxies="127.0.0.0/8")

    async def get(address: str) -> int:
        return (await ask(served, "GET", "/rest/v1/books", headers={"X-Forwarded-For": address})).status

    assert [await get("198.51.100.1") for _ in range(3)] == [200, 200, 429]
    assert await get("198.51.100.2") == 200
    assert [await get(f"1.2.3.{n}, 198.51.100.2") for n in range(2)] == [200, 429]
    assert [await get(f"2001:db8::{n:x}") for n in range(3)] == [200, 200, 429]
    assert await get("2001:db8:0:1::1") == 200
    key = token("anon")  # the key that every page has is nobody's own
    answer = await ask(served, "GET", "/rest/v1/books", headers={"X-Forwarded-For": "198.51.100.1", "apikey": key})
    assert answer.status == 429
    assert await statuses(served, 3, "GET", "/rest/v1/books", bearer=ANA) == [200] * 3


async def test_addresses_made_up_by_clients(gateway: Start) -> None:
    served = await gateway(rate_limits="anonymous=3/h")
    found = []
    for n in range(5):
        made_up = {"X-Forwarded-For": f"1.2.3.{n}", "Forwarded": f"for=1.2.3.{n}", "X-Real-IP": f"1.2.3.{n}"}
        found.append((await ask(served, "GET", "/rest/v1/books", headers=made_up)).status)
    assert found == [200, 200, 200, 429, 429]


async def test_tokens_without_a_user_count_by_key(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=1/h")
    first, second = token("authenticated", jti="a"), token("authenticated", jti="b")
    assert await statuses(served, 2, "GET", "/rest/v1/books", bearer=first) == [200, 429]
    assert await statuses(served, 1, "GET", "/rest/v1/books", bearer=second) == [200]
    # a refreshed token is the same user
    assert await statuses(served, 1, "GET", "/rest/v1/books", bearer=token(sub="x", jti="a")) == [200]
    assert await statuses(served, 1, "GET", "/rest/v1/books", bearer=token(sub="x", jti="b")) == [429]


async def test_limits_of_policy_files(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=100/h")
    assert await statuses(served, 4, "GET", "/rest/v1/notes", bearer=ANA) == [200, 200, 200, 429]
    assert (await ask(served, "POST", "/rest/v1/notes", body={"id": 2}, bearer=ANA)).status == 429
    refused = await ask(served, "GET", "/rest/v1/notes", bearer=ANA)
    assert refused.json["details"] == "The limit 'public.notes' allows 3 requests in 86400 seconds."
    assert refused.headers["RateLimit-Policy"] == '"reads";q=100;w=3600, "public.notes";q=3;w=86400'
    assert refused.headers["RateLimit"].startswith('"public.notes";r=0;t=')
    assert "reads" not in refused.headers["RateLimit"]
    assert await statuses(served, 3, "POST", "/rest/v1/rpc/count_books", body={}, bearer=ANA) == [200, 200, 429]
    assert await statuses(served, 1, "GET", "/rest/v1/rpc/count_books", bearer=BEA) == [200]
    assert await statuses(served, 1, "GET", "/rest/v1/books", bearer=ANA) == [200]
    assert served.gateway.limiter.counts.refused == {"table": 3, "function": 1}
    # what was refused cost nothing of the other limit: 3 + 2 + 1 were let through
    answer = await ask(served, "GET", "/rest/v1/books", bearer=ANA)
    assert answer.headers["RateLimit"].startswith('"reads";r=93;')


async def test_batches(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=10/h, writes=5/h")

    def steps(reads: int, writes: int, notes: int = 0) -> list[dict[str, Any]]:
        return [
            *({"method": "GET", "path": "/books?limit=1"} for _ in range(reads)),
            *({"method": "POST", "path": "/loans", "body": {"book_id": 1}} for _ in range(writes)),
            *({"method": "GET", "path": "/notes"} for _ in range(notes)),
        ]

    async def batch(*counts: int) -> Answer:
        return await ask(served, "POST", "/batch/v1", body=steps(*counts), bearer=ANA)

    fine = await batch(3, 4, 1)
    assert fine.status == 200, fine.body
    assert re.fullmatch(r'"reads";r=6;t=\d+, "writes";r=1;t=\d+, "public.notes";r=2;t=\d+', fine.headers["RateLimit"])
    refused = await batch(1, 2)
    assert (refused.status, refused.json["code"]) == (429, "PGRSTX90")
    assert refused.headers["RateLimit"].startswith('"writes";r=1;')
    assert int(refused.headers["Retry-After"]) > 0
    never = await batch(0, 6)
    assert (never.status, never.json["code"]) == (413, "PGRSTX91")
    assert "Retry-After" not in never.headers
    assert never.json["details"] == "The limit 'writes' allows 5 requests in 3600 seconds."
    assert (await batch(6, 1)).status == 200
    assert calls(served) == 4


async def test_rows(gateway: Start) -> None:
    served = await gateway(rate_limits="rows=60/h")
    first = await ask(served, "GET", "/rest/v1/books", bearer=ANA)
    assert (first.status, len(first.json)) == (200, 50)
    assert first.headers["RateLimit-Policy"] == '"rows";q=60;qu="rows";w=3600'
    assert first.headers["RateLimit"].startswith('"rows";r=59;'), "rows are counted after the answer"

    async def left() -> int:
        """Asks with one row."""
        answer = await ask(served, "GET", "/rest/v1/books?limit=1", bearer=ANA)
        return int(re.findall(r";r=(\d+)", answer.headers["RateLimit"])[0]) if answer.status == 200 else -1

    await asyncio.sleep(0.1)
    assert await left() == 9
    assert (await ask(served, "POST", "/rest/v1/rpc/shelf", body={"n": 40}, bearer=ANA)).status == 200
    await asyncio.sleep(0.1)
    assert await left() == -1
    refused = await ask(served, "GET", "/rest/v1/books?limit=1", bearer=ANA)
    assert refused.json["details"] == "The limit 'rows' allows 60 rows in 3600 seconds."
    assert int(refused.headers["Retry-After"]) > 31 * 60, "31 rows in debt, and one to go"
    assert (await ask(served, "POST", "/rest/v1/loans", body={"book_id": 1}, bearer=ANA)).status == 201
    assert await statuses(served, 1, "GET", "/rest/v1/books", bearer=BEA) == [200]


async def test_rows_of_batches(gateway: Start) -> None:
    served = await gateway(rate_limits="rows=60/h")
    steps = [{"method": "GET", "path": "/books?limit=20"}, {"method": "GET", "path": "/books?limit=25"}]
    answer = await ask(served, "POST", "/batch/v1", body=steps, bearer=ANA)
    assert answer.headers["RateLimit"].startswith('"rows";r=58;')
    await asyncio.sleep(0.1)
    answer = await ask(served, "GET", "/rest/v1/books?limit=1", bearer=ANA)
    assert answer.headers["RateLimit"].startswith('"rows";r=14;')


async def test_costs(gateway: Start) -> None:
    served = await gateway(rate_limits="cost=1000/h", max_cost="authenticated=1000000")
    for path in ("/rest/v1/books", "/rest/v1/books"):
        assert (await ask(served, "GET", path, bearer=ANA)).status == 200
        await asyncio.sleep(0.1)
    answer = await ask(served, "GET", "/rest/v1/books?limit=1", bearer=ANA)
    spent = 999 - int(re.findall(r";r=(\d+)", answer.headers["RateLimit"])[0])
    assert 2 < spent < 900
    # a role without a ceiling costs nothing: nobody asks the planner
    other = await gateway(rate_limits="cost=1000/h", max_cost="anon=1000000")
    await ask(other, "GET", "/rest/v1/books", bearer=BEA)
    await asyncio.sleep(0.1)
    answer = await ask(other, "GET", "/rest/v1/books", bearer=BEA)
    assert answer.headers["RateLimit"].startswith('"cost";r=998;')


async def test_switched_off(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=1/h", rate_limiting_enabled="false")
    assert await statuses(served, 5, "GET", "/rest/v1/notes", bearer=ANA) == [200] * 5
    assert calls(served) == 0


async def test_other_roles_may_be_exempt(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=1/h", rate_limit_exempt="authenticated")
    assert await statuses(served, 3, "GET", "/rest/v1/notes", bearer=ANA) == [200] * 3
    assert await statuses(served, 2, "GET", "/rest/v1/books", bearer=token("service_role")) == [200, 429]


async def test_without_redis(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=2/h", redis_url=None)
    assert await statuses(served, 3, "GET", "/rest/v1/books", bearer=ANA) == [200, 200, 429]


@pytest.mark.parametrize("mode", [True, False])
async def test_in_postgrest_mode(gateway: Start, mode: bool) -> None:
    limits = {"rate_limits": "reads=1/h"} if mode else {}
    served = await gateway(postgrest_mode=True, **limits)
    answer = await ask(served, "GET", "/books?limit=1", bearer=ANA, headers=PAGE)
    assert answer.status == 200
    assert ("RateLimit" in answer.headers["Access-Control-Expose-Headers"].split(", ")) is mode
    assert (await ask(served, "GET", "/rest/v1/books?limit=1", bearer=ANA)).status == (429 if mode else 200)


async def test_a_refused_upload_is_not_read(gateway: Start) -> None:
    """The answer comes while most of the body is still to be sent."""
    served = await gateway(rate_limits="writes=1/h")
    assert (await ask(served, "POST", "/rest/v1/loans", body={"book_id": 1}, bearer=ANA)).status == 201
    host, port = served.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /rest/v1/loans HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n"
        b"Authorization: Bearer " + ANA.encode() + b"\r\n\r\n["
    )
    line = await asyncio.wait_for(reader.readline(), 5)
    assert line.startswith(b"HTTP/1.1 429 ")
    writer.close()


async def test_metrics(gateway: Start) -> None:
    served = await gateway(rate_limits="reads=1/h")
    await statuses(served, 3, "GET", "/rest/v1/books", bearer=ANA)
    text = (await served.gateway._metrics()).decode()
    assert "passerelle_rate_limit_allowed_total 1" in text
    assert 'passerelle_rate_limit_refused_total{limit="reads"} 2' in text
    assert "passerelle_rate_limit_local_keys 0" in text
