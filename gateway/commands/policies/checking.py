"""`passerelle policies check`: what is wrong with the files, and what is dangerous."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from gateway.commands.policies.opening import Opened, connected, show_problems

if TYPE_CHECKING:
    from gateway.policies import Problem


def run_check(opened: Opened, *, offline: bool, strict: bool, as_json: bool) -> None:
    """Show every problem; exit code 1 for errors, and for warnings if `strict`."""
    from gateway.policies import Severity
    from gateway.policies.documents import problem_document

    without = offline or opened.owner_url is None
    problems = asyncio.run(_check(opened, without_database=without))
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        typer.echo(json.dumps([problem_document(problem) for problem in problems], indent=2, ensure_ascii=False))
    else:
        show_problems(problems, opened.folder)
        by = "" if not without else " Without a database: names, types and most dangers were not checked."
        typer.echo(f"{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}.{by}")
    if errors or (strict and problems):
        raise typer.Exit(1)


async def _check(opened: Opened, *, without_database: bool) -> tuple[Problem, ...]:
    from gateway.policies.checking import check

    if without_database:
        return await check(opened.folder, None)
    async with connected(opened.owner) as connection:
        return await check(opened.folder, connection)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
