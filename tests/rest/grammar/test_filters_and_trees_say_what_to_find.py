"""Filters, in-lists and logic trees: the operation, and the value as PostgreSQL gets it."""

from __future__ import annotations

import pytest

from gateway.rest.errors import RestError
from gateway.rest.grammar import operations
from gateway.rest.grammar.logic import MAX_DEPTH, parse_logic
from gateway.rest.grammar.syntax import (
    Comparison,
    Condition,
    FullText,
    Is,
    IsDistinct,
    Logic,
    Membership,
    Operation,
    Path,
    Quantifier,
)
from tests.rest.grammar.syntax_words import all_of, among, any_of, index, is_null, key, text_key, where

ANY, ALL = Quantifier.ANY, Quantifier.ALL

OPERATORS: list[tuple[str, Operation, bool, str | None]] = [
    ("eq.1", Comparison("=", 0), False, "1"),
    ("eq.", Comparison("=", 0), False, ""),
    ("gt.1", Comparison(">", 0), False, "1"),
    ("gte.1", Comparison(">=", 0), False, "1"),
    ("lt.1", Comparison("<", 0), False, "1"),
    ("lte.1", Comparison("<=", 0), False, "1"),
    ("neq.1", Comparison("<>", 0), False, "1"),
    ("like.a*b%", Comparison("LIKE", 0), False, "a%b%"),
    ("ilike.*x*", Comparison("ILIKE", 0), False, "%x%"),
    ("match.^a*$", Comparison("~", 0), False, "^a*$"),
    ("imatch.^a*$", Comparison("~*", 0), False, "^a*$"),
    ("cs.{a,b}", Comparison("@>", 0), False, "{a,b}"),
    ("cd.[1,5)", Comparison("<@", 0), False, "[1,5)"),
    ("ov.{1}", Comparison("&&", 0), False, "{1}"),
    ("sl.(1,2)", Comparison("<<", 0), False, "(1,2)"),
    ("sr.(1,2)", Comparison(">>", 0), False, "(1,2)"),
    ("nxr.(1,2)", Comparison("&<", 0), False, "(1,2)"),
    ("nxl.(1,2)", Comparison("&>", 0), False, "(1,2)"),
    ("adj.(1,2)", Comparison("-|-", 0), False, "(1,2)"),
    ("isdistinct.x", IsDistinct(0), False, "x"),
    ("is.null", Is("NULL"), False, None),
    ("is.NOT_null", Is("NOT NULL"), False, None),
    ("is.True", Is("TRUE"), False, None),
    ("is.false", Is("FALSE"), False, None),
    ("is.UNKNOWN", Is("UNKNOWN"), False, None),
    ("is.nullxyz", Is("NULL"), False, None),
    ("fts.a&b", FullText("to_tsquery", None, 0), False, "a&b"),
    ("plfts.a b", FullText("plainto_tsquery", None, 0), False, "a b"),
    ("phfts.a b", FullText("phraseto_tsquery", None, 0), False, "a b"),
    ("wfts.a -b", FullText("websearch_to_tsquery", None, 0), False, "a -b"),
    ("fts(french).chat", FullText("to_tsquery", "french", 0), False, "chat"),
    ("wfts( simple ).chat", FullText("websearch_to_tsquery", "simple", 0), False, "chat"),
    ("eq(any).{1,2}", Comparison("=", 0, ANY), False, "{1,2}"),
    ("gte(all).{1,2}", Comparison(">=", 0, ALL), False, "{1,2}"),
    ("like(any).{a*,*b}", Comparison("LIKE", 0, ANY), False, "{a%,%b}"),
    ("imatch(all).{a*}", Comparison("~*", 0, ALL), False, "{a*}"),
    ("not.eq.1", Comparison("=", 0), True, "1"),
    ("not.is.null", Is("NULL"), True, None),
    ("not.in.(1)", Membership(0), True, '{"1"}'),
    ("not.fts(english).x", FullText("to_tsquery", "english", 0), True, "x"),
    # the value is everything after the operator, whatever it looks like
    ('eq."x"', Comparison("=", 0), False, '"x"'),
    ("eq.a,b)c.d:e", Comparison("=", 0), False, "a,b)c.d:e"),
    ("eq.not.eq.1", Comparison("=", 0), False, "not.eq.1"),
    ("eq. x ", Comparison("=", 0), False, " x "),
    ("eq.null", Comparison("=", 0), False, "null"),
    ("eq.a\nb", Comparison("=", 0), False, "a\nb"),
]

LISTS = [
    ("(1,2,3)", '{"1","2","3"}'),
    ("(1)", '{"1"}'),
    ("()", "{}"),
    ("(   )", "{}"),
    ("(,3)", '{"","3"}'),
    ("(1,)", '{"1",""}'),
    ("(1, 2)", '{"1"," 2"}'),
    ("( 1,2)", '{"1","2"}'),
    (" (1,2) ", '{"1","2"}'),
    ("(null)", '{"null"}'),
    ('("a,b","c)d")', '{"a,b","c)d"}'),
    (r'("say \"hi\"")', r'{"say \"hi\""}'),
    (r'("back\\slash","\x")', r'{"back\\slash","x"}'),
    ('(Double"Quote)', r'{"Double\"Quote"}'),
    ('("x"y,z)', r'{"\"x\"y","z"}'),
    ('("open,2)', r'{"\"open","2"}'),
    ("(a\\b)", r'{"a\\b"}'),
    ('("")', "{}"),
    ('("","")', '{"",""}'),
    ("({1},[2])", '{"{1}","[2]"}'),
    ("(1,2)tail", '{"1","2"}'),
    ("(été,😀)", '{"été","😀"}'),
]

