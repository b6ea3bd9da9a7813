"""`python -m tests.chaos`: see README.md."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import asyncpg

from gateway.embedded import EmbeddedPostgres, remove_directory
from tests.chaos.campaign import Plan, run
from tests.chaos.faults import ABOUT_INSTANCES, FAULTS
from tests.chaos.naive import Careless, Indiscreet, Racy, shared
from tests.chaos.planted import PLANTS
from tests.chaos.stores import make_store
from tests.chaos.tally import Tally
from tests.chaos.world import World

_NAIVE = {"careless": Careless, "indiscreet": Indiscreet, "racy": Racy}


def main() -> int:
    options = _options()
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    directory.chmod(0o755)
    try:
        with EmbeddedPostgres(directory / "postgres", durability=False) as postgres:
            tally = _run_loop(options, directory, postgres)
    finally:
        remove_directory(directory / "postgres")
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print(tally.told())
    if options.keep:
        print(f"logs are in {directory}")
    return 1 if tally.found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Checks that no read is stale or foreign."
    )
    add = parser.add_argument
    add("--seed", type=int, default=int(time.time()), help="of all randomness")
    add("--reads", type=int, help="end after so many")
    add("--seconds", type=float, default=30.0, help="end after so many, if --reads is not given")
    add("--instances", type=int, default=3)
    add("--redis", choices=["standalone", "sentinel", "cluster", "none"], default="standalone")
    add("--faults", default="all", help=f"all, none, or some of: {', '.join(FAULTS)}")
    add("--fault-pause", type=float, default=3.0, help="seconds between faults, on average")
    add("--readers", type=int, default=8, help="for each instance")
    add("--writers", type=int, default=3)
    add("--pause", type=float, default=0.15, help="seconds between writes of each writer, on average")
    add("--bound", type=float, default=8.0, help="seconds that a read may be behind writes out of band")
    add("--rules-bound", type=float, default=2.5, help="seconds that a read may be behind changed policies")
    add("--rules-pause", type=float, default=6.0, help="seconds between changes of policies or functions")
    add("--no-rules", action="store_true", help="leave policies and functions as they are")
    add("--plant", choices=[*PLANTS, *_NAIVE], help="a bug that must be found")
    add("--kinds", default="", help="names of queries, as the report has them; default all")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a variable for the instances")
    add("--keep", action="store_true", help="keep the logs")
    add("--quiet", action="store_true", help="only the report")
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> Plan:
    settings = dict(setting.split("=", 1) for setting in options.set)
    if options.plant in PLANTS:
        settings["PASSERELLE_TEST_PLANT"] = options.plant
    chosen = {"all": [*FAULTS], "none": []}.get(options.faults) if options.faults in ("all", "none") else None
    names = chosen if chosen is not None else [name.strip() for name in options.faults.split(",")]
    if unknown := set(names) - FAULTS.keys():
        raise SystemExit(f"no such fault: {', '.join(sorted(unknown))}")
    possible = FAULTS if options.redis != "none" else ABOUT_INSTANCES
    return Plan(
        seed=options.seed,
        seconds=options.seconds,
        reads=options.reads,
        instances=options.instances,
        readers=options.readers,
        writers=options.writers,
        pause=options.pause,
        bound=options.bound,
        rules_bound=options.rules_bound,
        faults=frozenset(name for name in names if name in possible),
        fault_pause=options.fault_pause,
        rules=not options.no_rules,
        rules_pause=options.rules_pause,
        kinds=frozenset(filter(None, options.kinds.split(","))),
        settings=settings,
        between=shared(_NAIVE[options.plant]) if options.plant in _NAIVE else None,
        progress=None if options.quiet else _progress(),
    )


def _progress():
    told = time.monotonic()

    def tell(tally: Tally) -> None:
        nonlocal told
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(
                f"{tally.seconds:.0f} s: {tally.reads} reads, {tally.hits} hits, {tally.writes.total()} writes, "
                f"{tally.unknown.total()} unknown, {tally.faults.total()} faults, {tally.found.total()} violations",
                file=sys.stderr,
                flush=True,
            )

    return tell


def _run_loop(options: argparse.Namespace, directory: Path, postgres: EmbeddedPostgres) -> Tally:
    plan = _plan(options)
    print(f"--seed {plan.seed}", file=sys.stderr)
    store = None if options.redis == "none" else make_store(options.redis, directory / "redis")
    try:
        if store is not None:
            store.start()
        world = World(directory, postgres.dsn("chaos"), postgres.dsn("chaos", user="authenticator"), store)
        try:
            from uvloop import run as run_loop
        except ModuleNotFoundError:
            from asyncio import run as run_loop
        return run_loop(_in_database(postgres, world, plan))
    finally:
        if store is not None:
            store.stop()


async def _in_database(postgres: EmbeddedPostgres, world: World, plan: Plan) -> Tally:
    administrator = await asyncpg.connect(postgres.dsn())
    await administrator.execute("create database chaos")
    await administrator.close()
    return await run(world, plan)


if __name__ == "__main__":
    sys.exit(main())
