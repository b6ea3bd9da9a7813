"""`passerelle policies …` as an admin types it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.cli.command import Spawn
from tests.policies.conftest import TODOS, TODOS_FILE

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(policy_database: str) -> Run:
    """`run("plan", folder, …)`: exit code and output. In this process, in a thread without a loop of its own."""

    def invoke(*arguments: object) -> tuple[int, str]:
        environment = {"PASSERELLE_OWNER_URL": policy_database, "NO_COLOR": "1"}
        result = CliRunner().invoke(app, ["policies", *map(str, arguments)], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    def start(*arguments: object) -> tuple[int, str]:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(invoke, *arguments).result()

    return start


async def test_from_a_file_to_a_database_and_back(
    run: Run,
    owner: asyncpg.Connection,
    files: Callable[[dict[str, str]], Path],
    tmp_path: Path,
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    code, text = run("plan", folder, "--exit-code")
    assert code == 3, text
    assert "+ row security on: only rows that a policy lets through" in text
    assert "+ policy own: authenticated may read, insert, update and delete rows where user_id = auth.uid()" in text
    assert "+ authenticated may update done, task" in text
    (digest,) = re.findall(r"--plan (\w+)", text)
    code, text = run("apply", folder, "--plan", "0" * 16)
    assert code == 1
    assert f"this is plan {digest} now" in text
    code, text = run("apply", folder, "--plan", digest)
    assert (code, "Applied" in text) == (0, True), text
    code, text = run("plan", folder, "--exit-code")
    assert (code, text.splitlines()[1]) == (0, "Nothing to change: the database enforces what the files say.")
    assert json.loads(run("plan", folder, "--json")[1])["plan"] in text
    assert run("drift", folder) == (0, "No drift: the database enforces what the files say.\n")
    await owner.execute("create policy hole on todos using (true)")
    code, text = run("drift", folder)
    assert code == 3
    assert "the database was changed by other means since" in text
    assert "- policy hole: everybody may read, insert, update and delete rows where true" in text
    code, text = run("apply", folder)
    assert code == 1
    assert "--allow drop-policy" in text
    assert run("apply", folder, "--allow", "drop-policy")[0] == 0
    code, text = run("history")
    assert re.search(r"(?m)^2  20\d\d-.*plan \w{16}\n   public.todos: - policy hole", text), text
    pulled = tmp_path / "pulled"
    code, text = run("pull", pulled)
    assert (code, "Nothing to change" in text) == (0, True), text
    assert run("plan", pulled, "--exit-code")[0] == 0
    code, text = run("pull", pulled)
    assert (code, "--force" in text) == (1, True)
    assert json.loads(run("schema")[1])["$schema"].startswith("https://json-schema.org/")


async def test_mistakes_are_shown_where_they_are(
    run: Run,
    owner: asyncpg.Connection,
    files: Callable[[dict[str, str]], Path],
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE.replace("using: user_id", "using: usr_id")})
    for command in ("check", "plan", "apply"):
        code, text = run(command, folder)
        assert code == 1, text
        assert re.search(r"todos.yaml:\d+:12: error P310: .*column \"usr_id\" does not exist", text), text
        assert "|     using: usr_id = auth.uid()\n         |            ^" in text, text
    files({"todos.yaml": "table: todos\ngrant: {}\n"})
    code, text = run("check", folder, "--offline")
    assert code == 1
    assert re.search(r"todos.yaml:2:1: error P1\d\d: ", text), text
    assert "Did you mean grants?" in text or "grants" in text
    listed = json.loads(run("check", folder, "--offline", "--json")[1])
    assert next((each["file"], each["line"], each["column"]) for each in listed) == ("todos.yaml", 2, 1)


def test_what_is_missing_is_said(spawn: Spawn, tmp_path: Path) -> None:
    command = spawn("policies", "plan")
    assert command.finish() == 2
    assert "say which folder of policy files" in command.text()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "t.yaml").write_text("table: t\n")
    command = spawn("policies", "plan", "set")
    assert command.finish() == 2
    assert "PASSERELLE_OWNER_URL is not set" in command.text()
    command = spawn("policies", "plan", "set", environment={"PASSERELLE_OWNER_URL": "postgresql://x@127.0.0.1:1/x"})
    assert command.finish() == 1
    assert "cannot be reached" in command.text()
    assert "Traceback" not in command.text()
    command = spawn("policies", "apply", "set", "--allow", "everything")
    assert command.finish() == 2
    assert "--allow takes drop-policy, replace-policy, revoke, disable-row-security or all" in command.text()


@pytest.mark.parametrize(
    "command", ["check", "plan", "apply", "drift", "pull", "history", "schema", "test", "explain", "footprint"]
)
def test_each_command_explains_itself(spawn: Spawn, command: str) -> None:
    shown = spawn("policies", command, "--help")
    assert shown.finish() == 0
    general = spawn("policies", "--help")
    general.finish()
    assert f"  {command} " in general.text()
    assert "..." not in general.text().split("Commands:")[1], "a line is too long for the list"


async def test_footprints_name_what_decides(
    run: Run, owner: asyncpg.Connection, files: Callable[[dict[str, str]], Path]
) -> None:
    await owner.execute(TODOS + "create function opaque() returns integer language plpgsql as 'begin return 1; end'")
    function = "function: opaque\nexecute: [authenticated]\n"
    folder = files({"todos.yaml": TODOS_FILE, "functions.yaml": function})
    assert run("apply", folder)[0] == 0
    code, text = run("footprint", folder)
    assert code == 0, text
    assert "  read by authenticated: by claims {sub}\n      tables: public.todos\n      functions: auth.uid" in text
    assert "  called by authenticated: never: function public.opaque" in text
    files({"functions.yaml": function + "reads: { tables: [public.todos], claims: [org], clock: 1m }\n"})
    await owner.execute("alter function opaque() stable")
    code, text = run("footprint", folder, "--table", "todos", "--json")
    assert {entry["what"]: entry["claims"] for entry in json.loads(text)} == {
        "read by authenticated": ["sub"],
        "policy own": ["sub"],
    }
    assert "called by authenticated: by claims {org, sub}, for 60 s" in run("footprint", folder)[1]
    assert run("footprint", folder, "--table", "nope")[0] == 1


async def test_a_plan_reminds_of_dangers(
    run: Run, owner: asyncpg.Connection, files: Callable[[dict[str, str]], Path]
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    assert "Dangerous" not in run("plan", folder)[1]
    files({"todos.yaml": "table: todos\nrow_security: false\ngrants: { anon: { select: all, delete: all } }\n"})
    code, text = run("plan", folder)
    assert code == 0
    assert "Dangerous: 1 error in what would be in force. See passerelle policies check" in text


async def test_tables_that_no_file_names_are_looked_at_too(
    run: Run, owner: asyncpg.Connection, files: Callable[[dict[str, str]], Path]
) -> None:
    await owner.execute(TODOS + "create table open (id integer); grant all on open to anon")
    folder = files({"todos.yaml": TODOS_FILE})
    code, text = run("check", folder)
    assert code == 1
    assert "public.open: error L001: anon may select, insert, update and delete every row of public.open" in text
