"""Neither for the next probe, nor in the database, nor on the server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres
from gateway.policies.model import Expected, Expression, Outcome
from gateway.policies.problems import Place
from gateway.policies.testing import Verdict, run_mutants, run_tests
from gateway.policies.testing.clone import ground
from tests.policies.testing.conftest import Try, WriteSet

IMPOSTORS = """
table: public.notes
tests:
  - { name: first, as: marie, select: { rows: 2 } }
  - { name: changes who it is, as: marie, call: { function: public.become_somebody_else, allowed: true } }
  - { name: is marie again, as: marie, select: { rows: 2 } }
  - { name: is marie for updates, as: marie, update: { set: { title: x }, rows: 1 } }
  - { name: changes it while it reads, as: visitor, select: { where: public.become_somebody_else(), rows: 0 } }
  - { name: is a visitor again, as: visitor, select: { columns: [owner], denied: '42501' } }
  - { name: cannot write, as: visitor, update: { set: { title: x }, denied: '42501' } }
  - { name: karim is himself, as: karim, select: { rows: 2 } }
  - { name: nobody is nobody, as: nobody_yet, select: { rows: 0 } }
  - { name: claims are gone, as: visitor, select: { where: auth.uid() is not null, rows: 0 } }
"""


async def test_a_probe_cannot_change_the_identity_of_the_next(attempt: Try) -> None:
    failed = {each.probe.name: str(each) for each in await attempt(IMPOSTORS) if not each.passed}
    # There is no row for which this one could fail, because the owner has the visitor's claims and nobody else's.
    assert failed.pop("claims are gone").endswith("whatever the policies say")
    assert failed == {}


async def test_settings_of_the_database_do_not_make_somebody(notes: str, write_set: WriteSet) -> None:
    """A copy has them, too: policies may ask for others of them."""
    connection = await asyncpg.connect(notes)
    name = await connection.fetchval("select current_database()")
    for setting, value in (
        ("request.jwt.claim.sub", "22222222-2222-4222-8222-222222222222"),
        ("request.jwt.claims", '{"sub": "22222222-2222-4222-8222-222222222222"}'),
        ("app.greeting", "hello, world"),
    ):
        await connection.execute(f'alter database "{name}" set "{setting}" = \'{value}\'')
    await connection.close()
    policy_set = write_set("""
        table: public.notes
        tests:
          - { as: marie, select: { rows: 2 } }
          - { as: marie, select: { where: id = 1, rows: 1 } }
          - { as: marie, select: { where: "current_setting('app.greeting') = 'hello, world'", rows: 2 } }
        """)
    report = await run_tests(notes, policy_set, policy_set.probes)
    assert [str(result) for result in report.results if not result.passed] == []


WRITES = """
table: public.notes
rows:
  of_marie: { table: public.notes, key: { id: 1 } }
  new: { table: public.notes, key: { id: 9 }, values: { id: 9, owner: 11111111-1111-4111-8111-111111111111 } }
matrix:
  - { row: of_marie, select: [marie], update: { by: [marie], set: { title: x } }, delete: [marie] }
  - { row: new, select: [marie], update: { by: [marie], set: { title: y } }, delete: [marie] }
  - { insert: public.notes, values: { id: 5, owner: 11111111-1111-4111-8111-111111111111 }, by: [marie] }
  - { insert: public.notes, values: { id: 5, owner: 11111111-1111-4111-8111-111111111111 }, by: [marie] }
