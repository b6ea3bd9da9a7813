"""One case for each rule by which PostgreSQL decides: what the explanation says of it, and that PostgreSQL agrees."""

from __future__ import annotations

from typing import Any, NamedTuple

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres
from gateway.policies.database import read_state
from gateway.policies.explain import Explanation, Manner, Question, Truth, explain
from gateway.policies.explain.words import lines
from gateway.policies.model import Persona, QualifiedName, Verb
from gateway.policies.problems import PolicyError
from tests.policies.explain.conftest import NAME
from tests.policies.explain.lab import ITEMS

ANN = Persona("ann", "lab_person", {"sub": "ann"})
GUEST = Persona("guest", "lab_guest", {"sub": "ann"})
PASSER = Persona("passer", "lab_passer")

YES, NO, ERROR = Truth.TRUE, Truth.FALSE, Truth.ERROR
_ON = "alter table lab.items enable row level security"
_ALL = "grant select, insert, update, delete on lab.items to public"


async def one(lab: asyncpg.Connection, question: Question, *statements: str) -> Explanation:
    for statement in statements:
        await lab.execute(statement)
    (explanation,) = await explain(lab, question, await read_state(lab))
    return explanation


def about(verb: Verb, persona: Persona = ANN, key: int = 1, **values: Any) -> Question:
    return Question(persona, verb, ITEMS, {} if verb == "insert" else {"id": key}, values=values)


class Case(NamedTuple):
    name: str
    question: Question
    policies: tuple[str, ...]
    answer: Truth
    says: str


