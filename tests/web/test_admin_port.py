"""The admin port: PostgREST's probes, and what only the holder of the token may see or do."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from gateway.errors import Unavailable
from gateway.web import AdminApplication, AdminSources, Condition, FailureLog, HttpServer, Readiness
from tests.web.serving import Running, json_logger

TOKEN = {"Authorization": "Bearer let-me-in"}
Admin = Callable[..., Awaitable[Running]]


@pytest_asyncio.fixture
async def admin() -> AsyncIterator[Admin]:
    servers: list[HttpServer] = []

    async def start(*, token: str | None = "let-me-in", **changes: Any) -> Running:
        async def reload() -> None:
            return None

        async def condition() -> Condition:
            return Condition(Readiness.READY)

        async def metrics() -> bytes:
            return b"up 1\n"

        sources = AdminSources(
            **{
                "live": lambda: True,
                "condition": condition,
                "metrics": metrics,
                "schema_cache": lambda: b'{"tables":[]}',
                "config": lambda: {"port": 1, "jwt_secret": "***"},
                "reload": reload,
                **changes,
            }
        )
        log = io.StringIO()
        server = HttpServer(AdminApplication(sources, FailureLog(json_logger(log)), token))
        servers.append(server)
        return Running(server, await server.listen_tcp("127.0.0.1", 0), log)

    yield start
    for server in servers:
        await server.stop(drain=0.2)


@pytest.mark.parametrize(
    ("live", "readiness", "live_status", "ready_status"),
    [
        (True, Readiness.READY, 200, 200),
        (True, Readiness.PENDING, 200, 503),
        (True, Readiness.FAILED, 200, 500),
        (False, Readiness.READY, 500, 500),
    ],
)
async def test_probes(admin: Admin, live: bool, readiness: Readiness, live_status: int, ready_status: int) -> None:
    async def condition() -> Condition:
        return Condition(readiness)

    running = await admin(live=lambda: live, condition=condition)
    for method in ("GET", "HEAD"):
        answer = await running.ask(method, "/live")
        assert (answer.status, answer.body) == (live_status, b"")
        answer = await running.ask(method, "/ready?verbose")
        assert (answer.status, answer.body) == (ready_status, b"")
        assert ("Retry-After" in answer) == (ready_status == 503)


@pytest.mark.parametrize(("readiness", "status"), [(Readiness.READY, 200), (Readiness.PENDING, 503)])
async def test_how_redis_is_decides_nothing(admin: Admin, readiness: Readiness, status: int) -> None:
    async def condition() -> Condition:
        return Condition(readiness, {"state": "down", "reason": "timeout"})

    running = await admin(condition=condition)
    answer = await running.ask("GET", "/ready")
    assert (answer.status, answer["Content-Type"]) == (status, "application/json; charset=utf-8")
    assert answer.json == {"status": readiness.name.lower(), "redis": {"state": "down", "reason": "timeout"}}
    answer = await running.ask("HEAD", "/ready")
    assert (answer.status, answer.body) == (status, b"")


async def test_metrics_need_no_token(admin: Admin) -> None:
    answer = await (await admin()).ask("GET", "/metrics")
    assert (answer.status, answer.body) == (200, b"up 1\n")
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "let-me-in"},
        {"Authorization": "Basic let-me-in"},
        {"Authorization": "Bearer"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/config"), ("POST", "/reload"), ("GET", "/schema_cache")])
async def test_protected_paths(admin: Admin, method: str, path: str, headers: dict[str, str]) -> None:
    called: list[str] = []

    async def reload() -> None:
        called.append("reload")

    running = await admin(reload=reload)
    answer = await running.ask(method, path, headers)
    assert (answer.status, answer.json["code"], answer["WWW-Authenticate"]) == (401, "admin_token_required", "Bearer")
    assert not called
    assert (await running.ask(method, path, TOKEN)).status == 200
    assert called == (["reload"] if path == "/reload" else [])


async def test_without_a_token_only_harmless_paths_work(admin: Admin) -> None:
    running = await admin(token=None)
    assert (await running.ask("GET", "/schema_cache")).json == {"tables": []}
    for method, path in (("GET", "/config"), ("POST", "/reload")):
        for headers in ({}, TOKEN, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
            answer = await running.ask(method, path, headers)
            assert answer.status == 401
            assert "PASSERELLE_ADMIN_TOKEN" in answer.json["hint"]


async def test_configuration(admin: Admin) -> None:
    running = await admin()
    assert (await running.ask("GET", "/config", TOKEN)).json == {"port": 1, "jwt_secret": "***"}


async def test_schema_cache_before_there_is_one(admin: Admin) -> None:
    running = await admin(schema_cache=lambda: None)
    answer = await running.ask("GET", "/schema_cache", TOKEN)
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("path", ["/", "/nothing", "/live/", "/config/x", "/%6Cive"])
async def test_other_paths_are_an_empty_404(admin: Admin, path: str) -> None:
    answer = await (await admin()).ask("GET", path)
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/live", "GET, HEAD"),
        ("DELETE", "/ready", "GET, HEAD"),
        ("GET", "/reload", "POST"),
        ("POST", "/config", "GET, HEAD"),
    ],
)
async def test_other_methods(admin: Admin, method: str, path: str, allowed: str) -> None:
    answer = await (await admin()).ask(method, path, TOKEN)
    assert (answer.status, answer["Allow"]) == (405, allowed)


async def test_a_reload_that_fails(admin: Admin) -> None:
    async def unreachable() -> None:
        raise Unavailable("PGRST002", "no database")

    async def broken() -> None:
        raise RuntimeError("inner secret")

    answer = await (await admin(reload=unreachable)).ask("POST", "/reload", TOKEN)
    assert (answer.status, answer.json["code"]) == (503, "PGRST002")
    running = await admin(reload=broken)
    answer = await running.ask("POST", "/reload", TOKEN)
    assert answer.status == 500
    assert b"inner secret" not in answer.body
    assert "inner secret" in running.log.getvalue()


async def test_no_path_is_open_to_cross_origin_pages(admin: Admin) -> None:
    running = await admin()
    answer = await running.ask("GET", "/config", {**TOKEN, "Origin": "http://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer


async def test_malformed_requests(admin: Admin) -> None:
    received = await (await admin()).raw(b"nonsense\r\n\r\n")
    assert received.startswith(b"HTTP/1.0 400")
    assert json.loads(received.partition(b"\r\n\r\n")[2])["code"] == "bad_request"
