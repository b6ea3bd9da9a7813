"""Policy files over the admin port, for those who hold its token."""

from __future__ import annotations

import json

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres, free_port
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles
from tests.serving import Serve, Served, asyncpg_database

TOKEN = "the token of the administrators"


@pytest.fixture
async def served(
    serve: Serve,
    postgres: EmbeddedPostgres,
    policy_database: str,
    owner: asyncpg.Connection,
    files: WriteFiles,
) -> Served:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    login = postgres.dsn(asyncpg_database(policy_database), user="authenticator")
    return await serve(login, owner_url=policy_database, policies_dir=folder, admin_port=free_port(), admin_token=TOKEN)


async def ask(
    served: Served, method: str, path: str, body: object = None, token: str | None = TOKEN
) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    async with served.client.request(method, served.gateway.admin_url + path, headers=headers, data=data) as response:
        return response.status, json.loads(await response.read())


async def test_list_check_plan_apply(served: Served, owner: asyncpg.Connection) -> None:
    status, listed = await ask(served, "GET", "/policies")
    assert (status, listed["tables"], listed["files"]) == (200, ["public.todos"], ["todos.yaml"])
    status, checked = await ask(served, "POST", "/policies/check")
    assert status == 200
    assert not [each for each in checked["problems"] if each["severity"] == "error"]
    status, planned = await ask(served, "POST", "/policies/plan")
    assert (status, planned["files"]) == (200, listed["digest"])
    assert any(each["words"].startswith("+ policy own") for each in planned["changes"])
    assert await owner.fetchval("select count(*) from pg_policy") == 0
    status, refused = await ask(served, "POST", "/policies/apply", {"plan": "0" * 16})
    assert (status, refused["code"]) == (409, "policy_plan_refused")
    status, _ = await ask(served, "POST", "/policies/apply", {"plan": planned["plan"], "person": "Marie"})
    assert status == 200
    assert await owner.fetchval("select count(*) from pg_policy") == 1
    assert await owner.fetchval("select person from passerelle.policy_applies") == "Marie"


async def test_files_with_errors_are_named(served: Served, files: WriteFiles) -> None:
    files({"todos.yaml": TODOS_FILE.replace("user_id = auth.uid()", "nope", 1)})
    status, answer = await ask(served, "POST", "/policies/plan")
    assert (status, answer["code"]) == (422, "policy_files_refused")
    assert [(each["file"], each["line"]) for each in answer["details"]] == [("todos.yaml", 8)]
    files({"todos.yaml": "table: [\n"})
    status, answer = await ask(served, "GET", "/policies")
    assert status == 422


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1]])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/policies"), ("POST", "/policies/plan"), ("POST", "/policies/apply")]
)
async def test_without_the_token_nothing_is_told(served: Served, method: str, path: str, token: str | None) -> None:
    status, answer = await ask(served, method, path, {}, token)
    assert (status, answer["code"]) == (401, "admin_token_required")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"\xff", b"{}", b'{"plan": 1}', b'{"plan": "x", "allow": ["nope"]}',
     b'{"plan": "x", "allow": "revoke"}', b'{"plan": "x", "more": 1}', b'{"plan": "x", "allow": [{}]}',
     b'{"plan": "x", "person": "a\\u0000b"}', b"[" * 100_000],
)  # fmt: skip
async def test_bodies_that_are_none(served: Served, body: bytes, owner: asyncpg.Connection) -> None:
    status, answer = await ask(served, "POST", "/policies/apply", body)
    assert (status, answer["code"]) == (400, "policy_request_invalid")
    assert await owner.fetchval("select count(*) from pg_policy") == 0


async def test_other_methods(served: Served) -> None:
    status, _ = await ask(served, "GET", "/policies/apply")
    assert status == 405


async def test_large_bodies(served: Served) -> None:
    """Refused as everywhere; and those that are read take no room for good."""
    limit = 16 * 1024 * 1024
    status, answer = await ask(served, "POST", "/policies/apply", b"x" * (limit + 1))
    assert (status, answer["code"]) == (413, "request_too_large")
    for _ in range(20):
        status, answer = await ask(served, "POST", "/policies/apply", b"x" * limit)
        assert (status, answer["code"]) == (400, "policy_request_invalid")


@pytest.mark.parametrize("path", ["/policies/plan", "/policies/check", "/policies/apply"])
async def test_a_database_that_fails(
    served: Served, owner: asyncpg.Connection, policy_database: str, path: str
) -> None:
    database = asyncpg_database(policy_database)
    body = {"plan": "x"} if path == "/policies/apply" else None
    await owner.execute(f"alter database {database} set statement_timeout = 1")
    status, answer = await ask(served, "POST", path, body)
    assert (status, answer["code"]) == (503, "policy_database_failed")
