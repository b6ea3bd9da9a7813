"""Personas, rows, matrix and tests become a flat list of probes: each one thing that one persona tries."""

from __future__ import annotations

import json

import pytest

from gateway.policies.model import Expected, Outcome, Persona, Probe
from tests.policies.files.sets import SUB, marked, problems, read, said

PEOPLE = f"""
personas:
  visitor: {{ role: anon }}
  marie: {{ role: authenticated, sub: {SUB}, email: m@x.fr, app_metadata: {{ roles: [a, 1, true, null] }} }}
  admin: {{ role: authenticated, sub: '2' }}
"""

MATRIX = """
rows:
  private: { table: public.resources, key: { id: 1 } }
  shared:
    table: resources
    values: { id: 2, title: x, tags: [a], extra: { b: null } }
    key: { id: 2, part: 1.5 }
given:
  - { table: groups, values: { id: 7 } }
matrix:
  - row: private
    select: [marie, admin]
    delete: nobody
  - row: shared
    update: { by: [marie], set: { title: y } }
    select: everybody
    for: [marie, visitor]
  - insert: public.resources
    values: { title: t }
    by: marie
"""


def probes(files: dict[str, str] | str, people: str = PEOPLE) -> tuple[Probe, ...]:
    files = {"t.yaml": files} if isinstance(files, str) else files
    return read({**files, "defaults.yaml": people}).probes


def denied(sqlstate: str | None = None) -> Expected:
    return Expected(Outcome.DENIED, 0, sqlstate)


def told(probe: Probe) -> tuple[str, str]:
    return probe.name, probe.expected.outcome


def test_personas_have_their_claims() -> None:
    personas = read({"defaults.yaml": PEOPLE}).personas
    assert list(personas) == ["visitor", "marie", "admin"]
    assert personas["visitor"] == Persona("visitor", "anon")
    marie = personas["marie"]
    assert (marie.name, marie.role) == ("marie", "authenticated")
    assert json.loads(json.dumps(dict(marie.claims))) == {
        "sub": SUB,
        "email": "m@x.fr",
        "app_metadata": {"roles": ["a", 1, True, None]},
    }


def test_a_matrix_asks_for_every_known_persona() -> None:
    found = probes({"tests/m.yaml": MATRIX})
    assert [told(probe) for probe in found] == [
        ("visitor may not select private", "denied"),
        ("marie may select private", "allowed"),
        ("admin may select private", "allowed"),
        ("visitor may not delete private", "denied"),
        ("marie may not delete private", "denied"),
        ("admin may not delete private", "denied"),
        ("marie may select shared", "allowed"),
        ("visitor may select shared", "allowed"),
        ("marie may update shared", "allowed"),
        ("visitor may not update shared", "denied"),
        ("visitor may not insert into public.resources", "denied"),
        ("marie may insert into public.resources", "allowed"),
        ("admin may not insert into public.resources", "denied"),
    ]
    by_name = {probe.name: probe for probe in found}
    select = by_name["marie may select private"]
    assert (select.action.verb, select.action.table, dict(select.action.key)) == (
        "select",
        ("public", "resources"),
        {"id": 1},
    )
    assert [(str(row.table), dict(row.values)) for row in select.given] == [("public.groups", {"id": 7})]
    update = by_name["marie may update shared"]
    assert dict(update.action.values) == {"title": "y"}
    assert dict(update.action.key) == {"id": 2, "part": 1.5}
    assert [str(row.table) for row in update.given] == ["public.groups", "public.resources"]
    assert dict(update.given[1].values) == {"id": 2, "title": "x", "tags": ["a"], "extra": {"b": None}}
    assert str(update.place) == "tests/m.yaml:14:5"
    assert dict(by_name["marie may insert into public.resources"].action.values) == {"title": "t"}


def test_a_plain_update_sets_nothing() -> None:
    (probe,) = probes(
        "rows: { a: { table: t, key: { id: 1 } } }\nmatrix: [ { row: a, update: [marie], for: [marie] } ]\n"
    )
    assert dict(probe.action.values) == {}
    assert probe.expected == Expected(Outcome.ALLOWED)


ALLOWED = Expected(Outcome.ALLOWED)

TABLE = "table: public.r\ntests:\n  - {{ as: marie, {} }}\n"

