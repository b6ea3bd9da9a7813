"""Reading what was written gives the same rules, but for their places, whatever names and SQL they have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policies.aliases import NotAnAlias, read_alias
from gateway.policies.files import defaults_document, expression_fault, functions_document, json_schema, table_document
from gateway.policies.files.assembly import assemble
from gateway.policies.files.rules.row_policies import compiled_names
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.yaml.parse import parse
from gateway.policies.files.yaml.source import source
from gateway.policies.model import (
    COLUMN_PRIVILEGES,
    TABLE_PRIVILEGES,
    VERBS,
    CacheRule,
    Defaults,
    Expression,
    FunctionRules,
    Grant,
    Limits,
    QualifiedName,
    Rate,
    Reads,
    RowPolicy,
    TableRules,
    Verb,
)
from gateway.policies.problems import Place
from tests.policies.files.schema_checker import faults

T = TypeVar("T")

NOWHERE = Place("")
SCHEMA = json_schema()


def placeless(rules: T) -> T:
    """The rules without places, and with grants in an order of their own."""
    if isinstance(rules, TableRules):
        grants = sorted(
            (replace(each, place=NOWHERE) for each in rules.grants), key=lambda each: (each.role, each.privilege)
        )
        rows = tuple(replace(row, place=NOWHERE, using=sql(row.using), check=sql(row.check)) for row in rules.rows)
        return replace(rules, place=NOWHERE, grants=tuple(grants), rows=rows)
    assert isinstance(rules, FunctionRules)
    return replace(rules, place=NOWHERE)


def sql(expression: Expression | None) -> Expression | None:
    return None if expression is None else Expression(expression.text, expression.text, ())


def read_back(text: str, defaults: Defaults) -> tuple:
    """Tables and functions of the text, which conforms to the schema."""
    node, found = parse(source("t.yaml", text))
    assert not found, text
    assert faults(Reading(source("t.yaml", text)).json(node, ""), SCHEMA) == [], text
    policy_set, problems = assemble({"t.yaml": text.encode(), "defaults.yaml": defaults_document(defaults).encode()})
    assert policy_set is not None, (text, problems)
    return (*policy_set.tables, *policy_set.functions)


ODD = ["no", "on", "Yes", "~", "null", "true", "1e3", "0x1F", "0o17", "1_000", "12:30", "2024-01-01", ".inf", "=", "<<"]
ODDER = [
    *"$a",
    "@b",
    "{c",
    "[d",
    "- e",
    "? f",
    "g: h",
    "i #j",
    "'k",
    '"l',
    "%m",
    "!n",
    "&o",
    "*p",
    "|",
    ">",
    "`",
    ",",
    " ",
]
ODDEST = [
    "é",
    "😀",
    "\u202e",
    "a\u2028b",
    "a\tb",
    "a\nb",
    "a\\b",
    "\x1b",
    "...",
    "---",
    "a ",
    " a",
    "a:",
    ":a",
    "#",
    "\ufeff",
]
NAMES = st.one_of(
    st.sampled_from([*ODD, *ODDER, *ODDEST]),
    st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
).filter(lambda name: len(name.encode()) <= 63)
ROLES = NAMES.filter(lambda name: name != "none")

SQL = st.one_of(
    st.sampled_from(
        [
            "true",
            "false",
            "TRUE",
            "user_id = auth.uid()",
            "a = 'no' and b #>> '{c}' = 'd'",
            "a = ':' or b = ': ' or c = ' #'",
            "((user_id = auth.uid()) OR (EXISTS ( SELECT 1\n   FROM groups g\n  WHERE (g.id = t.group_id))))",
            "a = '" + "x y " * 60 + "'",
            "a = 'x  \n\n  y\n '",
            "    a\n= b",
            "a = '\ttab'",
            "a = 'é😀\u2028\u202e'",
            "(a = b) and " * 30 + "c",
            "-- comment\na",
            "'@' = a",
            '"quoted name" = \'{"json": [1, 2]}\'::jsonb',
        ]
    ),
    st.text(st.sampled_from("ab '\"\n\t:#-,()[]{}|>&*!%@=é"), min_size=1, max_size=60),
).filter(lambda text: expression_fault(text) is None and "$" not in text)
EXPRESSIONS = SQL.map(lambda text: text.strip(" \t\r\n\f")).map(lambda text: Expression(text, text, ()))

MILLISECONDS = st.one_of(
    st.sampled_from([1, 500, 1000, 90_000, 900_000, 3_600_000, 86_400_000, 604_800_000]), st.integers(1, 999_999_999)
)
DURATIONS = MILLISECONDS.map(lambda count: timedelta(milliseconds=count))
RATES = st.builds(
    Rate,
    st.integers(1, 999_999_999),
    st.sampled_from([timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)]),
)


def is_alias(text: str) -> bool:
    try:
        return bool(read_alias(text))
    except NotAnAlias:
        return False


ALIASES = st.lists(
    st.one_of(
        st.sampled_from(["profile:{id}", "tags{type=tag}", "false", "1", "a: b # c", "{x}", "- {a=}"]),
        st.text("ab:{}='\"#-, é", min_size=1, max_size=20).filter(is_alias),
    ),
    max_size=3,
    unique=True,
).map(tuple)
CACHES = st.one_of(st.none(), st.builds(CacheRule, DURATIONS, st.none() | DURATIONS, st.none() | DURATIONS, ALIASES))
LIMITS = st.builds(Limits, st.none() | st.integers(1, 999_999_999), st.none() | RATES)
REALTIME = st.frozensets(st.sampled_from(VERBS[1:]))
QUALIFIED = st.builds(QualifiedName, NAMES, NAMES)


@st.composite
def grants(draw: st.DrawFn) -> tuple[Grant, ...]:
    found = []
    for role in draw(st.lists(ROLES, max_size=3, unique=True)):
        for privilege in draw(st.lists(st.sampled_from(TABLE_PRIVILEGES), min_size=1, max_size=5, unique=True)):
            whole = privilege not in COLUMN_PRIVILEGES or draw(st.booleans())
            columns = None if whole else draw(st.frozensets(NAMES, min_size=1, max_size=12))
            found.append(Grant(role, privilege, columns, NOWHERE))
    return tuple(found)


@st.composite
def row_policies(draw: st.DrawFn) -> RowPolicy:
    verbs: tuple[Verb, ...] = tuple(draw(st.sets(st.sampled_from(VERBS), min_size=1)))
    verbs = tuple(verb for verb in VERBS if verb in verbs)
    using = draw(st.none() | EXPRESSIONS) if verbs != ("insert",) else None
    check = draw(st.none() | EXPRESSIONS) if {"insert", "update"} & set(verbs) else None
    name = draw(NAMES.filter(lambda name: len(name.encode()) <= 56))
    roles = tuple(draw(st.lists(ROLES, min_size=1, max_size=3, unique=True)))
    return RowPolicy(name, roles, verbs, draw(st.booleans()), using, check, NOWHERE)


def names_differ(policies: list[RowPolicy]) -> bool:
    names = [name for policy in policies for name in compiled_names(policy)]
    return len(set(names)) == len(names)


DEFAULTS = st.builds(
    Defaults,
    st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(ROLES, min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    REALTIME,
    CACHES,
    LIMITS,
)
TABLES = st.builds(
    TableRules,
    QUALIFIED,
    grants(),
    st.lists(row_policies(), max_size=4).filter(names_differ).map(tuple),
    st.booleans(),
    REALTIME,
    CACHES,
    LIMITS,
    st.just(NOWHERE),
)
SIGNATURES = st.sampled_from(
    ["public.f(uuid,integer)", "f", "public.f()", '"Odd name"."f: g"("char"[], character varying)', 'a."#"(text)']
)
READS = st.builds(Reads, st.frozensets(QUALIFIED, max_size=3), st.frozensets(NAMES, max_size=3), st.none() | DURATIONS)
FUNCTIONS = st.builds(
    FunctionRules,
    SIGNATURES,
    st.frozensets(ROLES, max_size=3),
    CACHES,
    LIMITS,
    st.none()
    | st.builds(Reads, st.frozensets(QUALIFIED, max_size=3), st.frozensets(NAMES, max_size=3), st.none() | DURATIONS),
    st.just(NOWHERE),
)


@given(DEFAULTS)
@settings(max_examples=150, deadline=None)
def test_defaults(defaults: Defaults) -> None:
    policy_set, problems = assemble({"defaults.yaml": defaults_document(defaults, description="no: #").encode()})
    assert policy_set is not None, problems
    assert policy_set.defaults == defaults


@given(TABLES, DEFAULTS)
@settings(max_examples=250, deadline=None)
def test_tables(rules: TableRules, defaults: Defaults) -> None:
    text = table_document(rules, defaults=defaults, description="a table, no more")
    (found,) = read_back(text, defaults)
    assert placeless(found) == placeless(rules)


@given(FUNCTIONS, DEFAULTS)
@settings(max_examples=150, deadline=None)
def test_functions(rules: FunctionRules, defaults: Defaults) -> None:
    (found,) = read_back(functions_document([rules], defaults=defaults), defaults)
    assert placeless(found) == rules


def test_several_functions() -> None:
    rules = [
        FunctionRules(f"public.f{number}()", frozenset({"anon"}), None, Limits(), None, NOWHERE) for number in range(3)
    ]
    assert [placeless(each) for each in read_back(functions_document(rules), Defaults())] == rules


@given(NAMES, ROLES)
@settings(max_examples=150, deadline=None)
def test_other_yaml_parsers_read_the_same_names(column: str, role: str) -> None:
    """Also those of YAML 1.1, for which `no` is false."""
    grant = Grant(role, "select", frozenset({column}), NOWHERE)
    rules = TableRules(QualifiedName("public", "t"), (grant,), (), True, frozenset(), None, Limits(), NOWHERE)
    assert yaml.safe_load(table_document(rules))["grants"] == {role: {"select": [column]}}


LOOKS = """\
table: public.resources
row_security: false
grants:
  anon: {select: [id, title]}
  authenticated:
    select: [category, created_at, description, external_url, file_path, file_size, file_url, github_url, id, language,
      license, readme, resource_type, tags, title, updated_at, user_id, visibility]
    insert: all
