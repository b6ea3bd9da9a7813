"""`impact` on real files and rows: what it says happens, and nothing stays."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import timedelta

import asyncpg
import pytest

from gateway.policies import read_set
from gateway.policies.impact import Budget, Impact, impact, impact_document, impact_lines
from gateway.policies.model import Persona, PolicySet
from gateway.policies.plan import Application, Loss, apply
from gateway.policies.plan.errors import Locked
from gateway.policies.problems import PolicyError
from tests.policies.conftest import WriteFiles

SCHEMA = """
create table notes (id int primary key, author text, hidden boolean not null default false, draft text);
insert into notes values (1, 'ann', false), (2, 'ann', true), (3, 'bob', false), (4, 'bob', true), (5, null, false);
create table remarks (note int, nr int, words text, primary key (note, nr));
insert into remarks values (1, 1, 'a'), (2, 1, 'b'), (4, 1, 'c'), (4, 2, 'd');
create table likes (note int);
insert into likes values (2), (3);
create table unrelated (id int primary key);
insert into unrelated values (1);
create view shown_notes with (security_invoker = true) as select id, author from notes;
create view all_notes as select id, author from notes;
create function me() returns text language sql stable as $$ select auth.jwt() ->> 'name' $$;
create function readable(note int) returns boolean language sql stable
  as $$ select exists (select from public.notes where id = note) $$;
create function reachable(note int) returns boolean language sql stable security definer
  as $$ select exists (select from public.notes where id = note and (not hidden or author = public.me())) $$;
"""
FILES = {
    "defaults.yaml": "search_path: [public]\n",
    "functions.yaml": """
        functions:
          - { function: public.me(), execute: [anon, authenticated] }
          - { function: public.readable(integer), execute: [anon, authenticated] }
          - { function: public.reachable(integer), execute: [anon, authenticated] }
        """,
    "notes.yaml": """
        table: public.notes
        grants:
          anon: { select: [id, author] }
          authenticated: { select: [id, author, hidden], update: [hidden], delete: all }
        rows:
          - { name: seen, to: [anon, authenticated], for: select, using: not hidden or author = public.me() }
          - { name: own, to: [authenticated], for: [update, delete], using: author = public.me() }
        """,
    "remarks.yaml": """
        table: public.remarks
        grants: { authenticated: { select: all } }
        rows:
          - { name: with_note, to: [authenticated], for: select, using: public.readable(note) }
        """,
    "likes.yaml": """
        table: public.likes
        grants: { authenticated: { select: all } }
        rows:
          - { name: with_note, to: [authenticated], for: select, using: public.reachable(note) }
        """,
    "unrelated.yaml": """
        table: public.unrelated
        grants: { authenticated: { select: all } }
        rows:
          - { name: all_of_it, to: [authenticated], for: select, using: "true" }
        """,
    "views.yaml": "table: public.shown_notes\ngrants: { authenticated: { select: all } }\n",
    "more_views.yaml": "table: public.all_notes\ngrants: { authenticated: { select: all } }\n",
}
ANN = Persona("ann", "authenticated", {"name": "ann"})
BOB = Persona("bob", "authenticated", {"name": "bob"})
VISITOR = Persona("visitor", "anon")
EVERYBODY = (ANN, BOB, VISITOR)
OPEN = FILES["notes.yaml"].replace("not hidden or author = public.me()", "true")


@pytest.fixture
async def enforced(owner: asyncpg.Connection, files: WriteFiles) -> asyncpg.Connection:
    """The owner's connection to a database that enforces FILES."""
    await owner.execute(SCHEMA)
    await apply(owner, Application(read_set(files(FILES)), "test", allow=frozenset(Loss)))
    return owner


def changed(files: WriteFiles, **documents: str) -> PolicySet:
    return read_set(files({f"{name}.yaml": text for name, text in documents.items()}))


async def of(
    owner: asyncpg.Connection,
    policy_set: PolicySet,
    personas: Iterable[Persona] = EVERYBODY,
    budget: Budget | None = None,
) -> Impact:
    return await impact(owner, Application(policy_set, "test"), personas, budget)


def told(found: Impact) -> list[str]:
    return impact_lines(found)[1:]