TESTS = {
    "rows": ("select: { rows: 0 }", "marie selects 0 rows of public.r", Expected(Outcome.ROWS)),
    "one row": ("delete: { key: { id: 1 }, rows: 1 }", "marie deletes 1 row of public.r", Expected(Outcome.ROWS, 1)),
    "some": ("select: { rows: some }", "marie selects some rows of public.r", Expected(Outcome.SOME)),
    "all": ("update: { set: { a: 1 }, rows: all }", "marie updates all rows of public.r", Expected(Outcome.ALL)),
    "none": ("select: { rows: none }", "marie selects 0 rows of public.r", Expected(Outcome.ROWS)),
    "no privilege": ("select: { denied: '42501' }", "marie may not select public.r", denied("42501")),
    "a state that is a number": ("select: { denied: 42501 }", "marie may not select public.r", denied("42501")),
    "a state with a zero first": ("select: { denied: 01000 }", "marie may not select public.r", denied("01000")),
    "a state that is a float": ("select: { denied: 22E10 }", "marie may not select public.r", denied("22E10")),
    "any refusal": ("insert: { values: {}, denied: true }", "marie may not insert into public.r", denied()),
    "allowed": ("insert: { values: { a: 1 }, allowed: true }", "marie may insert into public.r", ALLOWED),
    "not allowed": ("insert: { values: { a: 1 }, allowed: false }", "marie may not insert into public.r", denied()),
    "a call": ("call: { function: f, values: { q: x }, denied: true }", "marie may not call public.f", denied()),
    "a name": ("name: so it is, select: { rows: 0 }", "so it is", Expected(Outcome.ROWS)),
}  # fmt: skip


@pytest.mark.parametrize(("test", "name", "expected"), TESTS.values(), ids=TESTS)
def test_single_tests(test: str, name: str, expected: Expected) -> None:
    (probe,) = probes(TABLE.format(test))
    assert (probe.name, probe.expected, probe.persona.name) == (name, expected, "marie")
    assert probe.action.table == (None if probe.action.verb == "call" else ("public", "r"))
    assert str(probe.place) == "t.yaml:3:5"


def test_conditions_and_keys() -> None:
    text = """
    table: t
    predicates: { mine: user_id = auth.uid() }
    tests:
      - { as: marie, select: { where: not $mine, key: { id: 1 }, columns: [a, b], rows: 1 } }
      - { as: marie, update: { where: $mine, set: { a: no }, returning: [a], rows: 2 } }
      - { as: marie, update: { key: { id: 1 }, denied: true } }
    """
    select, update, key = (probe.action for probe in probes(text))
    assert select.where is not None
    assert (select.where.text, dict(select.key), select.columns) == (
        "not (user_id = auth.uid())",
        {"id": 1},
        ("a", "b"),
    )
    assert (dict(update.values), update.columns) == ({"a": "no"}, ("a",))
    assert (dict(key.key), dict(key.values), key.where) == ({"id": 1}, {}, None)


def test_a_persona_made_on_the_spot() -> None:
    text = f"table: t\ntests: [ {{ as: {{ role: authenticated, sub: {SUB}, x: 1 }}, select: {{ rows: 0 }} }} ]\n"
    (probe,) = probes(text)
    assert (probe.persona.name, probe.persona.role) == (f"authenticated {SUB}", "authenticated")
    assert dict(probe.persona.claims) == {"sub": SUB, "x": 1}
    assert list(read({"t.yaml": text, "defaults.yaml": PEOPLE}).personas) == ["visitor", "marie", "admin"]


def test_given_rows_come_in_order() -> None:
    text = """
    table: t
    given: [ { table: a, values: { n: 1 } }, { table: b, values: {} } ]
    tests:
      - { as: marie, given: [ { table: c, values: { n: 2 } } ], select: { rows: 0 } }
      - { as: marie, table: other, select: { rows: 0 } }
    """
    first, second = probes({"tests/x/y.yaml": text})
    assert [row.table.name for row in first.given] == ["a", "b", "c"]
    assert [row.table.name for row in second.given] == ["a", "b"]
    assert (first.action.table, second.action.table) == (("public", "t"), ("public", "other"))
    assert str(first.given[2].place) == "tests/x/y.yaml:4:27"


def test_a_function_s_file_tests_the_function() -> None:
    (probe,) = probes(
        "function: public.f(uuid)\ntests: [ { as: visitor, call: { values: { a: 1 }, allowed: false } } ]\n"
    )
    assert (probe.action.function, probe.name) == (("public", "f"), "visitor may not call public.f")


def test_personas_hold_where_they_are_defined_and_included() -> None:
    files = {
        "tests/a.yaml": "personas: { paul: { role: anon } }\n",
        "tests/b.yaml": "include: [a.yaml]\ntable: t\ntests: [ { as: paul, select: { rows: 0 } } ]\n",
        "tests/c.yaml": "table: t\ntests: [ { as: paul, select: { rows: 0 } } ]\n",
    }
    assert said(files) == ["P133 tests/c.yaml:1:10".replace("1:10", "2:16")]
    files["tests/c.yaml"] = files["tests/c.yaml"].replace("paul", "marie")
    assert [probe.persona.name for probe in probes(files)] == ["paul", "marie"]


def test_a_matrix_knows_the_personas_of_its_file() -> None:
    files = {
        "tests/a.yaml": "personas: { paul: { role: anon } }\nmatrix: [ { insert: t, values: {}, by: nobody } ]\n",
        "tests/b.yaml": "matrix: [ { insert: t, values: {}, by: nobody } ]\n",
    }
    assert [probe.persona.name for probe in probes(files)] == [
        "visitor",
        "marie",
        "admin",
        "paul",
        "visitor",
        "marie",
        "admin",
    ]