CASES = [
    Case("no policy lets nothing through", about("select"), (_ON, _ALL), NO, "no permissive policy for select"),
    Case(
        "without row security a grant is enough", about("select"), (_ALL,), YES, "no row security: row security is off"
    ),
    Case("no grant", about("select"), (), NO, "✗ grant: lab_person may not select   → grants: { lab_person: {"),
    Case(
        "permissive policies are joined by OR",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items using (false)", "create policy b on lab.items using (level = 1)"),
        YES,
        "✗ a: false",
    ),
    Case(
        "restrictive policies are joined by AND",
        about("select"),
        (
            _ON,
            _ALL,
            "create policy a on lab.items using (true)",
            "create policy b on lab.items as restrictive using (level = 2)",
        ),
        NO,
        "✗ restrictive b: level = 2",
    ),
    Case(
        "restrictive policies alone let nothing through",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items as restrictive using (true)"),
        NO,
        "no permissive policy",
    ),
    Case(
        "a role inherits the policies of those that it is a member of",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items to lab_reader using (true)"),
        YES,
        "✓ a: true",
    ),
    Case(
        "a role that does not inherit has not",
        about("select", GUEST),
        (_ON, _ALL, "create policy a on lab.items to lab_reader using (true)"),
        NO,
        "· a: for lab_reader",
    ),
    Case(
        "policies of other verbs do not count",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items for update using (true)"),
        NO,
        "no permissive policy",
    ),
    Case(
        "null is as good as false",
        about("select", key=3),
        (_ON, _ALL, "create policy a on lab.items using (level > 0)"),
        NO,
        "✗ a: level > 0 → null",
    ),
    Case(
        "a policy without a condition lets nothing through",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items"),
        NO,
        "a: has no condition, lets nothing through",
    ),
    Case(
        "an error is an error",
        about("select", key=6),
        (_ON, _ALL, "create policy a on lab.items using (12 / level > 4)"),
        ERROR,
        "? a: (12 / level) > 4 → error 22012: division by zero",
    ),
    Case(
        "what a policy calls must be allowed to the caller",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items using (lab.forbidden())"),
        NO,
        "→ error 42501: permission denied for function forbidden",
    ),
    Case(
        "what a policy names need not be visible to the caller",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items using (hidden.secret_rule(kind))"),
        YES,
        "✓ a: hidden.secret_rule(kind)",
    ),
    Case(
        "tables in a policy are read with the caller's grants",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items using (exists (select from lab.closed))"),
        NO,
        "42501: permission denied for table closed",
    ),
    Case(
        "and under the caller's own row security",
        about("select", key=4),
        (_ON, _ALL, "create policy a on lab.items using (id in (select item from lab.shares where who = 'ann'))"),
        NO,
        "✗ a:",
    ),
    Case(
        "policies that ask each other never end",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items using (exists (select from lab.items as i where i.id = items.id))"),
        ERROR,
        "42P17: infinite recursion detected in policy for relation",
    ),
    Case(
        "whole rows have the table's type",
        about("select"),
        (_ON, _ALL, "create policy a on lab.items using (lab.is_simple(items))"),
        YES,
        "✓ a: lab.is_simple(items.*)",
    ),
    Case("BYPASSRLS", about("select", PASSER), (_ON, _ALL), YES, "lab_passer has BYPASSRLS"),
    Case(
        "the owner",
        about("select"),
        (_ON, "alter table lab.items owner to lab_writer", "grant create on schema lab to lab_writer"),
        YES,
        "lab_person has the rights of the owner lab_writer, and row security is not forced",
    ),
    Case(
        "the owner, forced",
        about("select"),
        (_ON, "alter table lab.items owner to lab_writer", "alter table lab.items force row level security"),
        NO,
        "no permissive policy",
    ),
    Case(
        "a grant on columns is enough to see the row",
        about("select"),
        ("grant select (id, kind) on lab.items to lab_reader",),
        YES,
        "✓ grant: lab_reader may select (id, kind)",
    ),
    Case(
        "writing a column needs it granted",
        about("update", kind="x", owner="ann"),
        ("grant select, update (kind) on lab.items to lab_reader",),
        NO,
        "✗ grant: lab_person may not update owner",
    ),
    Case("updating needs select", about("update"), ("grant update on lab.items to public",), NO, "may not select"),
    Case(
        "an update asks the policies for select too",
        about("update"),
        (
            _ON,
            _ALL,
            "create policy r on lab.items for select using (level = 9)",
            "create policy w on lab.items for update using (true)",
        ),
        NO,
        "✗ the row by the policies for select (using), because finding the row reads columns",
    ),
    Case(
        "and of the new row",
        about("update", owner="bob"),
        (
            _ON,
            _ALL,
            "create policy r on lab.items for select using (owner = lab.me())",
            "create policy w on lab.items for update using (true)",
        ),
        NO,
        "✗ the new row by the policies for select (using)",
    ),
    Case(
        "USING stands in for a check that is missing",
        about("update", kind="closed"),
        (
            _ON,
            _ALL,
            "create policy r on lab.items for select using (true)",
            "create policy w on lab.items for update using (kind = 'open')",
        ),
        NO,
        "✗ the new row by the policies for update (check)",
    ),
    Case(
        "a check counts instead of USING",
        about("update", kind="closed"),
        (
            _ON,
            _ALL,
            "create policy r on lab.items for select using (true)",
            "create policy w on lab.items for update using (kind = 'open') with check (true)",
        ),
        YES,
        "✓ the new row by the policies for update (check)",
    ),
    Case(
        "the new row is what triggers make of it",
        about("update", kind="shy"),
        (
            _ON,
            _ALL,
            "create policy r on lab.items for select using (true)",
            "create policy w on lab.items for update using (true) with check (owner = 'ann')",
        ),
        NO,
        "new row: owner=nobody",
    ),
    Case(
        "generated columns of the new row",
        about("update", level=3),
        (
            _ON,
            _ALL,
            "create policy r on lab.items for select using (true)",
            "create policy w on lab.items for update using (true) with check (twice = 6)",
        ),
        YES,
        "✓ w: twice = 6",
    ),
    Case(
        "an insert asks the check",
        about("insert", id=9, owner="bob"),
        (_ON, _ALL, "create policy a on lab.items for insert with check (owner = lab.me())"),
        NO,
        "✗ a: owner = lab.me()",
    ),
    Case(
        "defaults are part of the new row",
        about("insert", id=9, owner="ann"),
        (_ON, _ALL, "create policy a on lab.items for insert with check (kind = 'open')"),
        YES,
        "✓ a: kind = 'open'::text",
    ),
    Case(
        "a delete asks the policies for select and delete",
        about("delete"),
        (
            _ON,
            _ALL,
            "create policy r on lab.items for select using (true)",
            "create policy d on lab.items for delete using (level = 1)",
        ),
        YES,
        "✓ the row by the policies for delete (using)",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_rules(lab: asyncpg.Connection, case: Case) -> None:
    explanation = await one(lab, case.question, *case.policies)
    text = "\n".join(lines(explanation))
    assert explanation.outcome.answer is case.answer, text
    assert explanation.agrees is True, text
    assert case.says in text


async def test_an_insert_may_be_allowed_but_not_its_answer(lab: asyncpg.Connection) -> None:
    explanation = await one(
        lab,
        about("insert", id=9, owner="ann"),
        _ON,
        _ALL,
        "create policy a on lab.items for insert with check (true)",
        "create policy r on lab.items for select using (owner = 'bob')",
    )
    assert explanation.reading_back is not None
    assert (explanation.outcome.answer, explanation.reading_back.answer) == (YES, NO)
    assert explanation.agrees is True


async def test_a_refusal_of_a_trigger_is_no_policys(lab: asyncpg.Connection) -> None:
    explanation = await one(lab, about("update", kind="cursed"), _ALL)
    assert explanation.outcome.answer is YES
    assert explanation.agrees is None
    assert "policies need not be the reason: the owner, past all policies, meets the same" in "\n".join(
        lines(explanation)
    )


async def test_what_cannot_be_asked_alone_is_left_open(lab: asyncpg.Connection) -> None:
    explanation = await one(
        lab,
        about("select"),
        _ON,
        _ALL,
        "create policy a on lab.items using (tableoid = 'lab.items'::regclass or false)",
    )
    text = "\n".join(lines(explanation))
    assert "has no value of its own" in text
    assert explanation.outcome.answer is YES  # PostgreSQL says
    assert explanation.agrees is True


async def test_numbering_rows_needs_the_sequence(lab: asyncpg.Connection) -> None:
    for statement in (
        "create table lab.tickets (id serial primary key, nr int generated always as identity, owner text)",
        "grant select, insert on lab.tickets to lab_person",
    ):
        await lab.execute(statement)
    question = Question(ANN, "insert", QualifiedName("lab", "tickets"), values={"owner": "ann"})
    (explanation,) = await explain(lab, question, await read_state(lab))
    assert (explanation.outcome.answer, explanation.agrees) == (NO, True)
    assert "  ✗ grant: lab_person may not number new rows (lab.tickets_id_seq)" in lines(explanation)
    await lab.execute("grant usage on sequence lab.tickets_id_seq to lab_reader")
    (explanation,) = await explain(lab, question, await read_state(lab))
    assert (explanation.outcome.answer, explanation.agrees) == (YES, True)


async def test_what_defaults_call_is_no_policys(lab: asyncpg.Connection) -> None:
    for statement in (
        "create table lab.stamped (id int primary key, seal boolean default lab.forbidden())",
        "grant select, insert on lab.stamped to lab_person",
    ):
        await lab.execute(statement)
    question = Question(ANN, "insert", QualifiedName("lab", "stamped"), values={"id": 1})
    (explanation,) = await explain(lab, question, await read_state(lab))
    assert explanation.agrees is None
    text = "\n".join(lines(explanation))
    assert "? tried as lab_person, and undone: 42501: permission denied for function forbidden" in text
    assert "a right is missing on something that the table's defaults or constraints use" in text


async def test_an_ordinary_owner_can_ask(postgres: EmbeddedPostgres, laboratory: str) -> None:
    administrator = await asyncpg.connect(laboratory)
    await administrator.execute(
        "create role lab_keeper login; grant lab_person to lab_keeper; grant create on schema lab to lab_keeper"
    )
    connection = await asyncpg.connect(postgres.dsn(NAME, user="lab_keeper"))
    try:
        await connection.execute(
            "create table lab.kept (id int primary key, owner text);"
            "insert into lab.kept values (1, 'ann'), (2, 'bob');"
            "alter table lab.kept enable row level security;"
            "create policy p on lab.kept using (owner = lab.me() and exists (select from lab.bosses));"
            "grant select, update on lab.kept to lab_person"
        )
        state = await read_state(connection)
        for key, answer in ((1, YES), (2, NO)):
            question = Question(ANN, "update", QualifiedName("lab", "kept"), {"id": key}, values={"owner": "ann"})
            (explanation,) = await explain(connection, question, state)
            assert (explanation.outcome.answer, explanation.agrees) == (answer, True)
    finally:
        await connection.close()
        await administrator.execute("drop table lab.kept; drop owned by lab_keeper; drop role lab_keeper")
        await administrator.close()


async def test_partitions_have_policies_of_their_own(lab: asyncpg.Connection) -> None:
    for statement in (
        "create table lab.events (id int, kind text) partition by list (kind)",
        "create table lab.events_a partition of lab.events for values in ('a')",
        "create table lab.events_b partition of lab.events for values in ('b')",
        "insert into lab.events values (1, 'a'), (2, 'b')",
        "alter table lab.events enable row level security",
        "create policy p on lab.events using (kind = 'a')",
        "grant select on lab.events, lab.events_b to public",
    ):
        await lab.execute(statement)
    state = await read_state(lab)
    answers = {}
    for table, key in (("events", 1), ("events", 2), ("events_b", 2)):
        question = Question(ANN, "select", QualifiedName("lab", table), {"id": key})
        (explanation,) = await explain(lab, question, state)
        assert explanation.agrees is True
        answers[table, key] = explanation.outcome.answer
    assert answers == {("events", 1): YES, ("events", 2): NO, ("events_b", 2): YES}


async def test_all_rows_that_are_wanted_are_explained(lab: asyncpg.Connection) -> None:
    await lab.execute(_ALL)
    state = await read_state(lab)
    question = Question(ANN, "select", ITEMS, {}, "owner = 'ann' or kind = 'open' -- and more")
    explanations = await explain(lab, question, state, Manner(most=3))
    assert len(explanations) == 3
    assert explanations[-1].notes == ("further rows match",)
    assert explanations[0].notes == ()


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Question(ANN, "select", QualifiedName("lab", "item"), {"id": 1}), "P703"),
        (Question(ANN, "select", ITEMS, {"nr": 1}), "P709"),
        (Question(ANN, "update", ITEMS, {"id": 1}, values={"nr": 1}), "P709"),
        (Question(ANN, "select", ITEMS, {"id": 99}), "P706"),
        (Question(ANN, "select", ITEMS, {"id": "one"}), "P705"),
        (Question(ANN, "select", ITEMS, {}, "no_column = 1"), "P705"),
        (Question(ANN, "select", ITEMS, {}, "true; drop table lab.items"), "P705"),
        (Question(ANN, "select", ITEMS, {}, "true) or (true"), None),
        (Question(ANN, "update", ITEMS, {"id": 1}, values={"level": "high"}), "P707"),
        (Question(Persona("x", "lab_nobody"), "select", ITEMS, {"id": 1}), "P701"),
        (Question(Persona("x", "none"), "select", ITEMS, {"id": 1}), "P701"),
        (Question(ANN, "select", QualifiedName("lab", "shown"), {}, "true"), "P708"),
    ],
)
async def test_questions_without_sense_are_refused(
    lab: asyncpg.Connection, question: Question, code: str | None
) -> None:
    await lab.execute("create view lab.shown as select * from lab.items")
    state = await read_state(lab)
    if code is None:
        await explain(lab, question, state)
        return
    with pytest.raises(PolicyError) as refused:
        await explain(lab, question, state)
    assert refused.value.problems[0].code == code
    assert await lab.fetchval("select count(*) from lab.items") == 7


