"""Configuration kept in the database (PostgREST docs: "In-Database Configuration")."""

from __future__ import annotations

import asyncpg

from gateway.catalog.sql import statement

_TIMEOUT = 10.0


async def read_database_config(dsn: str, pre_config: str | None) -> dict[str, str]:
    """The `pgrst.*` settings of the login role, without the prefix. `pre_config` is the quoted name of a function
    that is run first and may make settings; those of `ALTER ROLE … SET` win. Raises OSError or asyncpg's errors."""
    connection = await asyncpg.connect(dsn, timeout=_TIMEOUT, command_timeout=_TIMEOUT)
    try:
        config: dict[str, str] = {}
        if pre_config is not None:
            async with connection.transaction(readonly=True):
                await connection.execute(f"select {pre_config}()")
                rows = await connection.fetch(statement("session_config"))
            config.update((row["name"], row["value"]) for row in rows)
        rows = await connection.fetch(statement("config"))
        config.update((row["name"], row["value"]) for row in rows)
        return config
    finally:
        await connection.close(timeout=_TIMEOUT)
