"""What YAML would read otherwise than people do, and what could harm whoever reads it, is refused with its place."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policies.files.yaml.parse import DEEPEST, FastParser, PureParser, parse, read_yaml
from gateway.policies.files.yaml.source import FORBIDDEN, LARGEST, source

PARSERS = [pytest.param(PureParser, id="pure"), pytest.param(FastParser, id="libyaml")]

LAUGHS = "a: &a [lol]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

TRAPS = {
    "tab at the beginning": ("\ttable: t\n", "P111 1:1"),
    "tab in a mapping": ("grants:\n  anon: x\n\tpublic: y\n", "P111 3:1"),
    "tab after spaces": ("a: 1\n  \tb: 2\n", "P111 2:3"),
    "tab in a block": ("a: |\n\tx\n", "P111 2:1"),
    "duplicate key": ("table: a\ngrants: {}\ntable: b\n", "P116 3:1"),
    "duplicate key in quotes": ("a: {b: 1, 'b': 2}\n", "P116 1:11"),
    "duplicate key with an escape": ('a: 1\n"\\x61": 2\n', "P116 2:1"),
    "anchor": ("a: &x b\n", "P112 1:4"),
    "alias": ("a: [*x]\n", "P112 1:5"),
    "alias as a key": ("*x : a\n", "P112 1:1"),
    "tag": ("a: !!str 1\n", "P113 1:4"),
    "unspecific tag": ("a: ! 1\n", "P113 1:4"),
    "tag that would run code": ("a: !!python/object/apply:os.system [x]\n", "P113 1:4"),
    "tag of a mapping": ("!!set {a, b}\n", "P113 1:1"),
    "merge key": ("a: 1\n<<: {b: 2}\n", "P114 2:1"),
    "directive of YAML 1.1": ("%YAML 1.1\n---\na: 1\n", "P113 1:1"),
    "directive of tags": ("%TAG ! tag:x,2000:\n---\na: 1\n", "P113 1:1"),
    "second document": ("a: 1\n---\nb: 1\n", "P115 2:1"),
    "second document after an end": ("a: 1\n...\n---\nb: 1\n", "P115 3:1"),
    "number as a key": ("a: 1\n2: 3\n", "P118 2:1"),
    "boolean as a key": ("true: 3\n", "P118 1:1"),
    "null as a key": ("~: 3\n", "P118 1:1"),
    "nothing as a key": ("? \n: 3\n", "P118"),
    "list as a key": ("? [a]\n: 1\n", "P118 1:3"),
    "nothing": ("", "P104 1:1"),
    "only a comment": ("# a\n\n", "P104 1:1"),
    "colon in text": ("using: a = b: c\n", "P110 1:13"),
    "text after a quote": ("using: 'a' = b\n", "P110 1:12"),
    "open quote": ("a: 1\nusing: 'a = b\nb: 1\n", "P110 2:8"),
    "open list": ("a: [b,\n  c\n", "P110 1:4"),
    "open mapping": ("a: {b: c\n", "P110 1:4"),
    "at sign": ("a: @b\n", "P110 1:4"),
    "backquote": ("a: `b`\n", "P110 1:4"),
    "per cent": ("a: %b\n", "P110 1:4"),
    "key without a colon": ("a: 1\nb\nc: 2\n", "P110 2:1"),
    "item among keys": ("a:\n  b: 1\n  - c\n", "P110 3:3"),
    "item on the line of a key": ("a: - b\n", "P110 1:4"),
    "lone surrogate": ('a: "\\ud800"\n', "P110|P103"),
    "escaped NUL": ('a: "x\\0"\n', "P103 1:4"),
    "emoji in a comment before": ("# 😀😀\na: 😀 # é\n😀: [😀, &x b]\n", "P112 3:8"),
    "after a folded line end of Windows": ("a: 'b\r\n\r\n  c'\r\nd: *x\r\n", "P112 4:4"),
    "after old line ends": ("a: b\rc: *x\r", "P112 2:4"),
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(("text", "expected"), TRAPS.values(), ids=TRAPS)
def test_traps(parser: type, text: str, expected: str) -> None:
    _, problems = parse(source("t.yaml", text), parser)
    assert problems
    first = problems[0]
    assert first.place is not None
    code, _, place = expected.partition(" ")
    assert first.code in code.split("|")
    assert place in ("", f"{first.place.line}:{first.place.column}")
    assert first.message
    assert first.fix


BYTES = {
    "Latin-1": (b"# caf\xe9\na: 1\n", "P101", 1, 6),
    "invalid byte after emoji": ("a: 1\n# 😀é ".encode() + b"\xff", "P101", 2, 6),
    "cut off": ("a: é".encode()[:-1], "P101", 1, 4),
    "overlong": (b"a: \xc0\xaf\n", "P101", 1, 4),
    "surrogate": (b"a: \xed\xa0\x80\n", "P101", 1, 4),
    "UTF-16": ("a: 1\n".encode("utf-16"), "P101", 1, 1),
    "NUL": (b"a: 1\nb: \0\n", "P103", 2, 4),
    "escape sequence": (b"a: 1 # \x1b[2J\n", "P103", 1, 8),
    "text that turns its direction": ("a: 1 # \u202e x\n".encode(), "P103", 1, 8),
    "line separator": ("a: b\u2028c\n".encode(), "P103", 1, 5),
    "byte order mark inside": ("a: \ufeffb\n".encode(), "P103", 1, 4),
    "one byte too many": (b"a: " + b"b" * LARGEST, "P102", 1, 1),
    "5 MB": (b"- a\n" * (5 * 1024 * 1024 // 4), "P102", 1, 1),
}


@pytest.mark.parametrize(("data", "code", "line", "column"), BYTES.values(), ids=BYTES)
def test_bytes_that_are_no_text(data: bytes, code: str, line: int, column: int) -> None:
    _, _, problems = read_yaml("t.yaml", data)
    assert [(each.code, each.place) for each in problems] == [(code, ("t.yaml", line, column))]


def test_the_byte_that_is_not_utf8_is_named() -> None:
    _, _, (problem,) = read_yaml("t.yaml", "# é".encode() + b"\xe9")
    assert "0xE9, byte 5 of the file," in problem.message


def test_a_byte_order_mark_counts_no_column() -> None:
    _, _, (problem,) = read_yaml("t.yaml", b"\xef\xbb\xbfa: *b\r\n")
    assert str(problem.place) == "t.yaml:1:4"


def test_both_lines_of_a_duplicate_key_are_named() -> None:
    _, (problem,) = parse(source("t.yaml", "table: a\n\n\ntable: b\n"))
    assert "lines 1 and 4" in problem.message


@pytest.mark.parametrize(
    "text",
    ["[" * 10_000, "{a: " * 10_000, "- " * 10_000, "a: " + "[" * (LARGEST - 3), "? " * 10_000],
    ids=["lists", "mappings", "items", "as deep as the file is long", "keys"],
)
def test_deep_nesting_ends_early(text: str) -> None:
    begin = time.perf_counter()
    _, problems = parse(source("t.yaml", text))
    assert [each.code for each in problems] == ["P117"]
    assert time.perf_counter() - begin < 2


def test_as_deep_as_allowed() -> None:
    assert parse(source("t.yaml", "[" * DEEPEST + "]" * DEEPEST))[1] == ()
    _, (problem,) = parse(source("t.yaml", "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)))
    assert str(problem.place) == f"t.yaml:1:{DEEPEST + 1}"


def test_a_billion_laughs_are_not_told() -> None:
    _, problems = parse(source("t.yaml", LAUGHS))
    assert {each.code for each in problems} == {"P112"}


def test_problems_are_collected_up_to_a_bound() -> None:
    _, problems = parse(source("t.yaml", "a: [" + "*b, " * 10_000 + "]\n"))
    assert len(problems) == 101
    assert problems[-1].code == "P129"


def test_everything_that_yaml_allows_to_find_is_found() -> None:
    _, problems = parse(source("t.yaml", "a: &x 1\na: !!str 2\n<<: *x\n3: 4\n"))
    assert [each.code for each in problems] == ["P112", "P113", "P116", "P112", "P114", "P118"]


FRAGMENTS = st.sampled_from(
    [
        *"ab:-?[]{},#&*!|>'\"%@`\n\t\r \\0é😀$",
        "\n  ",
        "\n- ",
        ": ",
        " #",
        "\r\n",
        "---\n",
        "...\n",
        "a: ",
        "|\n ",
        '"\\n',
    ]
)


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
@settings(max_examples=700, deadline=None)
def test_any_text_is_read_or_refused_by_both_parsers(text: str) -> None:
    """Neither parser raises anything else, and they agree on whether it is YAML, and on what it says."""
    if FORBIDDEN.search(text):
        return
    (fast, faults), (pure, others) = (parse(source("t.yaml", text), parser) for parser in (FastParser, PureParser))
    for problem in (*faults, *others):
        assert problem.place is not None
        assert 1 <= problem.place.line <= len(source("t.yaml", text).lines)
    if not faults and not others:
        assert fast == pure


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _, node, problems = read_yaml("t.yaml", data)
    assert node is not None or problems
