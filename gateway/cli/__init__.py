"""The command `passerelle`. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import cache, policies

app = typer.Typer(
    name="passerelle",
    help="A Supabase-compatible query gateway for your own PostgreSQL and Redis.",
    epilog="Settings are environment variables PASSERELLE_*; see docs/configuration.md.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would double the time of --help
    pretty_exceptions_enable=False,
)

app.add_typer(policies.app)
app.add_typer(cache.app)

Config = Annotated[Path | None, typer.Option(help="A TOML file with settings.", metavar="FILE")]
PostgrestConfig = Annotated[
    Path | None, typer.Option(help="A postgrest.conf; turns PostgREST mode on.", metavar="FILE")
]
Host = Annotated[str | None, typer.Option(help="The address to listen on.", metavar="ADDRESS")]
Port = Annotated[int | None, typer.Option(help="The port to listen on.", metavar="PORT")]


@app.command()
def dev(
    data_dir: Annotated[Path | None, typer.Option(help="Where the servers keep their data.", metavar="DIR")] = None,
    port: Port = None,
    reset: Annotated[bool, typer.Option("--reset", help="Delete the data and the keys first.")] = False,
) -> None:
    """Run everything on this machine, with a sample application.

    Embedded PostgreSQL and Valkey keep their data in .passerelle/. Ctrl-C stops everything.
    """
    from gateway.commands.dev import run_dev

    run_dev(data_dir=data_dir, port=port, reset=reset)


@app.command()
def serve(
    workers: Annotated[int | None, typer.Option(help="How many processes to start.", metavar="N")] = None,
    host: Host = None,
    port: Port = None,
    watch_policies: Annotated[
        bool | None, typer.Option("--watch-policies", help="Apply policy files at start and when they are saved.")
    ] = None,
    config: Config = None,
    postgrest_config: PostgrestConfig = None,
) -> None:
    """Serve your own PostgreSQL and Redis.

    SIGTERM lets running requests end; SIGUSR1 reloads the schema.
    """
    from gateway.commands.console import settings_or_exit
    from gateway.commands.serve import run_serve

    options = {"workers": workers, "host": host, "port": port, "watch_policies": watch_policies}
    run_serve(settings_or_exit(options, config=config, postgrest_config=postgrest_config))


@app.command()
def migrate(
    sets: Annotated[
        list[str] | None,
        typer.Argument(help="gateway (the default), hublib (the sample), or directories.", metavar="[SET]..."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be applied.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show every migration and when it was applied.")] = False,
    config: Config = None,
) -> None:
    """Create or update the gateway's database objects.

    Connects as the owner: PASSERELLE_OWNER_URL.
    """
    from gateway.commands.console import settings_or_exit
    from gateway.commands.migrate import run_migrate

    settings = settings_or_exit(
        {}, config=config, defaults={"database_url": "postgresql://"}
    )  # only the owner's counts
    run_migrate(settings, sets or ["gateway"], dry_run=dry_run, status=status)


@app.command()
def keys() -> None:
    """Print a new JWT secret and API keys as .env lines."""
    from gateway.commands.keys import env_text, new_keys

    typer.echo(env_text(new_keys()), nl=False)


@app.command()
def doctor(config: Config = None, postgrest_config: PostgrestConfig = None) -> None:
    """Check settings, database, roles and Redis.

    Says in words what to do; exit code 1 when something must be done.
    """
    from gateway.commands.console import settings_or_exit
    from gateway.commands.doctor import run_doctor

    run_doctor(settings_or_exit({}, config=config, postgrest_config=postgrest_config))


@app.command()
def version() -> None:
    """Print the version."""
    from gateway import __version__

    typer.echo(f"passerelle {__version__} (Python {sys.version.split()[0]})")


def main() -> None:
    """Run the command of `sys.argv`."""
    app()
