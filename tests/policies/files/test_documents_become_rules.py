"""What tables, functions and defaults say in YAML is what the rules say as values."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.policies.model import CacheRule, Defaults, Grant, Limits, QualifiedName, Rate, Reads, TableRules
from tests.policies.files.sets import read

MINUTES = timedelta(minutes=1)

RESOURCES = """
# La première, en français: é 😀
table: public.resources
description: "yes: free text"
grants:
  anon: { select: [id, title] }
  authenticated:
    select: all
    references: [id]
    trigger: all
rows:
  - name: public_or_mine
    to: [anon, authenticated]
    for: [select]
    using: visibility = 'public' or user_id = auth.uid()
  - name: no one else
    to: public
    for: all
    restrictive: true
    using: |
      -- not the old ones
      age(created_at)
        < '1 year'
    check: true
realtime: [insert, delete]
cache: { ttl: 15m, stale_if_error: 1h, clock: 30s, alias: "a:{id}" }
limits: { max_rows: 1000, requests: 300/min }
"""


def table(text: str, defaults: str = "") -> TableRules:
    files = {"t.yaml": text} | ({"defaults.yaml": defaults} if defaults else {})
    return read(files).tables[0]


def test_a_table() -> None:
    rules = table(RESOURCES)
    assert rules.table == ("public", "resources")
    assert str(rules.place) == "t.yaml:2:1"
    assert [(each.role, each.privilege, each.columns, each.place[1:]) for each in rules.grants] == [
        ("anon", "select", frozenset({"id", "title"}), (5, 11)),
        ("authenticated", "select", None, (7, 5)),
        ("authenticated", "references", frozenset({"id"}), (8, 5)),
        ("authenticated", "trigger", None, (9, 5)),
    ]
    first, second = rules.rows
    assert (first.name, first.roles, first.verbs, first.restrictive, first.check) == (
        "public_or_mine",
        ("anon", "authenticated"),
        ("select",),
        False,
        None,
    )
    assert first.using is not None
    assert first.using.text == first.using.source == "visibility = 'public' or user_id = auth.uid()"
    assert (second.name, second.roles, second.verbs, second.restrictive) == (
        "no one else",
        ("public",),
        ("select", "insert", "update", "delete"),
        True,
    )
    assert second.using is not None
    assert second.using.text == "-- not the old ones\nage(created_at)\n  < '1 year'"
    assert second.using.place(second.using.text.index("<")) == ("t.yaml", 22, 9)
    assert second.check is not None
    assert second.check.text == "true"
    assert str(second.place) == "t.yaml:15:5"
    assert rules.row_security
    assert rules.realtime == {"insert", "delete"}
    assert rules.cache == CacheRule(15 * MINUTES, 60 * MINUTES, timedelta(seconds=30), ("a:{id}",))
    assert rules.limits == Limits(1000, Rate(300, MINUTES))


TABLES = {
    "resources": ("public", "resources"),
    "hublib.resources": ("hublib", "resources"),
    "'\"Resources\"'": ("public", "Resources"),
    'a."b.c"': ("a", "b.c"),
    '\'"a""b"."select"\'': ('a"b', "select"),
    "été.öl": ("été", "öl"),
    "_a1.b$2": ("_a1", "b$2"),
}


@pytest.mark.parametrize(("text", "name"), TABLES.items())
def test_names_of_tables(text: str, name: tuple[str, str]) -> None:
    assert table(f"table: {text}\n").table == QualifiedName(*name)


VERBS = {
    "select": ("select",),
    "[delete, select]": ("select", "delete"),
    "[insert]": ("insert",),
    "all": ("select", "insert", "update", "delete"),
    "[delete, update, insert, select]": ("select", "insert", "update", "delete"),
}


@pytest.mark.parametrize(("text", "verbs"), VERBS.items())
def test_verbs(text: str, verbs: tuple[str, ...]) -> None:
    rules = table(f"table: a\nrows:\n  - {{ name: no, to: 'on', for: {text} }}\n")
    assert (rules.rows[0].name, rules.rows[0].roles, rules.rows[0].verbs) == ("no", ("on",), verbs)


def test_the_norway_problem_is_none() -> None:
    rules = table("table: no\ngrants: { yes: { select: [on, off, y, n, no, 2024-01-01, 1_000, 0b1, 12:30] } }\n")
    assert rules.table.name == "no"
    assert rules.grants == (
        Grant(
            "yes",
            "select",
            frozenset({"on", "off", "y", "n", "no", "2024-01-01", "1_000", "0b1", "12:30"}),
            rules.grants[0].place,
        ),
    )


DURATIONS = {
    "500ms": timedelta(milliseconds=500),
    "1s": timedelta(seconds=1),
    "90m": timedelta(minutes=90),
    "1h": timedelta(hours=1),
    "7d": timedelta(days=7),
}


@pytest.mark.parametrize(("text", "duration"), DURATIONS.items())
def test_durations(text: str, duration: timedelta) -> None:
    assert table(f"table: a\ncache: {{ ttl: {text} }}\n").cache == CacheRule(duration)


RATES = {
    "10/s": timedelta(seconds=1),
    "10/min": timedelta(minutes=1),
    "10/h": timedelta(hours=1),
    "10/d": timedelta(days=1),
}


@pytest.mark.parametrize(("text", "per"), RATES.items())
def test_rates(text: str, per: timedelta) -> None:
    assert table(f"table: a\nlimits: {{ requests: {text} }}\n").limits == Limits(requests=Rate(10, per))


REALTIME = {
    "all": {"insert", "update", "delete"},
    "none": set(),
    "false": set(),
    "[]": set(),
    "insert": {"insert"},
    "[update, delete]": {"update", "delete"},
}


@pytest.mark.parametrize(("text", "verbs"), REALTIME.items())
def test_realtime(text: str, verbs: set[str]) -> None:
    assert table(f"table: a\nrealtime: {text}\n", "realtime: [insert]\n").realtime == verbs


DEFAULTS = """
schemas: [api, public]
roles: [anon, authenticated, editor]
search_path: [api, extensions]
realtime: all
cache: { ttl: 1m, clock: 1s }
limits: { max_rows: 100, requests: 10/s }
"""


def test_defaults() -> None:
    assert read({"defaults.yaml": DEFAULTS}).defaults == Defaults(
        schemas=("api", "public"),
        roles=("anon", "authenticated", "editor"),
        search_path=("api", "extensions"),
        realtime=frozenset({"insert", "update", "delete"}),
        cache=CacheRule(MINUTES, None, timedelta(seconds=1)),
        limits=Limits(100, Rate(10, timedelta(seconds=1))),
    )


def test_a_set_without_defaults_has_the_usual_ones() -> None:
    assert read("table: a\n").defaults == Defaults()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("profile", ("profile",)),
        ('"profile:{id}"', ("profile:{id}",)),
        ("[first, 'second:{limit}']", ("first", "second:{limit}")),
        ("'tags{type=tag}{status=}'", ("tags{type=tag}{status=}",)),
        ("false", ()),
    ],
)
def test_aliases(written: str, expected: tuple[str, ...]) -> None:
    assert table(f"table: a\ncache: {{ ttl: 1m, alias: {written} }}\n").cache == CacheRule(MINUTES, alias=expected)


INHERITED = {
    "nothing said": ("", CacheRule(MINUTES, None, timedelta(seconds=1)), Limits(100, Rate(10, timedelta(seconds=1)))),
    "all taken away": ("cache: false\nlimits: false\n", None, Limits()),
    "some said": (
        "cache: { ttl: 2m, stale_if_error: 1h }\nlimits: { max_rows: 5 }\n",
        CacheRule(2 * MINUTES, 60 * MINUTES, timedelta(seconds=1)),
        Limits(5, Rate(10, timedelta(seconds=1))),
    ),
    "some taken away": (
        "cache: { clock: false }\nlimits: { requests: false }\n",
        CacheRule(MINUTES),
        Limits(100),
    ),
}


@pytest.mark.parametrize(("text", "cache", "limits"), INHERITED.values(), ids=INHERITED)
@pytest.mark.parametrize("subject", ["table: a\n", "function: f\n"])
def test_what_a_file_does_not_say_the_defaults_do(
    subject: str, text: str, cache: CacheRule | None, limits: Limits
) -> None:
    policy_set = read({"t.yaml": subject + text, "defaults.yaml": DEFAULTS})
    rules = (*policy_set.tables, *policy_set.functions)[0]
    assert (rules.cache, rules.limits) == (cache, limits)


def test_row_security_is_off_only_if_said() -> None:
    assert table("table: a\n").row_security
    assert not table("table: a\nrow_security: false\n").row_security


FUNCTIONS = """
functions:
  - function: public.rate_resource(uuid, integer)
    execute: [authenticated]
    description: rates
    limits: { requests: 10/min }
  - function: search_users
    execute: public
    cache: { ttl: 5s }
    reads: { tables: [public.profiles, groups], claims: [sub], clock: 1m }
  - { function: '"Odd".f("Type"[], character varying)', reads: {} }
