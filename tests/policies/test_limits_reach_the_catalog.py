"""The limits of policy files reach the catalog, and whatever stands in their place never keeps it from loading."""

from __future__ import annotations

import asyncpg
import pytest

from gateway.catalog import Catalog, Name, load_catalog
from gateway.embedded import EmbeddedPostgres
from gateway.policies import Application, apply_set, read_set
from gateway.policies.plan import Loss
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
  - { function: api.f(api.pair), execute: [authenticated], limits: { max_rows: 3 } }
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
        "todos.yaml": TODOS_FILE + "limits: { max_rows: 5 }\n",
        "x.yaml": 'table: api."x""y"\ngrants: { anon: { select: all } }\nlimits: { max_rows: 2 }\n',
        "functions.yaml": FUNCTIONS_FILE,
    })  # fmt: skip
    await apply_set(owner, Application(read_set(folder), "test", allow=list(Loss)))
    catalog = await loaded(postgres, policy_database)
    relations = {name: catalog.relations[name].max_rows for name in (Name("public", "todos"), Name("api", 'x"y'))}
    assert relations == {("public", "todos"): 5, ("api", 'x"y'): 2}
    assert [catalog.functions[Name("api", name)][0].max_rows for name in ("f", "g")] == [3, 4]


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
    await owner.execute(TODOS)
    await owner.execute(
        "insert into passerelle.policy_applies (person, digest, plan, files, objects, changes, statements, rules) "
        "values ('somebody', '', '', '{}', '{}', '{}', '{}', $1)",
        rules,
    )
    catalog = await loaded(postgres, policy_database)
    assert catalog.relations[Name("public", "todos")].max_rows == limit
