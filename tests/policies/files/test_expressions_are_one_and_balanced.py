"""Whatever is put around an expression stays around it. This is the lexical check; PostgreSQL has the last word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policies.files import expression_fault
from gateway.policies.files.values.expressions import parts
from gateway.sqltext import NotUnderstood

GOOD = [
    "true",
    "user_id = auth.uid()",
    "a = any (array[1, 2])",
    "(a, b) in (select c, d from e)",
    "a = ')' and b = '(' or \"c)\" = $$)$$ and $x$ ; ) $x$ <> ''",
    "a -- )\n = b",
    "a /* ) ; /* ' */ */ = b",
    "-- first\n/* ; */ a",
    "a = 'it''s; $1'",
    "a = E'\\\\' and b",
    "$mine or not ($other)",
    "a = '$mine' and \"$other\" and $mine$ $1 $mine$",
    "a ->> 'b' = '1' and c #>> '{d}' = 'e'",
    "a::text = 'b' and c[1:2] = d",
    "case when a then b else c end",
    "é = 'ü' and 😀",
]

BAD = {
    "nothing": ("", "P201", 0),
    "a comment alone": ("/* a */", "P201", 0),
    "a parenthesis too many": ("a = b) or (c = d", "P201", 5),
    "a parenthesis too few": ("a = (b", "P201", 4),
    "brackets across": ("a = (b[1)]", "P201", 8),
    "a bracket closed by a parenthesis": ("a = any(array[1)", "P201", 15),
    "a semicolon": ("a = b; drop table c", "P201", 5),
    "a semicolon in parentheses": ("a = (b;)", "P201", 6),
    "an open string": ("a = 'b", "P201", 4),
    "an open name": ('a = "b', "P201", 4),
    "an empty name": ('a = ""', "P201", 4),
    "an open string in dollars": ("a = $$b", "P201", 4),
    "an open string in named dollars": ("a = $x$b$y$", "P201", 4),
    "an open comment": ("a /* b", "P201", 2),
    "an open comment in a comment": ("a /* /* b */", "P201", 2),
    "a comment at the end": ("a = b -- c", "P201", 6),
    "only a comment at the end": ("-- a", "P201", 0),
    "a backslash before a quote": ("a = 'b\\' or true --'", "P201", 4),
    "an escaped quote": ("a = E'b\\'c'", "P201", 5),
    "Unicode escapes": ("a = U&'b'", "P201", 4),
    "a second expression": ("a = b, c", "P201", 5),
    "a parameter": ("a = $1", "P152", 4),
    "a parameter in a call": ("f(a, $12)", "P152", 5),
    "a name PostgreSQL would cut off": ("a = " + "b" * 64, "P201", 4),
    "a brace": ("a = {b}", "P201", 4),
    "a dollar alone": ("a = $", "P201", 4),
    "a predicate with letters that names do not have": ("a = $mé", "P201", 4),
    "a string after a predicate's name": ("$mine$", "P201", 0),
}


@pytest.mark.parametrize("text", GOOD)
def test_good(text: str) -> None:
    assert expression_fault(text) is None


@pytest.mark.parametrize(("text", "code", "offset"), BAD.values(), ids=BAD)
def test_bad(text: str, code: str, offset: int) -> None:
    fault = expression_fault(text)
    assert fault is not None
    assert (fault.code, fault.offset) == (code, offset)
    assert fault.message


PIECES = st.sampled_from(
    ["a", "'", '"', "(", ")", "[", "]", "--", "\n", "/*", "*/", "$$", "$x$", "$m", ";", ",", " ", "1", "E'", "\\", "="]
)


@given(st.lists(PIECES, max_size=14).map("".join), st.lists(PIECES, max_size=6).map("".join))
def test_what_stands_around_stays_around(text: str, after: str) -> None:
    """In `(text) after` the parenthesis behind an accepted text closes the one before it, and nothing else does."""
    if expression_fault(text) is not None:
        return
    depth = 0
    try:
        for part in parts(f"({text}){after}"):
            mark = part.text if hasattr(part, "kind") and part.kind == "mark" else ""  # pyright: ignore
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(mark, 0)
            if depth == 0:
                assert part.start == len(text) + 1
                return
    except NotUnderstood:
        pass
    raise AssertionError("the parenthesis is not found")
