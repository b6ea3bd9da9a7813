"""The reference application with many visitors, with and without the cache: what is left for PostgreSQL to do.

And what the cache costs a write: all instances are told of it before it is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benchmarks import keeping, servers, visits
from benchmarks.drive import Driven, drive
from benchmarks.report import markdown
from benchmarks.world import World
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey, remove_directory
from gateway.migrations import migrate
from gateway.paths import policies_directory, schema_directory

_DATABASE = "browsing"
_COPIES = 6
"""Of each demonstration resource, beside itself: some four thousand together."""
_MORE = f"""
set session_replication_role = replica;
insert into resources (
  user_id, title, description, category, tags, resource_type, visibility, github_url, external_url, language, license,
  average_rating, ratings_count, downloads_count, views_count, created_at, updated_at
)
select
  user_id, title || ' ' || n, description, category, tags, resource_type, visibility, github_url, external_url,
  language, license, average_rating, ratings_count, downloads_count / n, views_count / n,
  created_at + n * interval '1 hour', updated_at + n * interval '1 hour'
from resources, generate_series(1, {_COPIES}) as n;
create extension pg_stat_statements;
vacuum analyze;
"""
_STATISTICS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_planning": "off"}
_REQUESTS = 24_000
_SETTLE = 0.5
"""Of a measurement's seconds, for the cache to fill before it is measured."""
_WRITING = 0.4
"""Of a measurement's seconds, for writes alone."""
_TIERS = {
    "memory": "detail=memory",
    "redis": "detail=redis",
    "miss": "fwd=miss",
    "changed": "fwd=stale",
    "not kept": "fwd=bypass",
}


@dataclass(frozen=True, slots=True)
class Browsed:
    """`statements` are all that PostgreSQL ran, per request, and `execution` the time it says they took; `database` and
    `redis` the CPU that their processes took. Times in µs per request."""

    driven: Driven
    statements: float
    execution: float
    database: float
    redis: float
    writing: Driven


def measure(directory: Path, *, seconds: float, connections: int) -> None:
    """Print the tables."""
    found: dict[tuple[bool, int], Browsed] = {}
    cluster = directory / "browsing"
    try:
        with (
            EmbeddedPostgres(cluster, durability=False, settings=_STATISTICS) as server,
            EmbeddedValkey(directory / "browsing-valkey", durability=False) as redis,
        ):
            site = asyncio.run(_database(server))
            requests, world = visits.requests(site, _REQUESTS, connections), World(server, _DATABASE)
            for instances in (1, 2):
                for cached in (False, True):
                    each = found[cached, instances] = _browse(
                        site, requests, world, redis if cached else None, instances, seconds, connections
                    )
                    name = f"{instances} with" if cached else f"{instances} without"
                    print(f"  browsing, {name} cache: {each.driven.per_second:,.0f}/s", flush=True)
    finally:
        remove_directory(cluster)
    print(f"\n{len(site.resources):,} public resources, {visits.WRITES:.0%} writes\n")
    print(markdown([_HEADER, *_lines(found)]))
    print("\nanswers to reads by where they come from\n")
    print(markdown([("instances", "who", *_TIERS), *_tiers(found)]))
    print("\na write alone, one client\n")
    print(markdown([_WRITE_HEADER, *_writes(found)]))


