"""500 tables with 2,000 policies take no time that grows with the square of them, which would be minutes."""

from __future__ import annotations

import time
from types import MappingProxyType

import pytest

from gateway.policies.database import ColumnState, ForeignKeyState, FunctionState, RelationState, RoleState, State
from gateway.policies.lints import lints
from gateway.policies.model import PolicySet, QualifiedName
from gateway.policies.plan import Examined, compile_set
from tests.policies.files.sets import read

TABLES = 500
SECONDS = 15.0
"""Of processor time; one is usual."""

FILE = """
table: public.t{number}
grants:
  anon: {{ select: [id, title] }}
  authenticated: {{ select: all, insert: [user_id, team, title], update: [title], delete: all }}
rows:
  - name: reachable
    to: [anon, authenticated]
    for: select
    using: title = 'open {number}' or user_id = auth.uid() or public.in_team(team) and team < {number}
  - name: own_insert
    to: authenticated
    for: insert
    check: user_id = auth.uid() and exists (select from public.t{above} as above where above.id = team)
  - name: own_update
    to: authenticated
    for: update
    using: user_id = auth.uid() and team <> {number}
  - name: own_delete
    to: authenticated
    for: delete
    using: user_id = auth.uid() and title <> 'kept {number}'
"""


def function(oid: int, schema: str, name: str, signature: str) -> FunctionState:
    return FunctionState(
        oid=oid,
        name=QualifiedName(schema, name),
        signature=f"{schema}.{name}{signature}",
        kind="f",
        language="sql",
        volatility="s",
        security_definer=schema == "public",
        search_path="",
        returns_set=False,
        returns="boolean",
        is_trigger=False,
        owner="owner",
        executors=frozenset({"public"}),
    )


def relation(number: int) -> RelationState:
    types = {"id": "integer", "user_id": "uuid", "team": "integer", "title": "text"}
    columns = {name: ColumnState(name, kind, name != "id", False, False) for name, kind in types.items()}
    key = ForeignKeyState("team", ("team",), QualifiedName("public", f"t{number // 2}"))
    return RelationState(
        oid=1000 + number,
        name=QualifiedName("public", f"t{number}"),
        kind="r",
        owner="owner",
        row_security=True,
        forced=False,
        columns=MappingProxyType(columns),
        grants=MappingProxyType({}),
        primary_key=("id",),
        foreign_keys=(key,),
        indexes=(("id",), ("user_id",)),
    )


@pytest.fixture(scope="module")
def policy_set() -> PolicySet:
    files = {f"t{number}.yaml": FILE.format(number=number, above=number // 2) for number in range(1, TABLES + 1)}
    return read(files)


def test_without_a_database(policy_set: PolicySet) -> None:
    started = time.process_time()
    lints(policy_set, None)
    assert time.process_time() - started < SECONDS


def test_with_a_database(policy_set: PolicySet) -> None:
    relations = {each.name: each for each in map(relation, range(TABLES + 1))}
    functions = (function(1, "auth", "uid", "()"), function(2, "public", "in_team", "(integer)"))
    roles = {name: RoleState(name, False, False, False) for name in ("anon", "authenticated", "owner")}
    state = State(180000, "owner", relations, {each.oid: each for each in functions}, roles, {})
    compiled = compile_set(policy_set, state)
    assert sum(len(table.policies) for table in compiled.tables) == 4 * TABLES
    examined = Examined(state, compiled, {}, ())
    started = time.process_time()
    found = lints(policy_set, examined)
    spent = time.process_time() - started
    assert sum(problem.code == "L012" for problem in found) == TABLES
    assert spent < SECONDS
