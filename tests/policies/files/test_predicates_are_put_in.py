"""`$name` is what the predicate says, in parentheses, and its place is where the predicate stands."""

from __future__ import annotations

import itertools
import time

import pytest

from tests.policies.files.sets import marked, problems, read, said

FILE = "predicates:\n  {}\ntable: a\nrows:\n  - {{ name: n, to: anon, for: select, using: {} }}\n"

EXPANSIONS = {
    "one": ("mine: user_id = 1", "$mine", "(user_id = 1)"),
    "several": ("mine: a", "$mine or not $mine", "(a) or not (a)"),
    "in others": ("{ x: a, y: $x or b, z: $y and $x }", "$z", "(((a) or b) and (a))"),
    "defined later": ("{ y: $x, x: a }", "$y", "((a))"),
    "a boolean": ("all: true", "$all", "(true)"),
    "next to marks": ("x: a", "f($x)=$x", "f((a))=(a)"),
    "capitals differ": ("{ x: a, X: b }", "$X or $x", "(b) or (a)"),
    "over lines": ("x: |\n    a = 1\n      or b", "$x", "(a = 1\n  or b)"),
    "with a comment inside": ("x: |\n    -- c\n    a", "not $x", "not (-- c\na)"),
    "in a string": ("x: a", "b = '$x'", "b = '$x'"),
    "in a quoted name": ("x: a", "'\"$x\" = 1'", '"$x" = 1'),
    "in dollar quotes": ("x: a", "b = $$ $x $$", "b = $$ $x $$"),
    "as dollar quotes": ("x: a", "b = $x$ c $x$", "b = $x$ c $x$"),
    "in a comment": ("x: a", "b /* $x */ = 1", "b /* $x */ = 1"),
    "in a line's comment": ("x: a", '"b -- $x\\n = 1"', "b -- $x\n = 1"),
    "in a name": ("x: a", "b$x = 1", "b$x = 1"),
    "unused": ("x: a", "b", "b"),
}


@pytest.mark.parametrize(("predicates", "using", "text"), EXPANSIONS.values(), ids=EXPANSIONS)
def test_expansions(predicates: str, using: str, text: str) -> None:
    file = FILE.format(predicates, using)
    if "\n" in using or using.startswith("f("):
        file = file.replace(
            "{ name: n, to: anon, for: select, using: " + using + " }",
            f"name: n\n    to: anon\n    for: select\n    using: {using}",
        )
    expression = read(file).tables[0].rows[0].using
    assert expression is not None
    assert expression.text == text


def test_source_is_what_the_file_says() -> None:
    expression = read(FILE.format("x: a", "$x or b")).tables[0].rows[0].using
    assert expression is not None
    assert (expression.source, expression.text) == ("$x or b", "(a) or b")


def test_every_character_is_mapped_to_where_it_stands() -> None:
    files = {
        "shared/p.yaml": "predicates:\n  # é😀\n  x: |\n    one\n    two\n  y: 'it = $x'\n",
        "t.yaml": """\
include: [shared/p.yaml]
table: a
rows:
- name: n
  to: b
  for: all
  using: before $y after
""",
    }
    expression = read(files).tables[0].rows[0].using
    assert expression is not None
    assert expression.text == "before (it = (one\ntwo)) after"
    places = {
        word: str(expression.place(expression.text.index(word))) for word in ("before", "it", "one", "two", "after")
    }
    assert places == {
        "before": "t.yaml:7:10",
        "it": "shared/p.yaml:6:7",
        "one": "shared/p.yaml:4:5",
        "two": "shared/p.yaml:5:5",
        "after": "t.yaml:7:20",
    }
    opening, closing = expression.text.index("("), expression.text.rindex(")")
    assert str(expression.place(opening)) == str(expression.place(closing)) == "t.yaml:7:17"
    offsets = [offset for offset, _ in expression.segments]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] < len(expression.text)
    lines = {name: text.split("\n") for name, text in files.items()}
    for offset, character in enumerate(expression.text):
        place = expression.place(offset)
        if character not in "()\n":
            assert lines[place.file][place.line - 1][place.column - 1] == character


