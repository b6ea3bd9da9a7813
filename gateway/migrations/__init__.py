"""Numbered SQL files -> the database, once each, in order.

`migrate` applies what is missing, `pending` and `status` look without touching. See `docs/database.md`.
"""

from gateway.migrations.errors import (
    ChecksumChanged,
    MigrationError,
    MigrationFailed,
    MigrationGap,
    MigrationLocked,
    UnknownMigration,
)
from gateway.migrations.files import Migration
from gateway.migrations.runner import Applied, Status, migrate, pending, status

__all__ = [
    "Applied",
    "ChecksumChanged",
    "Migration",
    "MigrationError",
    "MigrationFailed",
    "MigrationGap",
    "MigrationLocked",
    "Status",
    "UnknownMigration",
    "migrate",
    "pending",
    "status",
]
