"""`passerelle policies`: the options of each command, and what it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="policies",
    help="Who may do what with which rows: files in, row security out.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="The folder defaults to PASSERELLE_POLICIES_DIR, the database is that of PASSERELLE_OWNER_URL. "
    "See docs/policies.md.",
)

Folder = Annotated[Path | None, typer.Argument(help="The folder of policy files.", metavar="[FOLDER]")]
Config = Annotated[Path | None, typer.Option(help="A TOML file with settings.", metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Rewrite = Annotated[
    bool, typer.Option("--rewrite", help="Make policies anew that only differ in calls that run for each row.")
]


@app.command()
def check(
    folder: Folder = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask a database.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 for warnings, too.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Say what is wrong with the files, and what is dangerous.

    With a database, PostgreSQL itself judges every expression. Exit code 1 if there is an error.
    """
    from gateway.commands.policies.checking import run_check
    from gateway.commands.policies.opening import open_policies

    run_check(open_policies(folder, config), offline=offline, strict=strict, as_json=as_json)


@app.command()
def plan(
    folder: Folder = None,
    sql: Annotated[bool, typer.Option("--sql", help="Show the statements, too.")] = False,
    impact: Annotated[
        bool, typer.Option("--impact", help="Count whose rows appear and disappear; undone afterwards.")
    ] = False,
    impact_budget: Annotated[float, typer.Option(help="Seconds that counting may take.", metavar="SECONDS")] = 10.0,
    rewrite: Rewrite = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit code 3 if there is something to do.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show what `apply` would change, for whom."""
    from gateway.commands.policies.opening import open_policies
    from gateway.commands.policies.planning import run_plan

    run_plan(
        open_policies(folder, config),
        sql=sql,
        as_json=as_json,
        rewrite=rewrite,
        exit_code=exit_code,
        impact=impact_budget if impact else None,
    )


@app.command()
def apply(
    folder: Folder = None,
    expected: Annotated[
        str | None, typer.Option("--plan", help="Apply only this plan; refuse if anything changed.", metavar="DIGEST")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Allow a kind of loss: drop-policy, replace-policy, revoke, …, or all.", metavar="KIND"),
    ] = None,
    rewrite: Rewrite = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the statements.")] = False,
    config: Config = None,
) -> None:
    """Make the database enforce the files.

    Everything in one transaction, or nothing.
    """
    from gateway.commands.policies.opening import open_policies
    from gateway.commands.policies.planning import run_apply

    run_apply(open_policies(folder, config), expected=expected, allow=allow or (), rewrite=rewrite, dry_run=dry_run)


@app.command()
def drift(folder: Folder = None, as_json: Json = False, config: Config = None) -> None:
    """Does the database still enforce the files?

    Exit code 3 if not: for CI.
    """
    from gateway.commands.policies.opening import open_policies
    from gateway.commands.policies.planning import run_drift

    run_drift(open_policies(folder, config), as_json=as_json)


@app.command()
def pull(
    folder: Folder = None,
    schema: Annotated[
        list[str] | None, typer.Option(help="A schema to pull (default: the exposed ones).", metavar="NAME")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    config: Config = None,
) -> None:
    """Write files for the rules that a database has today.

    A Supabase project adopts policy files with this command: planning the pulled files changes nothing.
    """
    from gateway.commands.policies.opening import open_policies
    from gateway.commands.policies.pulling import run_pull

    run_pull(open_policies(folder, config, must_exist=False), schemas=schema or (), force=force)


@app.command()
def test(
    folder: Folder = None,
    mutate: Annotated[bool, typer.Option("--mutate", help="Break each clause in turn: does a test notice?")] = False,
    keyword: Annotated[
        str | None, typer.Option("-k", help="Only tests (or mutants) whose name has this.", metavar="TEXT")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the results as JUnit XML.", metavar="FILE")] = None,
    jobs: Annotated[int | None, typer.Option(help="Databases to mutate at a time.", metavar="N")] = None,
    config: Config = None,
) -> None:
    """Run the tests that the files hold.

    On a copy of the database, or within a transaction that is undone. Exit code 1 if one fails, or a mutant survives.
    """
    from gateway.commands.policies.opening import open_policies
    from gateway.commands.policies.testing import run_test

    run_test(open_policies(folder, config), mutate=mutate, keyword=keyword, junit=junit, jobs=jobs)


@app.command()
def explain(
    table: Annotated[str | None, typer.Argument(help="The table of the row.", metavar="[TABLE]")] = None,
    persona: Annotated[str | None, typer.Option("--as", help="A persona of the files.", metavar="NAME")] = None,
    role: Annotated[str | None, typer.Option(help="A database role, instead of a persona.", metavar="ROLE")] = None,
    sub: Annotated[str | None, typer.Option(help="The user's id in the token.", metavar="ID")] = None,
    claims: Annotated[str | None, typer.Option(help="Further claims of the token.", metavar="JSON")] = None,
    verb: Annotated[str, typer.Option(help="select, insert, update or delete.", metavar="VERB")] = "select",
    key: Annotated[list[str] | None, typer.Option(help="The row, by a column.", metavar="COLUMN=VALUE")] = None,
    where: Annotated[str | None, typer.Option(help="The row, by a condition.", metavar="SQL")] = None,
    values: Annotated[str | None, typer.Option("--set", help="The new row, or the change.", metavar="JSON")] = None,
    rows: Annotated[int, typer.Option(help="How many rows to explain.", metavar="N")] = 1,
    query: Annotated[str | None, typer.Option(help="Explain a request instead: /rest/v1/…", metavar="PATH")] = None,
    files: Annotated[bool, typer.Option("--files", help="As if the files were applied.")] = False,
    as_json: Json = False,
    folder: Annotated[Path | None, typer.Option(help="The folder of policy files.", metavar="FOLDER")] = None,
    config: Config = None,
) -> None:
    """Why can or can't somebody reach a row?

    Each grant, policy and clause with its truth value, checked by trying. With --query, what a read comes to.
    """
    from gateway.commands.policies.explaining import What, Who, run_explain, run_explain_query
    from gateway.commands.policies.opening import open_policies

    opened = open_policies(folder, config)
    who = Who(persona, role, sub, claims)
    if query is not None:
        run_explain_query(opened, who, query, files=files, as_json=as_json)
        return
    if table is None:
        raise typer.BadParameter("say which table, or --query")
    what = What(table, verb, key or (), where, values, rows)
    run_explain(opened, who, what, files=files, as_json=as_json)


@app.command()
def footprint(
    folder: Folder = None,
    table: Annotated[str | None, typer.Option(help="Only this table.", metavar="TABLE")] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """What decides the rows of each table?

    Tables, functions and claims behind each policy; who may share an answer.
    """
    from gateway.commands.policies.footprints import run_footprint
    from gateway.commands.policies.opening import open_policies

    run_footprint(open_policies(folder, config), table=table, as_json=as_json)


@app.command()
def history(
    count: Annotated[int, typer.Option(help="How many to show.", metavar="N")] = 20,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show what was applied, when and by whom."""
    from gateway.commands.policies.opening import open_policies
    from gateway.commands.policies.pulling import run_history

    run_history(open_policies(Path(), config), count=count, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of policy files, for editors."""
    import json

    from gateway.policies.files import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
