"""SQL expressions as they stand in files: their text, where each part of it stands, and whether it is one expression.

Whatever is put around such a text, parentheses for one, stays around it: it cannot close them, end the statement, or
hide what follows in a string or comment.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from gateway.policies.files.codes import Code
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.files.yaml.scalars import runs
from gateway.policies.files.yaml.tree import Node, Scalar
from gateway.policies.model import Expression
from gateway.policies.problems import Problem, error
from gateway.sqltext import NotUnderstood, Token, tokens

LONGEST: Final = 65_536
"""Characters of an expression, with its predicates put in."""

_USE: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)(?![A-Za-z0-9_$\x80-\U0010ffff])")
_PARAMETER: Final = re.compile(r"\$[0-9]")
_CLOSING: Final = {"(": ")", "[": "]"}
_BLANKS: Final = " \t\r\n\f"
_OPERATOR_AFTER_HASH: Final = re.compile(r"[ \t]+#(?:>|-[ \t]*')")
"""The JSON operators `#>`, `#>>` and `#-`; other comments may well be meant."""

_SHOWN: Final = 20
_OPEN: Final = {
    "'": "this string is not closed, or has a backslash before a quote",
    '"': "this quoted name is empty or not closed",
    "$": "this string in dollar quotes is not closed",
    "/": "this comment is not closed",
}


class Use(NamedTuple):
    """`$name` in an expression, from `start` up to `end`."""

    name: str
    start: int
    end: int


class Fault(NamedTuple):
    """Why a text is not one expression: at `offset`, and what to do."""

    code: Code
    offset: int
    message: str
    fix: str = ""


def read_expression(reading: Reading, node: Node | None, what: str) -> Expression | None:
    """The SQL that `node` has, `$name`s not yet put in. It is one expression; what is wrong is noted."""
    if node is None:
        return None
    if not isinstance(node, Scalar) or node.kind not in ("text", "boolean"):
        reading.wrong(node, what, "an SQL expression")
        return None
    source = reading.source.text
    if not node.style and _OPERATOR_AFTER_HASH.match(source, node.end):
        reading.refuse(
            Code.CUT_BY_COMMENT,
            source.index("#", node.end),
            f"YAML takes the rest of {what} for a comment",
            "put the expression in quotes, or after `|` on lines of its own",
        )
        return None
    if len(node.value) > LONGEST:
        reading.refuse(Code.TOO_LONG, node.start, f"{what} has more than {LONGEST} characters")
        return None
    expression = _placed(reading, node)
    problem = expression_problem(expression)
    if problem is None:
        return expression
    reading.refuse(Code(problem.code), problem.place or node.start, problem.message, problem.fix)
    return None


def _placed(reading: Reading, node: Scalar) -> Expression:
    """The value without the blanks around it."""
    text = node.value.strip(_BLANKS)
    skipped = node.value.index(text)
    found = runs(reading.source.text, node)
    first = bisect_right(found, skipped, key=lambda run: run[0]) - 1
    offset, at = found[first]
    segments = [(0, reading.place(at + skipped - offset))]
    segments += [(offset - skipped, reading.place(at)) for offset, at in found[first + 1 :]]
    return Expression(text, text, tuple(segments))


def expression_problem(expression: Expression) -> Problem | None:
    """The first reason why the text is not one balanced expression, at its exact place. `$name` counts as a value."""
    fault = expression_fault(expression.text)
    if fault is None:
        return None
    return error(fault.code, fault.message, expression.place(fault.offset), fix=fault.fix)


def expression_fault(text: str) -> Fault | None:
    """The same for a text alone."""
    try:
        return _fault(text)
    except NotUnderstood as refused:
        return Fault(Code.NOT_AN_EXPRESSION, *_wording(text, refused))


def _fault(text: str) -> Fault | None:
    opened: list[Token] = []
    last: Token | Use | None = None
    # A parenthesis after the text is read as one only if no comment of the text hides it.
    for token in parts(text + ")"):
        if isinstance(token, Token) and token.start == len(text):
            break
        last = token
        fault = _bracket(token, opened) if isinstance(token, Token) else None
        if fault is not None:
            return fault
    else:
        fix = "put the comment before, on a line of its own"
        comment = text[last.end :].lstrip(_BLANKS) if last else text
        return _not_one(len(text) - len(comment), "the comment at the end would hide what follows", fix)
    if opened:
        first = opened[-1]
        return _not_one(first.start, f"this `{first.text}` is not closed", f"close it: `{_CLOSING[first.text]}`")
    return None if last else _not_one(0, "the expression is empty", "write `true` or `false`, or remove the key")


def _bracket(token: Token, opened: list[Token]) -> Fault | None:
    """Notes a bracket that opens, takes off the one that closes; says what else cannot stand in an expression."""
    if token.kind == "other" and _PARAMETER.match(token.text):
        fix = "the name of a predicate begins with a letter"
        return Fault(Code.PARAMETER, token.start, f"`{token.text}` stands for nothing here", fix)
    if token.kind != "mark":
        return None
    if token.text in _CLOSING:
        opened.append(token)
    elif token.text in _CLOSING.values() and (not opened or _CLOSING[opened.pop().text] != token.text):
        return _not_one(token.start, f"nothing opens this `{token.text}`", "remove it, or open it before")
    elif token.text == ";":
        return _not_one(token.start, "an expression has no semicolon", "remove it")
    elif token.text == "," and not opened:
        return _not_one(token.start, "here begins a second expression", "join them with `and` or `or`")
    return None


def _not_one(offset: int, message: str, fix: str) -> Fault:
    return Fault(Code.NOT_AN_EXPRESSION, offset, message, fix)


def _wording(text: str, refused: NotUnderstood) -> tuple[int, str, str]:
    offset = min(refused.offset, max(0, len(text) - 1))
    for begin, message in _OPEN.items():
        if text.startswith(begin, offset):
            return offset, message, "close it; a quote inside is written twice"
    if f"{refused}".startswith("cannot be read"):
        return offset, f"{shown(text[offset : offset + _SHOWN])} cannot be read as SQL", ""
    return offset, f"the expression {refused}", ""


def parts(text: str) -> Iterator[Token | Use]:
    """The tokens of an expression, with each `$name` outside of strings, quoted names and comments as a `Use`.

    Raises `NotUnderstood`.
    """
    begin = 0
    while begin < len(text):
        try:
            for token in tokens(text[begin:]):
                yield token._replace(start=token.start + begin, end=token.end + begin) if begin else token
            return
        except NotUnderstood as refused:
            at = begin + refused.offset
            match = _USE.match(text, at)
            if match is None:
                raise NotUnderstood(str(refused), at) from None
            yield Use(match[1], match.start(), match.end())
            begin = match.end()
