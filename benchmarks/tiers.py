"""What an answer costs by where it comes from: this process, Redis, PostgreSQL with and without keeping it.

The yardstick is a server that always gives the same answer. Columns take turns in short rounds and the best of each
counts, for a machine is never quiet for a minute.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from benchmarks import keeping, servers, world
from benchmarks.drive import Driven, drive
from benchmarks.report import markdown
from benchmarks.servers import Server
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey

_ROUNDS = 3
_PART = 0.15
"""Of a measurement's seconds, for each round."""
_WARM_UP = 0.2
_PREPARATIONS = 40
_ENOUGH = 0.99
"""Of the answers must come from where the row says."""
_FOLDER = Path(__file__).with_name("cached")
_NO_MEMORY = {"PASSERELLE_CACHE_MEMORY_BYTES": "1"}


@dataclass(frozen=True, slots=True)
class Question:
    """`path` is below `/rest/v1`; `{id}` in it runs through `ids`. Each client has its own, so that none waits for
    an answer that another has asked for."""

    name: str
    path: str
    ids: range

    def requests(self, server: Server, token: str, more: str = "") -> list[str]:
        return [
            f"GET {server.prefix}{self.path.format(id=number)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
            f"Authorization: Bearer {token}\r\n{more}\r\n"
            for number in self.ids
        ]


