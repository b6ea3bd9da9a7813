"""`passerelle policies explain` as an admin types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from gateway.cli.policies import app
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles

Explain = Callable[..., tuple[int, str]]

PERSONAS = """
personas:
  marie: { role: authenticated, sub: 11111111-1111-4111-8111-111111111111 }
  stranger: { role: authenticated, sub: 22222222-2222-4222-8222-222222222222 }
"""
ENFORCED = """
alter table todos enable row level security;
grant select, delete on todos to authenticated;
grant select on todos to anon;
create policy own on todos to authenticated using (user_id = (select auth.uid()));
"""


@pytest_asyncio.fixture
async def explain(
    policy_database: str, owner: asyncpg.Connection, files: WriteFiles, monkeypatch: pytest.MonkeyPatch
) -> Explain:
    """`explain("todos", "--as", "marie", …)`: exit code and output."""
    await owner.execute(TODOS)
    await owner.execute(ENFORCED)
    folder = files({"todos.yaml": TODOS_FILE, "defaults.yaml": PERSONAS})

    def start(*arguments: str, given: Path = folder) -> tuple[int, str]:
        monkeypatch.setenv("PASSERELLE_OWNER_URL", policy_database)
        monkeypatch.setenv("PASSERELLE_POLICIES_DIR", str(given))
        result = CliRunner().invoke(app, ["explain", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return start


def test_a_row(explain: Explain) -> None:
    code, text = explain("todos", "--as", "stranger", "--key", "id=1")
    assert code == 0
    assert text == (
        """\
public.todos row id=1: visible to stranger? NO
  stranger is role authenticated, sub 22222222-2222-4222-8222-222222222222
  row: user_id=11111111-1111-4111-8111-111111111111
  ✓ grant: authenticated may select (all columns)
  ✗ the row by the policies for select (using)
    ✗ own (todos.yaml:5): user_id = ( SELECT auth.uid() AS uid)
  ✗ tried as authenticated, and undone: no row
"""
    )


def test_a_row_as_the_files_would_have_it(explain: Explain) -> None:
    arguments = ("public.todos", "--as", "marie", "--verb", "update", "--key", "id=1", "--set", '{"task": "new"}')
    code, text = explain(*arguments, "--json")
    (found,) = json.loads(text)
    assert (code, found["answer"], found["privileges"][0]["missing"]) == (0, "false", ["task"])
    code, text = explain(*arguments, "--files", "--json")
    (found,) = json.loads(text)
    assert (code, found["answer"], found["agrees"], found["new_row"]["task"]) == (0, "true", True, "new")


def test_a_request(explain: Explain) -> None:
    code, text = explain("--role", "anon", "--query", "/rest/v1/todos?select=id,task&done=is.false&limit=1")
    assert code == 0
    assert text.startswith("as anon, role anon\npublic.todos — the rows asked for\n")
    assert "✗ row security is on and no permissive policy for select is for anon: no rows" in text
    assert "rows: 0 visible of 3" in text
    assert "  $1 = '1'" in text
    code, text = explain("--as", "marie", "--query", "todos?select=id", "--json")
    found = json.loads(text)
    assert (found["relations"][0]["visible"], found["relations"][0]["total"]) == (3, 3)
    assert 'FROM "public"."todos"' in found["sql"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("todos", "--key", "id=1"), 2, "say who asks: --as PERSONA, or --role ROLE"),
        (("todos", "--as", "marie"), 2, "say which row: --key column=value, or --where SQL"),
        (("todos", "--as", "nobody", "--key", "id=1"), 2, "no persona and no role 'nobody'; personas: marie, stranger"),
        (("todos", "--as", "marie", "--key", "id"), 2, "--key takes column=value, not 'id'"),
        (
            ("todos", "--as", "marie", "--verb", "read", "--key", "id=1"),
            2,
            "--verb takes select, insert, update, delete",
        ),
        (("todos", "--as", "marie", "--verb", "insert", "--set", "[1]"), 2, "--set takes a JSON object"),
        (("todos", "--as", "marie", "--key", "id=1", "--set", "{}x"), 2, "--set is no JSON"),
        (("todos", "--role", "anon", "--claims", "no", "--key", "id=1"), 2, "--claims is no JSON"),
        (("Todos", "--as", "marie", "--key", "id=1"), 2, "is no table's name"),
        (("todos", "--as", "marie", "--key", "id=77"), 1, "public.todos has no such row"),
        (("todo", "--as", "marie", "--key", "id=1"), 1, "there is no table public.todo"),
        (("--as", "marie", "--query", "/rest/v1/todos?select=nope(*)"), 1, "PGRST200"),
    ],
)
def test_what_is_asked_wrongly_is_answered_with_advice(
    explain: Explain, arguments: tuple[str, ...], code: int, says: str
) -> None:
    found, text = explain(*arguments)
    assert (found, says in text) == (code, True), text
    assert "Traceback" not in text


def test_files_with_errors_are_done_without(explain: Explain, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "todos.yaml").write_text("table: public.todos\nrow: []\n", "utf-8")
    code, text = explain("todos", "--role", "anon", "--key", "id=1", given=broken)
    assert code == 0
    assert "warning: the files of" in text
    assert "visible to anon? NO" in text
    code, text = explain("todos", "--role", "anon", "--key", "id=1", "--files", given=broken)
    assert code == 1
    assert "todos.yaml:2" in text
