"""`passerelle migrate`: bring the database's objects up to date."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import typer

from gateway.commands.console import EXIT_SETTINGS, fail, owner_url
from gateway.paths import schema_directory
from gateway.settings import Settings


def run_migrate(settings: Settings, sets: Sequence[str], *, dry_run: bool, status: bool) -> None:
    """Apply (or only show) the migrations of `sets`: names under `schema/`, or directories."""
    dsn = owner_url(settings)
    if dsn is None:
        fail(
            "PASSERELLE_OWNER_URL is not set; expected postgresql://owner:password@host:port/database, "
            "a role that may create roles and schemas",
            code=EXIT_SETTINGS,
        )
    directories = [_directory(name) for name in sets]
    asyncio.run(_migrate(dsn, directories, dry_run=dry_run, status=status))


def _directory(name: str) -> Path:
    found = next((path for path in (schema_directory() / name, Path(name)) if path.is_dir()), None)
    return found or fail(
        f"there are no migrations {name!r}; expected gateway, hublib or a directory", code=EXIT_SETTINGS
    )


async def _migrate(dsn: str, directories: Sequence[Path], *, dry_run: bool, status: bool) -> None:
    import asyncpg

    from gateway import migrations

    try:
        for directory in directories:
            if status:
                for entry in await migrations.status(dsn, directory):
                    when = f"applied {entry.applied.applied_at:%Y-%m-%d %H:%M:%S}" if entry.applied else "pending"
                    typer.echo(f"{directory.name}/{entry.name}: {when}")
            elif dry_run:
                for file in await migrations.pending(dsn, directory):
                    typer.echo(f"would apply {directory.name}/{file.name}")
            elif not await migrations.migrate(dsn, directory, log=typer.echo):
                typer.echo(f"{directory.name}: nothing to do")
    except (migrations.MigrationError, asyncpg.PostgresError) as error:
        fail(str(error))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        fail(f"the database of PASSERELLE_OWNER_URL cannot be reached: {reason}")
