"""How commands talk to the person who runs them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer

from gateway.settings import Settings, SettingsError, load_settings

EXIT_FAILURE = 1
EXIT_SETTINGS = 2


def warn(message: str) -> None:
    """A line on standard error that asks for attention."""
    typer.secho(f"warning: {message}", fg=typer.colors.YELLOW, err=True)


def fail(*messages: str, code: int = EXIT_FAILURE) -> NoReturn:
    """Say what went wrong on standard error, and end."""
    for message in messages:
        typer.secho(f"passerelle: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(code)


def fail_settings(problems: Sequence[str]) -> NoReturn:
    """End because of settings."""
    fail(*problems, code=EXIT_SETTINGS)


def owner_url(settings: Settings) -> str | None:
    """The URL of the database's owner. Where none is set, that of a `passerelle dev` in this directory, if any."""
    if settings.owner_url is not None:
        return settings.owner_url.get_secret_value()
    return dev_environment(settings).get("PASSERELLE_OWNER_URL")


def dev_environment(settings: Settings) -> dict[str, str]:
    """What a `passerelle dev` of this directory left for other commands (`write_environment`)."""
    try:
        text = (settings.data_dir / "dev.env").read_text("utf-8")
    except OSError:
        return {}
    pairs = (shlex.split(line)[0].partition("=") for line in text.splitlines() if line.strip())
    return {name: value for name, _, value in pairs}


def settings_or_exit(
    options: Mapping[str, Any],
    *,
    config: Path | None = None,
    postgrest_config: Path | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of this process; every problem on standard error and exit code 2 when they cannot be used."""
    try:
        return load_settings(
            options=options, config_file=config, postgrest_file=postgrest_config, defaults=defaults, warn=warn
        )
    except SettingsError as error:
        fail_settings(error.problems)
