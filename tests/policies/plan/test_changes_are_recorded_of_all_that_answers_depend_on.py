"""`cache:` becomes triggers on every table that a kept answer depends on; `gateway/policies/plan/touches.py`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import asyncpg
import pytest

from gateway.policies import Plan, apply_set, make_plan, read_set
from gateway.policies.model import QualifiedName
from gateway.policies.plan import Application, Loss, PlanOutdated, enforce, lines
from gateway.policies.plan.touches import Kept, Touchable, touches
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles

EVENTS = ("insert", "update", "delete", "truncate")
KEPT = "cache: { ttl: 1m, clock: 1m }\n"
WORLD = (
    TODOS
    + """
create table members (user_id uuid, team int);
create table teams (id int primary key, open boolean);
create table bystander (id int);
create function in_team(team int) returns boolean language sql stable security definer set search_path = ''
  as 'select exists (select from public.members m where m.team = $1 and m.user_id = auth.uid())';
create view open_teams as select id from teams where open;
create table days (day int, owner uuid) partition by range (day);
create table days_1 partition of days for values from (0) to (10);
create table days_2 partition of days for values from (10) to (20) partition by range (day);
create table days_2a partition of days_2 for values from (10) to (20);
create table animals (id int);
create table dogs () inherits (animals);
create materialized view summary as select count(*) from todos;
create function opaque() returns setof teams language plpgsql stable as 'begin return query table teams; end';
"""
)


async def tracked(owner: asyncpg.Connection) -> set[str]:
    """Tables with all four triggers, every one of them for all sessions."""
    rows = await owner.fetch(
        "select c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
        r"where t.tgname like 'passerelle\_touch\_%\_v1' and t.tgenabled = 'A' group by 1 having count(*) = 4"
    )
    some = await owner.fetchval(
        r"select count(*) from pg_trigger where tgname like 'passerelle\_touch\_%' and not tgisinternal"
    )
    assert some == 4 * len(rows)
    return {row["relname"] for row in rows}


async def applied(owner: asyncpg.Connection, folder: Path) -> Plan:
    policy_set = read_set(folder)
    plan = await apply_set(owner, Application(policy_set, "test", allow=list(Loss)))
    again = await make_plan(owner, policy_set)
    assert lines(again.changes) == []
    assert again.touches.notes == plan.touches.notes
    return plan


def relation(name: str, rule: str = KEPT) -> str:
    return f"table: {name}\ngrants: {{ authenticated: {{ select: all }} }}\nrow_security: false\n{rule}"


OTHERS = {
    "teams.yaml": "table: teams\n",
    "members.yaml": "table: members\n",
}
SETS: dict[str, tuple[dict[str, str], set[str]]] = {
    "nothing is kept": ({"todos.yaml": TODOS_FILE}, set()),
    "a table": ({"todos.yaml": TODOS_FILE + KEPT}, {"todos"}),
    "a policy with a function": (
        {"todos.yaml": TODOS_FILE.replace("using: user_id = auth.uid()", "using: in_team(id::int)") + KEPT},
        {"todos", "members"},
    ),
    "a policy with a query": (
        {
            "todos.yaml": TODOS_FILE.replace(
                "using: user_id = auth.uid()", "using: exists (select from teams where teams.id = todos.id)"
            )
            + KEPT
        },
        {"todos", "teams"},
    ),
    "a view": ({"open.yaml": f"table: open_teams\ngrants: {{ anon: {{ select: all }} }}\n{KEPT}"}, {"teams"}),
    "a partitioned table": ({"days.yaml": relation("days")}, {"days", "days_1", "days_2", "days_2a"}),
    "a partition": ({"days.yaml": relation("days_2a")}, {"days", "days_2", "days_2a"}),
    "a parent": ({"animals.yaml": relation("animals")}, {"animals", "dogs"}),
    "a child": ({"dogs.yaml": relation("dogs")}, {"animals", "dogs"}),
    "a function": (
        {"functions.yaml": f"function: in_team(integer)\nexecute: [authenticated]\n{KEPT}"},
        {"members"},
    ),
    "a function that somebody vouches for": (
        {
            "functions.yaml": "function: opaque()\nexecute: [authenticated]\nreads: { tables: [public.teams] }\n"
            + KEPT,
        },
        {"teams"},
    ),
}


@pytest.mark.parametrize(("written", "expected"), SETS.values(), ids=SETS.keys())
async def test_of_which_tables(
    owner: asyncpg.Connection, files: WriteFiles, written: dict[str, str], expected: set[str]
) -> None:
    """In one apply with the policies themselves."""
    await owner.execute(WORLD)
    plan = await applied(owner, files(written))
    assert await tracked(owner) == expected
    assert plan.touches.notes == ()


UNREACHABLE = {
    "materialized view": (relation("summary").replace("row_security: false\n", ""), "materialized view"),
    "foreign table": (relation("far").replace("row_security: false\n", ""), "foreign table"),
    "foreign partition": (relation("nights"), "foreign table"),
    "opaque function": (f"function: opaque()\nexecute: [authenticated]\n{KEPT}", "plpgsql"),
    "clock without a bound": (
        TODOS_FILE.replace("using: user_id = auth.uid()", "using: now() > '2020-01-01'") + "cache: { ttl: 1m }\n",
        "depends on the clock",
    ),
}


@pytest.mark.parametrize(("text", "reason"), UNREACHABLE.values(), ids=UNREACHABLE.keys())
async def test_what_cannot_be_kept_is_said_and_applied(
    owner: asyncpg.Connection, files: WriteFiles, text: str, reason: str
) -> None:
    await owner.execute(WORLD)
    await owner.execute(
        "create foreign data wrapper w; create server s foreign data wrapper w;"
        "create foreign table far (id int) server s;"
        "create table nights (day int) partition by range (day);"
        "create foreign table night partition of nights for values from (0) to (10) server s"
    )
    plan = await applied(owner, files({"one.yaml": text}))
    assert await tracked(owner) == set()
    (note,) = plan.touches.notes
    assert "has no effect" in note
    assert reason in note.replace("PL/pgSQL", "plpgsql")


async def test_a_change_leaves_its_table_on_record(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(WORLD)
    await applied(owner, files({"days.yaml": relation("days"), "todos.yaml": TODOS_FILE + KEPT}))
    for statement, table in (
        ("update todos set done = true", "todos"),
        ("insert into days values (1)", "days"),
        ("insert into days_1 values (1)", "days_1"),
        ("truncate todos", "todos"),
    ):
        async with owner.transaction():
            await owner.execute(statement)
            oids = await owner.fetchval("select passerelle.take_touches_v1()")
            assert oids == [await owner.fetchval("select $1::text::regclass::oid", table)], statement


async def test_a_new_partition_is_found_by_the_next_plan(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(WORLD)
    folder = files({"days.yaml": relation("days")})
    await applied(owner, folder)
    await owner.execute("create table days_3 partition of days for values from (20) to (30)")
    plan = await make_plan(owner, read_set(folder))
    assert lines(plan.changes) == ["public.days_3: + changes are recorded for the cache"]
    await apply_set(owner, Application(plan.policy_set, "test", expected=plan.digest))
    assert "days_3" in await tracked(owner)


SPOILED = {
    "dropped": "drop trigger passerelle_touch_delete_v1 on todos",
    "disabled": "alter table todos disable trigger passerelle_touch_delete_v1",
    "not for replicas": "alter table todos enable trigger passerelle_touch_delete_v1",
    "another function": (
        "create function other() returns trigger language plpgsql as 'begin return null; end';"
        "create or replace trigger passerelle_touch_delete_v1 after delete on todos for each statement "
        "execute function other(); alter table todos enable always trigger passerelle_touch_delete_v1"
    ),
    "it has children now": "create table more () inherits (todos); drop table more; create table m () inherits (todos)",
}


@pytest.mark.parametrize("statement", SPOILED.values(), ids=SPOILED.keys())
async def test_what_was_spoiled_is_made_anew(owner: asyncpg.Connection, files: WriteFiles, statement: str) -> None:
    await owner.execute(WORLD)
    folder = files({"todos.yaml": TODOS_FILE + KEPT})
    await applied(owner, folder)
    await owner.execute(statement)
    plan = await make_plan(owner, read_set(folder))
    assert plan.rules == ()
    assert "public.todos: + changes are recorded for the cache" in lines(plan.changes)
    await applied(owner, folder)
    assert await tracked(owner) == ({"todos", "m"} if "children" in statement or " m " in statement else {"todos"})


async def test_triggers_go_when_nothing_depends_on_the_table_any_more(
    owner: asyncpg.Connection, files: WriteFiles
) -> None:
    await owner.execute(WORLD)
    folder = files({"todos.yaml": TODOS_FILE + KEPT, "days.yaml": relation("days_1")})
    await applied(owner, folder)
    (folder / "days.yaml").write_text(relation("days_1", ""))
    plan = await applied(owner, folder)
    assert lines(plan.changes) == [
        "public.days: - changes are no longer recorded for the cache",
        "public.days_1: - changes are no longer recorded for the cache",
    ]
    (folder / "todos.yaml").unlink()
    await applied(owner, folder)
    assert await tracked(owner) == set()


async def test_a_plan_with_other_changes_says_that_triggers_follow(
    owner: asyncpg.Connection, files: WriteFiles
) -> None:
    await owner.execute(WORLD)
    text = TODOS_FILE.replace("using: user_id = auth.uid()", "using: in_team(id::int)") + KEPT
    plan = await make_plan(owner, read_set(files({"todos.yaml": text})))
    assert "public.todos: + changes are recorded for the cache" in lines(plan.changes)
    assert not any(line.startswith("public.members") for line in lines(plan.changes))
    assert any("they may be more" in note for note in plan.notes)
    done = await apply_set(owner, Application(plan.policy_set, "test", expected=plan.digest, allow=list(Loss)))
    assert done.digest == plan.digest
    assert "public.members: + changes are recorded for the cache" in lines(done.changes)
    recorded = await owner.fetchrow("select changes, statements from passerelle.policy_applies")
    assert recorded["changes"] == lines(done.changes)
    assert recorded["statements"] == list(done.statements)
    with pytest.raises(PlanOutdated):
        await apply_set(owner, Application(plan.policy_set, "test", expected=plan.digest))


async def test_what_is_only_tried_makes_no_triggers(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(WORLD)
    transaction = owner.transaction()
    await transaction.start()
    await enforce(owner, Application(read_set(files({"todos.yaml": TODOS_FILE + KEPT})), "test", allow=list(Loss)))
    assert await tracked(owner) == set()
    await transaction.rollback()


async def test_a_trigger_that_is_refused_leaves_the_rules_in_force(
    owner: asyncpg.Connection, files: WriteFiles
) -> None:
    await owner.execute(WORLD)
    await owner.execute(
        "create function refuse() returns event_trigger language plpgsql as $$ begin "
        "if exists (select from pg_event_trigger_ddl_commands() where object_identity like '%todos%') then "
        "raise exception 'not on this one'; end if; end $$;"
        "create event trigger refuse on ddl_command_end when tag in ('CREATE TRIGGER') execute function refuse()"
    )
    folder = files({"todos.yaml": TODOS_FILE + KEPT, "animals.yaml": relation("animals")})
    plan = await apply_set(owner, Application(read_set(folder), "test", allow=list(Loss)))
    assert await tracked(owner) == {"animals", "dogs"}
    (note,) = plan.touches.notes
    assert "not on this one" in note
    assert await owner.fetchval("select count(*) from pg_policy where polrelid = 'todos'::regclass") == 1
    assert await owner.fetchval("select count(*) from passerelle.policy_applies") == 1


async def test_without_the_functions_a_plan_says_so(owner: asyncpg.Connection, files: WriteFiles) -> None:
    await owner.execute(WORLD + "drop function passerelle.touch_rows_v1()")
    plan = await applied(owner, files({"todos.yaml": TODOS_FILE + KEPT}))
    assert plan.touches.changes == ()
    assert "passerelle migrate" in plan.touches.notes[0]


def test_a_table_of_somebody_else_is_left_alone() -> None:
    from gateway.catalog import Footprint, Name

    theirs = Touchable(QualifiedName("auth", "users"), "somebody", False, False, frozenset(), frozenset())
    kept = [Kept("public.v", None, {"anon": Footprint(tables=frozenset({Name("auth", "users"), Name("x", "gone")}))})]
    found = touches(kept, [theirs])
    assert found.changes == ()
    assert len(found.notes) == 2
    assert "only its owner somebody can make the triggers" in found.notes[0]
    assert "nobody can record changes of x.gone" in found.notes[1]
    everything = frozenset(f"passerelle_touch_{event}_v1" for event in EVENTS)
    tracked_by_them = dataclasses.replace(theirs, present=everything, sound=everything)
    assert len(touches(kept, [tracked_by_them]).notes) == 1
    assert touches([], [tracked_by_them]).changes == ()
