"""Random row security, rows and personas: what is explained is what PostgreSQL does."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import asyncpg
import pytest

from gateway.policies.database import read_state
from gateway.policies.explain import Explanation, Question, Truth, explain
from gateway.policies.explain.model import Step
from tests.policies.explain.lab import questions, row_security

SEEDS = range(30)
QUESTIONS = 12


async def asked(lab: asyncpg.Connection, seed: int) -> list[tuple[Question, Explanation]]:
    """Random questions about random policies, with their answers."""
    random = Random(seed)
    for statement in row_security(random):
        await lab.execute(statement)
    state = await read_state(lab)
    return [(question, (await explain(lab, question, state))[0]) for question in questions(random, QUESTIONS)]


async def visible(lab: asyncpg.Connection, question: Question) -> bool | None:
    """Asked in the plainest way: None for an error."""
    persona = question.persona
    await lab.execute("savepoint plain")
    try:
        await lab.execute("select set_config('request.jwt.claims', $1, true)", json.dumps(dict(persona.claims)))
        await lab.execute(f'set local role "{persona.role}"')
        return bool(await lab.fetchval("select count(*) from lab.items where id = $1", question.key["id"]))
    except asyncpg.PostgresError:
        return None
    finally:
        await lab.execute("rollback to savepoint plain")


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_explanation_is_contradicted(lab: asyncpg.Connection, seed: int) -> None:
    before = await lab.fetch("select * from lab.items order by id")
    for question, explanation in await asked(lab, seed):
        assert explanation.agrees is not False, (question, explanation)
        assert len(explanation.outcome.possible) >= 1
        if question.verb == "select" and "select" in explanation.standing.on_table:
            plain = await visible(lab, question)
            assert explanation.outcome.answer is {True: Truth.TRUE, False: Truth.FALSE}.get(plain, Truth.ERROR) or (
                plain is None and explanation.outcome.attempt is not None and explanation.outcome.attempt.sqlstate
            )
    assert await lab.fetch("select * from lab.items order by id") == before


async def test_most_explanations_say_one_thing_and_are_confirmed(lab: asyncpg.Connection) -> None:
    """Else the test above would prove little."""
    tally: Counter[str] = Counter()
    for seed in range(1000, 1012):
        await lab.execute("savepoint one")
        for question, explanation in await asked(lab, seed):
            tally["confirmed"] += explanation.agrees is True
            tally["definite"] += len(explanation.outcome.possible) == 1
            tally[f"{question.verb} {explanation.outcome.answer}"] += 1
        await lab.execute("rollback to savepoint one")
    assert tally["confirmed"] > 12 * QUESTIONS * 0.85, tally
    assert tally["definite"] > 12 * QUESTIONS * 0.7, tally
    for verb in ("select", "insert", "update", "delete"):
        assert tally[f"{verb} true"] > 1, tally
        assert tally[f"{verb} false"] > 1, tally


@pytest.mark.parametrize("mistake", ["restrictive policies open", "policies are for everybody", "null is true"])
async def test_a_mistake_in_the_explanation_is_noticed(
    lab: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    from gateway.policies.explain import asking, model
    from gateway.policies.explain.truth import any_of, lets_through

    if mistake == "restrictive policies open":

        def wrong(step: Step) -> frozenset[Truth]:
            return lets_through(any_of(each.condition.possible for each in step.considered if each.condition))

        monkeypatch.setattr(model.Step, "possible", property(wrong))
    elif mistake == "policies are for everybody":
        monkeypatch.setattr(asking, "is_meant", lambda policy, standing: True)
    else:

        def true_if_null(condition: frozenset[Truth]) -> frozenset[Truth]:
            return frozenset(Truth.TRUE if truth is Truth.NULL else truth for truth in condition)

        monkeypatch.setattr(model, "lets_through", true_if_null)
    for seed in range(2000, 2040):
        await lab.execute("savepoint one")
        if any(explanation.agrees is False for _, explanation in await asked(lab, seed)):
            return
        await lab.execute("rollback to savepoint one")
    pytest.fail("nothing was contradicted")
