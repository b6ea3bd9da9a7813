"""Every key and value that is not what it must be is named with its code, line and column, and hides no other."""

from __future__ import annotations

import pytest

from tests.policies.files.sets import marked, problems, said

TABLE = "table: public.a\n"
ROW = "table: a\nrows:\n  - { name: n, to: anon, for: all, "

CASES = {
    # keys
    "unknown key": (TABLE + "»colour: red\n", "P120"),
    "unknown keys everywhere": (TABLE + "»grant: {}\nlimits: { »max: 1, »x: 2 }\n", "P120 P120 P120"),
    "personas in a table's file": (TABLE + "»personas: {}\n", "P120"),
    "missing keys": (TABLE + "rows:\n  - »»»{ using: true }\n", "P121 P121 P121"),
    # kinds of values
    "a list for a mapping": (TABLE + "grants: »[a]\n", "P122"),
    "a mapping for a list": (TABLE + "rows: »{ a: b }\n", "P122"),
    "nothing for a mapping": (TABLE + "grants:»\n", "P122"),
    "a number for text": ("table: »1\n", "P122"),
    "text for a mapping": (TABLE + "grants: { anon: »all }\n", "P122"),
    "a document of text": ("»public.a\n", "P130"),
    "a document of a list": ("»- table: public.a\n", "P130"),
    # booleans
    "no": (TABLE + "row_security: »no\n", "P122"),
    "off": (TABLE + "row_security: »Off\n", "P122"),
    "quoted true": (TABLE + 'row_security: »"true"\n', "P122"),
    "yes": (TABLE + "rows:\n  - { name: n, to: anon, for: all, restrictive: »yes, using: true }\n", "P122"),
    "one": (TABLE + "rows:\n  - { name: n, to: anon, for: all, restrictive: »1 }\n", "P122"),
    # names
    "empty name": (TABLE + "rows:\n  - { name: »'', to: anon, for: all }\n", "P125"),
    "name of 64 bytes": (TABLE + "rows:\n  - { name: »" + "é" * 32 + ", to: anon, for: all }\n", "P125"),
    "name that is a number": (TABLE + "rows:\n  - { name: »1e3, to: anon, for: all }\n", "P122"),
    "name that is nothing": (TABLE + "rows:\n  - { name: »null, to: anon, for: all }\n", "P122"),
    "capitals in a table": ("table: »public.Resources\n", "P125"),
    "three parts": ("table: »db.public.a\n", "P125"),
    "a space": ("table: »my table\n", "P125"),
    "a hyphen": ("table: »my-table\n", "P125"),
    "an empty table": ("table: »''\n", "P125"),
    "an open quote": ("table: »'public.\"a'\n", "P125"),
    "no role": (TABLE + "grants: { »none: { select: all } }\n", "P125"),
    "an empty role": (TABLE + "rows:\n  - { name: n, to: [anon, »''], for: all }\n", "P125"),
    # grants
    "unknown privilege": (TABLE + "grants: { anon: { »read: all } }\n", "P120"),
    "a star for all": (TABLE + "grants: { anon: { select: »'*' } }\n", "P123"),
    "one column without a list": (TABLE + "grants: { anon: { select: »id } }\n", "P123"),
    "true for all": (TABLE + "grants: { anon: { select: »true } }\n", "P122"),
    "no columns": (TABLE + "grants: { anon: { select: »[] } }\n", "P122"),
    "a column twice": (TABLE + "grants: { anon: { select: [a, b, »a] } }\n", "P126"),
    "columns of delete": (TABLE + "grants: { anon: { delete: »[a] } }\n", "P122"),
    "columns that are no names": (TABLE + "grants: { anon: { select: [»1, »null, »''] } }\n", "P122 P122 P125"),
    # row policies
    "unknown verb": (TABLE + "rows:\n  - { name: n, to: anon, for: [select, »read] }\n", "P123"),
    "a verb twice": (TABLE + "rows:\n  - { name: n, to: anon, for: [select, »select] }\n", "P126"),
    "all in a list": (TABLE + "rows:\n  - { name: n, to: anon, for: [»all] }\n", "P123"),
    "no verbs": (TABLE + "rows:\n  - { name: n, to: anon, for: »[] }\n", "P122"),
    "using on insert": (TABLE + "rows:\n  - { name: n, to: anon, for: insert, »using: true }\n", "P132"),
    "check on select": (TABLE + "rows:\n  - { name: n, to: anon, for: select, »check: true }\n", "P132"),
    "check on select and delete": (
        TABLE + "rows:\n  - { name: n, to: anon, for: [select, delete], »check: true }\n",
        "P132",
    ),
    "a number as expression": (TABLE + "rows:\n  - { name: n, to: anon, for: all, using: »1 }\n", "P122"),
    "nothing as expression": (TABLE + "rows:\n  - { name: n, to: anon, for: all, using: »}\n", "P122"),
    "empty expression": (TABLE + "rows:\n  - { name: n, to: anon, for: all, using: '»' }\n", "P201"),
    "list as expression": (TABLE + "rows:\n  - { name: n, to: anon, for: all, using: »[a] }\n", "P122"),
    "two names": (TABLE + "rows:\n  - { name: a, to: b, for: all }\n  - { »name: a, to: b, for: select }\n", "P131"),
    "a name that another becomes": (
        TABLE + "rows:\n  - { name: a, to: b, for: [select, delete] }\n  - { to: b, »name: a_delete, for: delete }\n",
        "P131",
    ),
    "a name that becomes too long": (
        TABLE + "rows:\n  - { »»name: " + "a" * 57 + ", to: b, for: [select, delete] }\n",
        "P125 P125",
    ),
    # quantities
    "a duration without a unit": (TABLE + "cache: { ttl: »900 }\n", "P124"),
    "a duration in words": (TABLE + "cache: { ttl: »15 minutes }\n", "P124"),
    "no duration": (TABLE + "cache: { ttl: »0s }\n", "P124"),
    "a negative duration": (TABLE + "cache: { ttl: »-1s }\n", "P124"),
    "a duration for ever": (TABLE + "cache: { ttl: »999999999d }\n", "P124"),
    "no ttl": (TABLE + "cache: »{ clock: 1s }\n", "P121"),
    "a ttl of none": (TABLE + "cache: { ttl: »false }\n", "P122"),
    "an alias with an open brace": (TABLE + "cache: { ttl: 1s, alias: »'a{b' }\n", "P125"),
    "an alias with a place of no name": (TABLE + "cache: { ttl: 1s, alias: [a, »'b{}'] }\n", "P125"),
    "an alias without a character": (TABLE + "cache: { ttl: 1s, alias: »'' }\n", "P125"),
    "a long alias": (TABLE + f"cache: {{ ttl: 1s, alias: »{'a' * 201} }}\n", "P125"),
    "an alias of a number": (TABLE + "cache: { ttl: 1s, alias: »5 }\n", "P122"),
    "an alias twice": (TABLE + "cache: { ttl: 1s, alias: [a, »a] }\n", "P126"),
    "a list of no aliases": (TABLE + "cache: { ttl: 1s, alias: »[] }\n", "P122"),
    "a cache of true": (TABLE + "cache: »true\n", "P122"),
    "a rate without a period": (TABLE + "limits: { requests: »300 }\n", "P124"),
    "a rate per week": (TABLE + "limits: { requests: »300/week }\n", "P124"),
    "no rows": (TABLE + "limits: { max_rows: »0 }\n", "P124"),
    "too many rows": (TABLE + "limits: { max_rows: »" + "9" * 5000 + " }\n", "P124"),
    "half a row": (TABLE + "limits: { max_rows: »1.5 }\n", "P122"),
    # realtime
    "realtime of true": (TABLE + "realtime: »true\n", "P123"),
    "realtime of select": (TABLE + "realtime: [insert, »select]\n", "P123"),
    # functions
    "a function that is none": ("function: »public.f(uuid\n", "P125"),
    "a function with a tail": ("function: »public.f(uuid) drop\n", "P125"),
    "functions that are none": (
        "functions:\n  - { function: »'' }\n  - »{ execute: anon }\n  - »3\n",
        "P125 P121 P122",
    ),
    "reads of a mapping": ("function: f\nreads: { tables: »{ a: b }, claims: sub, clock: »1 }\n", "P122 P124"),
    # what a file is about
    "two subjects": ("table: a\n»function: f\n", "P130"),
    "no subject": ("»colour: red\n", "P130"),
    "a subject mistyped": ("»»tabel: a\ngrants: {}\nrealtime: all\n", "P120 P121"),
    "defaults by another name": ("»schemas: [public]\nroles: [anon]\n", "P130"),
}


