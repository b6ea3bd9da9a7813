"""Where findings stand: at the word that matters, in the file that has to be changed."""

from __future__ import annotations

import pytest

from gateway.policies.lints import lints
from gateway.policies.plan import examine
from tests.policies.files.sets import Files, marked, read
from tests.policies.lints.conftest import Lab

SQL = """
create table public.notes (id integer primary key, user_id uuid, team integer, secret text);
create function public.in_team(team integer) returns boolean language plpgsql stable as 'begin return true; end';
create function public.shown() returns void language sql security definer set search_path = '' as 'select 1';
"""

CASES = [
    (
        "L001",
        """
        table: public.notes
        row_security: false
        grants:
          anon: {}
          authenticated: { update: all, »select: all }
        """,
    ),
    (
        "L002",
        """
        table: public.notes
        grants: { authenticated: { delete: all } }
        rows:
          - name: p
            to: authenticated
            for: delete
            using: »true
        """,
    ),
    (
        "L010",
        """
        table: public.notes
        grants: { authenticated: { select: all } }
        rows:
          - name: p
            to: authenticated
            for: select
            using: id > 0 and exists (select from public.»notes n where n.team = team)
        """,
    ),
    (
        "L012",
        """
        table: public.notes
        grants: { authenticated: { select: all } }
        rows:
          - name: p
            to: authenticated
            for: select
            using: |
              team = 1
              or public.»in_team(team)
        """,
    ),
    (
        "L017",
        """
        table: public.notes
        predicates: { mine: id = 1 or »user_id = auth.uid() }
        grants: { authenticated: { select: all } }
        rows:
          - name: p
            to: authenticated
            for: select
            using: $mine
        """,
    ),
    (
        "L018",
        """
        table: public.notes
        grants: { authenticated: { select: all }, anon: { insert: [id], »select: [id, secret] } }
        rows:
          - { name: p, to: anon, for: select, using: id = 1 }
        """,
    ),
    (
        "L021",
        """
        table: public.notes
        grants: { authenticated: { select: all } }
        rows:
          - { name: p, to: authenticated, for: select, using: id = 1 }
          - »{ name: q, to: authenticated, for: select, using: id = 2 }
        """,
    ),
    (
        "L026",
        """
        table: public.notes
        grants: { authenticated: { select: all } }
        rows:
          - name: p
            to: authenticated
            for: select
            using: "team = (auth.jwt() #>> »'{user_metadata,team}')::integer"
        """,
    ),
    (
        "L009",
        """
        functions:
          - »function: public.shown()
            execute: [anon]
        """,
    ),
]


async def places(lab: Lab, files: Files | str, code: str) -> list[str]:
    policy_set = read(files)
    examined = await examine(lab.connection, policy_set)
    return [str(problem.place) for problem in lints(policy_set, examined) if problem.code == code]


@pytest.mark.parametrize(("code", "text"), CASES, ids=[code for code, _ in CASES])
async def test_cases(lab: Lab, code: str, text: str) -> None:
    lines = [line[8:] for line in text.strip("\n").split("\n")]
    plain, (place,) = marked("\n".join(lines))
    async with lab.having(SQL):
        assert await places(lab, plain, code) == [f"t.yaml:{place}"]


async def test_what_a_shared_predicate_does_is_told_of_the_policy_that_uses_it(lab: Lab) -> None:
    files = {
        "defaults.yaml": "predicates: { fellow: public.in_team(team) }",
        "t.yaml": "table: public.notes\ngrants: { anon: { select: all } }\n"
        "rows:\n  - { name: p, to: anon, for: select, using: $fellow }\n",
    }
    async with lab.having(SQL):
        assert await places(lab, files, "L012") == ["t.yaml:4:5"]


async def test_a_set_that_does_not_fit_is_linted_as_far_as_it_goes(lab: Lab) -> None:
    """Unknown tables, roles, functions and columns, and expressions that PostgreSQL refuses, are others' business."""
    files = {
        "t.yaml": "table: public.notes\ngrants: { anon: { select: [id, gone] }, nobody: { select: all } }\n"
        "rows:\n"
        "  - { name: p, to: [anon, nobody], for: select, using: gone = public.gone(1) }\n"
        "  - { name: q, to: anon, for: [update, delete], using: id }\n"
        "  - { name: r, to: authenticated, for: delete, using: true }\n",
        "g.yaml": "table: public.gone\ngrants: { authenticated: { delete: all } }\n"
        "rows: [{ name: p, to: authenticated, for: delete, using: true }]\n",
        "f.yaml": "function: public.gone()\nexecute: [nobody]\n",
    }
    async with lab.having(SQL):
        policy_set = read(files)
        examined = await examine(lab.connection, policy_set)
        assert len(examined.problems) > 5
        found = {(problem.code, str(problem.place)) for problem in lints(policy_set, examined)}
    assert ("L023", "t.yaml:6:5") in found
