"""`passerelle policies pull` and `history`: files from a database, and what was applied to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import typer

from gateway.commands.console import fail
from gateway.commands.policies.opening import Opened, connected, warn

_SUFFIXES = (".yaml", ".yml")


def run_pull(opened: Opened, *, schemas: Sequence[str], force: bool) -> None:
    """Write policy files for everything that the database allows today."""
    asyncio.run(_pull(opened, tuple(schemas) or opened.settings.schemas, force=force))


async def _pull(opened: Opened, schemas: Sequence[str], *, force: bool) -> None:
    from gateway.policies import make_plan, read_set, summary
    from gateway.policies.database import read_state
    from gateway.policies.pull import pull

    folder = opened.folder
    _require_free(folder, force=force)
    async with connected(opened.owner) as connection:
        pulled = pull(await read_state(connection), schemas)
        _write(folder, pulled.documents)
        typer.echo(
            f"{folder}: {pulled.tables} tables with {pulled.policies} row policies, {pulled.functions} functions, "
            f"roles {', '.join(pulled.defaults.roles)}."
        )
        for table in pulled.unprotected:
            warn(f"{table} has grants and no row security: whoever holds a grant reaches every row")
        # What is cached is no part of what is enforced.
        plan = await make_plan(connection, read_set(folder), touches=False)
    typer.echo(summary(plan.changes))
    typer.echo(f"Next: passerelle policies check {folder}")


def _write(folder: Path, documents: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in documents.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        fail(f"{error.filename} cannot be written: {error.strerror}")


def _require_free(folder: Path, *, force: bool) -> None:
    present = sorted(path.name for path in folder.glob("*") if path.suffix in _SUFFIXES) if folder.is_dir() else []
    if present and not force:
        fail(f"{folder} holds policy files ({', '.join(present[:3])} …). Choose another folder, or say --force.")


def run_history(opened: Opened, *, count: int, as_json: bool) -> None:
    """Show what was applied, newest first."""
    rows = asyncio.run(_history(opened, count))
    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=str, ensure_ascii=False))
        return
    if not rows:
        typer.echo("Nothing was applied yet.")
    for row in rows:
        person = row["person"] if row["person"] == row["applied_by"] else f"{row['person']} as {row['applied_by']}"
        typer.secho(f"{row['number']}  {row['applied_at']:%Y-%m-%d %H:%M:%S}  {person}  plan {row['plan']}", bold=True)
        for line in row["changes"]:
            typer.echo(f"   {line}")


async def _history(opened: Opened, count: int) -> list[dict[str, Any]]:
    import asyncpg

    query = resources.files("gateway.commands.policies").joinpath("history.sql").read_text("utf-8")
    async with connected(opened.owner) as connection:
        try:
            return [dict(row) for row in await connection.fetch(query, count)]
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            fail("the database has no passerelle.policy_applies: run passerelle migrate first")