@pytest.mark.parametrize(("text", "codes"), CASES.values(), ids=CASES)
def test_cases(text: str, codes: str) -> None:
    """Each problem stands where a `»` does."""
    text, places = marked(text)
    assert said(text) == [f"{code} {place}" for code, place in zip(codes.split(), places, strict=True)]


def test_one_wrong_entry_hides_no_other() -> None:
    text, places = marked("""\
table: »Public.a
grants: { anon: { »selct: all }, »1: {} }
rows:
  - { name: n, to: »[], for: all, using: "»(" }
  - »5
  - { name: n, to: anon, for: [»slect], using: »$nobody }
cache: { ttl: »soon }
tests:
  - { as: »nobody, select: { rows: »-1 } }
""")
    codes = "P125 P120 P118 P122 P201 P122 P123 P150 P124 P133 P124"
    assert said(text) == [f"{code} {place}" for code, place in zip(codes.split(), places, strict=True)]


FIXES = {
    "no": (TABLE + "row_security: no\n", "write false"),
    "900": (TABLE + "cache: { ttl: 900 }\n", "900s"),
    "near key": (TABLE + "grnts: {}\n", "did you mean `grants`?"),
    "near verb": (ROW.replace("all", "[selekt]") + "}\n", "did you mean `select`?"),
    "near privilege": (TABLE + "grants: { anon: { updte: all } }\n", "did you mean `update`?"),
    "key of another file": (TABLE + "personas: {}\n", "possible are"),
    "number": ("table: 1\n", "quotes"),
    "capitals": ("table: public.Resources\n", "double quotes"),
    "near leading key": ("tabel: a\n", "did you mean `table`?"),
    "cut off": (TABLE + "rows:\n  - name: n\n    to: a\n    for: all\n    using: a #> b\n", "quotes"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "fix"), FIXES.values(), ids=FIXES)
