"""Whether a text is an expression, judged without a database. Pure.

Errors are certain: what the lexer refuses, mistakes that neighbouring words show, and an outline that sqlglot cannot
parse. Where the outline may itself be wrong, because of the rare words of `keywords.py`, a failure is only a doubt; so
is a literal of a type that is not built in. What PostgreSQL refuses for its meaning (unknown names, types that do not
match) is not looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from gateway.policies.expressions.checks import mistake, quoted
from gateway.policies.expressions.clauses import read_clauses
from gateway.policies.expressions.outline import outline
from gateway.policies.expressions.special import Special, special
from gateway.policies.expressions.syntax import Syntax, syntax
from gateway.policies.problems import Severity
from gateway.sqltext import NotUnderstood


class ParseProblem(NamedTuple):
    """What is wrong with a text, at which offset. If it is not `certain`, only a database can tell."""

    offset: int
    message: str
    certain: bool = True

    @property
    def code(self) -> str:
        return "P202" if self.certain else "P203"

    @property
    def severity(self) -> Severity:
        return Severity.ERROR if self.certain else Severity.WARNING


_UNCHECKED = ParseProblem(0, "the expression cannot be checked without a database", certain=False)


@dataclass(frozen=True, slots=True)
class Parsed:
    """`tree` is None if the text could not be read; then there is a problem. Its identifiers are masked: `meta` has
    the `start` of each in the text."""

    syntax: Syntax | None
    special: Special
    tree: exp.Expr | None
    problem: ParseProblem | None


def parse_problem(text: str) -> ParseProblem | None:
    """The first problem of a text that should be an expression."""
    return parsed(text).problem


@lru_cache(maxsize=64)
def parsed(text: str) -> Parsed:
    try:
        found = syntax(text)
        read_clauses(found)
    except NotUnderstood as refusal:
        return Parsed(None, Special(), None, ParseProblem(refusal.offset, f"the expression {refusal}"))
    parts = special(found)
    tree, problem = _tree(found, parts)
    if problem is None:
        return Parsed(found, parts, tree, _doubtful_type(found, parts))
    if parts.rare is not None:
        word = quoted(found, parts.rare)
        message = f"what belongs to {word} cannot be checked without a database"
        problem = ParseProblem(found.tokens[parts.rare].start, message, certain=False)
    return Parsed(found, parts, None, problem)


def _tree(found: Syntax, parts: Special) -> tuple[exp.Expr | None, ParseProblem | None]:
    if error := mistake(found, parts):
        return None, ParseProblem(*error)
    try:
        tree = sqlglot.parse_one(outline(found, parts), dialect="postgres")
    except (SqlglotError, RecursionError) as error:
        return None, _failure(found, error)
    return tree, _misread(found, tree)


def _failure(found: Syntax, error: Exception) -> ParseProblem:
    if not isinstance(error, ParseError) or not error.errors:
        return _UNCHECKED
    index = _token_at(found, int(error.errors[0]["col"] or 0) - 1)
    what = str(error.errors[0]["description"])
    if not what.startswith("Required keyword"):
        return ParseProblem(found.tokens[index].start, f"{quoted(found, index)} is not expected here")
    if index == len(found.tokens) - 1 and found.keys[index] not in (")", "]", "end"):
        return ParseProblem(found.tokens[index].end, f"a value is missing after {quoted(found, index)}")
    return ParseProblem(found.tokens[index].start, f"a value is missing before {quoted(found, index)}")


def _misread(found: Syntax, tree: exp.Expr) -> ParseProblem | None:
    """What sqlglot takes and PostgreSQL does not, or what cannot be found again in the text."""
    for node in tree.find_all(exp.Alias, exp.Identifier):
        if isinstance(node, exp.Identifier):
            if "start" not in node.meta:
                return _UNCHECKED
        elif not isinstance(node.parent, exp.Select) or node.arg_key != "expressions":
            # A name behind a value gives it another name, which only a SELECT list takes.
            index = _token_at(found, node.args["alias"].meta.get("start", 0))
            return ParseProblem(found.tokens[index].start, f"an operator is missing before {quoted(found, index)}")
    return None


def _doubtful_type(found: Syntax, parts: Special) -> ParseProblem | None:
    for index in parts.typed:
        name = quoted(found, found.name_end(index) - 1)
        message = f"{name} is read as the type of a literal; if it is none, an operator is missing behind it"
        return ParseProblem(found.tokens[index].start, message, certain=False)
    return None


def _token_at(found: Syntax, offset: int) -> int:
    """The token at an offset, or the last one before it."""
    return max((index for index, token in enumerate(found.tokens) if token.start <= offset), default=0)