WRONG = {
    "unknown": (FILE.format("x: a", "b or »$y"), "P150"),
    "unknown in a predicate": (FILE.format("x: a or »$y", "b"), "P150"),
    "itself": (FILE.format("x: a or »$x", "b"), "P151"),
    "each other": (FILE.format("{ x: a or $y, y: b or »$x }", "$x and $y"), "P151"),
    "a parameter": (FILE.format("x: a", "b = »$1"), "P152"),
    "a parameter in a predicate": (FILE.format("x: a = »$2", "$x"), "P152"),
    "not closed": (FILE.format("x: a or »(b", "$x)"), "P201 P201"),
    "a comment at the end": (FILE.format("x: a »-- b", "$x"), "P201"),
    "a bad name": (FILE.format("»a-b: a", "c"), "P125"),
    "an empty name": (FILE.format('»"": a', "c"), "P125"),
    "no SQL": (FILE.format("x: »[a]", "$x"), "P122"),
}


@pytest.mark.parametrize(("text", "codes"), WRONG.values(), ids=WRONG)
def test_wrong(text: str, codes: str) -> None:
    text, places = marked(text)
    found = said(text)
    assert found[0] == f"{codes.split(maxsplit=1)[0]} {places[0]}"
    assert [each.split()[0] for each in found] == codes.split()


def test_a_cycle_is_told_whole_and_once() -> None:
    (problem,) = problems(FILE.format("{ a: $b, b: $c, c: $a, d: $a }", "$d"))
    assert "$a → $b → $c → $a" in problem.message


def test_predicates_that_double_each_other_end_early() -> None:
    """A billion laughs, told in SQL."""
    names = [f"p{number}" for number in range(40)]
    lines = [f"{name}: ${before} or ${before}" for before, name in itertools.pairwise(names)]
    begin = time.perf_counter()
    found = problems(FILE.format("\n  ".join(["p0: aaaaaaaa", *lines]), "$p39"))
    assert {each.code for each in found} == {"P153"}
    assert time.perf_counter() - begin < 3


@pytest.mark.parametrize("order", [1, -1])
def test_a_long_chain_of_predicates_ends(order: int) -> None:
    lines = ["p0: a", *(f"p{number}: $p{number - 1}" for number in range(1, 3000))]
    found = problems(FILE.format("\n  ".join(lines[::order]), "$p2999"))
    assert {each.code for each in found} <= {"P153", "P129"}
    assert found


def test_an_expression_of_many_uses_is_read_in_time() -> None:
    begin = time.perf_counter()
    found = problems(FILE.format("a: b", "$a or " * 10_000 + "$a"))
    assert [each.code for each in found] == ["P153"] or found == ()
    assert time.perf_counter() - begin < 3


def test_an_expression_is_not_endless() -> None:
    text, (place,) = marked(FILE.format("x: a", "»a" + " or a" * 20_000))
    assert said(text) == [f"P153 {place}"]


INCLUDES = {
    "a sibling": ("t.yaml", "p.yaml", "p.yaml"),
    "a folder below": ("t.yaml", "shared/p.yaml", "shared/p.yaml"),
    "a folder above": ("x/y/t.yaml", "../../p.yaml", "p.yaml"),
    "with dots": ("x/t.yaml", "./../x/./p.yaml", "x/p.yaml"),
    "a table's file": ("t.yaml", "u.yaml", "u.yaml"),
}


@pytest.mark.parametrize(("file", "include", "target"), INCLUDES.values(), ids=INCLUDES)
def test_includes_are_relative_to_the_file(file: str, include: str, target: str) -> None:
    shared = "predicates: { x: a }\n" + ("table: u\n" if target == "u.yaml" else "")
    files = {
        file: f"include: [{include}]\ntable: t\nrows: [ {{ name: n, to: b, for: all, using: $x }} ]\n",
        target: shared,
    }
    rules = next(each for each in read(files).tables if each.table.name == "t")
    assert rules.rows[0].using is not None
    assert rules.rows[0].using.text == "(a)"


OUT, NO_PATH, NO_FILE = "leads out of the set", "is no path relative to this file", "is no file of the set"
OUTSIDE = {
    "above the set": ("../../etc/passwd", OUT),
    "above the set with a suffix": ("../p.yaml", OUT),
    "down and above": ("x/../../p.yaml", OUT),
    "just above": ("..", OUT),
    "an absolute path": ("/etc/passwd", NO_PATH),
    "an absolute path with a suffix": ("/p.yaml", NO_PATH),
    "a drive": ("'C:p.yaml'", NO_PATH),
    "a home": ("~/p.yaml", NO_PATH),
    "backslashes": ("'..\\p.yaml'", NO_PATH),
    "a file that is not there": ("q.yaml", NO_FILE),
    "a folder": ("x", NO_FILE),
    "the set": (".", NO_FILE),
    "nothing": ("''", NO_FILE),
}


