"""What goes wrong with a policy command is one line on standard error; standard output stays fit for programs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway.cli import app
from tests.cli.command import clean_environment
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles


def start(folder: Path, *arguments: object, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", "policies", *map(str, arguments)],
        cwd=folder,
        env={**clean_environment(), "PASSERELLE_OWNER_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As in a terminal; what runs in the background of a script ignores it, and hands that on.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )


def run(folder: Path, *arguments: object, url: str) -> tuple[int, str, str]:
    """In this process, in a thread without a loop of its own."""

    def invoke() -> Result:
        with chdir(folder):
            return CliRunner().invoke(app, ["policies", *map(str, arguments)], env={"PASSERELLE_OWNER_URL": url})

    with ThreadPoolExecutor(1) as threads:
        result = threads.submit(invoke).result()
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_json_or_nothing(files: WriteFiles, tmp_path: Path, command: str) -> None:
    folder = files({"todos.yaml": "table: [\n"})
    process = start(tmp_path, command, folder, "--json", url="postgresql://nobody@127.0.0.1:1/none")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert "todos.yaml:2:1: error P110" in err


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("postgresql://o:pass/word@host/db", 2, "PASSERELLE_OWNER_URL is no URL of a database"),
        ("postgresql://o:password@host:notaport/db", 2, "PASSERELLE_OWNER_URL is no URL of a database"),
        ("postgresql://o:password@127.0.0.1:1/db", 1, "cannot be reached: Connection refused"),
    ],
)
def test_urls(files: WriteFiles, tmp_path: Path, url: str, code: int, words: str) -> None:
    folder = files({"todos.yaml": TODOS_FILE})
    for command in ("plan", "apply"):
        found, out, err = run(tmp_path, command, folder, url=url)
        assert (found, out) == (code, "")
        assert words in err
        assert len(err.splitlines()) == 1
        assert "pass" not in err.replace("passerelle", "")


@pytest.mark.parametrize("command", ["plan", "apply", "drift", "check", "pull"])
async def test_a_database_that_fails(
    policy_database: str, owner: asyncpg.Connection, files: WriteFiles, tmp_path: Path, command: str
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    separator = "&" if "?" in policy_database else "?"
    url = f"{policy_database}{separator}options=-c%20statement_timeout%3D1"
    code, out, err = run(tmp_path, command, tmp_path / "new" if command == "pull" else folder, url=url)
    assert (code, out) == (1, "")
    assert "canceling statement due to statement timeout" in err
    assert len(err.splitlines()) == 1


def test_pulling_to_where_nothing_can_be_written(policy_database: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run(tmp_path, "pull", "file", url=policy_database)
    assert (code, err) == (1, "passerelle: file cannot be written: File exists\n")


async def test_interrupting(policy_database: str, owner: asyncpg.Connection, files: WriteFiles, tmp_path: Path) -> None:
    await owner.execute(TODOS)
    await owner.execute("begin; lock table todos")
    command = start(tmp_path, "apply", files({"todos.yaml": TODOS_FILE}), url=policy_database)
    deadline = time.monotonic() + 20
    waiting = "select count(*) from pg_locks where not granted and relation = 'public.todos'::regclass"
    while not await owner.fetchval(waiting):
        assert time.monotonic() < deadline
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=10)
    assert command.returncode == 130
    assert "Traceback" not in out + err
    await owner.execute("rollback")
    assert await owner.fetchval("select count(*) from pg_policy") == 0
