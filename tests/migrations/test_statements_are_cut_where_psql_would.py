from __future__ import annotations

from pathlib import Path

import pytest

from gateway.migrations.statements import Statement, split

CASES: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "nothing": ("", []),
    "only comments": ("-- a;\n/* b; */\n", []),
    "empty statements": (";;\n;", []),
    "without a last semicolon": ("select 1", [(1, "select 1")]),
    "two on a line": ("select 1; select 2;", [(1, "select 1"), (1, "select 2")]),
    "comments before": ("-- one;\n\n/* two; */ select 1;", [(3, "select 1")]),
    "nested comment before": ("/* a /* b; */ c; */ select 1;", [(1, "select 1")]),
    "comment within": ("select 1 -- a;b\n, 2;", [(1, "select 1 -- a;b\n, 2")]),
    "string": ("select ';''; ' ; select 2", [(1, "select ';''; '"), (1, "select 2")]),
    "escape string": (r"select E'\';' ; select 2", [(1, r"select E'\';'"), (1, "select 2")]),
    "backslash in a plain string": (r"select '\'; select 2", [(1, r"select '\'"), (1, "select 2")]),
    "quoted name": ('select ";"";" ; select 2', [(1, 'select ";"";"'), (1, "select 2")]),
    "dollar quotes": ("do $$ a; b $$; select 2", [(1, "do $$ a; b $$"), (1, "select 2")]),
    "tagged dollar quotes": ("do $x$ a; $$ ; $$ b $x$; select 2", [(1, "do $x$ a; $$ ; $$ b $x$"), (1, "select 2")]),
    "a parameter is no dollar quote": ("select $1; select $2", [(1, "select $1"), (1, "select $2")]),
    "a dollar within a name": ("select a$b; select c$d", [(1, "select a$b"), (1, "select c$d")]),
    "rule with a list": (
        "create rule r as on insert to t do (a; b); select 2",
        [(1, "create rule r as on insert to t do (a; b)"), (1, "select 2")],
    ),
    "atomic body": (
        "create function f() returns int\nbegin atomic\n select case when true then 1 end;\n select 2;\nend;\nselect 3",
        [
            (1, "create function f() returns int\nbegin atomic\n select case when true then 1 end;\n select 2;\nend"),
            (6, "select 3"),
        ],
    ),
    "atomic body, replaced": (
        "CREATE OR REPLACE FUNCTION f() BEGIN ATOMIC SELECT 1; END; select 3",
        [(1, "CREATE OR REPLACE FUNCTION f() BEGIN ATOMIC SELECT 1; END"), (1, "select 3")],
    ),
    "case outside of a routine": (
        "select case when true then 1 end; select 2",
        [(1, "select case when true then 1 end"), (1, "select 2")],
    ),
    "unfinished quotes run to the end": ("select 'a; select 2", [(1, "select 'a; select 2")]),
    "unfinished dollar quotes": ("do $$ a; b", [(1, "do $$ a; b")]),
    "unfinished comment": ("select 1 /* a; b", [(1, "select 1 /* a; b")]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_cut(case: str) -> None:
    text, expected = CASES[case]
    assert split(text) == tuple(Statement(line, statement) for line, statement in expected)


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[2].glob("schema/*/*.sql")), ids=lambda path: path.name)
def test_every_shipped_file_keeps_its_text(path: Path) -> None:
    """What the cutting leaves out between two statements is comments, blanks and one semicolon."""
    text, at = path.read_text(), 0
    for statement in split(text):
        start = text.index(statement.text, at)
        between = [line.strip() for line in text[at:start].splitlines()]
        assert all(line in ("", ";") or line.startswith("--") for line in between), between
        assert statement.line == text.count("\n", 0, start) + 1
        at = start + len(statement.text)
    assert text[at:].strip() == ";"
