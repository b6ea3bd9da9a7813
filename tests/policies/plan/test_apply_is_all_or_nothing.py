"""Promises of `apply`: one transaction, the plan that was looked at, and no loss that nobody allowed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.policies import PolicyError, PolicySet, apply_set, make_plan, read_set
from gateway.policies.database import read_state
from gateway.policies.model import Expression
from gateway.policies.plan import Application, ApplyError, Loss, LossRefused, PlanOutdated, lines
from gateway.policies.plan.errors import Locked, NotAchieved, NotInstalled, StatementFailed
from tests.cli.command import clean_environment
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles

MARIE = "11111111-1111-4111-8111-111111111111"
KARIM = "22222222-2222-4222-8222-222222222222"
NOTES = "create table public.notes (id integer primary key, user_id uuid, body text)"
NOTES_FILE = TODOS_FILE.replace("todos", "notes").replace("task, user_id", "id, body").replace("task, done", "body")


async def seen_by(connection: asyncpg.Connection, sub: str | None, query: str = "select * from public.todos") -> int:
    """How many rows somebody gets; -1 if it is refused."""
    claims = {"role": "authenticated", "sub": sub} if sub else {"role": "anon"}
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("select set_config('request.jwt.claims', $1, true)", json.dumps(claims))
        await connection.execute(f"set local role {claims['role']}")
        return len(await connection.fetch(query))
    except asyncpg.InsufficientPrivilegeError:
        return -1
    finally:
        await transaction.rollback()


async def apply(connection: asyncpg.Connection, folder: Path | PolicySet, **options: object) -> list[str]:
    policy_set = read_set(folder) if isinstance(folder, Path) else folder
    plan = await apply_set(connection, Application(policy_set, "test", **options))  # type: ignore[arg-type]
    return lines(plan.changes)


async def enforced(connection: asyncpg.Connection) -> Mapping[str, object]:
    """Everything the files rule, to compare before and after."""
    state = await read_state(connection)
    return {
        str(name): (relation.row_security, relation.policies, sorted(relation.grants.items(), key=str))
        for name, relation in state.relations.items()
        if name.schema == "public"
    }


async def test_files_become_row_security(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    await apply(owner, files({"todos.yaml": TODOS_FILE}))
    assert await seen_by(owner, MARIE) == 3
    assert await seen_by(owner, KARIM) == 0
    assert await seen_by(owner, None) == -1
    inserted = "insert into todos (user_id, task) values ($$%s$$, 'x') returning task"
    assert await seen_by(owner, MARIE, inserted % MARIE) == 1, "and may use the sequence"
    assert await seen_by(owner, MARIE, inserted % KARIM) == -1
    assert (await make_plan(owner, read_set(files({})))).changes == ()


async def test_calls_run_once_for_a_statement(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    await apply(owner, files({"todos.yaml": TODOS_FILE}))
    assert await owner.fetchval("select pg_get_expr(polqual, polrelid) from pg_policy") == (
        "(user_id = ( SELECT auth.uid() AS uid))"
    )


async def test_a_table_without_a_file_has_no_grants(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS + NOTES)
    await owner.execute("grant select on notes to anon, authenticated; grant all on notes to service_role")
    folder = files({"todos.yaml": TODOS_FILE})
    with pytest.raises(LossRefused, match=r"(?s)public.notes: - anon may no longer read.*--allow revoke"):
        await apply(owner, folder)
    assert await seen_by(owner, None, "select * from public.notes") == 0
    await apply(owner, folder, allow=[Loss.REVOKE])
    assert await seen_by(owner, None, "select * from public.notes") == -1
    assert await owner.fetchval("select has_table_privilege('service_role', 'notes', 'delete')")


async def test_what_files_made_they_may_take_away(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS + NOTES)
    folder = files({"todos.yaml": TODOS_FILE, "notes.yaml": NOTES_FILE})
    await apply(owner, folder)
    (folder / "notes.yaml").unlink()
    said = await apply(owner, folder)
    assert "public.notes: - authenticated may no longer read, delete" in said
    assert await seen_by(owner, MARIE, "select * from public.notes") == -1


@pytest.mark.parametrize(
    ("made_by_hand", "loss"),
    [
        ("create policy other on todos for select using (true)", Loss.DROP_POLICY),
        ("create policy own on todos for select using (true)", Loss.REPLACE_POLICY),
        (
            (
                "create function public.f() returns integer language sql as 'select 1';"
                "grant execute on function public.f() to anon"
            ),
            Loss.REVOKE,
        ),
    ],
)
async def test_hand_work_is_not_lost_by_accident(
    owner: asyncpg.Connection, files: WriteFiles, made_by_hand: str, loss: Loss
) -> None:
    await owner.execute(TODOS)
    await owner.execute(made_by_hand)
    before = await enforced(owner)
    with pytest.raises(LossRefused) as refused:
        await apply(owner, files({"todos.yaml": TODOS_FILE}))
    assert refused.value.losses == {loss}
    assert await enforced(owner) == before
    await apply(owner, files({}), allow=[loss])
    assert (await make_plan(owner, read_set(files({})))).changes == ()


async def test_switching_row_security_off_must_be_allowed(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    await apply(owner, files({"todos.yaml": TODOS_FILE}))
    off = files({"todos.yaml": "table: todos\nrow_security: false\ngrants: { anon: { select: all } }\n"})
    with pytest.raises(LossRefused) as refused:
        await apply(owner, off)
    assert refused.value.losses == {Loss.DISABLE_ROW_SECURITY}
    await apply(owner, off, allow=[Loss.DISABLE_ROW_SECURITY])
    assert await seen_by(owner, None) == 3


async def test_trusted_roles_keep_what_the_public_loses(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute("alter default privileges in schema public revoke all on functions from service_role")
    await owner.execute("create function public.f() returns integer language sql as 'select 1'")
    await apply(owner, files({"functions.yaml": "function: public.f()\nexecute: [authenticated]\n"}))
    may = "select has_function_privilege($1, 'public.f()', 'execute')"
    allowed = {role: await owner.fetchval(may, role) for role in ("anon", "authenticated", "service_role")}
    assert allowed == {"anon": False, "authenticated": True, "service_role": True}


async def test_another_plan_than_the_one_looked_at_is_refused(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    looked_at = (await make_plan(owner, read_set(folder))).digest
    await owner.execute("grant select (task) on todos to anon")
    with pytest.raises(PlanOutdated):
        await apply(owner, folder, expected=looked_at)
    looked_at = (await make_plan(owner, read_set(folder))).digest
    files({"todos.yaml": TODOS_FILE + "description: another file\n"})
    with pytest.raises(PlanOutdated):
        await apply(owner, folder, expected=looked_at)
    await apply(owner, folder, expected=(await make_plan(owner, read_set(folder))).digest)


async def test_two_admins_never_mix(policy_database: str, owner: asyncpg.Connection, tmp_path: Path) -> None:
    """Both looked at their own plan; whoever comes second is refused, and only one admin's rules hold."""
    await owner.execute(TODOS + NOTES)
    sets: list[PolicySet] = []
    for column in ("task", "done"):
        folder = tmp_path / column
        folder.mkdir()
        for table in ("todos", "notes"):
            text = "grants: { anon: { select: [%s] } }\nrows: [{ name: r, to: anon, for: select, using: true }]\n"
            chosen = column if table == "todos" else {"task": "body", "done": "id"}[column]
            (folder / f"{table}.yaml").write_text(f"table: {table}\n" + text % chosen)
        sets.append(read_set(folder))
    connections = [await asyncpg.connect(policy_database) for _ in sets]
    plans = [await make_plan(c, s) for c, s in zip(connections, sets, strict=True)]
    outcomes = await asyncio.gather(
        *(apply(c, s, expected=p.digest) for c, s, p in zip(connections, sets, plans, strict=True)),
        return_exceptions=True,
    )
    for connection in connections:
        await connection.close()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["PlanOutdated", "list"]
    granted = {
        tuple(row)
        for row in await owner.fetch(
            "select table_name, column_name from information_schema.column_privileges "
            "where grantee = 'anon' and table_schema = 'public'"
        )
    }
    assert granted in ({("todos", "task"), ("notes", "body")}, {("todos", "done"), ("notes", "id")})


