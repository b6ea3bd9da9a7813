"""From what the sources say to a `Settings`, or to an error a person can act on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from gateway.settings import postgrest
from gateway.settings.errors import SettingsError
from gateway.settings.forms import Form
from gateway.settings.model import Settings
from gateway.settings.sources import CONFIG_VARIABLE, PREFIX, Collected, Given, collect

DEFAULT_CONFIG_FILE = Path("passerelle.toml")

_LONGEST_SHOWN = 60


def _silent(message: str) -> None:
    """The default for warnings: says nothing."""


def load_settings(
    environment: Mapping[str, str] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    config_file: Path | None = None,
    postgrest_file: Path | None = None,
    defaults: Mapping[str, Any] | None = None,
    warn: Callable[[str], None] = _silent,
) -> Settings:
    """The settings of this process.

    Strongest first: `options` (command line, by attribute; None is absent), `PASSERELLE_*`, `PGRST_*`, `config_file`
    (TOML; else `PASSERELLE_CONFIG`, else `passerelle.toml` if it exists), `postgrest_file`, `defaults` (by attribute).
    `environment` is the process's own unless given. `warn` receives a line for each name that is not a setting.

    Raises SettingsError with every problem at once.
    """
    environment = os.environ if environment is None else environment
    found = collect(environment, options or {}, config_file or _config_file(environment), postgrest_file)
    for warning in found.warnings:
        warn(warning)
    return _validated(_with_defaults(found, defaults or {}), found.problems)


def overlay(settings: Settings, config: Mapping[str, str]) -> Settings:
    """See `Settings.with_database_config`."""
    found = Collected()
    for name in settings.model_fields_set:
        found.values[name] = Given(getattr(settings, name), name)
    for name, value in config.items():
        key = name.removeprefix("pgrst.").replace("_", "-")
        if key in postgrest.IN_DATABASE:
            found.replace(postgrest.KEYS[key], value, f"pgrst.{name.removeprefix('pgrst.')} in the database")
    defaults = _given(postgrest.DEFAULTS) if settings.postgrest_mode else {}
    return _validated(defaults | found.values, found.problems)


def form_of(attribute: str) -> str:
    """The allowed form of a setting, in words."""
    field = Settings.model_fields[attribute]
    return next(_forms((*field.metadata, field.annotation)))


def _forms(parts: Iterable[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Form):
            yield part.text
        elif choices := [arg for arg in get_args(part) if isinstance(arg, str)]:
            yield "one of " + ", ".join(choices)
        else:
            yield from _forms((*getattr(part, "__metadata__", ()), *get_args(part)))


def _config_file(environment: Mapping[str, str]) -> Path | None:
    if named := environment.get(CONFIG_VARIABLE):
        return Path(named)
    return DEFAULT_CONFIG_FILE if DEFAULT_CONFIG_FILE.is_file() else None


def _with_defaults(found: Collected, defaults: Mapping[str, Any]) -> dict[str, Given]:
    values = _given(defaults)
    if found.postgrest:
        values |= _given(postgrest.DEFAULTS)
        values["postgrest_mode"] = Given(True, "postgrest_mode")
        values["admin_host"] = found.values.get("host", values["host"])
    if found.app_settings:
        values["app_settings"] = Given(found.app_settings, "app.settings")
    return values | found.values


def _given(values: Mapping[str, Any]) -> dict[str, Given]:
    return {name: Given(value, name) for name, value in values.items()}


def _validated(values: Mapping[str, Given], problems: list[str]) -> Settings:
    try:
        settings = Settings.model_validate({name: given.value for name, given in values.items()})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        problems = problems + [_problem(detail, values) for detail in details if not _echoed(detail, values)]
    else:
        if not problems:
            return settings
    raise SettingsError(list(dict.fromkeys(problems)))


def _echoed(detail: ErrorDetails, values: Mapping[str, Given]) -> bool:
    """Whether this repeats the problem of the value that `direct_url` was taken from."""
    return detail["loc"][0] == "direct_url" and "direct_url" not in values


def _problem(detail: ErrorDetails, values: Mapping[str, Given]) -> str:
    attribute = str(detail["loc"][0])
    given = values.get(attribute)
    if given is None:
        return f"{PREFIX}{attribute.upper()} is not set; expected {form_of(attribute)}"
    complaint = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if detail["type"] == "literal_error":
        complaint = "is none of its values"
    return f"{given.name}{_quoted(attribute, given.value)} {complaint}; expected {form_of(attribute)}"


def _quoted(attribute: str, value: object) -> str:
    """The value, unless it is a credential."""
    default = Settings.model_fields[attribute]
    if "Secret" in str(default.annotation) or attribute == "app_settings" or isinstance(value, SecretStr):
        return ""
    shown = repr(value)
    return f": {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + '…'}"
