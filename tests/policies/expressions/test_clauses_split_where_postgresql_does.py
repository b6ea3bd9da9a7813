"""The tree of AND, OR and NOT is PostgreSQL's own: its leaves, put together by three-valued logic, give the value that
PostgreSQL gives the whole."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policies.expressions import Clause, NotUnderstood, clauses, walk
from tests.policies.expressions.server import Server

Truth = bool | None

TREES = {
    "a": "a",
    "a and b or c": "or(and(a; b); c)",
    "a or b and c": "or(a; and(b; c))",
    "not a and not b or c": "or(and(not(a); not(b)); c)",
    "not not a": "not(not(a))",
    "not (a or b)": "not(or(a; b))",
    "((a)) and (b)": "and(a; b)",
    "(a or b) and c": "and(or(a; b); c)",
    "a and (b and c)": "and(a; and(b; c))",
    "a And(b)OR'x'=s": "or(and(a; b); 'x'=s)",
    "a -- or x\n and /* or /* y */ */ b": "and(a; b)",
    "n between 1 and 2 and a": "and(n between 1 and 2; a)",
    "n not between symmetric m and 2 or a": "or(n not between symmetric m and 2; a)",
    "a and n between (select 1 and 2) and 3": "and(a; n between (select 1 and 2) and 3)",
    "n between case when a and b then 1 end and 2 and c": "and(n between case when a and b then 1 end and 2; c)",
    "case when a and b then c or d end and e": "and(case when a and b then c or d end; e)",
    "case when a then case b when c then d end end or e": "or(case when a then case b when c then d end end; e)",
    "n is not null and s not like 'x'": "and(n is not null; s not like 'x')",
    "s not in ('a', 'b') or a": "or(s not in ('a', 'b'); a)",
    "a is not distinct from b and c": "and(a is not distinct from b; c)",
    "true = not a and b": "and(true = not a; b)",
    "(a, b) = (c, d) and row(a, b) is null": "and((a, b) = (c, d); row(a, b) is null)",
    "(a and b, c) or d": "or((a and b, c); d)",
    "array[a and b, c] @> array[a or b] or c": "or(array[a and b, c] @> array[a or b]; c)",
    "f(a and b, not c) and d": "and(f(a and b, not c); d)",
    "(a, b) overlaps (c, d) and e": "and((a, b) overlaps (c, d); e)",
    "n = any (select x and y) and a": "and(n = any (select x and y); a)",
    "(select a and b) and c": "and((select a and b); c)",
    "((select 1) union (select 2)) = 3 and a": "and(((select 1) union (select 2)) = 3; a)",
    "((select a) and b)": "and((select a); b)",
    '"or" and t.and or "a and b"': 'or(and("or"; t.and); "a and b")',
    "$$a and b$$ = s or E'or' = s": "or($$a and b$$ = s; E'or' = s)",
    "exists (select 1 from t where a and b)": "exists (select 1 from t where a and b){and(a; b)}",
    "x in (select y from t where (a or b) group by c having d and e order by f)": (
        "x in (select y from t where (a or b) group by c having d and e order by f){or(a; b)}"
    ),
    "exists (select max(x) from t where a having b and c)": ("exists (select max(x) from t where a having b and c){a}"),
    "exists (select from t join u on a and b left join v on not c where d)": (
        "exists (select from t join u on a and b left join v on not c where d){and(a; b), not(c), d}"
    ),
    "exists (select from t join (u join v on a) on b, w where c)": (
        "exists (select from t join (u join v on a) on b, w where c){a, b, c}"
    ),
    "exists (select from t where x in (select y from u where a and b) or c)": (
        "exists (select from t where x in (select y from u where a and b) or c)"
        "{or(x in (select y from u where a and b){and(a; b)}; c)}"
    ),
    "exists (select 1 where a union select 2 where b and c limit 3)": (
        "exists (select 1 where a union select 2 where b and c limit 3){a, and(b; c)}"
    ),
    "(select count(*) filter (where a or b) from t where left(s, 1) = right(s, 1) for share) > 1": (
        "(select count(*) filter (where a or b) from t where left(s, 1) = right(s, 1) for share) > 1"
        "{or(a; b), left(s, 1) = right(s, 1)}"
    ),
    "exists (select distinct on (x) 1 from t) and json_exists(j, '$' error on error)": (
        "and(exists (select distinct on (x) 1 from t); json_exists(j, '$' error on error))"
    ),
    "case when exists (select 1 where a and b) then c end": (
        "case when exists (select 1 where a and b) then c end{and(a; b)}"
    ),
}


def notation(text: str, clause: Clause) -> str:
    if clause.kind != "leaf":
        return f"{clause.kind}({'; '.join(notation(text, part) for part in clause.parts)})"
    inner = ", ".join(notation(text, condition) for condition in clause.inner)
    return text[clause.start : clause.end] + (f"{{{inner}}}" if inner else "")


@pytest.mark.parametrize("text", TREES)
def test_trees(text: str) -> None:
    assert notation(text, clauses(text)) == TREES[text]


def test_spans_leave_out_the_parentheses_and_remember_them() -> None:
    text = " ( (a or b) ) and c"
    operand = clauses(text).parts[0]

    assert text[operand.start : operand.end] == "a or b"
    assert text[operand.outer_start : operand.outer_end] == "( (a or b) )"


@pytest.mark.parametrize(
    ("text", "offset", "reason"),
    [
        ("", 0, "is empty"),
        (" -- nothing", 0, "is empty"),
        ("a and", 5, "lacks a condition"),
        ("or a", 0, "lacks a condition"),
        ("a and (b or ) and c", 12, "lacks a condition"),
        ("not", 3, "lacks a condition"),
        ("exists (select 1 where )", 23, "lacks a condition"),
        ("(a", 0, "has a '(' that nothing closes"),
        ("a) or (b", 1, "has a ')' that closes nothing"),
        ("(a[1)]", 4, "has a ')' that closes nothing"),
        ("a; b", 1, "has a semicolon"),
        ("a = 'b", 4, 'cannot be read at "\'b"'),
        ("a /* b", 2, "has an open comment"),
        ("a = $x$ b", 4, "has an open string"),
        ("(" * 51 + "a" + ")" * 51, 50, "is nested too deeply"),
        ("not " * 5000 + "a", 0, "is nested too deeply"),
    ],
)
def test_what_is_no_expression(text: str, offset: int, reason: str) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        clauses(text)

    assert (str(refusal.value), refusal.value.offset) == (reason, offset)


def test_spaces_do_not_matter(valid: tuple[str, ...]) -> None:
    for text in valid:
        spread = f"\n{text} -- and\n"
        found = [(clause.kind, text[clause.start : clause.end]) for clause in walk(clauses(text))]
        assert [(clause.kind, spread[clause.start : clause.end]) for clause in walk(clauses(spread))] == found


LEAVES = [
    "a",
    "b",
    "c",
    "n = 1",
    "n between 1 and m",
    "n not between symmetric m and 2",
    "n in (1, m)",
    "m not in (2, 3)",
    "n is null",
    "a is not true",
    "a is distinct from b",
    "not a is null",
    "true = not b",
    "case when a and b then c or a else not b end",
    "(n, m) = (1, 2)",
    "(n, m) is not null",
    "(a and b) = (b or c)",
    "array[a or b, c] @> array[c and a]",
    "coalesce(a and b, not c)",
    "s = 'a and b'",
    "s not like 'a%or%'",
    "s || ' or ' = 'x'",
    "(select a or c)",
    "exists (select 1 from other o where o.x = n and o.y or not o.y and o.x = m)",
    "n in (select x from other o join other p using (x) where p.y is not false or c)",
    "n = any (select o.x from other o left join other p on p.x = o.x and not p.y where (p.y or a) is not true)",
    "(select count(*) filter (where y or b) from other where x = n or x = m and not c) > 1",
]
SPACES = [" ", "\n", "  ", " /* and */ ", "\t-- or not\n"]
TABLES = """
create table answers (a boolean, b boolean, c boolean, n integer, m integer, s text);
insert into answers
select a, b, c, 1 + (row_number() over ()) % 3, nullif((row_number() over ()) % 4, 0), 'a and b'
from unnest(array[true, false, null]) a, unnest(array[true, false, null]) b, unnest(array[true, false, null]) c;
create table other (x integer, y boolean);
insert into other values (1, true), (1, null), (2, false), (3, true), (null, true);
"""


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> str:
    """Conditions put together at random, with parentheses or without."""
    kind = draw(st.sampled_from(["leaf", "and", "or", "not", "chain"] if depth else ["leaf"]))
    space = draw(st.sampled_from(SPACES))
    if kind == "leaf":
        text = draw(st.sampled_from(LEAVES))
    elif kind == "not":
        text = f"not{space}{draw(expressions(depth - 1))}"
    elif kind == "chain":
        parts = [draw(expressions(0)) for _ in range(draw(st.integers(2, 5)))]
        words = draw(st.lists(st.sampled_from(["and", "AND", "or", "Or"]), min_size=4, max_size=4))
        text = parts[0] + "".join(f"{space}{word} {part}" for word, part in zip(words, parts[1:], strict=False))
    else:
        text = f"{draw(expressions(depth - 1))}{space}{kind}{space}{draw(expressions(depth - 1))}"
    return f"({space}{text})" if draw(st.booleans()) else text


def put_together(clause: Clause, leaves: dict[tuple[int, int], Truth]) -> Truth:
    """The value of a clause by three-valued logic."""
    if clause.kind == "leaf":
        return leaves[clause.start, clause.end]
    values = [put_together(part, leaves) for part in clause.parts]
    if clause.kind == "not":
        return None if values[0] is None else not values[0]
    decisive = clause.kind == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def leaves_of(clause: Clause) -> list[Clause]:
    return [clause] if clause.kind == "leaf" else [leaf for part in clause.parts for leaf in leaves_of(part)]


def grouped(text: str, clause: Clause) -> str:
    """The same with parentheses around every clause, in subqueries too."""
    below = sorted([*clause.parts, *clause.inner], key=lambda part: part.start)
    pieces: list[str] = []
    end = clause.start
    for part in below:
        pieces += (text[end : part.outer_start], " ", grouped(text, part), " ")
        end = part.outer_end
    return f"({''.join(pieces)}{text[end : clause.end]})"


@pytest.fixture(scope="module")
def answers(server: Server) -> Server:
    server.run(TABLES)
    return server


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_leaves_put_together_give_the_value_of_the_whole(answers: Server, text: str) -> None:
    tree = clauses(text)
    leaves = leaves_of(tree)
    columns = ",".join([f"({text}\n)", *(f"({text[leaf.start : leaf.end]}\n)" for leaf in leaves)])

    for whole, *values in answers.rows(f"select {columns} from answers"):
        known = {(leaf.start, leaf.end): value for leaf, value in zip(leaves, values, strict=True)}
        assert put_together(tree, known) is whole


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_parentheses_around_every_clause_change_nothing(answers: Server, text: str) -> None:
    for value, same in answers.rows(f"select ({text}\n), {grouped(text, clauses(text))} from answers"):
        assert value is same


def test_expressions_of_every_kind_take_parentheses_around_every_clause(server: Server, valid: tuple[str, ...]) -> None:
    for text in valid:
        refusal = server.refusal(f"create policy p on app.items using ({grouped(text, clauses(text))})")
        assert refusal is None, f"{text}: {refusal}"
