"""How long a catalog of 5,000 tables takes: ``python -m benchmarks.catalog DSN [TABLES]``.

Makes a scratch database beside the one that DSN names (a superuser's, or an owner's who may create databases), fills
it, loads it a few times, drops it, and prints where the time went.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from gateway.catalog import Catalog
from gateway.catalog import load as loading
from gateway.catalog.assemble import Facts, Scope, assemble
from gateway.catalog.sql import statement, statement_names
from gateway.catalog.trust import analyse

DATABASE = "passerelle_catalog_benchmark"
RUNS = 3

SCHEMA = """
create schema auth;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
create type public.state as enum ('draft', 'open', 'closed');
create function public.is_owner(owner uuid) returns boolean language sql stable as $$ select owner = auth.uid() $$;
"""

# One in five tables is a junction, and one in five has a view.
TABLE = """
create table public.t{n} (id bigint generated always as identity primary key, owner uuid not null default auth.uid(),
  parent bigint references public.t{up}, title varchar(200) not null check (title <> ''), body text, state state,
  tags text[], meta jsonb default '{{}}', created_at timestamptz default now(), updated_at timestamptz);
create index on public.t{n} (lower(title)); create index on public.t{n} (parent) where parent is not null;
alter table public.t{n} enable row level security;
create policy own on public.t{n} using (is_owner(owner) or (state = 'open' and exists
  (select from public.t{up} u where u.id = parent)));
comment on column public.t{n}.title is 'What it is called';
"""
JUNCTION = """
create table public.t{n} (a bigint references public.t{up}, b bigint references public.t{upper}, note text,
  primary key (a, b), id bigint generated always as identity unique);
"""
VIEW = """
create view public.v{n} with (security_invoker) as select t.id, t.title, t.parent, u.title as parent_title,
  (select count(*) from public.t{up} c where c.id = t.id) as n
  from public.t{n} t left join public.t{up} u on u.id = t.parent;
"""
FUNCTION = """
create function public.f{n}(id bigint, state text default 'open') returns setof public.t{n} language sql stable
  as $$ select * from public.t{n} t where t.id = $1 $$;
"""


def script(tables: int) -> list[str]:
    """The schema in pieces; the first table refers to itself."""
    pieces = [SCHEMA]
    for n in range(tables):
        numbers = {"n": n, "up": _table_before(n, 1), "upper": _table_before(n, 7)}
        if n % 5 == 4:
            pieces.append(JUNCTION.format(**numbers))
            continue
        pieces.append(TABLE.format(**numbers))
        if n % 5 == 1:
            pieces.append(VIEW.format(**numbers))
        if n % 5 == 2:
            pieces.append(FUNCTION.format(**numbers))
    return pieces


def _table_before(n: int, distance: int) -> int:
    """A table with an `id` that exists already: junctions have no key of their own."""
    before = max(n - distance, 0)
    return before - 1 if before % 5 == 4 else before


async def main(dsn: str, tables: int) -> None:
    owner = await asyncpg.connect(dsn)
    await owner.execute(f"drop database if exists {DATABASE}")
    await owner.execute(f"create database {DATABASE}")
    try:
        await _measure(urlunsplit(urlsplit(dsn)._replace(path=f"/{DATABASE}")), tables)
    finally:
        await owner.execute(f"drop database {DATABASE} with (force)")
        await owner.close()


async def _measure(dsn: str, tables: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        started = time.perf_counter()
        pieces = script(tables)
        for first in range(0, len(pieces), 200):
            await connection.execute("".join(pieces[first : first + 200]))
        await connection.execute("analyze pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_constraint")
        print(f"{tables} tables made in {time.perf_counter() - started:.1f} s\n")
        scope = Scope(("public",), (), ())
        facts = await _print_queries(connection, scope)
        catalog = _print_python(facts, scope)
        totals = [await _seconds(lambda: _load(connection)) for _ in range(RUNS)]
        print(f"\nload_catalog, median of {RUNS}: {statistics.median(totals):.2f} s")
        _print_size(catalog)
    finally:
        await connection.close()


async def _print_queries(connection: asyncpg.Connection, scope: Scope) -> Facts:
    """Times each query by wrapping the connection's `fetch`."""
    spent: dict[str, float] = {}
    names = {statement(name): name for name in statement_names()}

    class Timed:
        async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
            started = time.perf_counter()
            rows = await connection.fetch(query, *arguments)
            spent[f"{names[query]} ({len(rows)} rows)"] = time.perf_counter() - started
            return rows

        execute = connection.execute
        fetchval = connection.fetchval

    started = time.perf_counter()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        facts = await loading.read_facts(Timed(), scope)  # type: ignore[arg-type]
    whole = time.perf_counter() - started
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {seconds * 1000:8.1f} ms  {name}")
    print(f"  {(whole - sum(spent.values())) * 1000:8.1f} ms  rows to values")
    print(f"  {whole * 1000:8.1f} ms  all queries\n")
    return facts


def _print_python(facts: Facts, scope: Scope) -> Catalog:
    started = time.perf_counter()
    analyse(facts.code)
    trust = time.perf_counter() - started
    started = time.perf_counter()
    catalog = assemble(facts, scope, 1)
    whole = time.perf_counter() - started
    print(f"  {trust * 1000:8.1f} ms  trust analysis")
    print(f"  {(whole - trust) * 1000:8.1f} ms  columns, keys, relationships, functions")
    return catalog


async def _load(connection: asyncpg.Connection) -> Catalog:
    return await loading.load_catalog(connection, schemas=("public",), extra_search_path=(), version=1)


async def _seconds(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


def _print_size(catalog: Catalog) -> None:
    opaque = sum(relation.opaque is not None for relation in catalog.relations.values())
    relationships = sum(map(len, catalog.relationships.values()))
    print(f"{len(catalog.relations)} relations ({opaque} opaque), {relationships} relationships")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5000))