@pytest.mark.parametrize(("include", "message"), OUTSIDE.values(), ids=OUTSIDE)
def test_includes_stay_in_the_set(include: str, message: str) -> None:
    files = {"t.yaml": f"include: [{include}]\ntable: a\n", "x/p.yaml": "predicates: {}\n"}
    (problem,) = problems(files)
    assert (problem.code, str(problem.place)) == ("P143", "t.yaml:1:11")
    assert message in problem.message


def test_an_include_near_a_file_is_corrected() -> None:
    (problem,) = problems(
        {"t.yaml": "include: [shared/predicate.yaml]\ntable: a\n", "shared/predicates.yaml": "predicates: {}\n"}
    )
    assert problem.fix == "did you mean `shared/predicates.yaml`?"


def test_includes_reach_through_others_and_in_circles() -> None:
    files = {
        "a.yaml": "include: [b.yaml]\npredicates: { a: $c }\n",
        "b.yaml": "include: [c.yaml, b.yaml]\n",
        "c.yaml": "include: [a.yaml]\npredicates: { c: d }\n",
        "t.yaml": "include: [a.yaml]\ntable: t\nrows: [ { name: n, to: b, for: all, using: $a and $c } ]\n",
    }
    rows = read(files).tables[0].rows
    assert rows[0].using is not None
    assert rows[0].using.text == "((d)) and (d)"


def test_cycles_across_files_are_found() -> None:
    files = {
        "a.yaml": "include: [b.yaml]\npredicates: { a: $b }\n",
        "b.yaml": "include: [a.yaml]\npredicates: { b: $a }\n",
    }
    assert [each.code for each in problems(files)] == ["P151"]


def test_a_predicate_means_what_it_means_in_its_own_file() -> None:
    """The file that uses it sees nothing of what it is made of, and cannot change it."""
    files = {
        "p.yaml": "include: [q.yaml]\npredicates: { x: $y }\n",
        "q.yaml": "predicates: { y: inner }\n",
        "t.yaml": "include: [p.yaml]\npredicates: { z: $x }\ntable: t\nrows: [{ name: n, to: b, for: all, using: $z }]",
    }
    using = read(files).tables[0].rows[0].using
    assert using is not None
    assert using.text == "(((inner)))"
    assert [
        each.code
        for each in problems(
            {**files, "p.yaml": "predicates: { x: $y }\n", "t.yaml": files["t.yaml"].replace("{ z", "{ y: outer, z")}
        )
    ] == ["P150"]


def test_what_the_defaults_define_holds_everywhere() -> None:
    files = {
        "defaults.yaml": "include: [shared.yaml]\npredicates: { mine: $owner = auth.uid() }\n",
        "shared.yaml": "predicates: { owner: user_id }\n",
        "x/t.yaml": "table: t\nrows: [ { name: n, to: b, for: all, using: $mine or $owner is null } ]\n",
    }
    using = read(files).tables[0].rows[0].using
    assert using is not None
    assert using.text == "((user_id) = auth.uid()) or (user_id) is null"


def test_no_predicate_hides_another() -> None:
    files = {
        "defaults.yaml": "predicates: { mine: a }\n",
        "t.yaml": "predicates: { mine: b }\ntable: t\n",
        "u.yaml": "table: u\n",
    }
    (problem,) = problems(files)
    assert (problem.code, str(problem.place)) == ("P131", "t.yaml:1:15")
    assert "defaults.yaml:1:15" in problem.message


def test_a_clash_is_told_once_however_many_files_have_it() -> None:
    files = {
        "p.yaml": "predicates: { mine: a }\n",
        "q.yaml": "predicates: { mine: b }\n",
        **{f"t{number}.yaml": f"include: [p.yaml, q.yaml]\ntable: t{number}\n" for number in range(20)},
    }
    assert said(files) == ["P131 q.yaml:1:15"]


def test_a_file_that_cannot_be_read_makes_no_further_problems() -> None:
    files = {
        "p.yaml": "predicates: { mine: a\n",
        "t.yaml": "include: [p.yaml]\ntable: t\nrows: [ { name: n, to: b, for: all, using: $mine } ]\n",
    }
    assert said(files) == ["P110 p.yaml:1:13"]
