"""A large set of policy files: how long do the commands take? Alone: `python -m benchmarks.policies`.

Each step is a process of its own, as an admin runs it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg

from gateway.embedded import EmbeddedPostgres, remove_directory
from gateway.migrations import migrate
from gateway.paths import schema_directory

_DATABASE = "policies_benchmark"


def main() -> None:
    """Make the tables and the files, then time the commands on them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.policies", description=__doc__)
    parser.add_argument("--tables", type=int, default=500, help="tables, with four policies each (default 500)")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="passerelle-bench-"))
    directory.chmod(0o755)
    try:
        with EmbeddedPostgres(directory / "postgres", durability=False) as server:
            measure(server, directory / "policies", options.tables)
    finally:
        remove_directory(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


def measure(server: EmbeddedPostgres, folder: Path, tables: int = 500) -> None:
    """Print how long each command takes with so many tables, in a database of its own."""
    dsn = server.dsn(_DATABASE)
    asyncio.run(_database(server.dsn()))
    asyncio.run(_tables(dsn, tables))
    _files(folder, tables)
    print(f"\npolicy files: {tables} tables, {4 * tables} policies")
    for name, command in (
        ("check, no database", ("check", "--offline")),
        ("check", ("check",)),
        ("plan, everything new", ("plan",)),
        ("apply", ("apply",)),
        ("plan, nothing to do", ("plan",)),
    ):
        print(f"  {name:24}{_run(folder, dsn, *command):6.2f} s", flush=True)


async def _database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"create database {_DATABASE}")
    await connection.close()


async def _tables(dsn: str, count: int) -> None:
    await migrate(dsn, schema_directory() / "gateway")
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "create function public.in_team(team integer) returns boolean language sql stable security definer "
        "set search_path = '' as $$ select team > 0 and auth.uid() is not null $$"
    )
    for number in range(count):
        await connection.execute(
            f"create table public.t{number} (id integer generated always as identity primary key, "
            f"user_id uuid not null, team integer references public.t{number // 2} on delete cascade, title text, "
            "body text, visible boolean not null default false, tags text[], "
            "created_at timestamptz not null default now());"
            f"create index on public.t{number} (user_id)"
            if number
            else "create table public.t0 (id integer primary key, user_id uuid, team integer, title text, body text, "
            "visible boolean, tags text[], created_at timestamptz)"
        )
    await connection.close()


def _files(folder: Path, count: int) -> None:
    folder.mkdir()
    (folder / "defaults.yaml").write_text("predicates: { mine: user_id = auth.uid() }\n")
    (folder / "functions.yaml").write_text("function: public.in_team(integer)\nexecute: [anon, authenticated]\n")
    for number in range(count):
        above = number // 2 if number else 1  # a policy that read its own table would never end
        (folder / f"t{number}.yaml").write_text(
            f"""table: public.t{number}
grants:
  anon: {{ select: [id, title, created_at] }}
  authenticated: {{ select: all, insert: [user_id, team, title, body, tags], update: [title, body], delete: all }}
rows:
  - name: reachable
    to: [anon, authenticated]
    for: select
    using: visible or $mine or public.in_team(team) and created_at < now()
  - name: own_insert
    to: authenticated
    for: insert
    check: $mine and (team is null or exists (select from public.t{above} as above where above.id = team))
  - name: own_update
    to: authenticated
    for: update
    using: $mine
    check: $mine and coalesce(cardinality(tags), 0) <= 10
  - name: own_delete
    to: authenticated
    for: delete
    using: $mine and not visible
tests:
  - name: nobody inserts for others
    as: {{ role: authenticated, sub: 11111111-1111-4111-8111-111111111111 }}
    insert: {{ values: {{ user_id: 22222222-2222-4222-8222-222222222222 }}, denied: '42501' }}
"""
        )


def _run(folder: Path, dsn: str, command: str, *options: str) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "policies", command, str(folder), *options],
        env={**os.environ, "PASSERELLE_OWNER_URL": dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.perf_counter() - started
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise SystemExit(done.stdout[-2000:] + done.stderr)
    return spent


if __name__ == "__main__":
    main()
