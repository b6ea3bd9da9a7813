"""A mutant survives where a test is missing, and dies when it is there; what changes nothing is proved to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import asyncpg
import pytest
import pytest_asyncio

from gateway.policies.testing import Fate, Report, run_mutants
from tests.policies.testing.conftest import OTHERS, WriteSet

RULES = """
table: public.notes
grants:
  authenticated: { select: all, insert: all, update: [title], delete: all }
rows:
  - name: read
    to: authenticated
    for: select
    using: owner = auth.uid() or exists (select from public.shares as s where s.note = id)
  - name: own
    to: authenticated
    for: [insert, update, delete]
    using: owner = auth.uid() and mood = 'calm'
    check: owner = auth.uid() and mood = 'calm'
"""
SHARES = """
table: public.shares
grants:
  authenticated: { select: [note, reader] }
rows:
  - { name: to_me, to: authenticated, for: select, using: reader = auth.uid() }
"""
MARIE = "11111111-1111-4111-8111-111111111111"
KARIM = "22222222-2222-4222-8222-222222222222"
TESTS = {
    "reading": """
  - { as: marie, select: { key: { id: 1 }, rows: 1 } }
  - { as: marie, select: { key: { id: 2 }, rows: 0 } }
  - { as: marie, select: { key: { id: 3 }, rows: 1 } }
  - { as: nobody_yet, select: { rows: 0 } }""",
    "inserting": f"""
  - {{ as: marie, insert: {{ values: {{ id: 9, owner: {MARIE} }}, allowed: true }} }}
  - {{ as: marie, insert: {{ values: {{ id: 9, owner: {KARIM} }}, allowed: false }} }}
  - {{ as: marie, insert: {{ values: {{ id: 9, owner: {MARIE}, mood: angry }}, allowed: false }} }}""",
    "updating": """
  - { as: marie, update: { key: { id: 1 }, rows: 1 } }
  - { as: marie, update: { key: { id: 1 }, set: { secret: x }, denied: '42501' } }
  - { as: marie, update: { key: { id: 3 }, rows: 0 } }""",
    "updating the angry": """
  - as: marie
    given: [{ table: public.notes, values: { id: 5, owner: 11111111-1111-4111-8111-111111111111, mood: angry } }]
    update: { key: { id: 5 }, rows: 0 }""",
    "deleting": """
  - { as: marie, delete: { key: { id: 1 }, rows: 1 } }
  - { as: karim, delete: { key: { id: 1 }, rows: 0 } }
  - as: marie
    given: [{ table: public.notes, values: { id: 5, owner: 11111111-1111-4111-8111-111111111111, mood: angry } }]
    delete: { key: { id: 5 }, rows: 0 }""",
    "shares": """
  - { as: marie, table: public.shares, select: { columns: [note, reader], rows: 1 } }
  - { as: karim, table: public.shares, select: { columns: [note, reader], rows: 0 } }""",
}


def written(*missing: str) -> str:
    return "table: public.notes\ntests:" + "".join(text for name, text in TESTS.items() if name not in missing)


Mutate = Callable[..., Awaitable[Report]]


@pytest.fixture
def mutate(notes: str, write_set: WriteSet) -> Mutate:
    """`await mutate(tests, {"notes.yaml": …}, keyword)`: all mutants of the rules above, on these tests."""

    async def mutate(text: str, changed: Mapping[str, str] | None = None, keyword: str | None = None) -> Report:
        documents = dict.fromkeys(OTHERS, "tests: []") | {"notes.yaml": RULES, "shares.yaml": SHARES}
        policy_set = write_set(text, documents | dict(changed or {}))
        return await run_mutants(notes, policy_set, lambda done, total: None, keyword=keyword, jobs=1)

    return mutate


@pytest_asyncio.fixture
async def without_trigger(notes: str) -> None:
    """With it, nobody can know what an update changes."""
    connection = await asyncpg.connect(notes)
    await connection.execute("drop trigger keep_titles on public.notes")
    await connection.close()


def survivors(report: Report) -> dict[str, str]:
    """What survived, and the hint."""
    assert report.passed, [str(result) for result in report.results if not result.passed]
    return {
        f"{trial.mutant.subject} {trial.mutant.part}: {trial.mutant.change}": trial.note
        for trial in report.trials
        if trial.fate is Fate.SURVIVED
    }


def fates(report: Report, fate: Fate) -> set[str]:
    return {
        f"{trial.mutant.subject} {trial.mutant.part}: {trial.mutant.change}"
        for trial in report.trials
        if trial.fate is fate
    }


@pytest.mark.usefixtures("without_trigger")
async def test_none_survives_where_all_is_tested(mutate: Mutate) -> None:
    report = await mutate(written())
    assert survivors(report) == {}
    killed = [trial for trial in report.trials if trial.fate is Fate.KILLED]
    assert all(trial.by is not None and not trial.by.passed for trial in killed)
    assert len(killed) == 35
    assert fates(report, Fate.EQUIVALENT) == {
        "policy own_update check: owner = auth.uid() removed",
        "policy own_update check: mood = 'calm' removed",
    }


async def test_every_policy_of_a_group_has_mutants_of_its_own(mutate: Mutate) -> None:
    report = await mutate(written())
    subjects = {(trial.mutant.subject, trial.mutant.part) for trial in report.trials}
    assert subjects >= {
        ("policy own_insert", "check"),
        ("policy own_update", "using"),
        ("policy own_update", "check"),
        ("policy own_delete", "using"),
    }
    assert not subjects & {("policy own_insert", "using"), ("policy own_delete", "check"), ("policy own", "using")}


@pytest.mark.usefixtures("without_trigger")
@pytest.mark.parametrize(
    ("missing", "live"),
    [
        (
            "inserting",
            {
                "policy own_insert check: mood = 'calm' removed": "no row that is there makes a difference for",
                "policy own_insert check: owner = auth.uid() removed": "test that marie may not insert a row like {",
                "policy own_insert : dropped": "no test depends on what it lets authenticated insert",
                "grant insert to authenticated : dropped": "test that marie may insert public.notes",
            },
        ),
        ("updating the angry", {"policy own_update using: mood = 'calm' removed": "no row that is there"}),
        (
            "updating",
            {
                "policy own_update using: owner = auth.uid() removed": "marie may not update { id: 2 }",
                "grant update to authenticated : widened to all columns": "may not update the columns id, mood",
            },
        ),
        (
            "deleting",
            {
                "policy own_delete using: owner = auth.uid() removed": "marie may not delete { id: 2 }",
                "grant delete to authenticated : dropped": "test that marie may delete public.notes",
            },
        ),
        ("reading", {"policy read using: s.note = id made true": ""}),
    ],
)
async def test_a_missing_test_lets_mutants_live(mutate: Mutate, missing: str, live: Mapping[str, str]) -> None:
    left = survivors(await mutate(written(missing)))
    assert left.keys() >= live.keys()
    for survivor, hint in live.items():
        assert hint in left[survivor]


@pytest.mark.usefixtures("without_trigger")
async def test_a_mutant_is_noticed_through_the_rules_of_another_table(mutate: Mutate) -> None:
    """Nobody asks for shares themselves, but the rules of notes do."""
    left = survivors(await mutate(written("shares"), keyword="shares policy"))
    assert "policy to_me : dropped" not in left
    assert "policy to_me using: reader = auth.uid() made false" not in left


@pytest.mark.usefixtures("without_trigger")
async def test_a_mutant_says_where_it_is(mutate: Mutate) -> None:
    report = await mutate(written("deleting"), keyword="own_delete")
    (removed,) = [t for t in report.trials if t.mutant.part and t.mutant.change == "mood = 'calm' removed"]
    assert str(removed.mutant) == ("notes.yaml:12:35: public.notes policy own_delete using: mood = 'calm' removed")
    assert {trial.mutant.subject for trial in report.trials} == {"policy own_delete"}


@pytest.mark.usefixtures("without_trigger")
async def test_failing_tests_come_before_mutants(mutate: Mutate) -> None:
    report = await mutate(written() + "\n  - { as: marie, select: { rows: 0 } }")
    assert not report.passed
    assert report.trials == ()


# An update's check that is the same as its `using`, and cannot come out differently: see the columns that are granted.
REPEATED = """
table: public.notes
grants: {{ authenticated: {{ select: all, update: [{columns}] }} }}
rows:
  - {{ name: read, to: authenticated, for: select, using: true }}
  - {{ name: own, to: authenticated, for: update, using: {using}, check: {check} }}
  {more}
