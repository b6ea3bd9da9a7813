"""What the project's files say about settings is what the model says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.policies.files import json_schema
from gateway.settings import Settings, load_settings
from gateway.settings.document import insert_tables
from gateway.settings.load import form_of
from gateway.settings.postgrest import ALIASES, DEFAULTS, IN_DATABASE, KEYS
from gateway.settings.sources import CONFIG_VARIABLE

ROOT = Path(__file__).parents[2]
VARIABLES = {f"PASSERELLE_{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}


@pytest.mark.parametrize(
    "file",
    [".env.example", "docker-compose.yml", "Dockerfile", "docs/deployment.md", "docs/configuration.md", "README.md"],
)
def test_every_variable_named_in_a_file_is_a_setting(file: str) -> None:
    named = set(re.findall(r"PASSERELLE_[A-Z][A-Z0-9_]*[A-Z0-9]", (ROOT / file).read_text("utf-8")))
    assert named <= VARIABLES | {"PASSERELLE_APP_SETTINGS"}
    assert named or file == "README.md", "this test reads nothing"


def test_the_settings_tables_are_current() -> None:
    """`make docs` writes them."""
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert insert_tables(page) == page


def test_the_schema_for_editors_is_current() -> None:
    """`make docs` writes it."""
    assert json.loads((ROOT / "policies" / "policy.schema.json").read_text("utf-8")) == json_schema()


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        variable = "PASSERELLE_APP_SETTINGS_<NAME>" if name == "app_settings" else f"PASSERELLE_{name.upper()}"
        assert page.count(f"| `{variable}` |") == 1, name
        assert (field.description or "").endswith("."), f"{name} needs a sentence"
        assert form_of(name), name


def test_the_defaults_written_down_are_the_real_ones() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    settings = load_settings({"PASSERELLE_DATABASE_URL": "postgresql://x"})
    written = dict(re.findall(r"^\| `PASSERELLE_([A-Z_0-9]+)` \| [^|]*\| `([^`|]*)` \|", page, re.MULTILINE))
    assert len(written) > 30
    for variable, text in written.items():
        again = load_settings({"PASSERELLE_DATABASE_URL": "postgresql://x", f"PASSERELLE_{variable}": text})
        assert getattr(again, variable.lower()) == getattr(settings, variable.lower()), variable


def test_the_key_tables_name_real_settings() -> None:
    assert set(KEYS.values()) <= set(Settings.model_fields)
    assert len(set(KEYS.values())) == len(KEYS)
    assert set(ALIASES.values()) <= set(KEYS)
    assert set(KEYS) >= IN_DATABASE
    assert set(DEFAULTS) <= set(Settings.model_fields)


def test_what_compose_demands_is_in_the_example() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", compose)) == example
    for match in re.findall(r"(?:PASSWORD|SECRET|TOKEN|KEYS?)\w*: (.*)", compose):
        assert match.startswith("${"), f"a secret is written down: {match}"
