"""What all policy commands need first: the folder, the database, and words for what is wrong with either."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from gateway.commands.console import EXIT_SETTINGS, dev_environment, fail, owner_url, settings_or_exit, warn
from gateway.settings import Settings

if TYPE_CHECKING:
    import asyncpg

    from gateway.policies import PolicyError, PolicySet, Problem

_NEEDED: Final = {"database_url": "postgresql://"}  # only the owner's counts


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the policy files are and the database's owner, if known."""

    folder: Path
    settings: Settings
    owner_url: str | None

    @property
    def owner(self) -> str:
        """The owner's URL. Ends the command if there is none."""
        return self.owner_url or fail(
            "PASSERELLE_OWNER_URL is not set; expected postgresql://owner:password@host:port/database, the role that "
            "owns the tables. While `passerelle dev` runs in this directory, its database is taken.",
            code=EXIT_SETTINGS,
        )


def open_policies(folder: Path | None, config: Path | None, *, must_exist: bool = True) -> Opened:
    """The settings of a policy command. Without PASSERELLE_OWNER_URL, a `passerelle dev` of this directory counts."""
    settings = settings_or_exit({}, config=config, defaults=_NEEDED)
    of_dev = dev_environment(settings).get("PASSERELLE_POLICIES_DIR") if settings.owner_url is None else None
    chosen = folder or settings.policies_dir or (Path(of_dev) if of_dev else None)
    if chosen is None:
        fail(
            "say which folder of policy files: passerelle policies <command> FOLDER, or PASSERELLE_POLICIES_DIR",
            code=EXIT_SETTINGS,
        )
    if must_exist and not chosen.is_dir():
        fail(f"{chosen} is no folder", code=EXIT_SETTINGS)
    return Opened(chosen, settings, owner_url(settings))


def read_or_exit(folder: Path) -> PolicySet:
    """The files of a folder; every problem is shown, and ends the command."""
    from gateway.policies import PolicyError, read_set

    try:
        return read_set(folder)
    except PolicyError as error:
        refuse(error, folder)


@asynccontextmanager
async def connected(
    url: str, setting: str = "PASSERELLE_OWNER_URL", *, timezone: str | None = "UTC"
) -> AsyncGenerator[asyncpg.Connection[asyncpg.Record]]:
    """A connection to the database of `setting`; why there is none, or why it failed, is said in words. Without
    `timezone` it has the one of the role."""
    import asyncpg

    faults = (asyncpg.PostgresError, asyncpg.InterfaceError)
    try:
        connection = await asyncpg.connect(
            url, statement_cache_size=0, server_settings={"timezone": timezone} if timezone is not None else None
        )
    except ValueError:  # its words may quote the URL
        fail(f"{setting} is no URL of a database", code=EXIT_SETTINGS)
    except (*faults, OSError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        fail(f"the database of {setting} cannot be reached: {reason}")
    try:
        yield connection
    except (*faults, ConnectionError) as error:
        fail(f"the database of {setting} failed: {error}")
    finally:
        await connection.close()


def refuse(error: PolicyError, folder: Path) -> NoReturn:
    """End the command because of the files; on standard error, for the output may be for a program."""
    show_problems(error.problems, folder, echo=partial(typer.echo, err=True))
    raise typer.Exit(1)


def show_problems(problems: Iterable[Problem], folder: Path, *, echo: Callable[[str], None] = typer.echo) -> None:
    """Each problem with the line of the file that it is about."""
    from gateway.policies import Severity

    for problem in problems:
        colour = typer.colors.RED if problem.severity is Severity.ERROR else typer.colors.YELLOW
        where = f"{problem.place}: " if problem.place else f"{problem.subject}: " if problem.subject else ""
        echo(f"{where}{typer.style(f'{problem.severity} {problem.code}', fg=colour)}: {problem.message}")
        if problem.place is not None:
            for line in _excerpt(folder / problem.place.file, problem.place.line, problem.place.column):
                echo(line)
        if problem.fix:
            echo(f"    → {problem.fix}")


def _excerpt(file: Path, number: int, column: int) -> list[str]:
    try:
        text = file.read_text("utf-8").splitlines()[number - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        return []
    return [f"    {number:>4} | {text}", f"         | {' ' * (column - 1)}^"] if text.isprintable() else []


__all__ = ["Opened", "connected", "fail", "open_policies", "read_or_exit", "refuse", "show_problems", "warn"]
