"""Where settings come from: options, `PASSERELLE_*`, `PGRST_*`, a TOML file, a `postgrest.conf`; the first wins."""

from __future__ import annotations

import base64
import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from gateway.settings import postgrest
from gateway.settings.errors import SettingsError
from gateway.settings.model import Settings

PREFIX = "PASSERELLE_"
CONFIG_VARIABLE = "PASSERELLE_CONFIG"

_APP_SETTINGS = f"{PREFIX}APP_SETTINGS_"
_ONE_BY_ONE = {"app_settings"}
_MAY_BE_EMPTY = {"extra_search_path", "rate_limit_exempt", "redis_prefix", "require_filter"}
_CREDENTIALS = {
    *("database_url", "direct_url", "owner_url", "redis_url", "jwt_secret", "jwks", "anon_key", "service_key"),
    *("publishable_keys", "secret_keys", "admin_token"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value as the user gave it, and the name the user gave it under."""

    value: Any
    name: str


@dataclass(slots=True)
class Collected:
    """What all sources said: for each attribute the value that wins."""

    values: dict[str, Given] = field(default_factory=dict[str, Given])
    app_settings: dict[str, str] = field(default_factory=dict[str, str])
    warnings: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])
    postgrest: bool = False

    def give(self, attribute: str, value: Any, name: str) -> None:
        """Note a value of a stronger source than all before. An empty one counts as absent."""
        if value == "" and attribute not in _MAY_BE_EMPTY:
            return
        if attribute in _CREDENTIALS and isinstance(value, str) and value.startswith("@"):
            self._give_file(attribute, value[1:], name)
        else:
            self.values[attribute] = Given(value, name)

    def replace(self, attribute: str, value: Any, name: str) -> None:
        """The same, but an empty value takes weaker ones away, as it does in PostgREST."""
        self.values.pop(attribute, None)
        self.give(attribute, value, name)

    def _give_file(self, attribute: str, path: str, name: str) -> None:
        try:
            content = Path(path).read_bytes().removesuffix(b"\n")
        except (OSError, ValueError) as error:
            self.problems.append(f"{name}: cannot read {path!r}: {getattr(error, 'strerror', None) or error}")
            return
        try:
            self.values[attribute] = Given(content.decode(), name)
        except UnicodeDecodeError:
            if attribute != "jwt_secret":
                self.problems.append(f"{name}: {path!r} is not text")
                return
            self.values[attribute] = Given(base64.b64encode(content).decode(), name)
            self.values["jwt_secret_is_base64"] = Given(True, name)


def collect(
    environment: Mapping[str, str],
    options: Mapping[str, Any],
    config_file: Path | None,
    postgrest_file: Path | None,
) -> Collected:
    """Read all sources. Files that cannot be read or parsed are among the problems."""
    found = Collected()
    if postgrest_file is not None:
        found.postgrest = True
        _from_postgrest(found, _read(found, postgrest_file), postgrest_file.name)
    if config_file is not None:
        _from_toml(found, _read(found, config_file), config_file.name)
    _from_postgrest_environment(found, environment)
    _from_environment(found, environment)
    for option, value in options.items():
        if value is not None:
            found.give(option, value, f"--{option.replace('_', '-')}")
    return found


def _from_environment(found: Collected, environment: Mapping[str, str]) -> None:
    for name, value in _named(environment, PREFIX):
        attribute = name.removeprefix(PREFIX).lower()
        if name.startswith(_APP_SETTINGS):
            found.app_settings[name.removeprefix(_APP_SETTINGS)] = value
        elif attribute in Settings.model_fields and attribute not in _ONE_BY_ONE:
            found.give(attribute, value, name)
        elif name != CONFIG_VARIABLE:
            known = (PREFIX + field.upper() for field in Settings.model_fields)
            found.warnings.append(f"{name} is not a setting{_suggestion(name, known)}")


def _from_postgrest_environment(found: Collected, environment: Mapping[str, str]) -> None:
    settings: dict[str, str] = {}
    for name, value in _named(environment, "PGRST_"):
        found.postgrest = True
        if name.startswith(postgrest.APP_SETTINGS_VARIABLE):
            settings[postgrest.APP_SETTINGS_KEY + name.removeprefix(postgrest.APP_SETTINGS_VARIABLE)] = value
        else:
            settings[name.removeprefix("PGRST_").lower().replace("_", "-")] = value
    _give_keys(found, settings, postgrest.variable)


def _from_postgrest(found: Collected, text: str | None, file: str) -> None:
    if text is None:
        return
    try:
        keys = postgrest.parse_file(text, file)
    except SettingsError as error:
        found.problems += error.problems
        return
    _give_keys(found, keys, lambda key: f"{key} in {file}")


def _give_keys(found: Collected, keys: Mapping[str, str], label: Callable[[str], str]) -> None:
    for key in sorted(keys, key=lambda key: key not in postgrest.ALIASES):  # an alias is weaker than the name
        attribute = postgrest.KEYS.get(postgrest.ALIASES.get(key, key))
        if key.startswith(postgrest.APP_SETTINGS_KEY):
            found.app_settings[key.removeprefix(postgrest.APP_SETTINGS_KEY)] = keys[key]
        elif attribute is not None:
            found.replace(attribute, keys[key], label(key))
        elif key in postgrest.WITHOUT_EFFECT:
            found.warnings.append(f"{label(key)} has no effect here")
        else:
            known = map(label, postgrest.KEYS)
            found.warnings.append(f"{label(key)} is not a setting{_suggestion(label(key), known)}")


def _from_toml(found: Collected, text: str | None, file: str) -> None:
    if text is None:
        return
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found.problems.append(f"{file}: {error}")
        return
    for key, value in content.items():
        name = f"{key} in {file}"
        if key == "app_settings" and isinstance(value, dict):
            found.app_settings.update({k: _as_text(v) for k, v in cast("dict[str, object]", value).items()})
        elif key in Settings.model_fields:
            found.give(key, value, name)
        else:
            found.problems.append(f"{name} is not a setting{_suggestion(key, Settings.model_fields)}")


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(found: Collected, path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found.problems.append(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}")
        return None


def _named(environment: Mapping[str, str], prefix: str) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in environment.items() if name.startswith(prefix))


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else ""
