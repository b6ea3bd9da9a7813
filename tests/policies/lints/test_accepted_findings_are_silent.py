"""`accept:` in files: what it silences, what it does not, and what is said of one that silences nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.policies.files import json_schema
from gateway.policies.lints import lints
from tests.policies.files.sets import read
from tests.policies.files.sets import said as wrong
from tests.policies.lints.conftest import Lab

SQL = """
create table public.notes (id integer primary key, user_id uuid);
create table public.pages (id integer primary key, user_id uuid);
create function public.f() returns void language sql security definer return null::void;
create function public.g() returns void language sql security definer return null::void;
"""
EVERYTHING = [{"name": "p", "to": "authenticated", "for": "delete", "using": "true"}]
MEANT = {"lint": "L002", "because": "it is a board that everybody wipes"}


def table(name: str, **more: Any) -> dict[str, Any]:
    grants = {"authenticated": {"select": "all", "delete": "all"}}
    return {"table": f"public.{name}", "grants": grants, "rows": EVERYTHING, **more}


def functions(*accept: dict[str, str]) -> dict[str, Any]:
    listed = [{"function": f"public.{name}()", "execute": ["anon"]} for name in ("f", "g")]
    return {"functions": listed, **({"accept": list(accept)} if accept else {})}


CASES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("nothing is accepted", {"n": table("notes"), "p": table("pages")}, {"L002 public.notes", "L002 public.pages"}),
    ("in the table's file", {"n": table("notes", accept=[MEANT]), "p": table("pages")}, {"L002 public.pages"}),
    (
        "for the whole set",
        {"defaults": {"accept": [MEANT]}, "n": table("notes"), "p": table("pages")},
        set(),
    ),
    (
        "for one table, in the defaults",
        {"defaults": {"accept": [{**MEANT, "about": "public.pages"}]}, "n": table("notes"), "p": table("pages")},
        {"L002 public.notes"},
    ),
    (
        "for one table of schema public by its bare name",
        {"defaults": {"accept": [{**MEANT, "about": "pages"}]}, "n": table("notes"), "p": table("pages")},
        {"L002 public.notes"},
    ),
    (
        "another lint",
        {"n": table("notes", accept=[{"lint": "L003", "because": "x"}])},
        {"L002 public.notes", "L000 "},
    ),
    (
        "a lint that does not exist",
        {"n": table("notes", accept=[MEANT, {"lint": "L999", "because": "x"}])},
        {"L000 "},
    ),
    (
        "an acceptance cannot be accepted",
        {"n": table("notes", accept=[MEANT, {"lint": "L000", "because": "x"}])},
        {"L000 "},
    ),
    (
        "in the file of another table",
        {"n": table("notes", accept=[MEANT]), "p": table("pages", accept=[{**MEANT, "about": "public.notes"}])},
        {"L002 public.pages", "L000 public.notes"},
    ),
    (
        "in a file of functions",
        {"f": functions({"lint": "L009", "because": "they count"})},
        set(),
    ),
    (
        "one of the functions of a file",
        {"f": functions({"lint": "L009", "because": "it counts", "about": "public.f()"})},
        {"L009 public.g()"},
    ),
    (
        "a lint whose findings depend on the data",
        {"n": table("notes", accept=[MEANT, {"lint": "L017", "because": "there are few rows"}])},
        set(),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_", "documents", "expected"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_cases(lab: Lab, _: str, documents: dict[str, Any], expected: set[str]) -> None:
    async with lab.having(SQL):
        found = await lab.lint(documents)
    assert {f"{each.code} {each.subject}" for each in found if each.code in ("L002", "L009", "L000")} == expected


def test_without_a_database_no_acceptance_is_called_unneeded() -> None:
    text = json.dumps(
        table("notes", accept=[MEANT, {"lint": "L017", "because": "x"}, {"lint": "L005", "because": "x"}])
    )
    assert not [each for each in lints(read(text), None) if each.code in ("L002", "L000")]


async def test_an_unneeded_acceptance_is_told_with_its_place(lab: Lab) -> None:
    async with lab.having(SQL):
        found = await lab.lint({"n": {"table": "public.notes", "accept": [{"lint": "L002", "because": "x"}]}})
    assert [(str(each.place), each.severity.value) for each in found] == [("n.yaml:3:3", "warning")]


WRONG = [
    ("accept: [{ lint: L002 }]", ["P121 2:10"]),
    ("accept: [{ because: x }]", ["P121 2:10"]),
    ("accept: [{ lint: L2, because: x }]", ["P123 2:18"]),
    ("accept: [{ lint: P121, because: x }]", ["P123 2:18"]),
    ("accept: [{ lint: L002, because: '  ' }]", ["P122 2:33"]),
    ("accept: [{ lint: L002, because: true }]", ["P122 2:33"]),
    ("accept: [{ lint: L002, because: x, why: y }]", ["P120 2:36"]),
    ("accept: { lint: L002, because: x }", ["P122 2:9"]),
    ("accept: [L002]", ["P122 2:10"]),
]


@pytest.mark.parametrize(("line", "expected"), WRONG)
@pytest.mark.parametrize("subject", ["table: public.t", "function: public.f()", "functions: []"])
def test_what_is_wrong_with_it_is_told(subject: str, line: str, expected: list[str]) -> None:
    assert wrong(f"{subject}\n{line}\n") == expected
    assert wrong({"defaults.yaml": f"schemas: [public]\n{line}\n"}) == [
        each.replace(" ", " defaults.yaml:") for each in expected
    ]


def test_it_is_read_whole() -> None:
    (accepted,) = read("table: public.t\naccept: [{ lint: L024, because: empty is wanted, about: public.t }]\n").accepts
    assert (accepted.lint, accepted.because, accepted.about) == ("L024", "empty is wanted", "public.t")


def test_files_of_tests_accept_nothing() -> None:
    assert wrong({"tests/t.yaml": "tests: []\naccept: [{ lint: L024, because: x }]\n"}) == ["P120 tests/t.yaml:2:1"]


def test_editors_know_it() -> None:
    definitions = json_schema()["$defs"]
    assert definitions["acceptance"]["required"] == ["lint", "because"]
    for shape in ("table_file", "function_file", "functions_file", "defaults_file"):
        assert "accept" in definitions[shape]["properties"]
