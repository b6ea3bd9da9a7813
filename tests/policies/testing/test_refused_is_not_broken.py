"""What PostgreSQL does with single tests, and whether that is a pass, a failure, or a test that says nothing."""

from __future__ import annotations

import textwrap

import pytest

from gateway.policies.testing import Verdict
from tests.policies.testing.conftest import Try

PASSED, FAILED, BROKEN = Verdict.PASSED, Verdict.FAILED, Verdict.BROKEN
MARIE = "11111111-1111-4111-8111-111111111111"
KARIM = "22222222-2222-4222-8222-222222222222"
ALL_VALUES = (
    f"{{ id: 9, owner: {MARIE}, title: 'é', mood: angry, tags: [a, 'b\"c', null], weight: '12345678901234567890.5', "
    "written_at: '2024-02-29T23:00:00+01:00', secret: null }"
)

CASES = [
    # select
    ("as: marie, select: { rows: 2 }", PASSED, ""),
    ("as: marie, select: { rows: 3 }", FAILED, "expected 3 rows, but PostgreSQL answered: 2 rows"),
    ("as: marie, select: { rows: some }", PASSED, ""),
    ("as: nobody_yet, select: { rows: some }", FAILED, "expected at least 1 row, but PostgreSQL answered: 0 rows"),
    ("as: nobody_yet, select: { rows: none }", PASSED, ""),
    ("as: marie, select: { rows: all }", FAILED, "expected all 3 rows, but PostgreSQL answered: 2 rows"),
    ("as: marie, select: { where: owner = auth.uid(), rows: all }", PASSED, ""),
    ("as: marie, select: { where: 'notes.id = 1', rows: 1 }", PASSED, ""),
    ("as: marie, select: { where: 'title like ''of%'' /* a comment */', key: { id: 1 }, rows: 1 }", PASSED, ""),
    ("as: marie, select: { where: id = 1 or id = 3, key: { id: 3 }, rows: 1 }", PASSED, ""),
    ("as: marie, select: { where: auth.role() = 'authenticated', rows: 2 }", PASSED, ""),
    ("as: marie, select: { key: { id: 1 }, rows: 1 }", PASSED, ""),
    ("as: marie, select: { key: { id: 2 }, rows: 0 }", PASSED, ""),
    ("as: marie, select: { key: { secret: null, id: 1 }, rows: 1 }", PASSED, ""),
    ("as: marie, select: { key: { id: 77 }, rows: 0 }", BROKEN, "no row has this key"),
    ("as: marie, select: { where: id = 77, rows: 0 }", BROKEN, "the owner finds no such row either"),
    ("as: marie, select: { key: { id: one }, rows: 0 }", BROKEN, "invalid input syntax for type integer"),
    ("as: marie, select: { key: { number: 1 }, rows: 0 }", BROKEN, "column notes.number does not exist"),
    ("as: marie, select: { where: number = 1, rows: 0 }", BROKEN, 'column "number" does not exist'),
    ("as: marie, select: { where: 1/0 = 1, rows: 0 }", BROKEN, "division by zero"),
    ("as: visitor, select: { columns: [id, title], rows: 0 }", PASSED, ""),
    ("as: visitor, select: { columns: [id, secret], denied: '42501' }", PASSED, ""),
    ("as: visitor, select: { columns: [id, secret], rows: 0 }", FAILED, "permission denied for table notes"),
    ("as: visitor, select: { key: { mood: calm }, rows: 0 }", BROKEN, "anon may not read mood, by which"),
    ("as: visitor, table: public.shares, select: { denied: '42501' }", PASSED, ""),
    ("as: visitor, table: public.shares, select: { rows: 0 }", FAILED, "permission denied for table shares"),
    # insert
    (f"as: marie, insert: {{ values: {{ id: 9, owner: {MARIE} }}, allowed: true }}", PASSED, ""),
    (f"as: marie, insert: {{ values: {ALL_VALUES}, allowed: true }}", PASSED, ""),
    (f"as: marie, insert: {{ values: {{ id: 9, owner: {KARIM} }}, allowed: false }}", PASSED, ""),
    (f"as: marie, insert: {{ values: {{ id: 9, owner: {KARIM} }}, allowed: true }}", FAILED, "violates row-level"),
    (f"as: marie, insert: {{ values: {{ id: 9, owner: {MARIE} }}, allowed: false }}", FAILED, "expected a refusal"),
    (f"as: marie, insert: {{ values: {{ id: 1, owner: {MARIE} }}, allowed: false }}", BROKEN, "notes_pkey"),
    (f"as: marie, insert: {{ values: {{ id: 1, owner: {MARIE} }}, allowed: true }}", BROKEN, "notes_pkey"),
    (f"as: marie, insert: {{ values: {{ id: 1, owner: {MARIE} }}, denied: '23505' }}", PASSED, ""),
    ("as: marie, insert: { values: { id: 9, owner: marie }, allowed: false }", BROKEN, "type uuid"),
    ("as: marie, insert: { values: { id: 9, mood: sad }, allowed: false }", BROKEN, "enum mood"),
    (f"as: marie, insert: {{ values: {{ id: 9, owner: {MARIE}, title: forbidden }}, denied: PT409 }}", PASSED, ""),
    (
        f"as: marie, insert: {{ values: {{ id: 9, owner: {MARIE}, title: forbidden }}, allowed: false }}",
        BROKEN,
        "not this title (PT409)",
    ),
    (f"as: marie, insert: {{ values: {{ id: 9, owner: {MARIE} }}, denied: PT409 }}", FAILED, "expected error PT409"),
    ("as: marie, insert: { values: {}, allowed: false }", PASSED, ""),
    (
        f"as: karim, insert: {{ values: {{ id: 9, owner: {KARIM} }}, returning: [id], allowed: true }}",
        PASSED,
        "",
    ),
    # update
    ("as: marie, update: { key: { id: 1 }, rows: 1 }", PASSED, ""),
    ("as: marie, update: { key: { id: 1 }, set: { title: x }, rows: 1 }", PASSED, ""),
    ("as: marie, update: { key: { id: 1 }, set: { title: x, mood: angry }, rows: 1 }", PASSED, ""),
    ("as: marie, update: { key: { id: 1 }, set: { secret: x }, denied: '42501' }", PASSED, ""),
    ("as: marie, update: { key: { id: 2 }, set: { title: x }, rows: 0 }", PASSED, ""),
    ("as: marie, update: { set: { title: x }, rows: 1 }", PASSED, ""),
    ("as: marie, update: { where: mood = 'calm', set: { mood: angry }, rows: 1 }", PASSED, ""),
    ("as: marie, update: { key: { id: 1 }, set: { title: 'of karim' }, rows: 1 }", BROKEN, "notes_title_key"),
    ("as: marie, update: { key: { id: 1 }, set: { title: forbidden }, denied: PT409 }", PASSED, ""),
    ("as: marie, update: { key: { id: 1 }, set: { title: x }, denied: '42501' }", FAILED, "expected error 42501"),
    # delete
    ("as: marie, delete: { key: { id: 1 }, rows: 1 }", PASSED, ""),
    ("as: marie, delete: { key: { id: 2 }, rows: 0 }", PASSED, ""),
    ("as: marie, delete: { key: { id: 1 }, rows: 0 }", FAILED, "expected 0 rows, but PostgreSQL answered: 1 row"),
    ("as: marie, delete: { rows: 1 }", PASSED, ""),
    ("as: karim, delete: { key: { id: 3 }, rows: 1 }", BROKEN, "violates foreign key"),
    ("as: visitor, delete: { denied: '42501' }", PASSED, ""),
    # call
    ("as: marie, call: { function: public.add, values: { a: 1 }, allowed: true }", PASSED, ""),
    ("as: marie, call: { function: public.add, values: { a: 1, b: 2 }, allowed: true }", PASSED, ""),
    ("as: marie, call: { function: public.add, values: { b: 2 }, allowed: true }", BROKEN, "there is no function"),
    ("as: marie, call: { function: public.add, values: { a: x }, allowed: true }", BROKEN, "type integer"),
    ("as: visitor, call: { function: public.add, values: { a: 1 }, denied: '42501' }", PASSED, ""),
    ("as: visitor, call: { function: public.add, values: { a: 1 }, allowed: false }", PASSED, ""),
    ("as: visitor, call: { function: public.add, values: { a: 1 }, allowed: true }", FAILED, "permission denied"),
    ("as: marie, call: { function: public.mine, allowed: true }", PASSED, ""),
    ("as: marie, call: { function: public.fail, values: { sqlstate: P0002 }, denied: P0002 }", PASSED, ""),
    (
        "as: marie, call: { function: public.fail, values: { sqlstate: P0002 }, allowed: false }",
        BROKEN,
        "failed (P0002)",
    ),
    ("as: marie, call: { function: public.fail, values: { sqlstate: '42501' }, allowed: false }", PASSED, ""),
    # other relations
    ("as: marie, table: public.titles, select: { rows: 2 }", PASSED, ""),
    ("as: marie, table: public.titles, update: { key: { id: 2 }, set: { title: x }, rows: 0 }", PASSED, ""),
    ("as: marie, table: public.events, update: { key: { id: 1 }, rows: 1 }", PASSED, ""),
    ("as: karim, table: public.events, delete: { key: { id: 1 }, rows: 0 }", PASSED, ""),
    ("as: marie, table: public.nothing, select: { rows: 0 }", BROKEN, "there is no table public.nothing"),
    ("as: marie, table: public.pins, insert: { values: { id: 1, note: 1 }, allowed: true }", PASSED, ""),
    # What is checked at the end of a transaction is checked at once.
    ("as: marie, table: public.pins, insert: { values: { id: 1, note: 77 }, allowed: true }", BROKEN, "foreign key"),
    # What one role finds, another need not.
    ("as: marie, table: attic.boxes, select: { rows: 1 }", PASSED, ""),
    ("as: visitor, table: attic.boxes, select: { rows: 1 }", FAILED, "permission denied for schema attic"),
    ("as: marie, table: attic.boxes, delete: { rows: 1 }", PASSED, ""),
    ("as: visitor, table: attic.boxes, delete: { denied: '42501' }", PASSED, ""),
    # personas
    ("as: { role: no_such_role }, select: { rows: 0 }", BROKEN, 'role "no_such_role" does not exist'),
    ("as: { role: anon, sub: x }, select: { rows: 0 }", PASSED, ""),
    ("as: { role: authenticated, sub: x }, select: { rows: 0 }", BROKEN, "invalid input syntax for type uuid"),
]


