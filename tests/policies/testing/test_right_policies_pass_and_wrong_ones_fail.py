"""The same tests on right rules, and on rules with one fault each."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policies.testing import Verdict
from tests.policies.testing.conftest import Try

TESTS = """
table: public.notes
rows:
  of_marie: { table: public.notes, key: { id: 1 } }
  of_karim: { table: public.notes, key: { id: 2 } }
  shared: { table: public.notes, key: { id: 3 } }
  new_one:
    table: public.notes
    key: { id: 10 }
    values: { id: 10, owner: 11111111-1111-4111-8111-111111111111, title: new }
  share: { table: public.shares, key: { note: 3, reader: 11111111-1111-4111-8111-111111111111 } }
matrix:
  - row: of_marie
    select: [marie]
    update: [marie]
    delete: [marie]
  - row: of_karim
    select: [karim]
    update: { by: [karim], set: { title: x } }
    delete: [karim]
  - row: shared
    select: [marie, karim]
    update: [karim]
  - row: new_one
    select: [marie]
    update: [marie]
    delete: [marie]
  - row: share
    select: [marie]
    delete: nobody
  - insert: public.notes
    values: { id: 11, owner: 11111111-1111-4111-8111-111111111111, title: mine }
    by: [marie]
tests:
  - { name: visitors see titles alone, as: visitor, select: { columns: [owner], denied: '42501' } }
  - { name: visitors see no row, as: visitor, select: { rows: none } }
  - name: nothing is given away
    as: marie
    update: { key: { id: 1 }, set: { owner: 22222222-2222-4222-8222-222222222222 }, denied: '42501' }
  - { name: no filter finds what is not hers, as: marie, delete: { where: id = 2, rows: 0 } }
"""
RIGHT = Path(__file__).with_name("notes.yaml").read_text("utf-8")


async def test_right_rules_pass(attempt: Try) -> None:
    results = await attempt(TESTS)
    assert len(results) == 60
    assert [str(result) for result in results if not result.passed] == []


@pytest.mark.parametrize(
    ("right", "wrong", "noticed_by"),
    [
        ("owner = auth.uid() or exists", "true or exists", "karim may not select of_marie"),
        ("owner = auth.uid() or exists", "false or exists", "marie may select of_marie"),
        ("s.note = id and s.reader = auth.uid()", "true", "marie may not select of_karim"),
        ("    using: owner = auth.uid()\n    check", "    using: true\n    check", "marie may not delete of_karim"),
        ("    check: owner = auth.uid()", "    check: true", "nothing is given away"),
        ("    check: owner = auth.uid()", "    check: 'false'", "marie may insert into public.notes"),
        ("[insert, update, delete]", "[insert, update]", "marie may delete of_marie"),
        ("insert: all", "insert: [id, title]", "marie may insert into public.notes"),
        ("{ select: [id, title] }", "{ select: all }", "visitors see titles alone"),
        ("  anon: { select: [id, title] }\n", "", "visitors see no row"),
        ("grants:", "row_security: false\ngrants:", "karim may not select of_marie"),
    ],
)
async def test_a_fault_is_noticed(attempt: Try, right: str, wrong: str, noticed_by: str) -> None:
    assert right in RIGHT
    changed = {"notes.yaml": RIGHT.replace(right, wrong)}
    failed = {result.probe.name: result for result in await attempt(TESTS, changed) if not result.passed}
    assert noticed_by in failed
    assert failed[noticed_by].verdict is Verdict.FAILED


async def test_a_table_without_row_security_is_noticed(attempt: Try) -> None:
    changed = {"shares.yaml": "table: public.shares\ngrants: { anon: { select: all } }\nrow_security: false\n"}
    failed = {result.probe.name for result in await attempt(TESTS, changed) if not result.passed}
    assert "visitor may not select share" in failed


async def test_a_failure_says_where_and_what(attempt: Try) -> None:
    changed = {"notes.yaml": RIGHT.replace("    check: owner = auth.uid()", "    check: 'false'")}
    said = [str(result) for result in await attempt(TESTS, changed) if result.probe.name == "marie may update of_marie"]
    place = "tests/all.yaml:14:5: marie may update of_marie"
    answer = 'new row violates row-level security policy for table "notes" (42501)'
    assert said == [f"{place}: expected 1 row, but PostgreSQL answered: {answer}"]