"""


def test_functions() -> None:
    first, second, third = read(FUNCTIONS).functions
    assert (first.signature, first.execute) == ("public.rate_resource(uuid, integer)", frozenset({"authenticated"}))
    assert first.limits == Limits(requests=Rate(10, MINUTES))
    assert (first.cache, first.reads, str(first.place)) == (None, None, "t.yaml:2:5")
    assert (second.signature, second.execute) == ("search_users", frozenset({"public"}))
    assert second.cache == CacheRule(timedelta(seconds=5))
    assert second.reads == Reads(
        frozenset({QualifiedName("public", "profiles"), QualifiedName("public", "groups")}), frozenset({"sub"}), MINUTES
    )
    assert (third.signature, third.execute) == ('"Odd".f("Type"[], character varying)', frozenset())
    assert third.reads == Reads()


def test_one_function() -> None:
    (rules,) = read("function: public.f()\nexecute: [anon]\ndescription: x\n").functions
    assert (rules.signature, rules.execute, str(rules.place)) == ("public.f()", {"anon"}, "t.yaml:1:1")


def test_the_digest_is_that_of_names_and_contents() -> None:
    files = {"a.yaml": "table: a\n", "b.yaml": "table: b\n"}
    digests = {
        read(each).digest
        for each in (
            files,
            {**files, "b.yaml": "table: b # x\n"},
            {"a.yaml": "table: a\n", "c.yaml": "table: b\n"},
            {"a.yaml": "table: a\n"},
        )
    }
    assert len(digests) == 4
    assert read(files).digest == read(dict(reversed(files.items()))).digest
    assert read(files).files == ("a.yaml", "b.yaml")


def test_windows_files_with_a_byte_order_mark_say_the_same() -> None:
    windows = b"\xef\xbb\xbf" + RESOURCES.lstrip("\n").replace("\n", "\r\n").encode()
    (rules,) = read({"t.yaml": windows}).tables
    assert rules == table(RESOURCES)
