"""Mutants drop and negate each operand of AND and OR, and nothing else; PostgreSQL takes them all."""

from __future__ import annotations

import pytest

from gateway.policies.expressions import mutants
from tests.policies.expressions.server import Server

CASES = {
    "a": ["true", "false", "not (a)"],
    "(a)": ["true", "false", "not (a)"],
    "not a": ["true", "false", "a"],
    "not (a = b)": ["true", "false", "(a = b)"],
    "true": ["false"],
    "FALSE": ["true"],
    "a and b": ["true and b", "not (a) and b", "a and true", "a and not (b)"],
    "a or b": ["false or b", "not (a) or b", "a or false", "a or not (b)"],
    "a and true": ["true and true", "not (a) and true", "a and false"],
    "a and(b)and'x'=s": [
        "true and(b)and'x'=s",
        "not (a) and(b)and'x'=s",
        "a and true and'x'=s",
        "a and not (b) and'x'=s",
        "a and(b)and true",
        "a and(b)and not ('x'=s)",
    ],
    "a and (b or not c)": [
        "true and (b or not c)",
        "not (a) and (b or not c)",
        "a and true",
        "a and not (b or not c)",
        "a and (false or not c)",
        "a and (not (b) or not c)",
        "a and (b or false)",
        "a and (b or c)",
    ],
    "not (a or b)": [
        "true",
        "false",
        "(a or b)",
        "not (false or b)",
        "not (not (a) or b)",
        "not (a or false)",
        "not (a or not (b))",
    ],
    "a and a": ["true and a", "not (a) and a", "a and true", "a and not (a)"],
    "exists (select 1 from t where a)": [
        "true",
        "false",
        "not (exists (select 1 from t where a))",
        "exists (select 1 from t where true)",
        "exists (select 1 from t where false)",
        "exists (select 1 from t where not (a))",
    ],
    "n in (select m from t join u on(a)and b where c)": [
        "true",
        "false",
        "not (n in (select m from t join u on(a)and b where c))",
        "n in (select m from t join u on true and b where c)",
        "n in (select m from t join u on not (a) and b where c)",
        "n in (select m from t join u on(a)and true where c)",
        "n in (select m from t join u on(a)and not (b) where c)",
        "n in (select m from t join u on(a)and b where true)",
        "n in (select m from t join u on(a)and b where false)",
        "n in (select m from t join u on(a)and b where not (c))",
    ],
    "a -- why\nand b /* or */": [
        "true -- why\nand b /* or */",
        "not (a) -- why\nand b /* or */",
        "a -- why\nand true /* or */",
        "a -- why\nand not (b) /* or */",
    ],
}


@pytest.mark.parametrize("text", CASES)
def test_mutants(text: str) -> None:
    assert [mutant.text for mutant in mutants(text)] == CASES[text]


def test_they_say_what_they_changed_and_where() -> None:
    text = "owner = app.me() and (\n  role = 'admin'  or  not hidden)"
    found = mutants(text)

    assert [mutant.description for mutant in found] == [
        "owner = app.me() removed",
        "owner = app.me() negated",
        "role = 'admin' or not hidden removed",
        "role = 'admin' or not hidden negated",
        "role = 'admin' removed",
        "role = 'admin' negated",
        "not hidden removed",
        "not hidden negated",
    ]
    assert [text[mutant.start : mutant.end] for mutant in found[2:5:2]] == [
        "role = 'admin'  or  not hidden",
        "role = 'admin'",
    ]
    assert mutants("x = 1")[0].description == "x = 1 made true"
    assert mutants(f"x = '{'long ' * 40}'")[0].description.startswith("x = 'long long ")
    assert len(mutants(f"x = '{'long ' * 40}'")[0].description) < 80


def test_postgresql_takes_every_mutant(server: Server, valid: tuple[str, ...]) -> None:
    texts = [(text, mutant.text) for text in valid for mutant in mutants(text)]
    for text, mutant in texts:
        refusal = server.refusal(f"create policy p on app.items using ({mutant}\n)")
        assert refusal is None, f"{text}: {mutant}: {refusal}"

    assert len(texts) > 2000


def test_none_is_the_original_and_none_comes_twice(valid: tuple[str, ...]) -> None:
    for text in valid:
        found = [mutant.text for mutant in mutants(text)]
        assert text not in found
        assert len(set(found)) == len(found)
