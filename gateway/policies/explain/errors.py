"""What PostgreSQL says against something."""

from __future__ import annotations

import asyncpg


def message(reason: asyncpg.PostgresError) -> str:
    """Its primary message: without details and hints, which may take several lines."""
    return str(reason.args[0]) if reason.args else str(reason)
