"""One of everything, and cross-checks with what PostgreSQL itself answers about privileges."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from gateway.policies.database import (
    Applied,
    DefaultGrant,
    ForeignKeyState,
    PolicyState,
    RelationState,
    SequenceState,
    State,
    read_state,
)
from gateway.policies.model import QualifiedName

SCRIPT = (Path(__file__).parent / "state.sql").read_text("utf-8")
SUFFIX = secrets.token_hex(4)
OWNER, READER, WRITER, OTHER = ROLES = tuple(
    f"state_{name}_{SUFFIX}" for name in ("owner", "reader", "writer", "other")
)


@pytest_asyncio.fixture
async def connection(superuser: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    await superuser.execute("".join(f"create role {role};" for role in ROLES))
    script = SCRIPT
    for name, role in zip(("@owner", "@reader", "@writer", "@other"), ROLES, strict=True):
        script = script.replace(name, role)
    await superuser.execute(script)
    yield superuser
    await superuser.execute("reset role;" + "".join(f"drop owned by {role} cascade;" for role in ROLES))
    await superuser.execute("".join(f"drop role {role};" for role in ROLES))


def relation(state: State, name: str, schema: str = "api") -> RelationState:
    return state.relations[QualifiedName(schema, name)]


async def test_relations(connection: asyncpg.Connection) -> None:
    state = await read_state(connection)

    assert {f"{name}": relation.kind for name, relation in state.relations.items()} == {
        "api.parents": "r",
        "api.items": "r",
        "api.parts": "p",
        "api.parts_eu": "r",
        "api.refers": "r",
        "api.child": "r",
        "api.plain": "v",
        "api.invoker": "v",
        "api.stored": "m",
        "hidden.outside": "f",
        "hidden.unread": "r",
        "hidden.borrows": "r",
    }
    assert {name: relation.name for name, relation in state.relations.items()} == {n: n for n in state.relations}
    items, parts = relation(state, "items"), relation(state, "parts")
    assert (items.owner, items.row_security, items.forced, items.parent, items.is_partition) == (
        OWNER,
        True,
        True,
        None,
        False,
    )
    assert (parts.row_security, parts.forced, parts.rows, parts.is_table) == (False, False, -1, True)
    europe, child = relation(state, "parts_eu"), relation(state, "child")
    assert (europe.parent, europe.is_partition) == (parts.name, True)
    assert (child.parent, child.is_partition) == (relation(state, "parents").name, False)
    assert items.triggers == ("passerelle_a_v1", "passerelle_b")
    assert not relation(state, "plain").security_invoker
    assert relation(state, "invoker").security_invoker
    oid = {name.name: r.oid for name, r in state.relations.items()}
    assert relation(state, "plain").view_oids == {oid["parents"], oid["items"], oid["parts"]}
    assert relation(state, "invoker").view_oids == {oid["plain"]}
    assert relation(state, "stored").view_oids == {oid["invoker"]}
    assert items.view_oids == frozenset()
    assert items.oid == await connection.fetchval("select 'api.items'::regclass::oid")


async def test_columns(connection: asyncpg.Connection) -> None:
    state = await read_state(connection)

    assert {
        column.name: (column.type, column.nullable, column.has_default, column.generated, column.serial)
        for column in relation(state, "items").columns.values()
    } == {
        "id": ("bigint", False, True, False, True),
        "number": ("integer", False, True, False, False),
        "twice": ("integer", True, False, True, False),
        "parent": ("integer", True, False, False, False),
        "second": ("integer", True, True, False, False),
        "mood": ("api.mood", True, True, False, False),
        "needed": ("api.needed", False, False, False, False),
        "given": ("api.given", True, True, False, False),
        "price": ("numeric(8,2)[]", False, False, False, False),
    }
    assert list(relation(state, "parents").columns) == ["id", "code", 'Odd "name']
    assert list(relation(state, "plain").columns) == ["id", "mood"]


async def test_virtual_columns_are_generated(connection: asyncpg.Connection) -> None:
    if connection.get_server_version().major < 18:
        pytest.skip("virtual generated columns came with PostgreSQL 18")
    await connection.execute("create table api.virtual (a int, b int generated always as (a * 2) virtual)")
    column = relation(await read_state(connection), "virtual").columns["b"]
    assert (column.generated, column.has_default) == (True, False)


async def test_keys_and_indexes(connection: asyncpg.Connection) -> None:
    state = await read_state(connection)

    parents, items, parts = (relation(state, name) for name in ("parents", "items", "parts"))
    assert (parents.primary_key, parts.primary_key, relation(state, "refers").primary_key) == (
        ("id",),
        ("id", "region"),
        (),
    )
    assert set(parents.unique_keys) == {("code",), ("id", "code")}
    assert sorted(parents.indexes) == [('Odd "name',), ("code",), ("id",), ("id", "code")]
    assert sorted(items.indexes) == [("id",), ("mood",), ("parent",)]
    assert items.unique_keys == ()
    assert items.foreign_keys == (
        ForeignKeyState("items_parent_fkey", ("parent",), parents.name),
        ForeignKeyState("items_parent_needed_fkey", ("parent", "needed"), parents.name),
    )
    assert relation(state, "refers").foreign_keys == (
        ForeignKeyState("refers_id_region_fkey", ("id", "region"), parts.name),
    )
    assert items.sequences == (SequenceState(QualifiedName("api", "items_id_seq"), "id", frozenset({WRITER})),)
    assert relation(state, "borrows", "hidden").sequences == ()


async def test_grants(connection: asyncpg.Connection) -> None:
    state = await read_state(connection)

    everything = {"insert", "update", "delete", "truncate", "references", "trigger"}
    if connection.get_server_version().major >= 17:
        everything.add("maintain")
    assert relation(state, "items").grants == {
        (READER, "select"): {"id", "parent"},
        (READER, "update"): {"parent"},
        (READER, "insert"): None,
        (WRITER, "select"): None,
        **{("public", privilege): None for privilege in everything},
    }
    assert relation(state, "parts").grants == relation(state, "parents").grants == {}


async def test_policies(connection: asyncpg.Connection) -> None:
    policies = relation(await read_state(connection), "items").policies

    shown = await connection.fetchval(
        "select pg_get_expr(polqual, polrelid) from pg_policy, set_config('search_path', '', false) where polname = 'b'"
    )
    assert "FROM api.parents p" in shown
    assert policies == (
        PolicyState("a", "update", False, ("public",), "true", "(second = 1)"),
        PolicyState("b", "select", True, tuple(sorted((READER, WRITER))), shown, None),
        PolicyState("c", "insert", True, ("public",), None, "true"),
        PolicyState("d", "delete", True, ("public",), "(mood = 'sad'::api.mood)", None),
        PolicyState("e", "all", True, (OWNER,), "false", None),
    )


async def test_functions(connection: asyncpg.Connection) -> None:
    state = await read_state(connection)

    functions = {f.signature: f for f in state.functions.values() if f.name.schema == "api"}
    assert {
        signature: (f.kind, f.language, f.volatility, f.returns, f.returns_set, f.is_trigger, f.security_definer)
        for signature, f in functions.items()
    } == {
        "api.touch()": ("f", "plpgsql", "v", "trigger", False, True, False),
        "api.called(integer)": ("f", "sql", "i", "integer", False, False, False),
        "api.called(text)": ("f", "plpgsql", "v", "text", False, False, False),
        "api.body(integer,text)": ("f", "sql", "s", "api.parents", True, False, True),
        'api."Do it"(api.mood)': ("p", "sql", "v", "void", False, False, False),
        "api.last(integer)": ("a", "internal", "i", "integer", False, False, False),
    }
    body, called = functions["api.body(integer,text)"], functions["api.called(integer)"]
    assert body.search_path == 'api, "Odd, schema"'
    assert called.search_path is None
    assert body.relation_oids == {relation(state, "parents").oid}
    assert body.function_oids == {called.oid}
    assert "api.called(body.a)" in body.source
    assert (called.source, called.relation_oids, called.function_oids) == ("select $1", frozenset(), frozenset())
    assert called.executors == {READER, WRITER}
    assert body.executors == {"public"}
    assert (body.owner, body.name) == (OWNER, QualifiedName("api", "body"))
    assert {f.extension for f in state.functions.values() if f.name.schema == "hidden"} == {"pg_trgm"}
    assert {f.extension for f in functions.values()} == {None}
    assert {f.name.schema for f in state.functions.values()} == {"api", "hidden"}


SIGNATURES = {
    "api.called(int)": "api.called(integer)",
    "api.called( text )": "api.called(text)",
    "called(int4)": "api.called(integer)",
    "api.called": None,  # two of them
    "api.body": "api.body(integer,text)",
    "body": "api.body(integer,text)",
    'api."Do it"': 'api."Do it"(api.mood)',
    'api."Do it"(mood)': 'api."Do it"(api.mood)',
    "api.last(int)": "api.last(integer)",
    "api.nope": None,
    "nope.called(int)": None,
    "api.called(nope)": None,
    "api.called(int": None,
    "api.called)": None,
    "api.called(select)": None,
    "api.called(a int)": None,
    "api.called(int, numeric(zz))": None,
    "a.b.c.d(int)": None,
    "other.api.called(int)": None,
    "": None,
    ")": None,
    '"': None,
    "api.called(int); drop table api.items": None,
    "f\0": None,
    "f\ud800": None,
}


async def test_signatures_are_resolved(connection: asyncpg.Connection) -> None:
    state = await read_state(connection, SIGNATURES, ("nowhere", "api"))

    found = {s: None if oid is None else state.functions[oid].signature for s, oid in state.resolved.items()}
    assert found == SIGNATURES
    assert (await read_state(connection, ["called(int)"], ("hidden",))).resolved == {"called(int)": None}
    assert (await read_state(connection, ["api.called(int)"])).resolved["api.called(int)"] in state.functions
    assert (await read_state(connection)).resolved == {}


async def test_roles(connection: asyncpg.Connection) -> None:
    roles = (await read_state(connection)).roles

    assert roles[READER].members == roles[READER].heirs == {WRITER, OTHER}
    assert roles[WRITER].members == roles[WRITER].heirs == {OTHER}
    assert roles[OTHER].members == roles[OTHER].heirs == frozenset()
    assert (roles[OTHER].superuser, roles[OTHER].bypasses_row_security, roles[OTHER].login) == (False, False, False)
    assert (roles["postgres"].superuser, roles["postgres"].login) == (True, True)


@pytest.mark.parametrize(
    ("change", "oldest"),
    [
        ("select", 15),
        ("revoke {reader} from {writer}; alter role {writer} noinherit; grant {reader} to {writer}", 15),
        ("grant {reader} to {writer} with set false", 16),
        ("grant {reader} to {writer} with inherit false", 16),
        ("grant {writer} to {other} with set false, inherit false", 16),
    ],
)
async def test_memberships_agree_with_postgresql(connection: asyncpg.Connection, change: str, oldest: int) -> None:
    version = connection.get_server_version().major
    if version < oldest:
        pytest.skip(f"since PostgreSQL {oldest}")
    await connection.execute(change.format(reader=READER, writer=WRITER, other=OTHER))
    roles = (await read_state(connection)).roles

    for attribute, privilege in (("members", "set" if version >= 16 else "member"), ("heirs", "usage")):
        rows = await connection.fetch(
            "select r.rolname as role, m.rolname as member from pg_roles r, pg_roles m where r.oid <> m.oid "
            "and not m.rolsuper and r.rolname <> 'pg_database_owner' and pg_has_role(m.oid, r.oid, $1)",
            privilege,
        )
        found = {(role.name, member) for role in roles.values() for member in getattr(role, attribute)}
        assert {pair for pair in found if not roles[pair[1]].superuser} == set(map(tuple, rows))


async def test_default_privileges_and_schemas(connection: asyncpg.Connection) -> None:
    state = await read_state(connection)

    assert [grant for grant in state.default_grants if grant.owner == OWNER] == [
        DefaultGrant(OWNER, None, "functions", "public", frozenset({"execute"})),
        DefaultGrant(OWNER, None, "functions", READER, frozenset({"execute"})),
        DefaultGrant(OWNER, None, "sequences", WRITER, frozenset({"usage"})),
        DefaultGrant(OWNER, "api", "tables", READER, frozenset({"select", "insert"})),
    ]
    assert state.schema_users["api"] == {READER, "public"}
    assert state.schema_users["hidden"] == frozenset()
    assert set(state.schema_users) == {"api", "hidden", "public"}


async def test_the_server(connection: asyncpg.Connection) -> None:
    state = await read_state(connection)

    assert state.server_version // 10000 == connection.get_server_version().major
    assert state.me == "postgres"
    assert {"now", "current_setting", "to_char"} <= state.built_in_stable
    assert not {"lower", "random", "nextval", "generate_series", "jsonb_each"} & state.built_in_stable
    await connection.execute(f"set role {OWNER}")
    assert (await read_state(connection)).me == OWNER


async def test_the_newest_entry_of_the_audit_table(connection: asyncpg.Connection) -> None:
    assert (await read_state(connection)).applied is None
    await connection.execute("""
        create schema passerelle;
        create table passerelle.policy_applies (
          number bigint generated always as identity,
          applied_at timestamptz, applied_by text, digest text, objects text[]
        )
    """)
    assert (await read_state(connection)).applied is None
    await connection.execute("""
        insert into passerelle.policy_applies (applied_at, applied_by, digest, objects) values
          ('2026-02-01Z', 'a', 'x', '{}'), ('2026-01-01Z', 'b', 'y', '{"policy public.t a","policy public.t b"}')
    """)
    assert (await read_state(connection)).applied == Applied(
        2, datetime(2026, 1, 1, tzinfo=UTC), "b", "y", frozenset({"policy public.t a", "policy public.t b"})
    )


async def test_privileges_agree_with_postgresql(connection: asyncpg.Connection) -> None:
    """Nobody is a member of anybody, so that each role has its own grants and those of PUBLIC."""
    await connection.execute(f"revoke {READER} from {WRITER}; revoke {WRITER} from {OTHER}")
    state = await read_state(connection)
    privileges = ["select", "insert", "update", "references"]
    rows = await connection.fetch(
        "select r.rolname as role, c.oid as relation, a.attname as column, p as privilege, "
        "has_column_privilege(r.oid, c.oid, a.attnum, p) as held "
        "from pg_roles r, pg_class c, pg_attribute a, unnest($1::text[]) p "
        "where r.rolname = any ($2::text[]) and a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "and c.oid = any ($3::oid[]) and c.relowner <> r.oid",
        privileges,
        [READER, WRITER, OTHER],
        [relation.oid for relation in state.relations.values()],
    )
    by_oid = {relation.oid: relation for relation in state.relations.values()}

    def held(row: Any) -> bool:
        keys = [(role, row["privilege"]) for role in (row["role"], "public")]
        grants = by_oid[row["relation"]].grants
        return any(key in grants and (grants[key] is None or row["column"] in grants[key]) for key in keys)

    assert len(rows) > 100
    assert [tuple(row) for row in rows if held(row) != row["held"]] == []
    executes = await connection.fetch(
        "select p.oid, r.rolname as role, has_function_privilege(r.oid, p.oid, 'execute') as held "
        "from pg_proc p, pg_roles r where p.oid = any ($1::oid[]) and r.rolname = any ($2::text[])",
        list(state.functions),
        [READER, WRITER, OTHER],
    )
    assert [
        tuple(row)
        for row in executes
        if bool({row["role"], "public"} & state.functions[row["oid"]].executors) != row["held"]
    ] == []


async def test_an_open_transaction_is_read_and_left_alone(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("set local search_path = api; create table fresh (id int)")

        state = await read_state(connection, ["called(select)"], ("api",))

        assert QualifiedName("api", "fresh") in state.relations
        assert await connection.fetchval("show search_path") == "api"
        assert await connection.fetchval("show transaction_isolation") == "read committed"
        await connection.execute("create table fresh_too (id int)")
    assert await connection.fetchval("show search_path") == '"$user", public'


async def test_a_temporary_table_cannot_stand_in_front_of_a_type(connection: asyncpg.Connection) -> None:
    before = await read_state(connection)
    await connection.execute('create temporary table text (a int); create temporary table "pg_policy" (a int)')
    assert await read_state(connection) == before


async def test_one_snapshot(connection: asyncpg.Connection, empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that appears while the state is read is in none of its parts."""
    from gateway.policies.database import read

    other = await asyncpg.connect(empty_dsn)
    relations = read.statement("relations")
    created = False

    original = asyncpg.Connection.fetch

    async def fetch(self: asyncpg.Connection, query: str, *arguments: Any, **options: Any) -> Any:
        nonlocal created
        rows = await original(self, query, *arguments, **options)
        if query == relations and not created:
            created = True
            await other.execute("create table api.late (id int); alter table api.items disable row level security")
            await other.execute(f"create policy late on api.items using (true); grant delete on api.items to {OTHER}")
        return rows

    try:
        before = await read_state(connection)
        monkeypatch.setattr(asyncpg.Connection, "fetch", fetch)
        assert await read_state(connection) == before
        assert created
        monkeypatch.undo()
        assert await read_state(connection) != before
    finally:
        await other.close()
