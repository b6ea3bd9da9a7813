"""Measure everything in one run and print it as a table with ratios."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import asyncpg

from benchmarks import browsing, ceiling, policies, servers, tiers, world
from benchmarks.drive import drive
from benchmarks.report import Measurement, table
from benchmarks.scenarios import SCENARIOS, Scenario
from gateway.catalog import Catalog, load_catalog
from gateway.embedded import EmbeddedPostgres, remove_directory

PARTS = ("scenarios", "pgbench", "textbook", "postgrest", "cached", "browsing", "policies")


def main() -> None:
    """Parse the command line, start PostgreSQL and the servers, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per measurement (default 5)")
    parser.add_argument("--connections", type=int, default=16, help="concurrent clients (default 16)")
    parser.add_argument("--only", default="", help="measure only scenarios whose name contains this")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=PARTS,
        help="leave out a part; may be given more than once",
    )
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="passerelle-bench-"))
    directory.chmod(0o755)
    server = EmbeddedPostgres(directory / "postgres", durability=False)
    try:
        with server:
            print(_machine(), flush=True)
            built = asyncio.run(world.build(server))
            if "scenarios" not in options.without:
                _measure(built, options)
            if "cached" not in options.without and not options.only:
                tiers.measure(server, built, directory, seconds=options.seconds, connections=options.connections)
            if "browsing" not in options.without and not options.only:
                browsing.measure(directory, seconds=options.seconds, connections=options.connections)
            if "policies" not in options.without and not options.only:
                policies.measure(server, directory / "policies")
    finally:
        remove_directory(directory / "postgres")
        shutil.rmtree(directory, ignore_errors=True)


def _measure(built: world.World, options: argparse.Namespace) -> None:
    catalog = asyncio.run(_catalog(built.dsn))
    measured: list[Measurement] = []
    chosen = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    with ExitStack() as stack:
        running = [stack.enter_context(servers.gateway(built))]
        if "textbook" not in options.without:
            running.insert(0, stack.enter_context(servers.textbook(built)))
            running.insert(1, stack.enter_context(servers.textbook(built, "uvloop")))
        program = os.environ.get("POSTGREST_BIN")
        if program and "postgrest" not in options.without:
            running.append(stack.enter_context(servers.postgrest(built, program)))
        for scenario in chosen:
            if "pgbench" not in options.without:
                rate, latency = ceiling.run(
                    built, catalog, scenario, seconds=options.seconds, clients=options.connections
                )
                measured.append(Measurement(scenario.name, "pgbench", rate, latency, None, None, None))
            for target in running:
                measured.append(_load(target, scenario, options))
                print(f"  {scenario.name}: {target.name} {measured[-1].per_second:,.0f}/s", flush=True)
    print()
    print(table(measured))


def _load(target: servers.Server, scenario: Scenario, options: argparse.Namespace) -> Measurement:
    count = max(scenario.users, len(scenario.ids))
    tokens = [world.token(user + 1) for user in range(scenario.users)]
    requests = [
        _request(target, scenario, scenario.ids[number % len(scenario.ids)], tokens[number % len(tokens)])
        for number in range(count)
    ]
    result = drive(
        [target],
        requests,
        seconds=options.seconds,
        connections=options.connections,
        head=scenario.method == "HEAD",
    )
    if result.errors:
        print(f"    {result.errors} errors, the first: {result.first_error}")
    return Measurement(
        scenario.name,
        target.name,
        result.per_second,
        result.p50,
        result.p99,
        result.cpu,
        target.resident_mib(),
    )


def _request(target: servers.Server, scenario: Scenario, item: int, token: str) -> str:
    prefer = f"Prefer: {scenario.prefer}\r\n" if scenario.prefer else ""
    body = f"Content-Type: application/json\r\nContent-Length: {len(scenario.body)}\r\n" if scenario.body else ""
    return (
        f"{scenario.method} {target.path(scenario, item)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
        f"Authorization: Bearer {token}\r\n{prefer}{body}\r\n{scenario.body}"
    )


async def _catalog(dsn: str) -> Catalog:
    connection = await asyncpg.connect(dsn)
    try:
        return await load_catalog(connection, schemas=["public"], extra_search_path=["public", "extensions"], version=1)
    finally:
        await connection.close()


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
