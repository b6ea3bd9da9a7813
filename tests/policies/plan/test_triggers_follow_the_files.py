"""What files say under `realtime` becomes triggers, once the database has functions that record changes."""

from __future__ import annotations

import asyncpg

from gateway.policies import apply_set, make_plan, read_set
from gateway.policies.plan import Application, lines
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles

EVENTS = ("insert", "update", "delete", "truncate")
FUNCTIONS = ";".join(
    f"create function passerelle.capture_{event}_v1() returns trigger language plpgsql as 'begin return null; end'"
    for event in EVENTS
)


async def triggers(owner: asyncpg.Connection) -> dict[str, str]:
    """Event by name, and how the trigger is enabled: `A` is ALWAYS."""
    rows = await owner.fetch(
        "select tgname, tgenabled from pg_trigger where tgrelid = 'todos'::regclass and not tgisinternal"
    )
    return {row["tgname"]: row["tgenabled"].decode() for row in rows}


async def test_without_the_functions_a_plan_says_so(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    plan = await make_plan(owner, read_set(files({"todos.yaml": TODOS_FILE + "realtime: all\n"})))
    assert any("no functions yet that record changes" in note for note in plan.notes)
    assert not any("recorded" in line for line in lines(plan.changes))


async def test_triggers_come_and_go_with_the_files(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS)
    await owner.execute(FUNCTIONS)
    wanted = {
        "realtime: [insert, delete]\n": ("delete", "insert", "truncate"),
        "realtime: [update]\n": ("update",),
        "realtime: all\n": EVENTS,
        "": (),
    }
    for said, events in wanted.items():
        folder = files({"todos.yaml": TODOS_FILE + said})
        await apply_set(owner, Application(read_set(folder), "test"))
        assert await triggers(owner) == {f"passerelle_capture_{event}_v1": "A" for event in events}, said
        assert (await make_plan(owner, read_set(folder))).changes == ()
        await owner.execute(
            "update todos set done = true; insert into todos (user_id, task) select user_id, task from todos"
        )


async def test_triggers_go_with_the_file(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(TODOS + "create table notes (id integer)")
    await owner.execute(FUNCTIONS)
    folder = files({"todos.yaml": TODOS_FILE + "realtime: all\n", "notes.yaml": "table: notes\n"})
    await apply_set(owner, Application(read_set(folder), "test"))
    assert len(await triggers(owner)) == 4
    (folder / "todos.yaml").unlink()
    await apply_set(owner, Application(read_set(folder), "test"))
    assert await triggers(owner) == {}
