"""PGRST100: PostgREST's own texts, which come from its parser library's rules for "unexpected … expecting …".

Most rows are the examples of PostgREST's documentation, its test suite and its parser's doc comments; the others
follow from the same rules.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from gateway.rest.errors import RestError
from gateway.rest.grammar.order import parse_order
from gateway.rest.grammar.query import parse_shape, read_query
from gateway.rest.grammar.select import parse_select

NAME = "field name (* or [a..z0..9_$])"
OPERATOR = "operator (eq, gt, ...)"
KEYWORD = "isVal: (null, not_null, true, false, unknown)"
KEY = "any non reserved character different from: .,>()"
AFTER_NAME = 'letter, digit, "-", "->>", "->"'
END = "end of input"

SELECT = [
    ("id,clients(name[])", 16, f'unexpected \'[\' expecting {AFTER_NAME}, "::", ".", ")", "," or {END}'),
    ("name!hint", 5, f'unexpected \'!\' expecting {AFTER_NAME}, "::", ".", ")", "," or {END}'),
    ("*!hint", 2, f'unexpected \'!\' expecting ")", "," or {END}'),
    ("* ,id", 2, f'unexpected \' \' expecting ")", "," or {END}'),
    ("name::", 7, f"unexpected {END} expecting letter or digit"),
    ("data->>-78xy", 11, f'unexpected \'x\' expecting digit, "->", "::", ".", "," or {END}'),
    ("data->>--34", 9, 'unexpected "-" expecting digit'),
    ("data->>-xy-4", 9, 'unexpected "x" expecting digit'),
    ("data->", 7, f'unexpected {END} expecting "-", digit or {KEY}'),
    ("data->(!@#$%^&*_d->>!@#$%^&*_e::integer", 7, f'unexpected "(" expecting "-", digit or {KEY}'),
    ("...rel->jsonpath(*)", 9, "unexpected '>'"),
    ("id,", 4, f'unexpected {END} expecting "...", {NAME}, "*" or "count()"'),
    ("id,,name", 4, f'unexpected "," expecting "...", {NAME}, "*" or "count()"'),
    ("rel(", 5, f'unexpected {END} expecting "...", {NAME}, "*", "count()" or ")"'),
    ("rel(id", 7, f'unexpected {END} expecting {AFTER_NAME}, "::", ".", ")" or ","'),
    ("amount.median()", 8, 'unexpected "m" expecting "sum", "avg", "count", "max" or "min"'),
    ("alias:...rel(id)", 7, f'unexpected "." expecting {NAME}'),
    ('"open', 6, f'unexpected {END} expecting "\\\\" or "\\""'),
]

ORDER = [
    ("", 1, f"unexpected {END} expecting {NAME}"),
    ("id.asc.nullslasttt", 17, f"unexpected 't' expecting \",\" or {END}"),
    ("id.nullslasttt", 13, f"unexpected 't' expecting \",\" or {END}"),
    ("id.ac", 4, 'unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
    ("id.smth34", 4, 'unexpected "s" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
    ("id.descc", 8, f"unexpected 'c' expecting delimiter (.), \",\" or {END}"),
    ("id.asc.nlsfst", 8, 'unexpected "l" expecting "nullsfirst" or "nullslast"'),
    ("id.asc.smth34", 8, 'unexpected "s" expecting "nullsfirst" or "nullslast"'),
    ("clients(name,id)", 8, f"unexpected '(' expecting {AFTER_NAME}, delimiter (.), \",\" or {END}"),
    ("id,", 4, f"unexpected {END} expecting {NAME}"),
]

FILTERS = [
    ("val", 1, f'unexpected "v" expecting "not" or {OPERATOR}'),
    ("5", 1, f'unexpected "5" expecting "not" or {OPERATOR}'),
    ("", 1, f'unexpected {END} expecting "not" or {OPERATOR}'),
    ("not", 4, f"unexpected {END} expecting delimiter (.)"),
    ("noteq.1", 4, 'unexpected "e" expecting delimiter (.)'),
    ("not.not.eq.1", 5, f'unexpected "n" expecting {OPERATOR}'),
    ("eq", 3, f"unexpected {END} expecting {OPERATOR}"),
    ("likes.x", 5, f'unexpected "s" expecting {OPERATOR}'),
    ("fts().value", 5, f'unexpected ")" expecting {OPERATOR}'),
    ("fts(a)value", 7, f'unexpected "v" expecting {OPERATOR}'),
    ("fts(a.value", 6, f'unexpected "." expecting {OPERATOR}'),
    ("eq().value", 4, f'unexpected ")" expecting {OPERATOR}'),
    ("eq(any)value", 8, f'unexpected "v" expecting {OPERATOR}'),
    ("eq(any.value", 7, f'unexpected "." expecting {OPERATOR}'),
    ("eq(some).value", 4, f'unexpected "s" expecting {OPERATOR}'),
    ("not.ilike(al).x", 11, f'unexpected "l" expecting {OPERATOR}'),
    ("neq(any).1", 4, f'unexpected "(" expecting {OPERATOR}'),
    ("is().value", 3, f'unexpected "(" expecting {OPERATOR}'),
    ("in().value", 3, f'unexpected "(" expecting {OPERATOR}'),
    ("is.", 4, f"unexpected {END} expecting {KEYWORD}"),
    ("is.xyz", 4, f'unexpected "x" expecting {KEYWORD}'),
    ("is.FAx", 6, f'unexpected "x" expecting {KEYWORD}'),
    ("is.nul", 7, f"unexpected {END} expecting {KEYWORD}"),
    ("in.1", 4, 'unexpected "1" expecting "("'),
    ("in.(1,2", 8, f'unexpected {END} expecting "," or ")"'),
]

TREES = [
    ("or", "()", 4, f'unexpected ")" expecting {NAME}, negation operator (not) or logic operator (and, or)'),
    ("or", "", 3, f'unexpected {END} expecting "("'),
    ("or", ")(", 3, 'unexpected ")" expecting "("'),
    ("or", "(id.in.1,2,id.eq.3)", 10, 'unexpected "1" expecting "("'),
    ("and", "(ord(id.eq.1,id.eq.1),id.eq.2)", 7, 'unexpected "d" expecting "("'),
    ("or", "(id.eq.1,not.xor(id.eq.2,id.eq.3))", 16, 'unexpected "x" expecting logic operator (and, or)'),
    ("or", "(id.eq.1", 11, f'unexpected {END} expecting "," or ")"'),
    ("or", "(rel.col.eq.1)", 8, f'unexpected "c" expecting "not" or {OPERATOR}'),
    ("or", "(id.is.nil)", 11, f'unexpected "i" expecting {KEYWORD}'),
]

KEYS = [
    ("a..b", "eq.1", "tree path (a..b)", 3, f'unexpected "." expecting {NAME}'),
    (".a", "eq.1", "tree path (.a)", 1, f'unexpected "." expecting {NAME}'),
    ("a.", "eq.1", "tree path (a.)", 3, f"unexpected {END} expecting {NAME}"),
    ("a->", "eq.1", "tree path (a->)", 4, f'unexpected {END} expecting "-", digit or {KEY}'),
    ("a..or", "(x.eq.1)", "logic path (a..or)", 3, f'unexpected "." expecting {NAME}'),
    ("columns", "", "columns parameter ()", 1, f"unexpected {END} expecting {NAME}"),
    ("on_conflict", "a,", "on_conflict parameter (a,)", 3, f"unexpected {END} expecting {NAME}"),
]


def check(parse: Callable[[], object], what: str, column: int, details: str) -> None:
    with pytest.raises(RestError) as refused:
        parse()
    error = refused.value
    assert (error.status, error.code, error.hint) == (400, "PGRST100", None)
    assert error.message == f'"failed to parse {what}" (line 1, column {column})'
    assert error.details == details


def query(key: str, text: str) -> Callable[[], object]:
    return lambda: parse_shape(read_query(f"{quote(key)}={quote(text)}").shape)


@pytest.mark.parametrize(("text", "column", "details"), SELECT, ids=[row[0] for row in SELECT])
def test_select(text: str, column: int, details: str) -> None:
    check(lambda: parse_select(text), f"select parameter ({text})", column, details)


@pytest.mark.parametrize(("text", "column", "details"), ORDER, ids=[row[0] or "empty" for row in ORDER])
def test_order(text: str, column: int, details: str) -> None:
    check(lambda: parse_order(text), f"order ({text})", column, details)


@pytest.mark.parametrize(("text", "column", "details"), FILTERS, ids=[row[0] or "empty" for row in FILTERS])
def test_filters(text: str, column: int, details: str) -> None:
    check(query("id", text), f"filter ({text})", column, details)


@pytest.mark.parametrize(("key", "text", "column", "details"), TREES, ids=[f"{row[0]}={row[1]}" for row in TREES])
def test_logic_trees(key: str, text: str, column: int, details: str) -> None:
    check(query(key, text), f"logic tree ({text})", column, details)


@pytest.mark.parametrize(("key", "text", "what", "column", "details"), KEYS, ids=[row[0] for row in KEYS])
def test_keys_and_names(key: str, text: str, what: str, column: int, details: str) -> None:
    check(query(key, text), what, column, details)
