"""With the most talkative settings, nothing of a request's credentials, query or body is in the log, whatever fails."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.embedded import EmbeddedPostgres
from gateway.web import configure_logging
from tests.attack.conftest import login
from tests.attack.wire import Wire, request
from tests.serving import SECRET, Serve, token

SECRETS = ("s3cret", SECRET)
BEARER = f"Authorization: Bearer {token('attack_member', sub='sub-s3cret', email='mail-s3cret')}"
DB_FAULTS = [
    request("GET", "/rest/v1/things?id=eq.s3cret"),
    request("GET", "/rest/v1/things?s3cret=eq.1"),
    request("GET", "/rest/v1/s3cret"),
    request("POST", "/rest/v1/things", BEARER, body=b'{"id":1,"word":"s3cret"}'),
    request("POST", "/rest/v1/things", BEARER, body=b'{"id":"s3cret"}'),
    request("POST", "/rest/v1/rpc/dressed", body=b'{"headers":"s3cret","status":"s3cret"}'),
    request("POST", "/rest/v1/rpc/dressed", body=b'{"headers":"[{\\"X\\":\\"s3cret\\\\u0000\\"}]","status":null}'),
    request("GET", "/rest/v1/rpc/nap?seconds=s3cret", BEARER),
]
REFUSED = [
    request("GET", "/rest/v1/things", "Authorization: Bearer s3cret.s3cret.s3cret"),
    request("GET", "/rest/v1/things", f"{BEARER}s3cret"),
    request("GET", "/rest/v1/things", "apikey: s3cret"),
    request("GET", "/rest/v1/things?apikey=s3cret"),
    request("GET", "/rest/v1/things", "Cookie: a=s3cret", "Prefer: timezone=s3cret"),
    request("GET", "/rest/v1/things", "X-Request-Id: a\tb s3cret", "traceparent: s3cret"),
    request("POST", "/rest/v1/things", "Content-Type: s3cret/x", body=b"s3cret"),
    request("POST", "/rest/v1/things", "Content-Encoding: gzip", body=b"s3cret"),
    request("POST", "/rest/v1/things", body=b'{"s3cret'),
    request("POST", "/batch/v1", "Content-Type: application/json", body=b'[{"method":"GET","path":"/s3cret"}]'),
    request("S3CRET", "/rest/v1/things"),
    b"GET /rest/v1/s3cret HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer s3cret\r\n\r\n",
    b"GET /rest/v1/s3cret HTTP/9.9\r\n\r\n",
    b"s3cret s3cret s3cret\r\n\r\n",
    b"POST /rest/v1/things HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\ns3cret\r\n\r\n",
    b"POST /rest/v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\ns3cret",
]


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root, kept = logging.getLogger(), logging.getLogger().handlers[:]
    level = root.level
    written = io.StringIO()
    configure_logging("debug", request.param, written)
    yield written
    root.handlers[:] = kept
    root.setLevel(level)
    structlog.reset_defaults()


async def send(url: str, data: bytes) -> bytes:
    wire = await Wire.to(url)
    wire.send(data)
    try:
        return await wire.rest(timeout=0.1)
    except TimeoutError:
        return b""
    finally:
        await wire.close()


async def test_nothing_of_a_request_is_in_the_log(
    log: io.StringIO, serve: Serve, postgres: EmbeddedPostgres, target_dsn: str
) -> None:
    served = await serve(login(postgres, target_dsn), anon_role="attack_anon", log_level="debug", pool_size=1)
    asyncio.get_running_loop().set_debug(True)
    try:
        for data in (*DB_FAULTS, *REFUSED):
            await send(served.url, data)
    finally:
        asyncio.get_running_loop().set_debug(False)
    await asyncio.sleep(0.1)
    text = log.getvalue()
    assert "request" in text
    assert not [line for line in text.splitlines() if any(secret in line for secret in SECRETS)]


async def test_nor_when_the_gateway_itself_is_at_fault(
    log: io.StringIO, serve: Serve, postgres: EmbeddedPostgres, target_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tracebacks tell where, and no values: those of local variables are not printed."""
    from gateway.rest import handler

    served = await serve(login(postgres, target_dsn), anon_role="attack_anon", log_level="debug")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(handler, "values", fail)
    wire = await Wire.to(served.url)
    wire.send(request("GET", "/rest/v1/things?word=eq.s3cret", BEARER, "apikey: " + BEARER.rpartition(" ")[2]))
    status, _, body = await wire.answer()
    await wire.close()
    assert status == 500
    assert b"ZeroDivisionError" not in body
    text = log.getvalue()
    assert "ZeroDivisionError" in text
    assert not any(secret in text for secret in (*SECRETS, BEARER.rpartition(" ")[2]))


async def test_nor_when_the_database_is_away(log: io.StringIO, serve: Serve, postgres: EmbeddedPostgres) -> None:
    dsn = postgres.dsn("nosuchdatabase", user="attack_login").replace("attack_login@", "attack_login:s3cret@")
    served = await serve(dsn, anon_role="attack_anon", log_level="debug")
    answer = await served.get("/things")
    assert answer.status == 503
    assert "s3cret" not in log.getvalue()
    assert b"s3cret" not in answer.body
