"""`passerelle cache`: the options of each command, and what it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="cache",
    help="What is kept of answers, for whom, and whether it pays.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="`stats` and `flush` ask the admin port of a running gateway (PASSERELLE_ADMIN_HOST, …_PORT, …_TOKEN). "
    "See docs/cache.md.",
)

Config = Annotated[Path | None, typer.Option(help="A TOML file with settings.", metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def stats(
    top: Annotated[int, typer.Option(help="How many shapes to show.", metavar="N", min=0)] = 20,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show what the cache answered, shape by shape.

    Of all workers of one gateway, since they started. A shape is a request without its values, as one role; the
    number behind its name tells shapes of the same tables apart.
    """
    from gateway.commands.cache.port import find_admin_port
    from gateway.commands.cache.stats import run_stats

    run_stats(find_admin_port(config), most=top, as_json=as_json)


@app.command()
def explain(
    path: Annotated[str, typer.Argument(help="What a client GETs, like /rest/v1/resources?select=id.", metavar="PATH")],
    role: Annotated[str | None, typer.Option(help="The database role.", metavar="ROLE")] = None,
    sub: Annotated[str | None, typer.Option(help="The user's id in the token.", metavar="ID")] = None,
    claims: Annotated[str | None, typer.Option(help="The claims of the token.", metavar="JSON")] = None,
    token: Annotated[str | None, typer.Option(help="A token, for its claims; not verified.", metavar="JWT")] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Is the answer to a read kept, and why (not)?

    Who shares it, how long it is kept and what ends it, as PASSERELLE_DATABASE_URL has it now.
    """
    from gateway.commands.cache.explaining import Who, run_explain

    run_explain(path, Who(role, sub, claims, token), config=config, as_json=as_json)


@app.command()
def flush(
    tables: Annotated[
        list[str] | None, typer.Argument(help="Only what depends on these tables.", metavar="[TABLE]...")
    ] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Make all instances give up what they keep.

    Through one gateway, which tells the others and waits for them.
    """
    from gateway.commands.cache.flushing import run_flush
    from gateway.commands.cache.port import find_admin_port

    run_flush(find_admin_port(config), tables or (), as_json=as_json)