@pytest.fixture(scope="module")
def all_cases() -> str:
    """All of them as one file: what one does must not matter to another."""
    return "table: public.notes\ntests:\n" + "".join(f"  - {{ {case} }}\n" for case, _, _ in CASES)


async def test_every_case(attempt: Try, all_cases: str) -> None:
    results = await attempt(all_cases)
    assert len(results) == len(CASES)
    seen = [(case, result.verdict) for (case, _, _), result in zip(CASES, results, strict=True)]
    said = "\n".join(str(result) for result in results if not result.passed)
    assert seen == [(case, verdict) for case, verdict, _ in CASES], said
    for (case, _, words), result in zip(CASES, results, strict=True):
        assert words in result.message, case


GIVEN = f"""
    table: public.notes
    given:
      - {{ table: public.notes, values: {{ id: 20, owner: {KARIM}, title: given }} }}
    tests:
      - {{ as: marie, select: {{ key: {{ id: 20 }}, rows: 0 }} }}
      - as: marie
        given: [{{ table: public.shares, values: {{ note: 20, reader: {MARIE} }} }}]
        select: {{ key: {{ id: 20 }}, rows: 1 }}
      - {{ as: marie, select: {{ key: {{ id: 20 }}, rows: 0 }} }}
      - as: marie
        given: [{{ table: public.shares, values: {{ note: 21, reader: {MARIE} }} }}]
        select: {{ key: {{ id: 20 }}, rows: 1 }}
      - as: marie
        given: [{{ table: public.shares, values: {{ note: 20, reader: {KARIM} }} }}]
        select: {{ key: {{ id: 20 }}, rows: 0 }}
      - {{ as: karim, delete: {{ key: {{ id: 20 }}, rows: 1 }} }}
      - {{ as: karim, select: {{ key: {{ id: 20 }}, rows: 1 }} }}
"""


async def test_given_rows_are_there_for_their_test_only(attempt: Try) -> None:
    results = await attempt(textwrap.dedent(GIVEN))
    assert [result.verdict for result in results] == [PASSED, PASSED, PASSED, BROKEN, PASSED, PASSED, PASSED]
    assert results[3].message.startswith(
        "the row given at tests/all.yaml:11:13 cannot be inserted into public.shares: insert or update on table"
    )