async def test_a_statement_that_fails_undoes_all(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS + NOTES)
    await owner.execute(
        "create function passerelle.refuse() returns event_trigger language plpgsql as $$ begin "
        "if exists (select from pg_policy where polrelid = 'public.notes'::regclass) then raise 'not today'; end if; "
        "end $$; create event trigger refuse on ddl_command_end when tag in ('GRANT') "
        "execute function passerelle.refuse()"
    )
    try:
        before = await enforced(owner)
        with pytest.raises(StatementFailed, match="not today"):
            await apply(owner, files({"todos.yaml": TODOS_FILE, "notes.yaml": NOTES_FILE}))
        assert await enforced(owner) == before
        assert await owner.fetchval("select count(*) from passerelle.policy_applies") == 0
    finally:
        await owner.execute("drop event trigger refuse")


async def test_what_cannot_be_revoked_is_noticed(owner: asyncpg.Connection, files: WriteFiles) -> None:
    """A grant by somebody else than the owner survives the owner's REVOKE."""
    await owner.execute(TODOS)
    await owner.execute("create role policies_lender; grant usage on schema public to policies_lender")
    try:
        await owner.execute("grant select on todos to policies_lender with grant option; set role policies_lender")
        await owner.execute("grant select on todos to anon; reset role")
        with pytest.raises(NotAchieved, match=r"public\.todos: - anon may no longer read"):
            await apply(owner, files({"todos.yaml": TODOS_FILE}))
        assert await owner.fetchval("select count(*) from pg_policy") == 0
    finally:
        await owner.execute("drop owned by policies_lender; drop role policies_lender")