rows:
  - name: public_or_mine
    to: [anon, authenticated]
    for: [select]
    using: visibility = 'public' or user_id = auth.uid()
  - name: long
    to: [authenticated]
    for: all
    using: |-
      ((user_id = auth.uid()) OR (EXISTS ( SELECT 1
         FROM groups g
        WHERE (g.id = t.group_id))))
    check: true
realtime: [insert, update]
cache: {ttl: 15m, clock: 30s}
limits: {max_rows: 1000, requests: 300/min}
"""


def test_what_is_written_is_how_people_write() -> None:
    (rules,) = read_back(LOOKS, Defaults())
    assert table_document(rules) == LOOKS


def test_lines_are_not_too_long() -> None:
    (rules,) = read_back(LOOKS, Defaults())
    many = Grant("anon", "select", frozenset(f"column_number_{number}" for number in range(60)), NOWHERE)
    text = table_document(replace(rules, grants=(many,)))
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("text", ["a = $$b$$", "a = $x$ $y $x$", "a = '$y'"])
def test_dollars_in_sql(text: str) -> None:
    row = RowPolicy("n", ("a",), ("select",), False, Expression(text, text, ()), None, NOWHERE)
    rules = TableRules(QualifiedName("a", "b"), (), (row,), True, frozenset(), None, Limits(), NOWHERE)
    (found,) = read_back(table_document(rules), Defaults())
    assert found.rows[0].using.text == text


def test_predicates_are_written_out() -> None:
    files = {
        "t.yaml": b"predicates: { p: a or b }\ntable: t\nrows: [ { name: n, to: a, for: all, using: $p and c } ]\n"
    }
    policy_set, _ = assemble(files)
    assert policy_set is not None
    assert "using: (a or b) and c\n" in table_document(policy_set.tables[0])