async def test_an_owner_who_cannot_see_everything_says_so(laboratory: str) -> None:
    connection = await asyncpg.connect(laboratory)
    transaction = connection.transaction()
    await transaction.start()
    try:
        for statement in (
            "create role lab_owner nologin",
            "grant lab_person to lab_owner",
            "grant create on database policies_laboratory to lab_owner",
            "grant usage, create on schema lab to lab_owner",
            "alter table lab.items owner to lab_owner",
            "alter table lab.items force row level security",
            _ON,
            "set local role lab_owner",
        ):
            await connection.execute(statement)
        with pytest.raises(PolicyError) as refused:
            await explain(connection, about("select"), await read_state(connection))
        assert refused.value.problems[0].code == "P704"
    finally:
        await transaction.rollback()
        await connection.close()


async def test_whoever_may_not_become_the_persona_is_told_so(postgres: EmbeddedPostgres, laboratory: str) -> None:
    connection = await asyncpg.connect(postgres.dsn(NAME, user="lab_login"))
    try:
        with pytest.raises(PolicyError) as refused:
            await explain(connection, about("select"), await read_state(connection))
        assert refused.value.problems[0].code == "P702"
    finally:
        await connection.close()


async def test_nothing_stays_behind(lab: asyncpg.Connection) -> None:
    await lab.execute(_ALL)
    before = await lab.fetch("select * from lab.items order by id")
    state = await read_state(lab)
    for question in (about("delete"), about("update", kind="x"), about("insert", id=9)):
        (explanation,) = await explain(lab, question, state)
        assert explanation.outcome.attempt is not None
        assert explanation.outcome.attempt.outcome is YES
    assert await lab.fetch("select * from lab.items order by id") == before
    assert await lab.fetchval("select current_user || coalesce(current_setting('request.jwt.claims', true), '')") == (
        await lab.fetchval("select session_user::text")
    )
    assert await lab.fetchval("select count(*) from pg_class where relname like 'passerelle_%'") == 0


async def test_without_an_attempt_no_trigger_of_the_persona_runs(lab: asyncpg.Connection) -> None:
    await lab.execute(_ALL)
    question = Question(ANN, "delete", ITEMS, {"id": 1}, attempt=False)
    (explanation,) = await explain(lab, question, await read_state(lab))
    assert explanation.outcome.attempt is None
    assert (explanation.outcome.answer, explanation.agrees) == (YES, None)
