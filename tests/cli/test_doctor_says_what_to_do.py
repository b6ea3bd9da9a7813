"""Each fault that doctor looks for, made on a real server, and what it says."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from gateway.commands.doctor import Finding, examine_database, examine_keys
from gateway.commands.keys import role_token
from gateway.database import refuse_server_version
from gateway.embedded import EmbeddedPostgres
from gateway.settings import Settings, load_settings
from tests.cli.command import Spawn

SECRET = "s" * 32
_numbers = itertools.count()


def settings(url: str, **values: Any) -> Settings:
    return load_settings({"PASSERELLE_DATABASE_URL": url}, options=values)


class Roles:
    """A login role and three roles of its own, so that tests of one cluster do not meet."""

    def __init__(self, owner: asyncpg.Connection, postgres: EmbeddedPostgres, database: str) -> None:
        mark = next(_numbers)
        self.login, self.anon, self.service = f"doc_login_{mark}", f"doc_anon_{mark}", f"doc_service_{mark}"
        self._owner = owner
        self._url = postgres.dsn(database, user=self.login)

    async def sql(self, text: str) -> None:
        names = {"login": self.login, "anon": self.anon, "service": self.service}
        await self._owner.execute(text.format(**names))

    async def findings(self, **values: Any) -> list[Finding]:
        found = settings(self._url, anon_role=self.anon, service_role=self.service, **values)
        return [finding async for finding in examine_database(found)]


@pytest_asyncio.fixture
async def roles(postgres: EmbeddedPostgres, database: str) -> AsyncIterator[Roles]:
    owner = await asyncpg.connect(database)
    name = await owner.fetchval("select current_database()")
    made = Roles(owner, postgres, name)
    await owner.execute(
        "do $$ begin create role authenticated nologin; exception when duplicate_object then null; end $$"
    )
    await made.sql(
        "create role {anon} nologin; create role {service} nologin bypassrls; create role {login} login noinherit;"
        "grant {anon}, {service}, authenticated to {login}"
    )
    yield made
    await made.sql("drop owned by {login}; drop role {login}, {anon}, {service}")
    await owner.close()


async def test_everything_in_order(roles: Roles) -> None:
    assert {finding.level for finding in await roles.findings()} == {"ok"}


@pytest.mark.parametrize(
    ("fault", "says", "remedy"),
    [
        ("alter role {login} superuser", "is a superuser", "Log in as an ordinary role"),
        ("alter role {login} bypassrls", "bypasses row security", "NOBYPASSRLS"),
        ("revoke {anon} from {login}", "may not become doc_anon", "GRANT doc_anon"),
        (
            "alter role {login} inherit; revoke {anon} from {login}; grant {anon} to {login} with inherit true",
            "without becoming it",
            "NOINHERIT",
        ),
    ],
)
async def test_faults_of_the_login_role(roles: Roles, fault: str, says: str, remedy: str) -> None:
    await roles.sql(fault)
    failures = [finding for finding in await roles.findings() if finding.level == "fail"]
    assert len(failures) == 1
    assert says in failures[0].text
    assert remedy in failures[0].remedy


async def test_missing_roles_and_schemas(roles: Roles) -> None:
    found = settings(
        roles._url, anon_role="no_such_anon", service_role=roles.service, schemas=("public", "no such schema")
    )
    failures = [finding async for finding in examine_database(found) if finding.level == "fail"]
    assert [failure.text for failure in failures] == [
        "Roles are missing: no_such_anon.",
        "The exposed schema 'no such schema' does not exist.",
    ]
    assert "passerelle migrate" in failures[0].remedy


async def test_databases_that_cannot_be_reached(postgres: EmbeddedPostgres) -> None:
    wrong_password = postgres.dsn(password="wrong", tcp=True)
    for url, says in (
        (wrong_password, "Correct user and password"),
        (postgres.dsn("no_such_database"), "Correct the database's name"),
        ("postgresql://u:hunter2@127.0.0.1:1/x", "Start PostgreSQL"),
        ("postgresql://u:hunter2@no-such-host.invalid/x", "Start PostgreSQL"),
    ):
        (finding,) = [finding async for finding in examine_database(settings(url))]
        assert finding.level == "fail"
        assert says in finding.remedy
        assert "hunter2" not in finding.text


@pytest.mark.parametrize(
    ("version", "refused"),
    [
        (140020, "too old"),
        (150008, "CVE-2024-10976"),
        (150009, None),
        (160004, "CVE-2024-10976"),
        (160005, None),
        (170000, "CVE-2024-10976"),
        (170001, None),
        (180000, None),
        (190000, None),
    ],
)
def test_versions(version: int, refused: str | None) -> None:
    reason = refuse_server_version(version)
    assert reason is None if refused is None else refused in (reason or "")


NOW = int(time.time())
YEARS = 10 * 365 * 86400


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, [("warn", "No JWT secret")]),
        ({"jwks": '{"keys": []}'}, [("ok", "keys to verify")]),
        ({"jwt_secret": SECRET}, [("ok", "keys to verify")]),
        ({"jwt_secret": SECRET, "anon_key": role_token("anon", SECRET, NOW)}, [("ok", ""), ("ok", "fits")]),
        (
            {"jwt_secret": SECRET, "anon_key": role_token("anon", "t" * 32, NOW)},
            [("ok", ""), ("fail", "was not made with")],
        ),
        (
            {"jwt_secret": SECRET, "anon_key": role_token("service_role", SECRET, NOW)},
            [("ok", ""), ("fail", "is a key for 'service_role', not 'anon'")],
        ),
        (
            {"jwt_secret": SECRET, "service_key": role_token("service_role", SECRET, NOW - 2 * YEARS)},
            [("ok", ""), ("fail", "has expired")],
        ),
        (
            {"jwt_secret": SECRET, "service_key": role_token("service_role", SECRET, NOW, 86400)},
            [("ok", ""), ("warn", "within a month")],
        ),
        ({"jwt_secret": SECRET, "service_key": "a.b.c"}, [("ok", ""), ("fail", "was not made with")]),
        ({"jwt_secret": SECRET, "service_key": "opaque"}, [("ok", "")]),
    ],
)
def test_keys(values: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = examine_keys(settings("postgresql://x", **values), NOW)
    assert len(found) == len(expected)
    for finding, (level, says) in zip(found, expected, strict=True):
        assert finding.level == level
        assert says in finding.text
        assert bool(finding.remedy) == (level != "ok")


def test_the_exit_code_is_the_verdict(spawn: Spawn, postgres: EmbeddedPostgres) -> None:
    superuser = spawn("doctor", environment={"PASSERELLE_DATABASE_URL": postgres.dsn()})
    assert superuser.finish() == 1
    assert "fail The login role postgres is a superuser" in superuser.text()
    assert "→ Log in as an ordinary role" in superuser.text()
