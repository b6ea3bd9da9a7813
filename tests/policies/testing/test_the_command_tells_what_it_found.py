"""`passerelle policies test`: what it prints, its exit code, and the file for CI."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import asyncpg
import pytest
import typer

from gateway.commands.policies.opening import Opened
from gateway.commands.policies.testing import run_test
from gateway.settings import Settings
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles

DEFAULTS = """
roles: [anon, authenticated]
personas:
  owner: { role: authenticated, sub: 11111111-1111-4111-8111-111111111111 }
  stranger: { role: authenticated, sub: 22222222-2222-4222-8222-222222222222 }
"""
TESTS = """
table: public.todos
rows:
  first: { table: public.todos, key: { id: 1 } }
  new:
    table: public.todos
    key: { id: 100 }
    values: { id: 100, user_id: 22222222-2222-4222-8222-222222222222, task: t }
matrix:
  - { row: first, select: [owner], update: { by: [owner], set: { task: x } }, delete: [owner] }
  - { insert: public.todos, values: { user_id: 11111111-1111-4111-8111-111111111111, task: t }, by: [owner] }
"""
WRONG = """
table: public.todos
tests:
  - { name: "a bell: \\x07", as: owner, select: { where: 1/0 = 1, rows: 0 } }
"""
COLUMNS = """
table: public.todos
tests:
  - as: owner
    update: { key: { id: 1 }, set: { id: 8 }, denied: '42501' }
  - as: owner
    insert: { values: { id: 7, user_id: 11111111-1111-4111-8111-111111111111, task: t }, denied: '42501' }
"""


class Command:
    """Runs the command and keeps what it printed."""

    def __init__(self, url: str, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._opened = Opened(folder, Settings.model_construct(), url)
        self._capture = capture

    def __call__(self, *, mutate: bool = False, keyword: str | None = None, junit: Path | None = None) -> int:
        try:
            run_test(self._opened, mutate=mutate, keyword=keyword, junit=junit, jobs=1)
        except typer.Exit as end:
            code = end.exit_code
        else:
            code = 0
        self.out, self.err = self._capture.readouterr()
        return code


@pytest.fixture
async def todos(policy_database: str, owner: asyncpg.Connection) -> str:
    await owner.execute(TODOS)
    await owner.close()
    return policy_database


@pytest.fixture
def command(todos: str, files: WriteFiles, capsys: pytest.CaptureFixture[str]) -> Command:
    folder = files({"defaults.yaml": DEFAULTS, "todos.yaml": TODOS_FILE, "tests/todos.yaml": TESTS})
    return Command(todos, folder, capsys)


def test_success_is_one_line(command: Command) -> None:
    assert command() == 0
    assert command.out.startswith("8 tests passed in ")
    assert command.out.count("\n") == 1


def test_failures_are_told_with_their_place(command: Command, files: WriteFiles) -> None:
    files({"todos.yaml": TODOS_FILE.replace("using: user_id = auth.uid()", "using: true")})
    assert command() == 1
    lines = command.out.splitlines()
    assert lines[:2] == [
        "tests/todos.yaml:9:19: failed: stranger may not select first",
        "    expected a refusal, but PostgreSQL answered: 1 row",
    ]
    assert lines[-1].startswith("2 failed, 6 passed in ")


def test_a_keyword_chooses(command: Command) -> None:
    assert command(keyword="STRANGER delete") == 0
    assert command.out.startswith("1 test passed")
    assert command(keyword="martian") == 2
    assert "none of the 8 tests matches 'martian'" in command.err


def test_junit_for_ci(command: Command, files: WriteFiles, tmp_path: Path) -> None:
    files(
        {
            "todos.yaml": TODOS_FILE.replace("using: user_id = auth.uid()", "using: true"),
            "tests/wrong.yaml": WRONG,
        }
    )
    assert command(junit=tmp_path / "report.xml") == 1
    suite = ET.fromstring((tmp_path / "report.xml").read_bytes())
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["9", "2", "1"]
    failure = suite.find("testcase[@name='stranger may not select first']/failure")
    assert failure is not None
    assert failure.get("message") == "expected a refusal, but PostgreSQL answered: 1 row"
    (broken,) = [case for case in suite.iter("testcase") if case.find("error") is not None]
    assert (broken.get("classname"), broken.get("line")) == ("tests/wrong.yaml", "3")
    assert command(junit=tmp_path / "missing" / "report.xml") == 1
    assert "cannot be written" in command.err


def test_survivors_are_told_with_a_hint(command: Command, files: WriteFiles) -> None:
    assert command(mutate=True) == 1
    lines = command.out.splitlines()
    assert lines[:2] == [
        "todos.yaml:3:33: survived: public.todos grant insert to authenticated: widened to all columns",
        "    → test that owner may not insert the columns done, id",
    ]
    assert lines[-1].startswith("11 of 13 mutants killed (84 %) by 8 tests in ")
    files({"tests/columns.yaml": COLUMNS})
    assert command(mutate=True) == 0, command.out
    assert command.out.startswith("13 of 13 mutants killed (100 %) by 10 tests in ")
    assert command(mutate=True, keyword="grant") == 0
    assert command.out.startswith("6 of 6 mutants killed (100 %) by 10 tests in ")


def test_a_set_that_does_not_fit_is_refused(command: Command, files: WriteFiles) -> None:
    files({"todos.yaml": TODOS_FILE.replace("using: user_id", "using: user_identity")})
    assert command() == 1
    assert 'P310: PostgreSQL refuses the expression: column "user_identity" does not exist' in command.err


def test_no_tests_are_no_success(command: Command, files: WriteFiles) -> None:
    files({"tests/todos.yaml": "tests: []"})
    assert command() == 2
    assert "has no tests" in command.err


def test_a_database_that_is_not_there(files: WriteFiles, capsys: pytest.CaptureFixture[str]) -> None:
    folder = files({"defaults.yaml": DEFAULTS, "todos.yaml": TODOS_FILE, "tests/todos.yaml": TESTS})
    command = Command("postgresql://nobody@127.0.0.1:1/nothing", folder, capsys)
    assert command() == 1
    assert "the tests could not be run" in command.err
