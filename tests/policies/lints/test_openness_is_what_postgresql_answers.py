"""What lints think of a whole condition, against PostgreSQL's answers for every row and caller."""

from __future__ import annotations

import json
import random

import pytest

from gateway.policies.lints.condition import condition
from gateway.policies.lints.leaf import Openness
from gateway.policies.lints.reading import About
from tests.policies.lints.conftest import KARIM, MARIE, Lab

SQL = f"""
create table public.notes (id integer not null, user_id uuid, team integer, body text);
insert into public.notes values (1, '{MARIE}', 1, 'a'), (2, '{KARIM}', 2, 'b'), (3, null, null, null);
grant select on public.notes to anon, authenticated;
"""
TABLE = About("notes", frozenset({"id", "user_id", "team", "body"}), frozenset({"id"}))

LEAVES = (
    "true",
    "false",
    "1 = 1",
    "1 = 2",
    "'a' <> 'b'",
    "id = id",
    "id is not null",
    "id is null",
    "team = team",
    "team is not null",
    "user_id = auth.uid()",
    "user_id = (select auth.uid())",
    "auth.uid() is not null",
    "(select auth.uid()) is not null",
    "auth.uid() is null",
    "auth.role() = 'authenticated'",
    "auth.role() in ('authenticated', 'service_role')",
    "auth.role() <> 'anon'",
    "auth.jwt() is not null",
    "auth.jwt() ->> 'sub' is not null",
    "(auth.jwt() ->> 'role') = 'authenticated'",
    "body = 'a'",
    "team between 1 and 2",
    "exists (select from public.notes n where n.team = notes.team)",
    "case when team = 1 then true else false end",
)


def text(chance: random.Random, depth: int = 0) -> str:
    kind = chance.random()
    if depth == 3 or kind < 0.4:
        return chance.choice(LEAVES)
    if kind < 0.55:
        return f"not ({text(chance, depth + 1)})"
    operator = chance.choice((" and ", " or "))
    return operator.join(f"({text(chance, depth + 1)})" for _ in range(chance.choice((2, 2, 3))))


async def answers(lab: Lab, expression: str, claims: dict[str, str]) -> set[bool | None]:
    """What the expression is for each row."""
    await lab.connection.execute("select set_config('request.jwt.claims', $1, true)", json.dumps(claims))
    return {row[0] for row in await lab.connection.fetch(f"select ({expression}) from public.notes")}


@pytest.mark.parametrize("seed", range(4))
async def test_random_conditions(lab: Lab, seed: int) -> None:
    chance, seen = random.Random(seed), set[Openness]()
    async with lab.having(SQL):
        for _ in range(150):
            expression = text(chance)
            openness = condition(expression, TABLE).openness
            seen.add(openness)
            visitor = await answers(lab, expression, {"role": "anon"})
            users = [await answers(lab, expression, {"role": "authenticated", "sub": sub}) for sub in (MARIE, KARIM)]
            if openness is Openness.ALWAYS:
                assert visitor == users[0] == users[1] == {True}, expression
            elif openness is Openness.SIGNED_IN:
                assert users[0] == users[1] == {True}, expression
            elif openness is Openness.NEVER:
                assert True not in visitor | users[0] | users[1], expression
    assert seen == set(Openness)


PLAIN = [
    ("true", Openness.ALWAYS),
    ("((true))", Openness.ALWAYS),
    ("not true", Openness.NEVER),
    ("null", Openness.NEVER),
    ("not null", Openness.NEVER),
    ("1 = 1", Openness.ALWAYS),
    ("'a'::text = 'a'::character varying", Openness.ALWAYS),
    ("1 <> 1", Openness.NEVER),
    ("null = null", Openness.NEVER),
    ("id = id", Openness.ALWAYS),
    ("notes.id is not null", Openness.ALWAYS),
    ("team = team", Openness.DEPENDS),
    ("user_id = auth.uid()", Openness.DEPENDS),
    ("auth.uid() is not null", Openness.SIGNED_IN),
    ("auth.uid() is not null and true", Openness.SIGNED_IN),
    ("auth.uid() is not null or team = 1", Openness.SIGNED_IN),
    ("auth.uid() is not null and team = 1", Openness.DEPENDS),
    ("not (auth.uid() is null)", Openness.SIGNED_IN),
    ("not (true and false)", Openness.ALWAYS),
    ("not (true or team = 1)", Openness.NEVER),
    ("app.is_admin()", Openness.DEPENDS),
    ("now() > '2020-01-01'", Openness.DEPENDS),
    ("U&'a' = 'a'", Openness.DEPENDS),
    ("user_id = ", Openness.DEPENDS),
    ("", Openness.DEPENDS),
]


@pytest.mark.parametrize(("expression", "expected"), PLAIN)
def test_plain_conditions(expression: str, expected: Openness) -> None:
    assert condition(expression, TABLE).openness is expected
