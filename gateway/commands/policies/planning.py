"""`passerelle policies plan`, `apply` and `drift`: files against a database."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.commands.console import EXIT_SETTINGS, fail
from gateway.commands.policies.opening import Opened, connected, read_or_exit, refuse

if TYPE_CHECKING:
    from gateway.policies import Plan, PolicySet
    from gateway.policies.impact import Impact
    from gateway.policies.plan import Loss

EXIT_DRIFT = 3
"""`drift` found a difference; `plan --exit-code` has something to do."""


def run_plan(opened: Opened, *, sql: bool, as_json: bool, rewrite: bool, exit_code: bool, impact: float | None) -> None:
    """Show what `apply` would do. Changes nothing."""
    from gateway.policies.impact import impact_document, impact_lines

    policy_set = read_or_exit(opened.folder)
    plan = asyncio.run(_plan(opened, policy_set, rewrite=rewrite))
    found = asyncio.run(_impact(opened, policy_set, impact, rewrite=rewrite)) if impact is not None else None
    if as_json:
        _print_json(plan, {"impact": impact_document(found)} if found else {})
    else:
        show_plan(plan, sql=sql)
        for line in impact_lines(found) if found else ():
            typer.echo(line)
        _next_step(plan, opened.folder)
    if exit_code and plan.changes:
        raise typer.Exit(EXIT_DRIFT)


def run_apply(opened: Opened, *, expected: str | None, allow: Sequence[str], rewrite: bool, dry_run: bool) -> None:
    """Make the database enforce the files, in one transaction."""
    from gateway.policies import ApplyError, PolicyError, apply_set, summary
    from gateway.policies.plan import Application

    losses = _losses(allow)
    policy_set = read_or_exit(opened.folder)
    if dry_run:
        show_plan(asyncio.run(_plan(opened, policy_set, rewrite=rewrite)), sql=True)
        return
    application = Application(policy_set, _person(), expected=expected, allow=losses, rewrite=rewrite)

    async def run() -> Plan:
        async with connected(opened.owner) as connection:
            return await apply_set(connection, application)

    try:
        plan = asyncio.run(run())
    except PolicyError as error:
        refuse(error, opened.folder)
    except ApplyError as error:
        fail(str(error))
    show_plan(plan, sql=False, heading="Applied")
    typer.echo(summary(plan.changes))


def run_drift(opened: Opened, *, as_json: bool) -> None:
    """Does the database still enforce the files? Exit code 3 if not."""
    policy_set = read_or_exit(opened.folder)
    plan = asyncio.run(_plan(opened, policy_set, rewrite=False))
    if as_json:
        _print_json(plan)
    elif not plan.changes:
        typer.echo("No drift: the database enforces what the files say.")
    else:
        applied = plan.state.applied
        if applied is None:
            typer.echo("These files were never applied here. The database differs:")
        elif applied.digest == policy_set.digest:
            typer.echo(f"The files are those of apply {applied.number} ({applied.at:%Y-%m-%d %H:%M} by {applied.by}):")
            typer.echo("the database was changed by other means since. To get back to the files:")
        else:
            typer.echo(f"The files were changed since apply {applied.number} ({applied.at:%Y-%m-%d %H:%M}):")
        show_plan(plan, sql=False, heading=None)
    if plan.changes:
        raise typer.Exit(EXIT_DRIFT)


async def _plan(opened: Opened, policy_set: PolicySet, *, rewrite: bool) -> Plan:
    from gateway.policies import PolicyError, make_plan

    try:
        async with connected(opened.owner) as connection:
            return await make_plan(connection, policy_set, rewrite=rewrite)
    except PolicyError as error:
        refuse(error, opened.folder)


def show_plan(plan: Plan, *, sql: bool, heading: str | None = "Plan") -> None:
    """The changes by table and function, in words or as SQL."""
    from gateway.policies import by_subject, sentences, statements

    if heading is not None:
        typer.secho(f"{heading} {plan.digest}", bold=True)
    colours = {"+": typer.colors.GREEN, "-": typer.colors.RED, "~": typer.colors.YELLOW}
    for subject, changes in by_subject(plan.changes).items():
        typer.secho(subject, bold=True)
        for said in sentences(changes):
            loss = said.changes[0].loss
            needs = typer.style(f"  (needs --allow {loss})", fg=typer.colors.MAGENTA) if loss else ""
            typer.echo(f"  {typer.style(said.words[0], fg=colours[said.words[0]])}{said.words[1:]}{needs}")
            if sql:
                for statement in (text for change in said.changes for text in statements(change)):
                    typer.echo("      " + statement.replace("\n)", ")") + ";")
    for note in plan.notes:
        typer.echo(f"Note: {note}")


def _print_json(plan: Plan, more: Mapping[str, Any] | None = None) -> None:
    from gateway.policies.documents import plan_document

    typer.echo(json.dumps({**plan_document(plan), **(more or {})}, indent=2, ensure_ascii=False))


def _next_step(plan: Plan, folder: Path) -> None:
    from gateway.policies import summary

    typer.echo(summary(plan.changes))
    dangers = _dangers(plan)
    if dangers:
        words = "1 error" if dangers == 1 else f"{dangers} errors"
        typer.secho(f"Dangerous: {words} in what would be in force. See passerelle policies check {folder}", fg="red")
    if plan.changes:
        allow = "".join(f" --allow {loss}" for loss in sorted(plan.losses))
        typer.echo(f"Apply exactly this: passerelle policies apply {folder} --plan {plan.digest}{allow}")


async def _impact(opened: Opened, policy_set: PolicySet, seconds: float, *, rewrite: bool) -> Impact:
    from gateway.policies.impact import Budget, impact
    from gateway.policies.plan import Application

    application = Application(policy_set, _person(), rewrite=rewrite)
    async with connected(opened.owner) as connection:
        budget = Budget(timedelta(seconds=seconds))
        return await impact(connection, application, policy_set.personas.values(), budget)


def _dangers(plan: Plan) -> int:
    """How many errors lints find in what the plan leads to."""
    from gateway.policies import Severity
    from gateway.policies.lints import lints
    from gateway.policies.plan import Examined

    found = lints(plan.policy_set, Examined(plan.state, plan.compiled, plan.texts, ()))
    return sum(problem.severity is Severity.ERROR for problem in found)


def _losses(allow: Sequence[str]) -> frozenset[Loss]:
    from gateway.policies.plan import Loss

    known = [str(loss) for loss in Loss]
    if "all" in allow:
        return frozenset(Loss)
    for name in allow:
        if name not in known:
            fail(f"--allow takes {', '.join(known)} or all, not {name!r}", code=EXIT_SETTINGS)
    return frozenset(Loss(name) for name in allow)


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
