"""Connections to schema auth, as a role that reads and writes it."""

from __future__ import annotations

from typing import Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_TIMEOUT: Final = 10.0
"""Seconds for each statement: what upstream gives a whole request."""


async def open_pool(dsn: str, *, size: int) -> Pool:
    """Connections are made when they are needed, up to `size`. Raises what asyncpg raises."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        command_timeout=_TIMEOUT,
        timeout=_TIMEOUT,
        server_settings={"search_path": "", "application_name": "passerelle auth", "timezone": "UTC"},
    )
