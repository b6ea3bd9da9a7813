"""`serve` and `migrate` against a server of the user's own."""

from __future__ import annotations

import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from gateway.embedded import EmbeddedPostgres
from tests.cli.command import Spawn


def environment(hublib_database: str, port: int) -> dict[str, str]:
    url = hublib_database.replace("//postgres", "//authenticator").split("@")
    return {
        "PASSERELLE_DATABASE_URL": "postgresql://authenticator@" + url[-1],
        "PASSERELLE_PORT": str(port),
        "PASSERELLE_ADMIN_PORT": "off",
    }


def status(port: int, path: str = "/rest/v1/resources?limit=1") -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def eventually(port: int, wanted: int) -> None:
    """A worker that is killed takes the connections with it that it had accepted."""
    deadline = time.monotonic() + 30
    found: object = None
    while found != wanted:
        assert time.monotonic() < deadline, found
        try:
            found = status(port)
        except OSError as error:
            found = error
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_process(spawn: Spawn, hublib_database: str, port: int, number: signal.Signals) -> None:
    served = spawn("serve", environment=environment(hublib_database, port))
    served.wait_for(f"Listening on http://127.0.0.1:{port}")
    eventually(port, 200)
    served.process.send_signal(number)
    assert served.finish() == 0
    assert "Traceback" not in served.text()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_workers_share_the_port_and_are_replaced(spawn: Spawn, hublib_database: str, port: int) -> None:
    served = spawn("serve", "--workers", "2", environment=environment(hublib_database, port))
    served.wait_for("with 2 workers")
    eventually(port, 200)
    workers = children(served.process.pid)
    assert len(workers) == 2
    for victim in workers:
        before = set(children(served.process.pid))
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while len(set(children(served.process.pid)) - before) < 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        eventually(port, 200)
    served.process.send_signal(signal.SIGTERM)
    assert served.finish() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_said_in_words(spawn: Spawn, hublib_database: str, port: int, workers: str) -> None:
    first = spawn("serve", environment=environment(hublib_database, port))
    first.wait_for("Listening")
    second = spawn("serve", "--workers", workers, environment=environment(hublib_database, port))
    assert second.finish() == 1
    assert f"cannot listen on http://127.0.0.1:{port}: Address already in use." in second.text()
    assert "Traceback" not in second.text()


def test_a_postgrest_deployment_moves_over(spawn: Spawn, hublib_database: str, port: int, tmp_path: Path) -> None:
    conf = tmp_path / "postgrest.conf"
    url = environment(hublib_database, port)["PASSERELLE_DATABASE_URL"]
    conf.write_text(f'db-uri = "{url}"\ndb-anon-role = "anon"\nserver-host = "127.0.0.1"\nserver-port = {port}\n')
    served = spawn("serve", "--postgrest-config", str(conf))
    served.wait_for("Listening")
    eventually(port, 200)
    assert status(port, "/resources?limit=1") == 200


def test_migrate(spawn: Spawn, database: str, tmp_path: Path) -> None:
    owner = {"PASSERELLE_OWNER_URL": database}
    for arguments, expected in (
        (["--dry-run"], "would apply gateway/001_roles.sql"),
        (["--status"], "gateway/001_roles.sql: pending"),
        ([], "applied gateway/001_roles.sql"),
        ([], "gateway: nothing to do"),
        (["--status"], "gateway/001_roles.sql: applied 20"),
        (["hublib"], "applied hublib/001_"),
    ):
        command = spawn("migrate", *arguments, environment=owner)
        assert command.finish() == 0, command.text()
        assert expected in command.text()
    own = tmp_path / "mine"
    own.mkdir()
    (own / "001_broken.sql").write_text("select 1;\nselect nonsense;\n")
    broken = spawn("migrate", str(own), environment=owner)
    assert broken.finish() == 1
    assert "001_broken.sql" in broken.text()
    assert "Traceback" not in broken.text()


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "says"),
    [
        ([], {}, 2, "PASSERELLE_OWNER_URL is not set"),
        (["no_such_set"], {"PASSERELLE_OWNER_URL": "postgresql://x"}, 2, "there are no migrations 'no_such_set'"),
        ([], {"PASSERELLE_OWNER_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}, 1, "Connection refused"),
    ],
)
def test_migrate_that_cannot(
    spawn: Spawn, arguments: list[str], variables: dict[str, str], code: int, says: str
) -> None:
    command = spawn("migrate", *arguments, environment=variables)
    assert command.finish() == code
    assert says in command.text()
    assert "hunter2" not in command.text()
    assert "Traceback" not in command.text()


def test_the_servers_of_tests_are_not_touched(postgres: EmbeddedPostgres) -> None:
    assert postgres.running


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (("PASSERELLE_JWKS", "not a key set"), "expected a JSON object"),
        (("PASSERELLE_JWT_ROLE_CLAIM_KEY", "$["), "failed to parse the role claim key"),
        (("PASSERELLE_OPENAPI_SERVER_PROXY_URI", "nonsense"), "malformed proxy URI 'nonsense'"),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_setting_that_is_found_unusable_late_is_named_too(
    spawn: Spawn, hublib_database: str, setting: tuple[str, str], said: str, workers: str
) -> None:
    name, value = setting
    served = spawn("serve", "--workers", workers, environment={**environment(hublib_database, 0), name: value})
    code = served.finish()
    assert said in served.text()
    assert name in served.text()
    assert "Traceback" not in served.text()
    assert code == 2
