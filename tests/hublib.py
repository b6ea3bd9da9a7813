"""The reference application, as `passerelle dev` installs it: its schema, its seed data, its policy files."""

from __future__ import annotations

import asyncpg

from gateway.migrations import migrate
from gateway.paths import policies_directory, schema_directory
from gateway.policies import Application, PolicySet, apply_set, read_set
from gateway.policies.plan import Loss


def hublib_policies() -> PolicySet:
    return read_set(policies_directory() / "hublib")


async def install_hublib(dsn: str) -> None:
    """Into an empty database, as its owner."""
    for part in ("gateway", "hublib"):
        await migrate(dsn, schema_directory() / part)
    connection = await asyncpg.connect(dsn)
    try:
        await apply_set(connection, Application(hublib_policies(), "tests", allow=list(Loss)))
    finally:
        await connection.close()