async def test_a_lock_is_waited_for_and_then_given_up(
    policy_database: str, owner: asyncpg.Connection, files: WriteFiles
) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    other = await asyncpg.connect(policy_database)
    transaction = other.transaction()
    await transaction.start()
    await other.execute("select * from todos for update")
    waiting = asyncio.create_task(apply(owner, folder, lock_timeout=timedelta(milliseconds=50)))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await transaction.rollback()
    assert await waiting
    await other.execute("begin; lock table todos in access exclusive mode")
    files({"todos.yaml": TODOS_FILE.replace("name: own", "name: mine")})
    with pytest.raises(Locked):
        await apply(owner, folder, lock_timeout=timedelta(milliseconds=10))
    await other.close()


async def test_an_apply_that_is_killed_leaves_the_old_state(
    policy_database: str, owner: asyncpg.Connection, files: WriteFiles, tmp_path: Path
) -> None:
    """kill -9 while it waits for the second table, with the statements for the first one done."""
    await owner.execute(TODOS + NOTES)
    before = await enforced(owner)
    folder = files({"a_notes.yaml": NOTES_FILE, "todos.yaml": TODOS_FILE})
    other = await asyncpg.connect(policy_database)
    await other.execute("begin; select * from todos for update")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "policies", "apply", str(folder)],
        cwd=tmp_path,
        env={**clean_environment(), "PASSERELLE_OWNER_URL": policy_database},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    waiting = "select count(*) from pg_locks where not granted and relation = 'public.todos'::regclass"
    deadline = time.monotonic() + 20
    while not await owner.fetchval(waiting):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        await asyncio.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    await other.close()
    held = (
        "select count(*) from pg_locks where locktype = 'relation' and relation = 'public.todos'::regclass "
        "and mode = 'AccessExclusiveLock'"
    )
    while await owner.fetchval(held):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert await enforced(owner) == before
    assert await owner.fetchval("select count(*) from passerelle.policy_applies") == 0


