"""Random row security: the rows that are said to be reached are those that statements of the persona reach."""

from __future__ import annotations

import json
import time
from random import Random

import asyncpg
import pytest

from gateway.policies.database import read_state
from gateway.policies.database.state import RelationState
from gateway.policies.impact.measuring import Measurer, Reach
from gateway.policies.impact.model import REACHED, Reached
from gateway.policies.model import Persona
from tests.policies.explain.lab import ITEMS, ROLES, row_security

PERSONAS = [Persona(f"{role} {sub}", role, {"sub": sub}) for role in ROLES for sub in ("ann", "bob")]
STATEMENTS = {
    "select": "select count(*) from lab.items",
    "update": "select count(*) from (select from lab.items for update) as locked",
    "delete": 'delete from lab.items where "{column}" is null or "{column}" is not null',
}


async def given(lab: asyncpg.Connection, persona: Persona, verb: Reached, column: str) -> int | str:
    """How many rows a statement of the persona reaches, or the error that it meets."""
    await lab.execute("savepoint given")
    try:
        await lab.execute("select set_config('request.jwt.claims', $1, true)", json.dumps(dict(persona.claims)))
        await lab.execute(f'set local role "{persona.role}"')
        statement = STATEMENTS[verb].format(column=column)
        if verb == "delete":
            return int((await lab.execute(statement)).split()[-1])
        return int(await lab.fetchval(statement))
    except asyncpg.PostgresError as error:
        return error.sqlstate or ""
    finally:
        await lab.execute("rollback to savepoint given")


async def measured(lab: asyncpg.Connection, relation: RelationState) -> dict[str, Reach]:
    measurer = Measurer(lab, ("public",), time.monotonic() + 60)
    found = await measurer.scope(relation, 100)
    assert found is not None
    reaches = await measurer.measure(found[0], PERSONAS)
    assert measurer.unfinished == []
    return reaches


@pytest.mark.parametrize("seed", range(12))
async def test_as_many_rows_as_statements_reach(lab: asyncpg.Connection, seed: int) -> None:
    for statement in row_security(Random(seed), raising=0.05 if seed % 4 == 0 else 0):
        await lab.execute(statement)
    relation = (await read_state(lab)).relations[ITEMS]
    compared = 0
    for name, reach in (await measured(lab, relation)).items():
        persona = next(persona for persona in PERSONAS if persona.name == name)
        column = reach.columns[0] if reach.columns else "id"
        for verb in REACHED:
            rows = await given(lab, persona, verb, column)
            if verb in reach.errors:
                continue
            if verb in reach.rows:
                assert len(reach.rows[verb]) == rows, (name, verb, rows)
                compared += 1
            else:
                assert rows == "42501", (name, verb, rows)
    assert compared or seed % 4 == 0


async def test_they_are_the_same_rows(lab: asyncpg.Connection) -> None:
    for statement in (
        "grant select, update (kind), delete on lab.items to public",
        "alter table lab.items enable row level security",
        "create policy r on lab.items for select using (level > 0)",
        "create policy u on lab.items for update using (owner = lab.me())",
        "create policy d on lab.items for delete using (kind = 'closed')",
    ):
        await lab.execute(statement)
    reach = (await measured(lab, (await read_state(lab)).relations[ITEMS]))["lab_reader ann"]
    places = {f"{row[0]} {row[1]}": row[2] for row in await lab.fetch("select tableoid, ctid::text, id from lab.items")}
    assert {verb: sorted(places[place] for place in rows) for verb, rows in reach.rows.items()} == {
        "select": [1, 2, 4, 5],
        "update": [1, 2],
        "delete": [2, 4],
    }


async def test_an_error_of_one_verb_does_not_hide_the_others(lab: asyncpg.Connection) -> None:
    for statement in (
        "grant select, update, delete on lab.items to public",
        "alter table lab.items enable row level security",
        "create policy r on lab.items for select using (true)",
        "create policy u on lab.items for update using (lab.picky(level))",
    ):
        await lab.execute(statement)
    reach = (await measured(lab, (await read_state(lab)).relations[ITEMS]))["lab_reader ann"]
    assert reach.errors == {"update": "LAB01: too much: 4"}
    assert {verb: len(rows) for verb, rows in reach.rows.items()} == {"select": 7, "delete": 0}