QUESTIONS = (
    Question("row by key", "/items?select=id,title,owner,created_at&id=eq.{id}", range(2, 2002, 2)),
    Question(
        "list of 100 rows",
        "/items?select=id,title,body,category,created_at&order=created_at.desc&limit=100&offset={id}",
        range(320),
    ),
    Question(
        "20 rows, each with a count",
        "/authors?select=id,name,country,items(count)&order=id&limit=20&offset={id}",
        range(320),
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Who is asked, with which header, and what its Cache-Status must then say; None for whatever it is."""

    name: str
    server: Server
    header: str
    says: str | None


def measure(server: EmbeddedPostgres, built: world.World, directory: Path, *, seconds: float, connections: int) -> None:
    """Print the table."""
    kept = asyncio.run(_database(server, built))
    token = world.token(1)
    lines = [_HEADER]
    with ExitStack() as stack:
        redis = stack.enter_context(EmbeddedValkey(directory / "valkey", durability=False))
        rows = _gateways(stack, kept, redis)
        for question in QUESTIONS:
            with _constant(question, rows[0].server, token, directory) as constant:
                asked = [Row(constant.name, constant, "", None), *rows]
                for row in asked:
                    _prepare(row, question, token, connections)
                driven = _rounds(asked, question, token, seconds=seconds, connections=connections)
            lines += _lines(question, asked, driven)
            print(f"  {question.name}: " + ", ".join(f"{k.name} {v.per_second:,.0f}/s" for k, v in driven), flush=True)
    print("\nanswers by where they come from\n")
    print(markdown(lines))


def _gateways(stack: ExitStack, kept: world.World, redis: EmbeddedValkey) -> list[Row]:
    cached = {"PASSERELLE_AGGREGATES_ENABLED": "true", "PASSERELLE_REDIS_URL": redis.url}

    def gateway(name: str, module: str = "gateway", **settings: str) -> Server:
        # Each has the Redis for itself: nobody shall find what another has kept.
        settings = {**cached, "PASSERELLE_REDIS_PREFIX": f"{name}:".replace(" ", "-"), **settings}
        return stack.enter_context(servers.gateway(kept, name, settings, module))

    convinced = "benchmarks.convinced"
    rows = [
        Row("uncached", gateway("uncached", PASSERELLE_CACHE_ENABLED="false"), "", "^$"),
        Row("miss, kept", gateway("miss", convinced), "Cache-Control: no-cache\r\n", "fwd=request"),
        Row("hit in Redis", gateway("hit in Redis", convinced, **_NO_MEMORY), "", "hit; detail=redis"),
        Row("no memory, own judgement", gateway("no memory", **_NO_MEMORY), "", None),
        Row("hit in process", gateway("hit in process"), "", "hit; detail=memory"),
    ]
    program = os.environ.get("POSTGREST_BIN")
    if program:
        rows.append(Row("postgrest", stack.enter_context(servers.postgrest(kept, program)), "", None))
    return rows


@contextmanager
def _constant(question: Question, uncached: Server, token: str, directory: Path) -> Iterator[Server]:
    path = uncached.prefix + question.path.format(id=question.ids[len(question.ids) // 2])
    body = directory / f"{quote(question.name, safe='')}.json"
    body.write_bytes(keeping.fetch(uncached, path, {"Authorization": f"Bearer {token}"})[0])
    with servers.constant(body) as server:
        yield server


def _prepare(row: Row, question: Question, token: str, connections: int) -> None:
    """Ask until answers come from where they shall: it takes a while until a gateway may serve from its cache, and has
    seen enough questions of a kind to judge it."""
    if row.says is not None and "detail" in row.says:
        path = row.server.prefix + question.path.format(id=question.ids[0])
        keeping.wait_for_hits(row.server, path, {"Authorization": f"Bearer {token}"})
    requests = question.requests(row.server, token, row.header)
    for _ in range(_PREPARATIONS):
        driven = drive([row.server], requests, seconds=_WARM_UP, connections=connections, warm_up=_WARM_UP, apart=True)
        if row.says is None or driven.share(row.says) >= _ENOUGH:
            return
    _check(row, question, driven)


def _rounds(
    rows: Sequence[Row], question: Question, token: str, *, seconds: float, connections: int
) -> list[tuple[Row, Driven]]:
    found: dict[str, list[Driven]] = {}
    for _ in range(_ROUNDS):
        for row in rows:
            requests = question.requests(row.server, token, row.header)
            driven = drive(
                [row.server],
                requests,
                seconds=seconds * _PART,
                connections=connections,
                warm_up=_WARM_UP,
                apart=True,
            )
            _check(row, question, driven)
            found.setdefault(row.name, []).append(driven)
    return [(row, _best(found[row.name])) for row in rows]


def _check(row: Row, question: Question, driven: Driven) -> None:
    if driven.errors:
        raise SystemExit(f"{question.name}, {row.name}: {driven.errors} errors, the first: {driven.first_error}")
    if row.says is not None and driven.share(row.says) < _ENOUGH:
        raise SystemExit(f"{question.name}, {row.name}: measured something else: {dict(driven.statuses)}")


def _best(rounds: Sequence[Driven]) -> Driven:
    return Driven(
        max(each.per_second for each in rounds),
        min(each.p50 for each in rounds),
        min(each.p99 for each in rounds),
        min(each.cpu for each in rounds),
        sum(each.answered for each in rounds),
        statuses=sum((each.statuses for each in rounds), start=Counter()),
    )


_HEADER = (
    "what", "from", "requests/s", "of constant", "of uncached", "of postgrest", "p50 ms", "p99 ms", "CPU µs",
    "constant's CPU / own", "Cache-Status",
)  # fmt: skip


def _lines(question: Question, rows: Sequence[Row], driven: Sequence[tuple[Row, Driven]]) -> Iterator[tuple[str, ...]]:
    by_name = {row.name: each for row, each in driven}

    def of(name: str, each: Driven) -> str:
        return f"{each.per_second / by_name[name].per_second:.2f}" if name in by_name else ""

    for row, each in driven:
        yield (
            question.name,
            row.name,
            f"{each.per_second:,.0f}",
            of(rows[0].name, each),
            of("uncached", each),
            of("postgrest", each),
            f"{each.p50:.2f}",
            f"{each.p99:.2f}",
            f"{each.cpu:.0f}",
            f"{by_name[rows[0].name].cpu / each.cpu:.2f}",
            _said(each),
        )


def _said(driven: Driven) -> str:
    parts = ((status, count / driven.statuses.total()) for status, count in driven.statuses.most_common(3))
    return ", ".join(
        f"{share:.0%} {status.removeprefix('passerelle; ').partition('; key=')[0]}"
        for (_, status), share in parts
        if status and share >= 0.005
    )


async def _database(server: EmbeddedPostgres, built: world.World) -> world.World:
    """A copy in which policy files say what may be kept, with an index for what is counted."""
    name = f"{built.name}_cached"
    administrator = await asyncpg.connect(server.dsn("postgres"))
    try:
        await administrator.execute(f"create database {name} template {built.name}")
    finally:
        await administrator.close()
    owner = await asyncpg.connect(server.dsn(name))
    try:
        await owner.execute("create index on items (author_id)")
    finally:
        await owner.close()
    await keeping.apply_files(server.dsn(name), _FOLDER)
    return world.World(server, name)
