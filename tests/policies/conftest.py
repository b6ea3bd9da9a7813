"""Databases and folders of policy files for tests."""

from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gateway.embedded import EmbeddedPostgres
from gateway.migrations import migrate
from gateway.paths import schema_directory
from tests.cli.conftest import spawn  # noqa: F401
from tests.serving import serve  # noqa: F401

WriteFiles = Callable[[Mapping[str, str]], Path]

TODOS = """
create table public.todos (
  id bigserial primary key,
  user_id uuid not null,
  task text not null,
  done boolean not null default false
);
insert into public.todos (user_id, task)
select '11111111-1111-4111-8111-111111111111'::uuid, 'task ' || n from generate_series(1, 3) n;
"""

TODOS_FILE = """
table: public.todos
grants:
  authenticated: { select: all, insert: [task, user_id], update: [task, done], delete: all }
rows:
  - name: own
    to: authenticated
    for: all
    using: user_id = auth.uid()
    check: user_id = auth.uid()
"""


@pytest_asyncio.fixture(scope="session")
async def _gateway_template(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database policies_template")
    await migrate(postgres.dsn("policies_template"), schema_directory() / "gateway")
    yield "policies_template"
    await administrator.execute("drop database policies_template with (force)")
    await administrator.close()


@pytest_asyncio.fixture
async def policy_database(
    postgres: EmbeddedPostgres, _gateway_template: str, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """The owner's connection string of a database with the gateway's own objects and nothing else."""
    administrator = await asyncpg.connect(postgres.dsn())
    name = f"policies_{abs(hash(request.node.nodeid)):x}"
    await administrator.execute(f'create database "{name}" template "{_gateway_template}" strategy file_copy')
    yield postgres.dsn(name)
    await administrator.execute(f'drop database "{name}" with (force)')
    await administrator.close()


@pytest_asyncio.fixture
async def owner(policy_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to that database as its owner."""
    connection = await asyncpg.connect(policy_database)
    yield connection
    await connection.close()


@pytest.fixture
def files(tmp_path: Path) -> WriteFiles:
    """`files({"todos.yaml": text})` writes a set's files and returns its folder; called again, it adds to them."""
    folder = tmp_path / "policies"

    def write(documents: Mapping[str, str]) -> Path:
        for name, text in documents.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
        return folder

    return write
