"""On an empty cluster, on one that came from Supabase, with and without a superuser. Roles belong to the cluster, so
each test has a cluster of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres, remove_directory
from gateway.migrations import MigrationFailed, migrate
from gateway.paths import schema_directory
from gateway.policies import Application, apply_set
from gateway.policies.plan import Loss
from tests.hublib import hublib_policies

GATEWAY, HUBLIB = schema_directory() / "gateway", schema_directory() / "hublib"
SUPABASE_LIKE = Path(__file__).with_name("supabase_like.sql")
SYSTEM = sorted(Path("/usr/lib/postgresql").glob("1[5-8]/bin"))


@pytest.fixture
def cluster(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """Nothing but what initdb makes; by parameter, of another PostgreSQL version that this machine has."""
    directory = server_directory / "fresh"
    programs = getattr(request, "param", None)
    with EmbeddedPostgres(directory, port=None, durability=False, programs=programs) as cluster:
        yield cluster
    remove_directory(directory)


every_version = pytest.mark.parametrize(
    "cluster", [None, *SYSTEM], ids=["wheel", *(f"system-{path.parent.name}" for path in SYSTEM)], indirect=True
)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def test_an_empty_cluster_and_its_second_database(cluster: EmbeddedPostgres) -> None:
    async with connected(cluster.dsn()) as superuser:
        await superuser.execute("create database second")
        done = await asyncio.gather(*(migrate(cluster.dsn(name), GATEWAY) for name in ("postgres", "second")))
        assert [len(applied) for applied in done] == [len(list(GATEWAY.glob("*.sql")))] * 2

        roles = await superuser.fetch(
            "select rolname, rolcanlogin, rolinherit, rolbypassrls, rolsuper, rolconfig from pg_roles "
            "where rolname in ('anon', 'authenticated', 'service_role', 'authenticator') order by 1"
        )
        assert [tuple(role) for role in roles] == [
            ("anon", False, False, False, False, ["statement_timeout=3s"]),
            ("authenticated", False, False, False, False, ["statement_timeout=8s"]),
            ("authenticator", True, False, False, False, ["TimeZone=UTC"]),
            ("service_role", False, False, True, False, None),
        ]


async def test_api_roles_start_with_nothing_in_auth_and_in_new_tables(cluster: EmbeddedPostgres) -> None:
    await migrate(cluster.dsn(), GATEWAY)
    async with connected(cluster.dsn()) as owner:
        await owner.execute("create table public.fresh (n int); insert into public.fresh values (1)")
    async with connected(cluster.dsn(user="authenticator")) as login:
        for role in ("anon", "authenticated"):
            await login.execute(f"set role {role}")
            for refused in ("auth.users", "auth.identities", "auth.sessions", "auth.refresh_tokens", "public.fresh"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await login.fetch(f"select * from {refused}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.fetch("select * from passerelle.migrations")
        await login.execute("set role service_role")
        assert await login.fetchval("select n from public.fresh") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await login.execute("set role postgres")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (None, None, None, None)),
        ({"request.jwt.claims": ""}, (None, None, None, None)),
        ({"request.jwt.claims": "{}"}, (None, None, None, "{}")),
        ({"request.jwt.claims": '{"sub": "", "role": "anon"}'}, (None, "anon", None, '{"sub": "", "role": "anon"}')),
        (
            {"request.jwt.claims": '{"sub": "11111111-1111-4111-8111-111111111111", "email": "a@b.example"}'},
            (
                "11111111-1111-4111-8111-111111111111",
                None,
                "a@b.example",
                '{"sub": "11111111-1111-4111-8111-111111111111", "email": "a@b.example"}',
            ),
        ),
        (
            {"request.jwt.claim.sub": "22222222-2222-4222-8222-222222222222", "request.jwt.claim.role": "legacy"},
            ("22222222-2222-4222-8222-222222222222", "legacy", None, None),
        ),
    ],
)
async def test_claims_are_read_from_the_settings(
    hublib_database: str, settings: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    async with connected(hublib_database) as session:
        for name, value in settings.items():
            await session.execute("select set_config($1, $2, false)", name, value)
        await session.execute("set role anon")
        row = await session.fetchrow(
            "select auth.uid()::text, auth.role(), auth.email(), auth.jwt()::jsonb = $1::jsonb", expected[3]
        )
        assert row is not None
        assert tuple(row)[:3] == expected[:3]
        assert row[3] is (None if expected[3] is None else True)


@every_version
async def test_a_database_from_supabase_keeps_what_it_has(cluster: EmbeddedPostgres) -> None:
    async with connected(cluster.dsn()) as superuser:
        await superuser.execute(SUPABASE_LIKE.read_text())
        before = await _inventory(superuser)

        owner = cluster.dsn(user="owner_like_postgres")
        lines: list[str] = []
        await migrate(owner, GATEWAY, log=lines.append)
        await migrate(owner, HUBLIB, log=lines.append)
        async with connected(owner) as connection:
            await apply_set(connection, Application(hublib_policies(), "test", allow=list(Loss)))

        assert before.items() <= (await _inventory(superuser)).items()
        assert "notice: event triggers that announce schema changes exist: kept" in lines
        assert await superuser.fetchval("select count(*) from pg_event_trigger") == 1
        await superuser.execute(
            "insert into auth.users (id, email) values (gen_random_uuid(), 'nouveau@hublib.example')"
        )
        assert await superuser.fetchval("select count(*) from public.profiles where username = 'nouveau'") == 1

    async with connected(cluster.dsn(user="authenticator")) as login:
        await login.execute("set role anon")
        assert await login.fetchval("select count(*) from public.resources where visibility <> 'public'") == 0
        assert await login.fetchval("select count(*) from public.resources") > 100


async def _inventory(connection: asyncpg.Connection) -> dict[str, object]:
    rows = await connection.fetch(
        """
        select 'function ' || oid::regprocedure as name, proowner::regrole || ' ' || prosrc as content
        from pg_proc where pronamespace = 'auth'::regnamespace
        union all
        select 'column ' || attrelid::regclass || '.' || attname, relowner::regrole || ' ' || atttypid::regtype
        from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'auth'::regnamespace and attnum > 0 and relkind = 'r'
        union all
        select 'role ' || rolname, concat_ws(' ', rolconfig, rolcanlogin, rolbypassrls, rolinherit) from pg_roles
        union all
        select 'schema ' || nspname, nspowner::regrole::text from pg_namespace
        """
    )
    return {row["name"]: row["content"] for row in rows}


@every_version
async def test_an_owner_that_may_not_bypass_row_security_is_told_what_to_run(cluster: EmbeddedPostgres) -> None:
    """PostgreSQL lets nobody hand out BYPASSRLS without having it."""
    async with connected(cluster.dsn()) as superuser:
        await superuser.execute("create role modest login createrole")
        await superuser.execute("create database modest owner modest")
        dsn = cluster.dsn("modest", user="modest")
        with pytest.raises(
            MigrationFailed, match="may not create role service_role nologin noinherit bypassrls"
        ) as caught:
            await migrate(dsn, GATEWAY)
        hint = re.search(r"Run as a superuser, then migrate again: (.*;)", str(caught.value))
        assert hint
        await superuser.execute(hint[1])

    lines: list[str] = []
    await migrate(dsn, GATEWAY, log=lines.append)
    await migrate(dsn, HUBLIB)
    assert any("no event trigger (the owner is not a superuser)" in line for line in lines)

    # What accounts need is asked for once, and nothing else waits for it.
    if any("select passerelle.prepare_auth_v1();" in line for line in lines):
        async with connected(cluster.dsn("modest")) as superuser:
            await superuser.execute("select passerelle.prepare_auth_v1()")
    async with connected(cluster.dsn("modest", user="passerelle_auth")) as accounts:
        assert await accounts.fetchval("select count(*) from auth.sessions") == 0
        await accounts.execute("delete from passerelle.ended_sessions; delete from passerelle.auth_codes")


async def test_an_owner_with_createrole_and_bypassrls_needs_no_superuser(cluster: EmbeddedPostgres) -> None:
    """From PostgreSQL 16 on, which the embedded one is."""
    async with connected(cluster.dsn()) as superuser:
        await superuser.execute("create role able login createrole bypassrls")
        await superuser.execute("create database able owner able")
    await migrate(cluster.dsn("able", user="able"), GATEWAY)
    await migrate(cluster.dsn("able", user="able"), HUBLIB)


async def test_an_owner_without_createrole_uses_roles_that_exist(cluster: EmbeddedPostgres) -> None:
    async with connected(cluster.dsn()) as superuser:
        await superuser.execute("create role plain login")
        await superuser.execute("create database plain owner plain")
        with pytest.raises(MigrationFailed, match='the owner role "plain" may not create role anon'):
            await migrate(cluster.dsn("plain", user="plain"), GATEWAY)
        await migrate(cluster.dsn(), GATEWAY)
    await migrate(cluster.dsn("plain", user="plain"), GATEWAY)
    await migrate(cluster.dsn("plain", user="plain"), HUBLIB)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("create table public.seen ()", True),
        ("drop view public.resource_stats", True),
        ("grant select on public.resources to service_role", True),
        ("create policy p on public.profiles for select to anon using (true)", True),
        ("comment on table public.resources is 'x'", True),
        ("create temp table unseen (n int)", False),
        ("do $$ begin create temp table gone (); drop table gone; end $$", False),
        ("insert into public.groups (name, owner_id) select 'x', id from public.profiles limit 1", False),
        ("select count(*) from public.resources", False),
    ],
)
async def test_schema_changes_are_announced(hublib_database: str, statement: str, told: bool) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()
    async with connected(hublib_database) as listener, connected(hublib_database) as session:
        await listener.add_listener("pgrst", lambda *message: heard.put_nowait(message[-1]))
        await session.execute(statement)
        await session.execute("notify pgrst, 'last'")
        for expected in ("reload schema", "last") if told else ("last",):
            assert await asyncio.wait_for(heard.get(), 5) == expected
