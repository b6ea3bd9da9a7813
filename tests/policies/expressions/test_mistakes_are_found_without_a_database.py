"""A mistake is an error only where it is certain: PostgreSQL refuses every text that is called wrong here."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policies.expressions import parse_problem
from gateway.policies.problems import Severity
from gateway.sqltext import tokens
from tests.policies.expressions.server import Server

MISTAKES = [
    ("", "", "the expression is empty"),
    ("a =", "", "a value is missing after `=`"),
    ("a = and b", "and b", "a value is missing before `and`"),
    ("(a = )", ")", "a value is missing before `)`"),
    ("a and", "", "the expression lacks a condition"),
    ("a b", "b", "an operator is missing before `b`"),
    ("user_id auth.uid()", "auth.uid()", "an operator is missing before `auth`"),
    ("a adn b", "adn b", "an operator is missing before `adn`"),
    ("exists (select 1 from t were a)", "a)", "`a` is not expected here"),
    ("exists (select 1 form t)", "t)", "`t` is not expected here"),
    ("exists (from t)", "from t)", "`from` is not expected here"),
    ("a = 'x' 'y'", "'y'", "an operator is missing before `'y'`"),
    ("n 5", "5", "`5` is not expected here"),
    ("n > > 1", "> 1", "a value is missing before `>`"),
    ("f(a,, b)", ",, b)", "a value is missing next to this comma"),
    ("n in (1, 2,)", ",)", "a value is missing next to this comma"),
    ("n in ()", "in ()", "`in` is not followed by a list in parentheses"),
    ("n in 1", "in 1", "`in` is not followed by a list in parentheses"),
    ("n not 1", "not 1", "`not` is not expected here"),
    ("a not is null", "not is null", "`not` is not expected here"),
    ("a is nothing", "is nothing", "`is` is not followed by null, true, false, unknown or distinct from"),
    ("a = user and default", "default", "`default` is a reserved word"),
    ("n = any", "any", "`any` is a reserved word"),
    ("tags @> ['x']", "['x']", "a list of values begins with `array[`"),
    ("a::", "::", "a type is missing after `::`"),
    ("a : text", ": text", "`:` is not expected here"),
    ("case when a then b", "case when a then b", "this CASE has no END"),
    ("select a from t", "select a from t", "a query as a value needs parentheses around it"),
    ("a; drop table t", "; drop table t", "the expression has a semicolon"),
    ("true) or (true", ") or (true", "the expression has a ')' that closes nothing"),
    ("f(a", "(a", "the expression has a '(' that nothing closes"),
    ("a = 'x", "'x", 'the expression cannot be read at "\'x"'),
    ("a = U&'x'", "U&'x'", "the expression uses Unicode escapes"),
]


@pytest.mark.parametrize(("text", "rest", "message"), MISTAKES)
def test_mistakes(text: str, rest: str, message: str) -> None:
    problem = parse_problem(text)

    assert problem is not None
    assert (problem.message, text[problem.offset :]) == (message, rest)
    assert (problem.certain, problem.code, problem.severity) == (True, "P202", Severity.ERROR)


DOUBTS = [
    ("s 'x'", "`s` is read as the type of a literal; if it is none, an operator is missing behind it"),
    ("app.mood 'ok' = f", "`mood` is read as the type of a literal; if it is none, an operator is missing behind it"),
    ("json_value(j, '$.a' returning int) = 1", "what belongs to `json_value` cannot be checked without a database"),
    ("(" * 49 + "a" + ")" * 49, "the expression cannot be checked without a database"),
]


@pytest.mark.parametrize(("text", "message"), DOUBTS)
def test_doubts_are_warnings(text: str, message: str) -> None:
    problem = parse_problem(text)

    assert problem is not None
    assert problem.message == message
    assert (problem.certain, problem.code, problem.severity) == (False, "P203", Severity.WARNING)


def test_no_valid_expression_is_called_wrong(server: Server, valid: tuple[str, ...]) -> None:
    """As somebody wrote it, and as PostgreSQL prints it; few are doubted."""
    doubted: set[str] = set()
    for text in valid:
        server.run(f"create policy p on app.items using ({text}\n)")
        printed = server.rows(
            "select pg_get_expr(polqual, polrelid), pg_get_expr(polqual, polrelid, true) from pg_policy"
        )
        server.run("drop policy p on app.items")
        for form in (text, *printed[0]):
            problem = parse_problem(form)
            assert problem is None or not problem.certain, f"{form}: {problem}"
            if problem:
                doubted.add(text)

    assert len(doubted) < len(valid) / 40


def test_what_is_called_wrong_postgresql_refuses(server: Server, valid: tuple[str, ...]) -> None:
    """Random damage to valid expressions. Most of PostgreSQL's syntax errors are found, too."""
    generator = random.Random(20250101)
    wrong = found = 0
    for text in valid:
        damaged = damage(text, generator)
        problem = parse_problem(damaged)
        refusal = server.refusal(f"create policy p on app.items using ({damaged}\n)")
        if problem is not None and problem.certain:
            assert refusal is not None, f"{damaged}: {problem}"
        if refusal is not None and refusal.sqlstate == "42601":
            wrong += 1
            found += problem is not None

    assert wrong > 300
    assert found > wrong * 0.9


def damage(text: str, generator: random.Random) -> str:
    """The text with a token gone, twice, swapped with the next, or with none behind it."""
    words = [text[token.start : token.end] for token in tokens(text)]
    index = generator.randrange(len(words))
    match generator.randrange(4):
        case 0:
            del words[index]
        case 1:
            words.insert(index, words[index])
        case 2:
            words[index : index + 2] = reversed(words[index : index + 2])
        case _:
            del words[index:]
    return " ".join(words).replace(" . ", ".").replace(": :", "::").replace(": =", ":=")


@given(st.text(alphabet="ae_1$'\"/*-. \n;(),[]:=<>@ORandotiswhxlcfmu", max_size=40))
def test_any_text_has_a_verdict(text: str) -> None:
    parse_problem(text)
