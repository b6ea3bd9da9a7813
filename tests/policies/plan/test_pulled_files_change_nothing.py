"""A team with rules made by hand adopts policy files in one command: what is pulled is what is enforced."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from gateway.policies import Application, apply_set, make_plan, read_set
from gateway.policies.database import read_state
from gateway.policies.plan import Loss, lines
from gateway.policies.pull import pull

HAND_WRITTEN = Path(__file__).parents[1] / "hand_written.sql"


async def write(connection: asyncpg.Connection, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in pull(await read_state(connection), ["public"]).documents.items():
        (folder / name).write_text(text, "utf-8")


async def test_fifty_policies_made_by_hand(owner: asyncpg.Connection, tmp_path: Path) -> None:
    await owner.execute(HAND_WRITTEN.read_text("utf-8"))
    assert await owner.fetchval("select count(*) from pg_policy") == 50
    await write(owner, tmp_path / "pulled")
    plan = await make_plan(owner, read_set(tmp_path / "pulled"))
    assert lines(plan.changes) == []


async def test_the_pulled_files_make_the_same_database_elsewhere(
    owner: asyncpg.Connection, policy_database: str, tmp_path: Path
) -> None:
    """Nothing hangs on what is there already: with every rule taken away, the files bring all of them back."""
    await owner.execute(HAND_WRITTEN.read_text("utf-8"))
    await write(owner, tmp_path / "pulled")
    policy_set = read_set(tmp_path / "pulled")
    await owner.execute(
        "do $$ declare p record; begin for p in select * from pg_policies loop "
        "execute format('drop policy %I on %I.%I', p.policyname, p.schemaname, p.tablename); end loop; end $$;"
        "revoke all on all tables in schema public from anon, authenticated, public;"
        "revoke all on all sequences in schema public from anon, authenticated, public;"
        "revoke all on all functions in schema public from anon, authenticated, public;"
    )
    await apply_set(owner, Application(policy_set, "test", allow=list(Loss)))
    await write(owner, tmp_path / "again")
    plan = await make_plan(owner, read_set(tmp_path / "again"))
    assert lines(plan.changes) == []
    first, second = (sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("pulled", "again"))
    assert first == second


async def test_rewriting_wraps_the_calls_of_hand_made_policies(owner: asyncpg.Connection, tmp_path: Path) -> None:
    await owner.execute(HAND_WRITTEN.read_text("utf-8"))
    await write(owner, tmp_path / "pulled")
    policy_set = read_set(tmp_path / "pulled")
    plan = await make_plan(owner, policy_set, rewrite=True)
    assert "public.todos: ~ policy Individuals can view their own todos. : the same in other words" in lines(
        plan.changes
    )
    allowed = Application(policy_set, "test", allow=list(Loss), rewrite=True)
    await apply_set(owner, allowed)
    assert (await make_plan(owner, policy_set, rewrite=True)).changes == ()
    assert (await make_plan(owner, policy_set)).changes == ()


async def test_the_reference_application(hublib_database: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(hublib_database)
    await write(connection, tmp_path / "pulled")
    policy_set = read_set(tmp_path / "pulled")
    enforced = await make_plan(connection, policy_set, touches=False)
    plan = await make_plan(connection, policy_set)
    await connection.close()
    assert lines(enforced.changes) == []
    # Pulled files keep no answers.
    assert {line.partition(": ")[2] for line in lines(plan.changes)} == {
        "- changes are no longer recorded for the cache"
    }