def _browse(  # noqa: PLR0917 - one of them for each thing that is measured
    site: visits.Site,
    requests: Sequence[visits.Visit],
    world: World,
    redis: EmbeddedValkey | None,
    instances: int,
    seconds: float,
    connections: int,
) -> Browsed:
    server = world.server
    # A limit of requests per user would be all that is measured.
    settings = {"PASSERELLE_RATE_LIMITING_ENABLED": "false"}
    if redis is not None:
        settings |= {"PASSERELLE_REDIS_URL": redis.url, "PASSERELLE_REDIS_PREFIX": f"browsing-{instances}:"}
    texts, labels = [visit.text for visit in requests], [visit.who for visit in requests]
    with ExitStack() as stack:
        gateways = [
            stack.enter_context(servers.gateway(world, f"browsing {number}", settings)) for number in range(instances)
        ]
        for gateway in gateways if redis is not None else ():
            keeping.wait_for_hits(gateway, "/rest/v1/profiles?select=username&limit=1", {})
        drive(gateways, texts, seconds=seconds * _SETTLE, connections=connections, apart=True)
        postgres, valkey = servers.family_cpu_seconds(server.pid), _cpu_seconds(redis)
        asyncio.run(_reset(server))
        driven = drive(gateways, texts, seconds=seconds, connections=connections, apart=True, labels=labels)
        statements, execution = asyncio.run(_statements(server))
        postgres = servers.family_cpu_seconds(server.pid) - postgres
        valkey = _cpu_seconds(redis) - valkey
        if driven.errors:
            print(f"    {driven.errors} errors, the first: {driven.first_error}")
        writing = drive(gateways[:1], visits.views(site), seconds=seconds * _WRITING, connections=1, warm_up=0.3)
    answered = driven.answered
    return Browsed(
        driven,
        statements / answered,
        execution / answered * 1e3,
        postgres / answered * 1e6,
        valkey / answered * 1e6,
        writing,
    )


def _cpu_seconds(redis: EmbeddedValkey | None) -> float:
    return 0.0 if redis is None else servers.family_cpu_seconds(redis.pid)


async def _database(server: EmbeddedPostgres) -> visits.Site:
    administrator = await asyncpg.connect(server.dsn("postgres"))
    await administrator.execute(f"create database {_DATABASE}")
    await administrator.close()
    dsn = server.dsn(_DATABASE)
    for part in ("gateway", "hublib"):
        await migrate(dsn, schema_directory() / part)
    owner = await asyncpg.connect(dsn)
    try:
        for statement in filter(None, map(str.strip, _MORE.split(";"))):
            await owner.execute(statement)
        site = await visits.look(owner)
    finally:
        await owner.close()
    await keeping.apply_files(dsn, policies_directory() / "hublib")
    return site


async def _reset(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.dsn(_DATABASE))
    await connection.execute("select pg_stat_statements_reset()")
    await connection.close()


async def _statements(server: EmbeddedPostgres) -> tuple[int, float]:
    """How many were run, and the milliseconds that they took."""
    connection = await asyncpg.connect(server.dsn(_DATABASE))
    calls, execution = await connection.fetchrow(
        "select sum(calls)::int8, sum(total_exec_time) from pg_stat_statements"
    )
    await connection.close()
    return calls, execution


# -- tables ---------------------------------------------------------------------------------------------------------

Found = dict[tuple[bool, int], Browsed]

_HEADER = (
    "instances", "cache", "requests/s", "p50 ms", "p99 ms", "statements per request", "of without",
    "execution µs", "PostgreSQL CPU µs", "gateway CPU µs", "Redis CPU µs",
)  # fmt: skip
_WRITE_HEADER = ("instances", "cache", "writes/s", "p50 ms", "p99 ms", "CPU µs")


def _lines(found: Found) -> Iterator[tuple[str, ...]]:
    for (cached, instances), each in found.items():
        yield (
            str(instances),
            "on" if cached else "off",
            f"{each.driven.per_second:,.0f}",
            f"{each.driven.p50:.2f}",
            f"{each.driven.p99:.2f}",
            f"{each.statements:.2f}",
            f"{each.statements / found[False, instances].statements:.2f}",
            f"{each.execution:.0f}",
            f"{each.database:.0f}",
            f"{each.driven.cpu:.0f}",
            f"{each.redis:.0f}",
        )


def _tiers(found: Found) -> Iterator[tuple[str, ...]]:
    for (cached, instances), each in found.items():
        for who in ("visitor", "member") if cached else ():
            shares = (each.driven.share(pattern, who) for pattern in _TIERS.values())
            yield (str(instances), who, *(f"{share:.1%}" for share in shares))


def _writes(found: Found) -> Iterator[tuple[str, ...]]:
    for (cached, instances), each in found.items():
        writing = each.writing
        yield (
            str(instances),
            "on" if cached else "off",
            f"{writing.per_second:,.0f}",
            f"{writing.p50:.2f}",
            f"{writing.p99:.2f}",
            f"{writing.cpu:.0f}",
        )
