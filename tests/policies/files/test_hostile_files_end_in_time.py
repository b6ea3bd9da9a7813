"""A megabyte of anything is read or refused in seconds, and a set of hundreds of files in about one."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.policies.files.yaml.source import LARGEST
from tests.policies.files.sets import problems, read

PERSONA = "personas: { p: { role: a } }\n"


def filled(begin: str, part: str, end: str = "") -> str:
    """As many numbered parts as a file can hold."""
    count = (LARGEST - len(begin) - len(end)) // (len(part.format(99_999)) + 1)
    return begin + "".join(part.format(number) + "\n" for number in range(count)) + end


HOSTILE = {
    "unknown keys": filled("table: a\n", "tablf{}: 1"),
    "keys of nothing known": filled("", "tablf{}: 1"),
    "roles": filled("table: a\ngrants:\n", " role{}: {{ select: [a] }}"),
    "wrong roles": filled("table: a\ngrants:\n", " role{}: {{ slect: [a] }}"),
    "columns": filled("table: a\ngrants:\n a:\n  select:\n", "  - c{}"),
    "row policies": filled("table: a\nrows:\n", " - {{ name: n{}, to: a, for: [select, delete], using: a }}"),
    "predicates that are not there": filled("table: a\npredicates:\n", " p{0}: a and $q{0}"),
    "predicates of one another": filled("table: a\npredicates:\n p0: a\n", " q{0}: $p0 or $q0"),
    "personas that are not there": filled(PERSONA + "table: a\ntests:\n", " - {{ as: q{}, select: {{ rows: 0 }} }}"),
    "personas": filled("personas:\n", " p{}: {{ role: a }}"),
    "a matrix of all with all": filled(
        "personas:\n" + "".join(f" p{number}: {{ role: a }}\n" for number in range(5000)) + "matrix:\n",
        " - {{ insert: t{}, values: {{}}, by: [] }}",
    ),
    "blanks in quotes": "table: a\nrows: [ { name: n, to: a, for: all, using: '" + " " * 900_000 + "' } ]\n",
    "blanks in SQL": "table: a\nrows: [ { name: n, to: a, for: all, using: 'a" + " " * 60_000 + "b' } ]\n",
    "line ends in SQL": "table: a\nrows: [ { name: n, to: a, for: all, using: 'a" + " \n " * 20_000 + "b' } ]\n",
    "quotes in SQL": 'table: a\nrows: [ { name: n, to: a, for: all, using: "' + "'" * 60_000 + '" } ]\n',
    "comments in SQL": "table: a\nrows: [ { name: n, to: a, for: all, using: '" + "/*" * 30_000 + "' } ]\n",
    "parentheses in SQL": "table: a\nrows: [ { name: n, to: a, for: all, using: '" + "(" * 60_000 + "' } ]\n",
    "one long line": "table: a\ndescription: " + "x" * 1_000_000,
    "flow items": "table: a\ngrants: { a: { select: [" + "c, " * 300_000 + "] } }\n",
    "brackets": "[" * 500_000 + "]" * 500_000,
    "keys with question marks": "? " * 500_000,
    "digits": "table: a\nlimits: { max_rows: " + "9" * 900_000 + " }\n",
    "a number in a row": "given: [ { table: a, values: { b: " + "9" * 900_000 + " } } ]\n",
    "a float in a row": "given: [ { table: a, values: { b: 0." + "9" * 900_000 + " } } ]\n",
}


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    assert time.perf_counter() - begin < seconds


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_of(text: str) -> None:
    with at_most(20):
        found = problems(text)
    assert len(found) <= 110


def test_a_large_set() -> None:
    shared = "predicates: { mine: user_id = auth.uid(), seen: visibility = 'public' or $mine }\n"
    table = """\
table: public.t{0}
grants: {{ anon: {{ select: [id, title, user_id] }}, authenticated: {{ select: all, insert: [title], delete: all }} }}
rows:
  - {{ name: a, to: [anon, authenticated], for: select, using: $seen or shared_with_me(id) }}
  - {{ name: b, to: authenticated, for: insert, check: $mine }}
  - {{ name: c, to: authenticated, for: update, using: $mine and exists (select 1 from groups where id = group_id) }}
  - {{ name: d, to: authenticated, for: delete, using: $mine }}
cache: {{ ttl: 15m }}
"""
    files = {"defaults.yaml": "include: [shared/p.yaml]\n", "shared/p.yaml": shared}
    names = list(range(500))
    random.Random(1).shuffle(names)
    with at_most(5):
        policy_set = read(files | {f"t{name}.yaml": table.format(name) for name in names})
    assert (len(policy_set.tables), sum(len(rules.rows) for rules in policy_set.tables)) == (500, 2000)
