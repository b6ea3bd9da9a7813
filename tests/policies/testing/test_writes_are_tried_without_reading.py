"""A client need not filter: DELETE /notes reads nothing, so rules of reading do not protect what it reaches."""

from __future__ import annotations

import pytest

from tests.policies.testing.conftest import Try

TESTS = """
table: public.notes
rows:
  of_karim: { table: public.notes, key: { id: 2 } }
  event: { table: public.events, key: { id: 1, day: '2024-05-01' } }
matrix:
  - { row: of_karim, for: [marie], update: nobody, delete: nobody }
  - { row: event, for: [karim], update: nobody, delete: nobody }
tests:
  - { name: not by key, as: marie, delete: { key: { id: 2 }, rows: 0 } }
  - { name: the title stays, as: marie, update: { key: { id: 2 }, set: { title: x }, rows: 0 } }
"""
HIDDEN_BUT_OPEN = """
table: public.notes
grants:
  authenticated: { select: all, update: [title], delete: all }
rows:
  - { name: own, to: authenticated, for: select, using: owner = auth.uid() }
  - { name: everything, to: authenticated, for: [update, delete], using: true }
"""
# A role that may not even select.
WRITE_ONLY = HIDDEN_BUT_OPEN.replace("select: all, ", "")
EVENTS = """
table: public.events
grants: { authenticated: { select: all, update: all, delete: all } }
rows:
  - { name: own, to: authenticated, for: select, using: owner = auth.uid() }
  - { name: everything, to: authenticated, for: [update, delete], using: true }
"""


async def test_hidden_rows_are_refused(attempt: Try) -> None:
    assert [str(result) for result in await attempt(TESTS) if not result.passed] == []


@pytest.mark.parametrize("rules", [HIDDEN_BUT_OPEN, WRITE_ONLY], ids=["hidden", "write only"])
async def test_hidden_rows_that_are_reached_are_a_failure(attempt: Try, rules: str) -> None:
    failed = {result.probe.name: result.message for result in await attempt(TESTS, {"notes.yaml": rules})}
    reached = "1 row reached without reading, as without a filter"
    assert failed["marie may not update of_karim"] == f"expected a refusal, but PostgreSQL answered: {reached}"
    assert failed["marie may not delete of_karim"] == f"expected a refusal, but PostgreSQL answered: {reached}"
    if rules is HIDDEN_BUT_OPEN:
        assert failed["not by key"] == f"expected 0 rows, but PostgreSQL answered: {reached}"
        assert failed["the title stays"] == f"expected 0 rows, but PostgreSQL answered: {reached}"


async def test_rows_of_partitions_are_reached(attempt: Try) -> None:
    failed = {result.probe.name for result in await attempt(TESTS, {"events.yaml": EVENTS}) if not result.passed}
    assert failed == {"karim may not update event", "karim may not delete event"}


UNCHANGED = """
table: public.notes
rows:
  of_marie: { table: public.notes, key: { id: 1 } }
matrix:
  - { row: of_marie, for: [marie, karim], update: [marie] }
"""


@pytest.mark.parametrize("column", ["title", "mood", "tags", "weight", "written_at", "secret"])
async def test_an_update_of_nothing_sets_a_column_that_may_be_set(attempt: Try, column: str) -> None:
    """The key itself may not be updated by anybody."""
    rules = f"""
    table: public.notes
    grants: {{ authenticated: {{ select: all, update: [{column}] }} }}
    rows:
      - {{ name: all, to: authenticated, for: select, using: true }}
      - {{ name: own, to: authenticated, for: update, using: owner = auth.uid() }}
    """
    assert [str(each) for each in await attempt(UNCHANGED, {"notes.yaml": rules}) if not each.passed] == []
    rules = rules.replace("for: update, using: owner = auth.uid()", "for: update, using: true")
    failed = [each.probe.name for each in await attempt(UNCHANGED, {"notes.yaml": rules}) if not each.passed]
    assert failed == ["karim may not update of_marie"]