"""
OWN = "owner = auth.uid()"
CALM = "mood = 'calm'"
UPDATES = """
table: public.notes
tests:
  - { as: marie, select: { rows: all } }
"""


@pytest.mark.usefixtures("without_trigger")
@pytest.mark.parametrize(
    ("columns", "using", "check", "more", "proved"),
    [
        ("title", OWN, OWN, "", True),
        ("title, owner", OWN, OWN, "", False),
        ("title", f"{OWN} and {CALM}", f"{OWN} and {CALM}", "", True),
        ("title, mood", f"{OWN} and {CALM}", f"{OWN} and {CALM}", "", False),
        ("title", OWN, f"{OWN} and {CALM}", "", False),
        ("title, owner", "auth.uid() is not null", "auth.uid() is not null", "", True),
        ("title", OWN, OWN, "- { name: other, to: authenticated, for: update, using: id = 2, check: true }", False),
        ("title", "public.is_mine(notes)", "public.is_mine(notes)", "", False),
        ("title", "public.is_mine(owner)", "public.is_mine(owner)", "", False),
        ("title", f"{OWN} and tableoid > 0", f"{OWN} and tableoid > 0", "", False),
    ],
)
async def test_a_check_that_repeats_using_is_equivalent(
    notes: str, mutate: Mutate, columns: str, using: str, check: str, more: str, proved: bool
) -> None:
    connection = await asyncpg.connect(notes)
    await connection.execute(
        """
        create function public.is_mine(public.notes) returns boolean language sql stable
          as 'select $1.owner = auth.uid()';
        create function public.is_mine(uuid) returns boolean language sql volatile as 'select $1 = auth.uid()'
        """
    )
    await connection.close()
    rules = REPEATED.format(columns=columns, using=using, check=check, more=more)
    functions = """
    functions:
      - { function: public.is_mine(notes), execute: [authenticated] }
      - { function: public.is_mine(uuid), execute: [authenticated] }
    """
    report = await mutate(UPDATES, {"notes.yaml": rules, "functions.yaml": functions}, keyword="own check")
    weaker = {name for name in fates(report, Fate.EQUIVALENT) if name.endswith(("made true", "removed"))}
    assert bool(weaker) is proved
    # Nothing tries an update, so what holds less often lives on; that makes it no equivalent.
    assert fates(report, Fate.EQUIVALENT) == weaker
    assert fates(report, Fate.SURVIVED)


async def test_a_trigger_may_change_what_a_check_is_about(mutate: Mutate) -> None:
    rules = REPEATED.format(columns="title", using=OWN, check=OWN, more="")
    report = await mutate(UPDATES, {"notes.yaml": rules}, keyword="own check")
    assert fates(report, Fate.EQUIVALENT) == set()


@pytest.mark.parametrize(
    ("using", "change"),
    [
        # PostgreSQL knows that the column is never null; and that nobody holds the privilege.
        ("owner = auth.uid() and id is not null", "id is not null removed"),
        ("owner = auth.uid() or false", "false removed"),
    ],
)
async def test_what_postgresql_simplifies_away_is_equivalent(mutate: Mutate, using: str, change: str) -> None:
    rules = f"""
    table: public.notes
    grants: {{ authenticated: {{ select: all }} }}
    rows: [{{ name: own, to: authenticated, for: select, using: {using} }}]
    """
    tests = """
    table: public.notes
    tests: [{ as: marie, select: { where: id = 1, rows: 1 } }, { as: marie, select: { where: id = 2, rows: 0 } }]
    """
    report = await mutate(tests, {"notes.yaml": rules}, keyword="own using")
    assert survivors(report) == {}
    considered = {trial.mutant.change for trial in report.trials}
    assert change not in considered or f"policy own using: {change}" in fates(report, Fate.EQUIVALENT)


async def test_policies_that_nobody_may_use_are_equivalent(mutate: Mutate) -> None:
    rules = """
    table: public.notes
    grants: { authenticated: { select: all } }
    rows:
      - { name: own, to: authenticated, for: select, using: owner = auth.uid() }
      - { name: gone, to: authenticated, for: delete, using: owner = auth.uid() }
    """
    report = await mutate("table: public.notes\ntests: [{ as: marie, select: { rows: 1 } }]", {"notes.yaml": rules})
    assert {name for name in fates(report, Fate.EQUIVALENT) if "policy gone" in name} == {
        "policy gone using: owner = auth.uid() made true",
        "policy gone using: owner = auth.uid() made false",
        "policy gone using: owner = auth.uid() negated",
        "policy gone : dropped",
    }


async def test_a_clause_that_is_not_needed_survives(mutate: Mutate) -> None:
    """The rules of shares say the same already. That is nothing to be proved, so somebody has to look."""
    rules = RULES.replace("s.note = id)", "s.note = id and s.reader = auth.uid())")
    left = survivors(await mutate(written(), {"notes.yaml": rules}, keyword="policy read"))
    assert set(left) == {"policy read using: s.reader = auth.uid() removed"}


@pytest.mark.usefixtures("without_trigger")
async def test_several_copies_share_the_work(notes: str, write_set: WriteSet) -> None:
    policy_set = write_set(written(), dict.fromkeys(OTHERS, "tests: []") | {"notes.yaml": RULES, "shares.yaml": SHARES})
    told: list[tuple[int, int]] = []
    report = await run_mutants(notes, policy_set, lambda done, total: told.append((done, total)), jobs=3)
    assert survivors(report) == {}
    assert told == [(number, 37) for number in range(1, 38)]
