"""The limits of policy files reach the catalog, and whatever stands in their place never keeps it from loading."""

from __future__ import annotations

import asyncpg
import pytest

from gateway.catalog import Catalog, Name, load_catalog
from gateway.embedded import EmbeddedPostgres
from gateway.policies import Application, apply_set, read_set
from gateway.policies.plan import Loss
from gateway.rates import Rate
from tests.policies.conftest import TODOS, TODOS_FILE, WriteFiles
from tests.serving import asyncpg_database

API = """
create schema api;
revoke usage on schema api from public;
grant usage on schema api to authenticated;
create type api.pair as (a integer, b integer);
create table api."x""y" (id integer primary key);
create function api.f(pair api.pair) returns integer language sql as 'select 1';
create function api.g(a integer, variadic b text[]) returns integer language sql as 'select 1';
"""
FUNCTIONS_FILE = """
functions:
  - { function: api.f(api.pair), execute: [authenticated], limits: { max_rows: 3, requests: 5/s } }
  - { function: "api.g(integer, text[])", execute: [authenticated], limits: { max_rows: 4 } }
"""


async def loaded(postgres: EmbeddedPostgres, dsn: str) -> Catalog:
    """As the gateway's login role sees it, which may not look into `api` in its own name."""
    connection = await asyncpg.connect(postgres.dsn(asyncpg_database(dsn), user="authenticator"))
    try:
        return await load_catalog(connection, schemas=["public", "api"], extra_search_path=[], version=1)
    finally:
        await connection.close()


async def test_of_tables_and_functions(
    postgres: EmbeddedPostgres, policy_database: str, owner: asyncpg.Connection, files: WriteFiles
) -> None:
    await owner.execute(TODOS + API)
    folder = files({
        "defaults.yaml": "schemas: [public, api]\n",
        "todos.yaml": TODOS_FILE + "limits: { max_rows: 5, requests: 300/min }\n",
        "x.yaml": 'table: api."x""y"\ngrants: { anon: { select: all } }\nlimits: { max_rows: 2 }\n',
        "functions.yaml": FUNCTIONS_FILE,
    })  # fmt: skip
    await apply_set(owner, Application(read_set(folder), "test", allow=list(Loss)))
    catalog = await loaded(postgres, policy_database)
    relations = {name: catalog.relations[name].max_rows for name in (Name("public", "todos"), Name("api", 'x"y'))}
    assert relations == {("public", "todos"): 5, ("api", 'x"y'): 2}
    functions = [catalog.functions[Name("api", name)][0] for name in ("f", "g")]
    assert [function.max_rows for function in functions] == [3, 4]
    assert [function.requests for function in functions] == [Rate(5, 1), None]
    assert catalog.relations[Name("public", "todos")].requests == Rate(300, 60)
    assert catalog.relations[Name("api", 'x"y')].requests is None


@pytest.mark.parametrize(
    ("rules", "limit"),
    [
        ("[]", None),
        ("null", None),
        ('{"tables": [], "functions": 1}', None),
        ('{"tables": {"public.todos": []}}', None),
        ('{"tables": {"public.todos": {"limits": [1]}}}', None),
        ('{"tables": {"public.todos": {"limits": {"max_rows": "abc"}}}}', None),
        ('{"tables": {"public.todos": {"limits": {"max_rows": -1}}}}', None),
        ('{"tables": {"public.todos": {"limits": {"max_rows": 1e30}}}}', 2**31 - 1),
        ('{"tables": {"public.todos": {"limits": {"max_rows": 7}}}, "functions": "?"}', 7),
        ('{"functions": {"f(": {"limits": {"max_rows": 1}}}}', None),
        ('{"functions": {"a.b.c.d()": {"limits": {"max_rows": 1}}, "": {"limits": {"max_rows": 1}}}}', None),
    ],
)  # fmt: skip
async def test_of_any_shape(
    postgres: EmbeddedPostgres, policy_database: str, owner: asyncpg.Connection, rules: str, limit: int | None
) -> None:
    catalog = await with_rules(postgres, policy_database, owner, rules)
    assert catalog.relations[Name("public", "todos")].max_rows == limit


@pytest.mark.parametrize(
    ("requests", "rate"),
    [
        ("1", None),
        ("[]", None),
        ('{"count": 5}', None),
        ('{"count": 5, "per": "60"}', None),
        ('{"count": 0, "per": 60}', None),
        ('{"count": -1, "per": 60}', None),
        ('{"count": 5, "per": 0}', None),
        ('{"count": 5, "per": 0.5}', None),
        ('{"count": 5, "per": 1e30}', None),
        ('{"count": 5, "per": 60.0}', Rate(5, 60)),
        ('{"count": 5.9, "per": 86400}', Rate(5, 86400)),
        ('{"count": 1e30, "per": 1}', Rate(1_000_000_000, 1)),
    ],
)
async def test_rates_of_any_shape(
    postgres: EmbeddedPostgres, policy_database: str, owner: asyncpg.Connection, requests: str, rate: Rate | None
) -> None:
    rules = f'{{"tables": {{"public.todos": {{"limits": {{"max_rows": 7, "requests": {requests}}}}}}}}}'
    todos = (await with_rules(postgres, policy_database, owner, rules)).relations[Name("public", "todos")]
    assert (todos.max_rows, todos.requests) == (7, rate)


async def with_rules(postgres: EmbeddedPostgres, dsn: str, owner: asyncpg.Connection, rules: str) -> Catalog:
    """What is loaded beside rules that nobody checked."""
    await owner.execute(TODOS)
    await owner.execute(
        "insert into passerelle.policy_applies (person, digest, plan, files, objects, changes, statements, rules) "
        "values ('somebody', '', '', '{}', '{}', '{}', '{}', $1)",
        rules,
    )
    return await loaded(postgres, dsn)
