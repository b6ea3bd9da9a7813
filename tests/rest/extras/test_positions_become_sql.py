"""The condition that a row comes after a position: one that an index can serve where there is one."""

from __future__ import annotations

import pytest

from gateway.rest.sql.keyset import Compared, after


def term(text: str, value: str | None, kind: str = "") -> Compared:
    """`kind` has `d` for descending, `f` for nulls first, `n` for nullable."""
    return Compared(text, value, "d" in kind, "f" in kind, "n" in kind)


CONDITIONS: list[tuple[list[Compared], str]] = [
    ([term("a", "$1")], "(a) > ($1)"),
    ([term("a", "$1"), term("b", "$2")], "(a, b) > ($1, $2)"),
    ([term("a", "$1", "df"), term("b", "$2", "df")], "(a, b) < ($1, $2)"),
    ([term("a", "$1", "df"), term("b", "$2")], "(a <= $1 AND (a < $1 OR (a = $1 AND b > $2)))"),
    ([term("a", "$1", "n"), term("b", "$2")], "((a > $1 OR a IS NULL) OR (a = $1 AND b > $2))"),
    ([term("a", "$1", "nf"), term("b", "$2")], "(a >= $1 AND (a > $1 OR (a = $1 AND b > $2)))"),
    ([term("a", None, "n"), term("b", "$1")], "(a IS NULL AND b > $1)"),
    ([term("a", None, "nf"), term("b", "$1")], "(a IS NOT NULL OR (a IS NULL AND b > $1))"),
    ([term("a", "$1"), term("b", None, "n")], "(a >= $1 AND (a > $1 OR (a = $1 AND FALSE)))"),
]


@pytest.mark.parametrize(("terms", "expected"), CONDITIONS, ids=[row[1] for row in CONDITIONS])
def test_conditions(terms: list[Compared], expected: str) -> None:
    assert after(terms) == expected
