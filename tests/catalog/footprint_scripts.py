"""Databases of a few lines, their footprints, and what PostgreSQL itself answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Protocol

import asyncpg

from gateway.catalog import Annotation, Footprint, Footprints, Name, Sharing, key
from gateway.catalog.load_code import read_code, read_rules

READER = "fp_reader"
"""The role that asks: a member of `fp_staff`, and owner of nothing."""

BASE = """
create role fp_staff; create role fp_reader in role fp_staff; create role fp_owner; create role fp_other;
create schema auth;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid $$;
create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb $$;
create table public.t (id int primary key, name text, data jsonb, owner uuid, seen timestamptz default '2020-01-01');
create table public.other (id int primary key, name text);
insert into t values
  (1, 'a', '{"k": 1}', '11111111-1111-4111-8111-111111111111'), (2, 'b', '{}', null), (3, 'c', null, null);
insert into other values (1, 'a'), (2, 'x');
grant usage on schema public, auth to public;
alter default privileges grant select on tables to public;
alter default privileges grant usage on schemas to public;
grant select on t, other to public;
"""

_asked = itertools.count()

CLAIMS: dict[str, Any] = {
    "sub": "11111111-1111-4111-8111-111111111111",
    "role": READER,
    "org": "o",
    "secret": "a",
    "app_metadata": {"org": "o", "n": 1},
}


class Scripted:
    """A database as a script left it; everything that is asked is taken back."""

    def __init__(self, connection: asyncpg.Connection, footprints: Footprints) -> None:
        self.connection = connection
        self.footprints = footprints

    async def of(self, name: str, role: str | None = READER) -> Footprint:
        """The footprint of a relation."""
        return self.footprints.of_relation(await self.oid(name), role)

    async def of_function(self, signature: str, role: str | None = READER) -> Footprint:
        oid = await self.connection.fetchval("select $1::text::regprocedure::oid", signature)
        return self.footprints.of_function(oid, role)

    async def oid(self, name: str) -> int:
        return await self.connection.fetchval("select $1::text::regclass::oid", name)

    async def ask(
        self, query: str, claims: Mapping[str, Any], *, role: str = READER, before: str = "", settings: str = ""
    ) -> str:
        """What the role is answered, after `before` was run by the owner of everything; SQLSTATE if refused."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            await self.connection.execute(f"set local client_min_messages = error; {before}")
            await self.connection.execute(
                "select set_config('request.jwt.claims', $1, true), set_config('role', $2, true)"
                if not settings
                else f"select set_config('request.jwt.claims', $1, true), set_config('role', $2, true), {settings}",
                json.dumps(claims),
                role,
            )
            # A plan that is kept may hold what an IMMUTABLE function answered to somebody else.
            return str(await self.connection.fetchval(f"{query} -- {next(_asked)}"))
        except asyncpg.PostgresError as error:
            return str(error.sqlstate)
        finally:
            await transaction.rollback()


class RunScript(Protocol):
    """Runs a script after `BASE`, and forgets it at the end. Annotations are by `regprocedure`."""

    def __call__(
        self, script: str, *, annotations: Mapping[str, Annotation] | None = None
    ) -> AbstractAsyncContextManager[Scripted]: ...


async def scripted(connection: asyncpg.Connection, annotations: Mapping[str, Annotation]) -> Scripted:
    """The open transaction's database."""
    oids = {
        await connection.fetchval("select $1::text::regprocedure::oid", signature): annotation
        for signature, annotation in annotations.items()
    }
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("set local search_path = ''")
    code, rules = await read_code(connection, []), await read_rules(connection)
    await transaction.rollback()
    return Scripted(connection, Footprints(code, rules, oids))


def rows(relation: str = "t") -> str:
    """A query for all rows of a relation, as the gateway would print them."""
    return f"select coalesce(json_agg(r order by r::text), '[]') from {relation} r"


def shared(footprint: Footprint) -> bool:
    """Whether anybody may be given another's answer."""
    return key(footprint, timedelta(seconds=1)).sharing is not Sharing.NEVER


def table(name: str) -> Name:
    return Name("public", name)
