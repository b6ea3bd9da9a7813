"""An owner that may make databases works on copies; one that may not works in the database itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres
from gateway.policies.testing import Verdict, run_mutants, run_tests
from tests.policies.testing.conftest import WriteSet

TESTS = """
table: public.notes
rows:
  of_marie: { table: public.notes, key: { id: 1 } }
  new: { table: public.notes, key: { id: 9 }, values: { id: 9, owner: 11111111-1111-4111-8111-111111111111 } }
matrix:
  - { row: of_marie, select: [marie], update: [marie], delete: [marie] }
  - { row: new, select: [marie], update: [marie], delete: [marie] }
tests:
  - { as: marie, select: { where: owner = auth.uid(), rows: all } }
"""
OWNER = "owner_of_notes"


@pytest.fixture
async def owned(notes: str, postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The connection string of an ordinary role that owns the notes and may become the API's roles."""
    superuser = await asyncpg.connect(notes)
    name = await superuser.fetchval("select current_database()")
    await superuser.execute(f"""
        create role {OWNER} login;
        grant anon, authenticated to {OWNER};
        alter database "{name}" owner to {OWNER};
        grant all on schema public to {OWNER} with grant option;
        alter schema attic owner to {OWNER};
        alter table attic.boxes owner to {OWNER};
        grant usage on schema auth, passerelle to {OWNER};
        grant select on passerelle.policy_applies to {OWNER};
        do $$
        declare
          each text;
        begin
          for each in select format('alter table public.%I owner to {OWNER}', relname) from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')
          loop
            execute each;
          end loop;
          for each in select format('alter function %s owner to {OWNER}', oid::regprocedure) from pg_proc
            where pronamespace = 'public'::regnamespace
          loop
            execute each;
          end loop;
        end
        $$
    """)
    await superuser.close()
    yield postgres.dsn(name, user=OWNER)
    superuser = await asyncpg.connect(notes)
    await superuser.execute(f'alter database "{name}" owner to postgres; drop owned by {OWNER} cascade')
    await superuser.execute(f"drop role {OWNER}")
    await superuser.close()


@pytest.mark.parametrize("may_copy", [True, False])
async def test_an_ordinary_owner(notes: str, owned: str, write_set: WriteSet, may_copy: bool) -> None:
    superuser = await asyncpg.connect(notes)
    await superuser.execute(f"alter role {OWNER} {'createdb' if may_copy else 'nocreatedb'}")
    await superuser.close()
    policy_set = write_set(TESTS)
    report = await run_tests(owned, policy_set, policy_set.probes)
    assert [str(result) for result in report.results if not result.passed] == []
    assert report.note == (None if may_copy else "permission denied to create database")
    mutated = await run_mutants(owned, policy_set, lambda done, total: None, keyword="policy own_delete")
    assert {trial.fate for trial in mutated.trials} == {"killed"}


async def test_who_may_not_become_a_role_is_told(notes: str, owned: str, write_set: WriteSet) -> None:
    """It does not count as a refusal of the persona."""
    superuser = await asyncpg.connect(notes)
    await superuser.execute(f"revoke anon from {OWNER}")
    await superuser.close()
    policy_set = write_set("table: public.notes\ntests: [{ as: visitor, delete: { denied: '42501' } }]")
    (result,) = (await run_tests(owned, policy_set, policy_set.probes)).results
    assert result.verdict is Verdict.BROKEN
    assert result.message == 'nobody can be tried as visitor: permission denied to set role "anon" (42501)'


async def test_an_owner_that_rules_bind_is_not_taken_for_an_empty_table(
    notes: str, owned: str, write_set: WriteSet
) -> None:
    superuser = await asyncpg.connect(notes)
    await superuser.execute("alter table public.notes force row level security")
    await superuser.close()
    policy_set = write_set(
        "table: public.notes\ntests: [{ as: marie, select: { key: { id: 2 }, rows: 0 } }, "
        "{ as: marie, select: { where: owner <> auth.uid() and id = 2, rows: 0 } }]"
    )
    results = (await run_tests(owned, policy_set, policy_set.probes)).results
    assert [result.verdict for result in results] == [Verdict.BROKEN, Verdict.BROKEN]
    assert all("affected by row-level security" in result.message for result in results)