async def test_nothing_to_change_changes_nothing(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    found = await of(enforced, read_set(files({})))
    assert (found.looked_at, found.effects, found.unfinished) == ((), (), ())


async def test_rows_that_appear_and_what_depends_on_them(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    found = await of(enforced, changed(files, notes=OPEN))
    assert told(found) == [
        "public.notes",
        "  + ann sees 1 more row: id=4",
        "  + bob sees 1 more row: id=2",
        "  + visitor sees 2 more rows: id=2; id=4",
        "public.remarks",
        "  + ann sees 2 more rows: note=4, nr=1; note=4, nr=2",
        "  + bob sees 1 more row: note=2, nr=1",
        "public.shown_notes",
        "  + ann, bob see 1 more row",
    ]
    assert "public.unrelated" not in [str(name) for name in found.looked_at]


async def test_rows_that_disappear_and_can_no_longer_be_changed(
    enforced: asyncpg.Connection, files: WriteFiles
) -> None:
    closed = FILES["notes.yaml"].replace("using: author = public.me()", "using: author = public.me() and hidden")
    found = await of(enforced, changed(files, notes=closed), [ANN])
    assert told(found)[:3] == [
        "public.notes",
        "  - ann may update 1 fewer row: id=1",
        "  - ann may delete 1 fewer row: id=1",
    ]
    hidden = FILES["notes.yaml"].replace("not hidden or author = public.me()", "author = public.me()")
    lines = told(await of(enforced, changed(files, notes=hidden)))
    assert "  - visitor sees 3 fewer rows: id=1; id=3; id=5" in lines
    assert "  - ann sees 2 fewer rows: id=3; id=5" in lines


async def test_grants_of_columns(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    wider = (
        FILES["notes.yaml"]
        .replace("select: [id, author] }", "select: all }")
        .replace("select: [id, author, hidden]", "select: [id, hidden, draft]")
    )
    lines = told(await of(enforced, changed(files, notes=wider)))
    assert "  + visitor reads the columns hidden, draft as well" in lines
    assert "  + ann, bob read the columns draft as well" in lines
    assert "  - ann, bob no longer read the columns author" in lines
    nothing = FILES["notes.yaml"].replace("anon: { select: [id, author] }", "anon: {}")
    lines = told(await of(enforced, changed(files, notes=nothing)))
    assert lines[:2] == ["public.notes", "  - visitor sees 3 fewer rows: id=1; id=3; id=5"]


async def test_policies_that_raise_an_error(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    raising = FILES["notes.yaml"].replace("not hidden or author = public.me()", "1 / (id - 3) < 9")
    found = await of(enforced, changed(files, notes=raising), [ANN])
    lines = told(found)
    assert "  ! ann now meets an error with select: 22012: division by zero" in lines
    assert not any("fewer" in line for line in lines if "notes" in line)
    await apply(enforced, Application(changed(files, notes=raising), "test"))
    lines = told(await of(enforced, changed(files, notes=FILES["notes.yaml"]), [ANN]))
    assert any("  ! ann does not meet an error with select any more" in line for line in lines)


async def test_a_function_that_may_no_longer_be_called(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    without = FILES["functions.yaml"].replace("readable(integer), execute: [anon, authenticated]", "readable(integer)")
    lines = told(await of(enforced, changed(files, functions=without), [ANN]))
    assert "public.remarks" in lines
    assert any("42501: permission denied for function readable" in line for line in lines)


async def test_nothing_stays_and_no_lock_is_held(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    policies = "select policyname, qual, with_check from pg_policies order by 1"
    before = await enforced.fetch(policies)
    await of(enforced, changed(files, notes=OPEN))
    assert await enforced.fetch(policies) == before
    assert not enforced.is_in_transaction()
    assert await enforced.fetchval("select count(*) from pg_locks where locktype = 'advisory'") == 0
    assert (
        await enforced.fetchval(
            "select count(*) from pg_class where relname like 'passerelle_%' and relpersistence = 't'"
        )
        == 0
    )


async def test_without_personas_it_is_about_anon(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    found = await of(enforced, changed(files, notes=OPEN), [])
    assert found.personas == ("anon",)
    assert "personas:" in found.notes[0]
    assert "  + anon sees 2 more rows: id=2; id=4" in told(found)


async def test_large_tables_are_sampled_the_same_before_and_after(
    enforced: asyncpg.Connection, files: WriteFiles
) -> None:
    await enforced.execute("insert into notes select n, 'zoe', false from generate_series(10, 30000) n; analyze notes")
    budget = Budget(timedelta(seconds=30), rows=1000)
    same = FILES["notes.yaml"].replace("not hidden or author", "hidden is not true or author")
    found = await of(enforced, changed(files, notes=same), budget=budget)
    assert found.effects == ()
    (sample,) = found.samples.values()
    assert 200 < sample.rows < 5000
    assert sample.of == 29996
    fewer = FILES["notes.yaml"].replace("not hidden or author = public.me()", "id % 2 = 0")
    found = await of(enforced, changed(files, notes=fewer), [VISITOR], budget)
    (effect,) = (effect for effect in found.effects if str(effect.relation) == "public.notes")
    (sample,) = found.samples.values()
    assert abs(effect.lost["select"].count - sample.rows / 2) < sample.rows / 10
    assert any(f"(of a sample of {sample.rows:,} of about 29,996 rows)" in line for line in told(found))


async def test_what_the_time_does_not_suffice_for_is_named(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    await enforced.execute(
        "create function slow() returns boolean language sql volatile as $$ select pg_sleep(0.5) is not null $$;"
    )
    documents = {
        "notes": FILES["notes.yaml"].replace("not hidden or author = public.me()", "public.slow()"),
        "slow": "function: public.slow()\nexecute: [anon, authenticated]\n",
        "unrelated": FILES["unrelated.yaml"].replace('using: "true"', 'using: "id = 1"'),
    }
    policy_set = changed(files, **documents)
    await apply(enforced, Application(policy_set, "test"))
    found = await of(enforced, changed(files, **{**documents, "notes": OPEN}), budget=Budget(timedelta(seconds=3)))
    assert found.took < timedelta(seconds=6)
    named = {(str(each.relation), each.persona) for each in found.unfinished}
    known = {(str(effect.relation), effect.persona) for effect in found.effects}
    assert ("public.notes", "ann") in named
    assert not named & known
    text = "\n".join(told(found))
    assert "! not known: public.notes for ann: the time was up" in text
    nothing = await of(enforced, changed(files, **{**documents, "notes": OPEN}), budget=Budget(timedelta(0)))
    assert {each.relation for each in nothing.unfinished} == set(nothing.looked_at)
    assert nothing.effects == ()


async def test_changes_that_take_too_long_are_given_up(
    enforced: asyncpg.Connection, files: WriteFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(connection: asyncpg.Connection, application: Application) -> None:
        await connection.execute("select pg_sleep(20)")

    monkeypatch.setattr(sys.modules[impact.__module__], "enforce", slow)
    found = await of(enforced, changed(files, notes=OPEN), budget=Budget(timedelta(seconds=2)))
    assert found.took < timedelta(seconds=4)
    assert found.effects == ()
    assert {each.relation for each in found.unfinished} == set(found.looked_at)


async def test_tables_are_not_waited_for_long(
    enforced: asyncpg.Connection, policy_database: str, files: WriteFiles
) -> None:
    other = await asyncpg.connect(policy_database)
    try:
        async with other.transaction():
            await other.execute("select count(*) from notes")
            application = Application(changed(files, notes=OPEN), "test", lock_timeout=timedelta(milliseconds=200))
            with pytest.raises(Locked):
                await asyncio.wait_for(impact(enforced, application, EVERYBODY), 20)
        assert not enforced.is_in_transaction()
        await enforced.execute("select 1")
    finally:
        await other.close()


async def test_files_that_do_not_fit_are_refused(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    with pytest.raises(PolicyError):
        await of(enforced, changed(files, notes=OPEN.replace("id, author", "id, writer")))
    assert not enforced.is_in_transaction()


async def test_losses_need_not_be_allowed_to_be_looked_at(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    await enforced.execute("create policy hole on notes for select to anon using (true)")
    lines = told(await of(enforced, read_set(files({}))))
    assert "  - visitor sees 2 fewer rows: id=2; id=4" in lines


async def test_json(enforced: asyncpg.Connection, files: WriteFiles) -> None:
    found = json.loads(json.dumps(impact_document(await of(enforced, changed(files, notes=OPEN)))))
    assert found["personas"] == ["ann", "bob", "visitor"]
    assert found["effects"][0]["gained"] == {"select": {"count": 1, "keys": ["id=4"]}}
    assert found["unfinished"] == []
