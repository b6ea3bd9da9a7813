"""`passerelle policies test`: do the policies do what the files' tests say, and would the tests notice if not?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.commands.console import EXIT_SETTINGS, fail
from gateway.commands.policies.opening import Opened, read_or_exit, refuse

if TYPE_CHECKING:
    from gateway.policies import PolicySet
    from gateway.policies.testing import Report, Result, Trial


def run_test(opened: Opened, *, mutate: bool, keyword: str | None, junit: Path | None, jobs: int | None) -> None:
    """Run the tests of a folder, and with `mutate` the tests of the tests. Exit code 1 if one fails, or if a mutant
    survives. `keyword` chooses tests, with `mutate` mutants; `junit` is a file to write results to."""
    policy_set = read_or_exit(opened.folder)
    if not policy_set.probes:
        fail(f"{opened.folder} has no tests; docs/policies.md shows how to write them", code=EXIT_SETTINGS)
    report = _mutated(opened, policy_set, keyword, jobs) if mutate else _tested(opened, policy_set, keyword)
    if junit is not None:
        _write_junit(junit, report)
    survivors = _show(report, mutate=mutate)
    if not report.passed or survivors:
        raise typer.Exit(1)


def _tested(opened: Opened, policy_set: PolicySet, keyword: str | None) -> Report:
    from gateway.policies.testing import chosen, run_tests

    probes = chosen(policy_set, keyword)
    if not probes:
        fail(f"none of the {len(policy_set.probes)} tests matches {keyword!r}", code=EXIT_SETTINGS)
    return _run(opened, run_tests(opened.owner, policy_set, probes))


def _mutated(opened: Opened, policy_set: PolicySet, keyword: str | None, jobs: int | None) -> Report:
    from gateway.policies.testing import run_mutants

    with _progress() as progress:
        return _run(opened, run_mutants(opened.owner, policy_set, progress, keyword=keyword, jobs=jobs))


def _run(opened: Opened, running: Coroutine[Any, Any, Report]) -> Report:
    import asyncpg

    from gateway.policies import ApplyError, PolicyError

    try:
        return asyncio.run(running)
    except PolicyError as error:
        refuse(error, opened.folder)
    except (ApplyError, asyncpg.PostgresError, OSError) as error:
        fail(f"the tests could not be run: {error}")


@contextmanager
def _progress() -> Generator[Callable[[int, int], None]]:
    """A bar on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("mutants", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show(report: Report, *, mutate: bool) -> int:
    """Print failures and a summary; returns how many mutants survived."""
    from gateway.policies.testing import Fate

    if report.note is not None:
        typer.echo(f"Note: tried in the database itself, in a transaction that was undone, because {report.note}.")
    failed = [result for result in report.results if not result.passed]
    for result in failed:
        _show_failure(result)
    if failed or not mutate:
        _summarize_tests(report, failed)
        return 0
    survivors = [trial for trial in report.trials if trial.fate is Fate.SURVIVED]
    for trial in survivors:
        _show_survivor(trial)
    _summarize_mutants(report, len(survivors))
    return len(survivors)


def _show_failure(result: Result) -> None:
    verdict = typer.style(result.verdict, fg=typer.colors.RED)
    typer.echo(f"{result.probe.place}: {verdict}: {result.probe.name}")
    typer.echo(f"    {result.message}")


def _show_survivor(trial: Trial) -> None:
    mutant = trial.mutant
    survived = typer.style("survived", fg=typer.colors.RED)
    part = f" {mutant.part}" if mutant.part else ""
    typer.echo(f"{mutant.place}: {survived}: {mutant.table} {mutant.subject}{part}: {mutant.change}")
    typer.echo(f"    → {trial.note}")


def _summarize_tests(report: Report, failed: Iterable[Result]) -> None:
    from gateway.policies.testing import Verdict

    count = len(report.results)
    verdicts = [result.verdict for result in failed]
    if not verdicts:
        typer.secho(f"{_count(count, 'test')} passed in {report.seconds:.1f} s.", fg=typer.colors.GREEN)
        return
    parts = [f"{verdicts.count(verdict)} {verdict}" for verdict in (Verdict.FAILED, Verdict.BROKEN)]
    said = ", ".join(part for part in parts if not part.startswith("0 "))
    typer.secho(f"{said}, {count - len(verdicts)} passed in {report.seconds:.1f} s.", fg=typer.colors.RED)


def _summarize_mutants(report: Report, survivors: int) -> None:
    from gateway.policies.testing import Fate

    equivalent = sum(trial.fate is Fate.EQUIVALENT for trial in report.trials)
    total = len(report.trials) - equivalent
    killed = total - survivors
    # Rounded down: 100 % is nothing less than all.
    score = killed * 100 // total if total else 100
    also = f" {_count(equivalent, 'more')} can be proved to change nothing." if equivalent else ""
    typer.secho(
        f"{killed} of {total} mutants killed ({score} %) by {_count(len(report.results), 'test')} in "
        f"{report.seconds:.1f} s.{also}",
        fg=typer.colors.RED if survivors else typer.colors.GREEN,
    )


def _write_junit(file: Path, report: Report) -> None:
    from gateway.policies.testing import junit

    try:
        file.write_bytes(junit(report.results, report.seconds))
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 or noun == "more" else "s")