TREES: list[tuple[str, str, Path, Condition, tuple[str, ...]]] = [
    ("or", "(a.eq.1,b.eq.2)", (), any_of(where("a", 0), where("b", 1)), ("1", "2")),
    ("and", "(a.eq.1)", (), all_of(where("a", 0)), ("1",)),
    ("not.and", "(a.eq.1)", (), all_of(where("a", 0), negated=True), ("1",)),
    ("or", "(a.not.eq.1,b.is.null)", (), any_of(where("a", 0, negated=True), is_null("b")), ("1",)),
    ("r.or", "(a.eq.1)", ("r",), any_of(where("a", 0)), ("1",)),
    ("r.not.or", "(a.eq.1)", ("r",), any_of(where("a", 0), negated=True), ("1",)),
    ("r.s.and", "(a.eq.1)", ("r", "s"), all_of(where("a", 0)), ("1",)),
    ('"r.s".and', "(a.eq.1)", ("r.s",), all_of(where("a", 0)), ("1",)),
    (
        "or",
        "(a.eq.1,not.and(b.in.(2,3),c.eq.4))",
        (),
        any_of(where("a", 0), all_of(among("b", 1), where("c", 2), negated=True)),
        ("1", '{"2","3"}', "4"),
    ),
    (
        "and",
        "( or ( a.eq.1 , b.eq.2 ) , c.eq.3)",
        (),
        all_of(any_of(where("a", 0), where("b", 1)), where("c", 2)),
        ("1 ", "2 ", "3"),
    ),
    ("or", '(a.eq."x,y)",b.eq.z)', (), any_of(where("a", 0), where("b", 1)), ("x,y)", "z")),
    ("or", '(a.eq."x"y)', (), any_of(where("a", 0)), ('"x"y',)),
    ("or", '(a.eq."x)', (), any_of(where("a", 0)), ('"x',)),
    ("or", r'(a.eq."\"\\")', (), any_of(where("a", 0)), ('"\\',)),
    ("or", "(a.cs.{1,2},b.eq.3)", (), any_of(where("a", Comparison("@>", 0)), where("b", 1)), ("{1,2}", "3")),
    ("or", "(a.like.x*y)", (), any_of(where("a", Comparison("LIKE", 0))), ("x%y",)),
    ("or", "(a.is.TRUE,b.eq.1)", (), any_of(where("a", Is("TRUE")), where("b", 0)), ("1",)),
    ("or", "(data->a->>b.eq.1)", (), any_of(where("data", 0, key("a"), text_key("b"))), ("1",)),
    ("or", "(data->0->a.eq.1)", (), any_of(where("data", 0, index("+0"), key("a"))), ("1",)),
    ("or", '("a.b".eq.1)', (), any_of(where("a.b", 0)), ("1",)),
    ("or", "(order.eq.1,limit.eq.2)", (), any_of(where("order", 0), where("limit", 1)), ("1", "2")),
    ("or", "(not.eq.1,and.eq.2)", (), any_of(where("not", 0), where("and", 1)), ("1", "2")),
    ("or", "(a.eq.1)ignored", (), any_of(where("a", 0)), ("1",)),
    ("or", "(a.eq.)", (), any_of(where("a", 0)), ("",)),
    ("or", "(a.eq.été)", (), any_of(where("a", 0)), ("été",)),
]


@pytest.mark.parametrize(("text", "parsed", "negated", "value"), OPERATORS, ids=[row[0] for row in OPERATORS])
def test_operators(text: str, parsed: Operation, negated: bool, value: str | None) -> None:
    found = operations.split(text)
    assert found is not None
    head, operand = found
    assert operations.operation(head, 0) == (parsed, negated)
    assert operand == value


NO_FILTERS = """
5 eq eq5 EQ.1 not.not.eq.1 Not.eq.1 eq().1 eq(some).1 neq(any).1 is is.nil fts().x xx.1 in like(ANY).x
is.fal\u017fe \uff45q.1
"""


@pytest.mark.parametrize("text", ["", " eq.1", *NO_FILTERS.split()])
def test_other_texts_are_no_filter(text: str) -> None:
    assert operations.split(text) is None


@pytest.mark.parametrize(("text", "literal"), LISTS, ids=[text for text, _ in LISTS])
def test_lists_become_array_literals(text: str, literal: str) -> None:
    assert operations.split(f"in.{text}") == ("in.", literal)


@pytest.mark.parametrize(("key_", "text", "path", "tree", "values"), TREES, ids=[f"{r[0]}={r[1]}" for r in TREES])
def test_logic_trees(key_: str, text: str, path: Path, tree: Condition, values: tuple[str, ...]) -> None:
    assert parse_logic(key_, text) == (path, tree, values)


def test_trees_nest_to_a_bound_and_no_further() -> None:
    deepest = "(" + "and(" * (MAX_DEPTH - 1) + "a.eq.1" + ")" * (MAX_DEPTH - 1) + ")"
    _, tree, values = parse_logic("or", deepest)
    for _ in range(MAX_DEPTH):
        assert isinstance(tree, Logic)
        [tree] = tree.children
    assert (tree, values) == (where("a", 0), ("1",))
    with pytest.raises(RestError, match="failed to parse logic tree") as refused:
        parse_logic("or", f"(and{deepest})")
    assert refused.value.details == f"conditions are nested more than {MAX_DEPTH} levels deep"


def test_what_a_tree_tried_in_vain_leaves_no_values() -> None:
    # `not.and(…)` begins like a filter on a column "not": values of the attempt must not remain
    _, tree, values = parse_logic("or", "(and(a.eq.1,b.eq.2),not.or(c.in.(3,4)))")
    assert values == ("1", "2", '{"3","4"}')
    assert tree == any_of(all_of(where("a", 0), where("b", 1)), any_of(among("c", 2), negated=True))