async def test_every_apply_is_on_record_and_stays_there(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE + "limits: { max_rows: 2 }\ncache: { ttl: 15m }\n"})
    await apply(owner, folder)
    row = await owner.fetchrow("select * from passerelle.policy_applies")
    assert row is not None
    assert (row["person"], row["digest"], row["files"]) == ("test", read_set(folder).digest, ["todos.yaml"])
    assert "public.todos: + row security on: only rows that a policy lets through" in row["changes"]
    rules = {"cache": {"ttl": 900.0}, "limits": {"max_rows": 2}}
    assert json.loads(row["rules"]) == {"tables": {"public.todos": rules}, "functions": {}}
    for attempt in ("update passerelle.policy_applies set person = 'me'", "delete from passerelle.policy_applies"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute(attempt)
    for role in ("anon", "authenticated", "service_role"):
        assert not await owner.fetchval("select has_table_privilege($1, 'passerelle.policy_applies', 'select')", role)


async def test_a_database_without_the_gateways_tables_is_told_apart(database: str, files: WriteFiles) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("create table public.notes (id integer)")
    for role in ("anon", "authenticated"):
        await connection.execute(f"do $$ begin create role {role}; exception when duplicate_object then null; end $$")
    with pytest.raises(NotInstalled):
        await apply(connection, files({"notes.yaml": "table: notes\ngrants: { anon: { select: all } }\n"}))
    assert await connection.fetchval("select has_table_privilege('anon', 'notes', 'select')") is False
    await connection.close()


HOSTILE = [
    "true); drop table todos; --",
    "true); drop table todos",
    "true) with check (true",
    "true\n) with check (true); drop table todos; create policy x on todos using (true",
    "(select true); commit; drop table todos; --",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_an_expression_cannot_become_another_statement(
    owner: asyncpg.Connection, files: WriteFiles, text: str
) -> None:
    """Neither past the reader, nor if the reader had let it through."""
    await owner.execute(TODOS)
    with pytest.raises(PolicyError):
        read_set(files({"todos.yaml": TODOS_FILE.replace("using: user_id = auth.uid()", f"using: {json.dumps(text)}")}))
    good = read_set(files({"todos.yaml": TODOS_FILE}))
    table = good.tables[0]
    using = table.rows[0].using
    assert using is not None
    smuggled = Expression(text, text, using.segments)
    row = replace(table.rows[0], using=smuggled, check=None)
    with pytest.raises((PolicyError, ApplyError)):
        await apply(owner, replace(good, tables=(replace(table, rows=(row,)),)))
    assert await owner.fetchval("select count(*) from todos") == 3
    assert await owner.fetchval("select count(*) from pg_policy") == 0


async def test_names_mean_the_same_when_planned_and_applied(owner: asyncpg.Connection, files: WriteFiles) -> None:
    """They are looked up in the set's search path, whatever the owner's own is."""
    await owner.execute(TODOS + "create schema rules; create table rules.chosen (id bigint)")
    for schema, answer in (("rules", "true"), ("public", "false")):
        await owner.execute(f"create function {schema}.allowed() returns boolean language sql stable return {answer}")
    folder = files(
        {
            "defaults.yaml": "search_path: [rules, public]\nschemas: [rules]\n",
            "todos.yaml": TODOS_FILE.replace(
                "using: user_id = auth.uid()", "using: allowed() and id not in (table chosen)"
            ),
            "functions.yaml": "function: rules.allowed()\nexecute: [authenticated]\n",
        }
    )
    await owner.execute("set search_path = public")
    await apply(owner, folder)
    assert await owner.fetchval("select pg_get_expr(polqual, polrelid) from pg_policy") == (
        "(( SELECT rules.allowed() AS allowed) AND (NOT (id IN ( SELECT chosen.id\n   FROM rules.chosen))))"
    )
    assert await owner.fetchval("show search_path") == "public"
    assert (await make_plan(owner, read_set(folder))).changes == ()


async def test_a_new_function_is_closed_without_a_word(owner: asyncpg.Connection, files: WriteFiles) -> None:
    """Nobody ever granted it: PostgreSQL lets everybody call what is new."""
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    await apply(owner, folder)
    await owner.execute("create function public.f() returns integer language sql as 'select 1'")
    assert "public.f(): - everybody may no longer call it" in await apply(owner, folder)


async def test_a_serial_added_later_can_be_used(owner: asyncpg.Connection, files: WriteFiles) -> None:
    """But what was granted by hand without its sequence is left like that: pulling and planning changes nothing."""
    await owner.execute(TODOS)
    await owner.execute("create table notes (id serial, body text); grant insert on notes to authenticated")
    notes = "table: notes\nrow_security: false\ngrants: { authenticated: { insert: all } }\n"
    folder = files({"todos.yaml": TODOS_FILE, "notes.yaml": notes})
    assert not any("notes" in line for line in lines((await make_plan(owner, read_set(folder))).changes))
    await apply(owner, folder)
    await owner.execute("alter table todos add column number serial; alter table notes add column number serial")
    assert await apply(owner, folder) == [
        "public.notes: + authenticated may number new rows (public.notes_id_seq)",
        "public.notes: + authenticated may number new rows (public.notes_number_seq)",
        "public.todos: + authenticated may number new rows (public.todos_number_seq)",
    ]


async def test_an_owner_cannot_be_ruled(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS + "alter table todos owner to authenticated")
    with pytest.raises(PolicyError, match=r"P312: authenticated owns public\.todos, and may do everything"):
        await apply(owner, files({"todos.yaml": TODOS_FILE}))


async def test_the_same_files_again_leave_no_record(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    folder = files({"todos.yaml": TODOS_FILE})
    await apply(owner, folder)
    await apply(owner, folder)
    assert await owner.fetchval("select count(*) from passerelle.policy_applies") == 1
    files({"todos.yaml": TODOS_FILE + "limits: { max_rows: 3 }\n"})
    assert await apply(owner, folder) == []
    assert await owner.fetchval("select count(*) from passerelle.policy_applies") == 2
