"""Worlds for the checker, each in a database of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from gateway.embedded import EmbeddedPostgres, remove_directory
from tests.chaos.campaign import Plan, run
from tests.chaos.stores import Standalone
from tests.chaos.tally import Tally
from tests.chaos.world import World
from tests.serving import asyncpg_database

Campaign = Callable[[Plan], Awaitable[Tally]]


@pytest.fixture
def directory() -> Iterator[Path]:
    """Where the servers' account can write."""
    made = Path(tempfile.mkdtemp(prefix="chaos-"))
    made.chmod(0o755)
    yield made
    remove_directory(made)


@pytest.fixture
def campaign(postgres: EmbeddedPostgres, database: str, directory: Path) -> Campaign:
    """`await campaign(plan)`: a run with Redis, if the plan has faults or more than one instance."""

    async def start(plan: Plan) -> Tally:
        login = postgres.dsn(asyncpg_database(database), user="authenticator")
        store = None if plan.between else Standalone(directory / "redis")
        try:
            if store is not None:
                store.start()
            return await run(World(directory, database, login, store), plan)
        finally:
            if store is not None:
                store.stop()

    return start