"""


async def test_what_a_probe_writes_is_gone_for_the_next(attempt: Try) -> None:
    assert [str(result) for result in await attempt(WRITES) if not result.passed] == []


async def everything(connection: asyncpg.Connection) -> list[object]:
    """Rows, rules and privileges of the notes."""
    queries = (
        "select * from public.notes order by id",
        "select * from public.shares order by 1, 2",
        "select * from pg_policies order by policyname, tablename",
        "select relname, relacl::text, relrowsecurity from pg_class where oid > 16384 order by oid",
        "select attrelid, attname, attacl::text from pg_attribute where attacl is not null order by 1, 2",
        "select proname, proacl::text from pg_proc where pronamespace = 'public'::regnamespace order by 1",
        "select count(*) from passerelle.policy_applies",
    )
    return [tuple(row) for query in queries for row in await connection.fetch(query)]


async def databases(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch("select datname from pg_database where datname like 'passerelle\\_%'")
    return {row["datname"] for row in rows}


@pytest.mark.parametrize("in_use", [False, True], ids=["on a copy", "in the database itself"])
async def test_nothing_remains_in_the_database(notes: str, write_set: WriteSet, in_use: bool) -> None:
    policy_set = write_set(WRITES)
    watching = await asyncpg.connect(notes)
    before = await everything(watching)
    if not in_use:
        await watching.close()
    tested = await run_tests(notes, policy_set, policy_set.probes)
    mutated = await run_mutants(notes, policy_set, lambda done, total: None)
    for report in (tested, mutated):
        assert report.passed
        assert report.note == ("others are connected to it" if in_use else None)
    assert mutated.trials
    if not in_use:
        watching = await asyncpg.connect(notes)
    assert await everything(watching) == before
    assert await databases(watching) == set()
    await watching.close()


@pytest.mark.parametrize(
    "text",
    [
        "true); drop table public.shares cascade; --",
        "true\n); drop table public.shares cascade; select (true",
        "true\n); commit; drop table public.shares cascade; begin; select (true",
    ],
)
async def test_hostile_conditions_run_no_second_statement(notes: str, write_set: WriteSet, text: str) -> None:
    """The reader of files refuses such a text; here it comes past it, to the database itself."""
    policy_set = write_set("table: public.notes\ntests: [{ as: marie, select: { where: true, rows: 2 } }]")
    (probe,) = policy_set.probes
    where = Expression(text, text, ((0, Place("tests/all.yaml")),))
    hostile = [
        replace(probe, action=replace(probe.action, verb=verb, where=where, values=values), expected=expected)
        for verb, values in (("select", {}), ("update", {"title": "x"}), ("delete", {}))
        for expected in (Expected(Outcome.SOME), Expected(Outcome.ALL))
    ]
    watching = await asyncpg.connect(notes)
    report = await run_tests(notes, policy_set, [*hostile, probe])
    assert [result.verdict for result in report.results] == [*[Verdict.BROKEN] * len(hostile), Verdict.PASSED]
    assert all("(42601)" in result.message for result in report.results[:-1])
    assert await watching.fetchval("select count(*) from public.shares") == 1
    await watching.close()


RUN = """
import asyncio, signal, sys
from gateway.policies.testing.clone import ground

async def main():
    async with ground(sys.argv[1], 2) as found:
        print(found.note, flush=True)
        await asyncio.sleep(60)

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever runs the tests may ignore it
asyncio.run(main())
"""


def start(url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", RUN, url], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert process.stdout is not None
    assert process.stdout.readline() == "None\n"
    return process


async def gone(administrator: asyncpg.Connection, process: subprocess.Popen[str]) -> None:
    """Wait until the server has noticed that a process is dead."""
    for _ in range(200):
        count = await administrator.fetchval("select count(*) from pg_locks where locktype = 'advisory'")
        if count == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the sessions of {process.pid} live on")


async def test_copies_of_a_killed_run_are_dropped_by_the_next(notes: str, postgres: EmbeddedPostgres) -> None:
    administrator = await asyncpg.connect(postgres.dsn())
    killed = start(notes)
    left = await databases(administrator)
    assert len(left) == 2
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    await gone(administrator, killed)
    assert await databases(administrator) == left
    async with ground(notes):
        during = await databases(administrator)
        assert len(during) == 1
        assert not during & left
    assert await databases(administrator) == set()
    await administrator.close()


async def test_copies_of_a_living_run_are_left_alone(notes: str, postgres: EmbeddedPostgres) -> None:
    administrator = await asyncpg.connect(postgres.dsn())
    living = start(notes)
    try:
        theirs = await databases(administrator)
        async with ground(notes):
            assert theirs < await databases(administrator)
        assert await databases(administrator) == theirs
    finally:
        living.send_signal(signal.SIGINT)
        living.wait()
    # Ctrl-C cleans up at once.
    assert await databases(administrator) == set()
    await administrator.close()


async def test_databases_of_others_are_never_dropped(notes: str, postgres: EmbeddedPostgres) -> None:
    administrator = await asyncpg.connect(postgres.dsn())
    names = ("passerelle_test", "passerelle_test_x_1", "passerelle_test_1_1_backup", f"passerelle_{os.getpid()}")
    for name in names:
        await administrator.execute(f'create database "{name}"')
    try:
        async with ground(notes):
            pass
        assert await databases(administrator) == set(names)
    finally:
        for name in names:
            await administrator.execute(f'drop database "{name}"')
        await administrator.close()