def test_files_below_tests_rule_nothing() -> None:
    assert said({"tests/t.yaml": "table: t\ngrants: {}\n"}) == ["P120 tests/t.yaml:2:1"]
    assert read({"x/tests/y/t.yaml": "table: t\n"}).tables == ()


WRONG = {
    "unknown persona": ("table: t\ntests: [ { as: »mary, select: { rows: 0 } } ]\n", "P133"),
    "no table": ("tests: [ »{ as: marie, select: { rows: 0 } } ]\n", "P121"),
    "nothing tried": ("table: t\ntests: [ »{ as: marie } ]\n", "P134"),
    "two things tried": ("table: t\ntests: [ { as: marie, select: { rows: 0 }, »delete: { rows: 0 } } ]\n", "P134"),
    "nothing expected": ("table: t\ntests: [ { as: marie, select: »{ columns: [a] } } ]\n", "P134"),
    "two things expected": ("table: t\ntests: [ { as: marie, select: { rows: 0, »denied: true } } ]\n", "P134"),
    "rows of an insert": ("table: t\ntests: [ { as: marie, insert: »{ values: {}, »rows: 1 } } ]\n", "P134 P120"),
    "not denied": ("table: t\ntests: [ { as: marie, select: { denied: »false } } ]\n", "P134"),
    "no state": ("table: t\ntests: [ { as: marie, select: { denied: »forbidden } } ]\n", "P134"),
    "rows of no number": ("table: t\ntests: [ { as: marie, select: { rows: »few } } ]\n", "P123"),
    "an update of nothing": ("table: t\ntests: [ { as: marie, update: »{ rows: 0 } } ]\n", "P121"),
    "an update of no column": ("table: t\ntests: [ { as: marie, update: { set: »{}, rows: 0 } } ]\n", "P122"),
    "a key of no column": ("table: t\ntests: [ { as: marie, select: { key: »{}, rows: 0 } } ]\n", "P122"),
    "a call of nothing": ("table: t\ntests: [ { as: marie, call: »{ allowed: true } } ]\n", "P121"),
    "an expression that is none": ("table: t\ntests: [ { as: marie, select: { where: »(b, rows: 0 } } ]\n", "P201"),
    "a persona without a role": ("table: t\ntests: [ { as: »{ sub: x }, select: { rows: 0 } } ]\n", "P121"),
    "a numeric sub": ("personas: { p: { role: anon, sub: »12 } }\n", "P122"),
    "a reserved persona": ("personas: { »everybody: { role: anon } }\n", "P125"),
    "a persona defined again": ("personas: { »marie: { role: anon } }\n", "P131"),
    "an unknown row": ("rows: { a: { table: t, key: { id: 1 } } }\nmatrix: [ { row: »b, select: nobody } ]\n", "P133"),
    "a row without a key": ("rows: { a: »{ table: t, values: { id: 1 } } }\n", "P121"),
    "an entry that tries nothing": ("rows: { a: { table: t, key: { id: 1 } } }\nmatrix: [ »{ row: a } ]\n", "P134"),
    "an entry without anything": ("matrix: [ »»{ select: [marie] } ]\n", "P121"),
    "an unknown persona in the matrix": ("matrix: [ { insert: t, values: {}, by: [»mary] } ]\n", "P133"),
    "an unknown persona to try": ("matrix: [ { insert: t, values: {}, by: nobody, for: [»mary] } ]\n", "P133"),
    "one who may and is not tried": ("matrix: [ { insert: t, values: {}, by: »[marie], for: [admin] } ]\n", "P134"),
    "a number that is not exact": ("given: [ { table: t, values: { a: »0.12345678901234567890 } } ]\n", "P124"),
    "no number": ("given: [ { table: t, values: { a: ».nan, b: ».inf, c: »1e999 } } ]\n", "P124 P124 P124"),
    "a number of thousands of digits": ("given: [ { table: t, values: { a: »" + "9" * 5000 + " } } ]\n", "P124"),
    "a column of no name": ("given: [ { table: t, values: { »'': 1 } } ]\n", "P125"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "codes"), WRONG.values(), ids=WRONG)
def test_wrong(text: str, codes: str) -> None:
    text, places = marked(text)
    found = said({"t.yaml": text, "defaults.yaml": PEOPLE})
    if codes == "P121" and len(places) == 2:
        places.pop()
    assert found == [f"{code} {place}" for code, place in zip(codes.split(), places, strict=True)]


def test_a_matrix_without_personas_says_so() -> None:
    assert said("matrix: [ { insert: t, values: {}, by: nobody } ]\n") == ["P133 1:11"]


def test_the_table_that_is_refused_is_said_once() -> None:
    assert [each.code for each in problems("table: T\ntests: [ { as: { role: a }, select: { rows: 0 } } ]\n")] == [
        "P125"
    ]
