"""L010 against PostgreSQL: what it reports fails with 42P17 (or 54001), and what it does not report does not."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.policies.lints.conftest import MARIE, Documents, Lab, said
from tests.policies.lints.test_each_lint_finds_what_it_should_and_nothing_else import CASES, Case

ENDLESS = {"42P17", "54001"}
VERBS = ("select", "insert", "update", "delete")


async def failures(lab: Lab, tables: list[str], roles: tuple[str, ...] = ("anon",)) -> set[str]:
    """The SQLSTATEs of endless policies, of all statements on all tables."""
    statements = {
        "select": "select * from public.{}",
        "insert": "insert into public.{} (id) values (5)",
        "update": "update public.{} set id = 6 where id = 1",
        "delete": "delete from public.{} where id = 1",
    }
    await lab.connection.execute("set local max_stack_depth = '200kB'")
    found = set[str]()
    for table, role, (verb, statement) in itertools.product(tables, roles, statements.items()):
        # What is not granted is refused one way or the other.
        if await lab.connection.fetchval("select has_table_privilege($1, $2, $3)", role, f"public.{table}", verb):
            outcome = await lab.run(statement.format(table), sub=MARIE, role=role)
            found |= {outcome} if isinstance(outcome, str) else set()
    return found & ENDLESS


@pytest.mark.parametrize("case", [case for case in CASES if case.code == "L010"], ids=lambda case: case.name)
async def test_each_case(lab: Lab, case: Case) -> None:
    assert case.set
    async with lab.having(case.sql):
        await lab.apply(case.set)
        found = await failures(lab, ["a", "b"])
    assert found == {state for state in ENDLESS if any(state in message for message in case.expect)}


CONDITIONS = (
    "id = 1",
    "o = auth.uid()",
    "exists (select from public.{0} x where x.id = {1}.id)",
    "id in (select x.id from public.{0} x)",
    "id in (select v.id from public.{0}_as_reader v)",
    "id in (select v.id from public.{0}_as_owner v)",
    "id in (select v.id from public.{0}_as_staff v)",
    "id in (select public.{0}_ids_as_caller())",
    "id in (select public.{0}_ids_as_owner())",
    "public.has_{0}(id)",
    "o = auth.uid() or id in (select x.id from public.{0} x)",
)


SCHEMA = """
create table public.{0} (id integer, o uuid);
insert into public.{0} values (1, '{1}');
grant select on public.{0} to lint_staff;
create view public.{0}_as_reader with (security_invoker = true) as select * from public.{0};
create view public.{0}_as_owner as select * from public.{0};
create view public.{0}_as_staff as select * from public.{0};
alter view public.{0}_as_staff owner to lint_staff;
create function public.{0}_ids_as_caller() returns setof integer language sql stable
begin atomic select id from public.{0}; end;
create function public.{0}_ids_as_owner() returns setof integer language sql stable security definer
begin atomic select id from public.{0}; end;
create function public.has_{0}(n integer) returns boolean language plpgsql stable
as 'begin return exists (select from public.{0} x where x.id = n); end';
"""


def schema(tables: list[str]) -> str:
    roles = "create role lint_staff; grant usage on schema public to lint_staff;"
    return roles + "".join(SCHEMA.format(table, MARIE) for table in tables)


def random_set(chance: random.Random, tables: list[str]) -> Documents:
    documents: dict[str, dict[str, Any]] = {}
    grants = {role: dict.fromkeys(VERBS, "all") for role in ("anon", "authenticated")}
    for table in tables:
        rows = list(_random_rows(chance, table, tables))
        documents[table] = {"table": f"public.{table}", "grants": grants, "rows": rows}
        for kind in ("reader", "owner", "staff"):
            documents[f"{table}_{kind}"] = {
                "table": f"public.{table}_as_{kind}",
                "grants": {"public": {"select": "all"}},
            }
        for function in (f"{table}_ids_as_caller()", f"{table}_ids_as_owner()", f"has_{table}(integer)"):
            documents[f"f_{function}"] = {"function": f"public.{function}", "execute": "public"}
    return documents


def _random_rows(chance: random.Random, table: str, tables: list[str]) -> Iterator[dict[str, Any]]:
    for number, verb in enumerate(VERBS):
        for again in range(chance.choice((0, 1, 1, 1, 2))):
            weights = (6, 6, 3, 3, 2, 1, 1, 1, 1, 1, 1)
            text = chance.choices(CONDITIONS, weights)[0].format(chance.choice(tables), table)
            yield {
                "name": f"p{number}{again}",
                "to": chance.choice(("public", "public", "anon", "lint_staff")),
                "for": verb,
                "restrictive": chance.random() < 0.15,
                ("check" if verb == "insert" else "using"): text,
            }


@pytest.mark.parametrize("seed", range(60))
async def test_random_policies(lab: Lab, seed: int) -> None:
    chance = random.Random(seed)
    tables = ["a", "b", "c"][: chance.choice((1, 2, 2, 3))]
    documents = random_set(chance, tables)
    async with lab.having(schema(tables)):
        messages = said(await lab.lint(documents), "L010")
        await lab.apply(documents)
        found = await failures(lab, tables, ("anon", "authenticated"))
    assert ("42P17" in found) == any("42P17" in message for message in messages), messages
    # Which rows make PostgreSQL call a function is a matter of the rows.
    assert "54001" not in found or any("54001" in message for message in messages), messages


async def test_both_outcomes_occur_among_the_random_sets(lab: Lab) -> None:
    outcomes = set[bool]()
    for seed in range(60):
        chance = random.Random(seed)
        tables = ["a", "b", "c"][: chance.choice((1, 2, 2, 3))]
        documents = random_set(chance, tables)
        async with lab.having(schema(tables)):
            outcomes.add(bool(said(await lab.lint(documents), "L010")))
        if len(outcomes) == 2:
            return
    raise AssertionError(outcomes)


async def test_policies_that_people_wrote_by_hand(lab: Lab) -> None:
    """Table by table and verb by verb, in a database of many authors."""
    async with lab.having((Path(__file__).parents[1] / "hand_written.sql").read_text("utf-8")):
        messages = said(await lab.lint_database(), "L010")
        columns = await lab.connection.fetch(
            "select c.oid::regclass::text as name, min(quote_ident(a.attname)) as attribute from pg_class c "
            "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attgenerated = '' and a.attidentity = '' "
            "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by c.oid"
        )
        refused = set[str]()
        for (name, column), role in itertools.product(columns, ("anon", "authenticated")):
            for doing, statement in (
                ("reading", f"select 1 from {name}"),
                ("inserting into", f"insert into {name} default values"),
                ("updating", f"update {name} set {column} = {column} where {column} is null"),
                ("deleting from", f"delete from {name} where {column} is null"),
            ):
                if await lab.run(statement, sub=MARIE, role=role) == "42P17":
                    refused.add(f"{doing} public.{name} as {role}")
    assert refused
    assert refused == {message.partition(" leads back")[0] for message in messages}
