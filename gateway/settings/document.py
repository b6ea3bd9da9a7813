"""The settings part of `docs/configuration.md`, made from the model so that it cannot lie."""

from __future__ import annotations

from typing import Any, Final, cast

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from gateway.settings import postgrest
from gateway.settings.load import form_of
from gateway.settings.model import Settings
from gateway.settings.sources import PREFIX

_BEGIN: Final = "<!-- settings: make docs -->"
_END: Final = "<!-- end of settings -->"
_BEGINS_WITH: Final = {
    "Connections": "database_url",
    "Identity": "jwt_secret_is_base64",
    "What the REST API serves": "schemas",
    "Rate limits": "rate_limiting_enabled",
    "Database pool and reload": "pool_size",
    "Answers": "openapi_mode",
    "Server": "host",
    "Files and modes": "policies_dir",
}


def settings_tables() -> str:
    """Markdown: one table for each group of settings, in the order of the model."""
    headings = {attribute: heading for heading, attribute in _BEGINS_WITH.items()}
    keys = {attribute: key for key, attribute in postgrest.KEYS.items()}
    lines: list[str] = []
    for attribute, field in Settings.model_fields.items():
        if attribute in headings:
            lines += [
                "",
                f"### {headings[attribute]}",
                "",
                "| Variable | PostgREST's name | Default | Meaning | Form |",
            ]
            lines += ["|---|---|---|---|---|"]
        key = f"`{keys[attribute]}`" if attribute in keys else ""
        if attribute == "app_settings":
            name, key = f"`{PREFIX}APP_SETTINGS_<NAME>`", f"`{postgrest.APP_SETTINGS_KEY}<name>`"
        else:
            name = f"`{PREFIX}{attribute.upper()}`"
        default = _default(attribute, field.default)
        lines.append(f"| {name} | {key} | {default} | {field.description} | {form_of(attribute)} |".replace("  ", " "))
    return "\n".join(lines).strip() + "\n"


def insert_tables(page: str) -> str:
    """`page` with the tables between its two marker comments. Raises ValueError when they are missing."""
    begin, end = page.index(_BEGIN) + len(_BEGIN), page.index(_END)
    return f"{page[:begin]}\n{settings_tables()}{page[end:]}"


def _default(attribute: str, value: Any) -> str:
    if (
        value is PydanticUndefined
        or value is None
        or isinstance(value, SecretStr)
        or value in ((), {})
        or not str(value)
    ):
        return ""
    if attribute.endswith("_mode") and isinstance(value, int) and not isinstance(value, bool):
        return f"`{value:o}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(cast('tuple[str, ...]', value))}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