def test_fixes(text: str, fix: str) -> None:
    assert any(fix in problem.fix for problem in problems(text)), problems(text)


def test_the_table_is_the_subject() -> None:
    (problem,) = problems(TABLE + "row_security: no\n")
    assert problem.subject == "public.a"


def test_both_places_of_a_policy_defined_twice_are_named() -> None:
    (problem,) = problems(marked(CASES["two names"][0])[0])
    assert "t.yaml:3:5" in problem.message


def test_two_files_for_one_table_are_both_named() -> None:
    (problem,) = problems({"a.yaml": "table: public.t\n", "b/c.yml": "# é\ntable: 'public.\"t\"'\n"})
    assert (problem.code, str(problem.place)) == ("P131", "b/c.yml:2:1")
    assert "a.yaml:1:1" in problem.message


FUNCTIONS = {
    "the same": ("f(uuid)", "f(uuid)", True),
    "other spelling": ("f(uuid,integer)", "public.f( UUID , integer )", True),
    "by name and by signature": ("f", "f(uuid)", True),
    "by signature and by name": ("f(uuid)", "public.f", True),
    "overloaded": ("f(uuid)", "f(text)", False),
    "of no arguments": ("f()", "f(text)", False),
    "other schema": ("a.f", "b.f", False),
    "other case": ('"F"()', "f()", False),
}


@pytest.mark.parametrize(("first", "second", "clash"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_two_entries_for_one_function(first: str, second: str, clash: bool) -> None:
    found = problems({"a.yaml": f"function: '{first}'\n", "b.yaml": f"functions: [ {{ function: '{second}' }} ]\n"})
    assert [(each.code, str(each.place)) for each in found] == ([("P131", "b.yaml:1:16")] if clash else [])
    assert not clash or "a.yaml:1:1" in found[0].message


@pytest.mark.parametrize("key", ["a\\nb", "\\x1b[2J", "a\\u202eb", "x" * 5000])
def test_messages_have_no_power_over_terminals(key: str) -> None:
    (problem,) = problems(f'table: a\n"{key}": 1\n')
    assert problem.message.isprintable()
    assert problem.fix.isprintable()
    assert len(problem.message) < 200


def test_too_many_problems_end() -> None:
    text = "table: a\ngrants:\n" + "".join(f"  role{number}: {{ read: all }}\n" for number in range(300))
    found = problems(text)
    assert len(found) == 101
    assert found[0].code == "P129"
