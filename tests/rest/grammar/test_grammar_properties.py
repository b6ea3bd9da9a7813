"""What holds for every text: fast and slow parsers agree, printing and parsing is the identity, the shape knows no
values, and whatever cannot be read is answered by a `RestError` and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.rest.errors import RestError
from gateway.rest.grammar import operations
from gateway.rest.grammar.logic import parse_logic
from gateway.rest.grammar.query import parse_shape, read_query
from gateway.rest.grammar.scanner import Mismatch, Scanner
from gateway.rest.grammar.select import parse_select
from gateway.rest.grammar.syntax import Operation, SelectItem
from tests.rest.grammar.query_texts import SELECTS, TREES, expected_tree, print_select, print_tree

QUICK = settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
WORDS = ["eq", "neq", "not", "in", "is", "isdistinct", "like", "ilike", "fts", "wfts", "any", "all", "null", "nULL"]
MARKS = [".", ",", "(", ")", '"', "\\", "->", "->>", ":", "::", "*", "!", "...", "{", "}", "[", "-", "+", " ", "\t"]
NAMES = [
    "a",
    "id",
    "count",
    "count()",
    "sum()",
    "and",
    "or",
    "not",
    "left",
    "inner",
    "é",
    "\u017f",
    "\u2028",
    "0",
    "-1",
    "$",
]
TOKENS = st.sampled_from(WORDS + MARKS + NAMES + ["asc", "desc", "nullsfirst", "select", "order", "limit"])
CODE = st.lists(TOKENS | st.characters(exclude_categories=("Cs",)), max_size=25).map("".join)


def slowly(text: str) -> tuple[Operation, bool, str | None] | None:
    """What the slow parser makes of a whole filter."""
    kept: list[str] = []

    def rest(scanner: Scanner) -> str:
        return scanner.text[scanner.position :]

    def keep(value: str) -> int:
        kept.append(value)
        return 0

    try:
        operation, negated = operations.parse_operation(Scanner(text), rest, keep)
    except Mismatch:
        return None
    return operation, negated, kept[0] if kept else None


def quickly(text: str) -> tuple[Operation, bool, str | None] | None:
    try:
        found = operations.split(text)
    except Mismatch:
        return None
    return (*operations.operation(found[0], 0), found[1]) if found is not None else None


def normalized(found: tuple[Operation, bool, str | None] | None) -> object:
    """Operations without a value have no slot to compare."""
    return found and (str(found[0]).replace("slot=-1", "slot=0"), *found[1:])


@QUICK
@given(CODE)
@example('in.("a","b)c" ,d)')
@example("in. ( a,b)")
@example("not.in.(null)x")
@example("like(any).*")
@example("is.fal\u017fe")
def test_fast_and_slow_parser_agree_on_filters(text: str) -> None:
    assert normalized(quickly(text)) == normalized(slowly(text))


@QUICK
@given(st.lists(st.text("ab,()\"\\{} '", max_size=5), max_size=4).map(lambda parts: f"in.({','.join(parts)})"))
def test_fast_and_slow_parser_agree_on_lists(text: str) -> None:
    assert normalized(quickly(text)) == normalized(slowly(text))


@QUICK
@given(SELECTS)
def test_a_select_printed_and_parsed_is_the_same(items: tuple[SelectItem, ...]) -> None:
    assert parse_select(print_select(items)) == items


@QUICK
@given(TREES)
def test_a_tree_printed_and_parsed_is_the_same(tree: tuple) -> None:  # type: ignore[type-arg]
    values: list[str] = []
    condition = expected_tree(tree, values)
    text = print_tree(tree)
    key, _, rest = text.partition("(")
    assert parse_logic(key, f"({rest}") == ((), condition, tuple(values))


VALUE = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)


@QUICK
@given(
    st.lists(VALUE, min_size=4, max_size=4),
    st.lists(VALUE, min_size=4, max_size=4),
    st.tuples(*[st.integers(0, 999)] * 4),
)
def test_shape_does_not_depend_on_values(these: list[str], those: list[str], numbers: tuple[int, ...]) -> None:
    def query(values: list[str], limit: int, offset: int) -> str:
        a, b, c, d = values
        inner = c.replace("\\", "\\\\").replace('"', '\\"')
        return (
            f"a=eq.{quote(a)}&r.b=like.{quote(b)}&or=(c.eq.{quote(chr(34) + inner + chr(34))},d.is.null)"
            f"&e=in.({quote(chr(34) + inner + chr(34))})&f=fts(simple).{quote(d)}&r.limit={limit}&r.offset={offset + 1}"
            f"&select=x&order=y&limit={limit}"
        )

    one, other = read_query(query(these, *numbers[:2])), read_query(query(those, *numbers[2:]))
    assert one.shape == other.shape
    a, b, c, d = these
    listed = operations.array_literal([c])
    assert one.values == (a, b.replace("*", "%"), c, listed, d, str(numbers[0]), str(numbers[1] + 1))


def read(raw: str, *, call: bool) -> None:
    parse_shape(read_query(raw, call=call).shape)


def answered(parse: Callable[[], object]) -> None:
    refusal: RestError | None = None
    try:
        parse()
    except RestError as error:
        refusal = error
    if refusal is not None:
        assert (refusal.status, refusal.code) == (400, "PGRST100")
        assert isinstance(refusal.details, str)


KEYS = ["select", "order", "r.order", "and", "not.r.or", "limit", "r.offset", "columns", "on_conflict", "a", "a->b", ""]


@QUICK
@given(st.lists(st.tuples(st.sampled_from(KEYS) | CODE, CODE), max_size=4), st.booleans())
def test_any_query_is_read_or_refused(pairs: list[tuple[str, str]], call: bool) -> None:
    answered(lambda: read("&".join(f"{quote(key)}={quote(value)}" for key, value in pairs), call=call))


@QUICK
@given(st.text(max_size=60), st.booleans())
def test_any_raw_text_is_read_or_refused(raw: str, call: bool) -> None:
    answered(lambda: read(raw, call=call))


@pytest.mark.parametrize("key", ["select", "order", "and", "columns", "a"])
@pytest.mark.parametrize("size", [41, 65_536])
@pytest.mark.parametrize(
    "unit",
    [
        "(",
        ")",
        "a(",
        "and(",
        "not.and(",
        "r(",
        "...r(",
        "a,",
        '"',
        "\\",
        "->",
        "->>a",
        "a.",
        "!",
        "x:",
        "in.(",
        "eq.",
        "é",
    ],
)
def test_long_and_deep_texts_are_read_or_refused_in_time(key: str, size: int, unit: str) -> None:
    text = unit * (size // len(unit))
    answered(lambda: read(f"{quote(key)}={quote(text)}", call=False))
    answered(lambda: read(f"{quote(text)}={quote(key)}", call=False))
