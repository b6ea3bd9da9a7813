"""The small commands, and how quickly help comes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from gateway import __version__
from gateway.commands.keys import Keys, env_text, new_keys, role_token
from gateway.settings import load_settings
from tests.cli.command import Spawn, clean_environment


def test_help_takes_less_than_200_ms() -> None:
    """Of CPU, best of five, so that a busy machine does not decide."""
    command = [sys.executable, "-m", "gateway", "--help"]
    spent: list[float] = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env=clean_environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.2


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from gateway import cli; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=clean_environment()
    )
    assert {"pydantic", "asyncpg", "redis", "jwt", "aiohttp", "rich"}.isdisjoint(loaded.stdout.split())


@pytest.mark.parametrize("command", ["dev", "serve", "migrate", "keys", "doctor", "version", "policies", "cache"])
def test_each_command_explains_itself(spawn: Spawn, command: str) -> None:
    shown = spawn(command, "--help")
    assert shown.finish() == 0
    assert f"Usage: python -m gateway {command}" in shown.text()
    general = spawn("--help")
    general.finish()
    assert f"  {command} " in general.text()
    assert "..." not in general.text().split("Commands:")[1], "a line is too long for the list"


@pytest.mark.parametrize("command", ["stats", "explain", "flush"])
def test_each_command_of_the_cache_explains_itself(spawn: Spawn, command: str) -> None:
    shown = spawn("cache", command, "--help")
    assert shown.finish() == 0
    assert f"Usage: python -m gateway cache {command}" in shown.text()
    general = spawn("cache", "--help")
    general.finish()
    assert f"  {command} " in general.text()
    assert "..." not in general.text().split("Commands:")[1], "a line is too long for the list"


def test_version(spawn: Spawn) -> None:
    shown = spawn("version")
    assert shown.finish() == 0
    assert shown.text().startswith(f"passerelle {__version__} ")


def test_keys_are_settings_that_fit_together(spawn: Spawn) -> None:
    shown = spawn("keys")
    assert shown.finish() == 0
    environment = dict(line.split("=", 1) for line in shown.text().splitlines() if not line.startswith("#"))
    warnings: list[str] = []
    settings = load_settings({**environment, "PASSERELLE_DATABASE_URL": "postgresql://x"}, warn=warnings.append)
    assert warnings == []
    assert settings.jwt_secret is not None
    assert settings.anon_key is not None
    secret = settings.jwt_secret.get_secret_value()
    assert len(secret.encode()) >= 32
    for key, role in ((settings.anon_key, "anon"), (settings.service_key, "service_role")):
        assert key is not None
        claims = jwt.decode(key.get_secret_value(), secret, algorithms=["HS256"])
        assert claims["role"] == role
        assert claims["exp"] - claims["iat"] == 10 * 365 * 86400
    assert settings.publishable_keys[0].get_secret_value().startswith("sb_publishable_")
    assert settings.secret_keys[0].get_secret_value().startswith("sb_secret_")


def test_keys_are_new_every_time_and_survive_a_file() -> None:
    first, second = new_keys(0), new_keys(0)
    assert first.jwt_secret != second.jwt_secret
    assert first.secret_key != second.secret_key
    assert Keys.from_env(env_text(first)) == first
    assert first.jwt_secret not in repr(first)
    assert first.anon_key == role_token("anon", first.jwt_secret, 0)
    with pytest.raises(ValueError, match="PASSERELLE_ANON_KEY is missing"):
        Keys.from_env(f"PASSERELLE_JWT_SECRET={first.jwt_secret}\n")


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_wrong_settings_end_with_code_2_and_all_problems(spawn: Spawn, command: str) -> None:
    environment = {"PASSERELLE_PORT": "99999", "PASSERELLE_JWT_SECRET": "hunter2", "PASSERELLE_SCHEMS": "x"}
    ended = spawn(command, environment=environment)
    assert ended.finish() == 2
    text = ended.text()
    assert "PASSERELLE_DATABASE_URL is not set; expected postgresql://" in text
    assert "PASSERELLE_PORT: '99999' should be less than or equal to 65535" in text
    assert "PASSERELLE_JWT_SECRET is shorter than 32 bytes" in text
    assert "warning: PASSERELLE_SCHEMS is not a setting; did you mean PASSERELLE_SCHEMAS?" in text
    assert "hunter2" not in text
    assert "Traceback" not in text


def test_a_postgrest_conf_that_is_not_there(spawn: Spawn, tmp_path: Path) -> None:
    ended = spawn("serve", "--postgrest-config", str(tmp_path / "none.conf"))
    assert ended.finish() == 2
    assert "No such file" in ended.text()


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["serve", "--workers", "many"]])
def test_wrong_arguments(spawn: Spawn, arguments: list[str]) -> None:
    ended = spawn(*arguments)
    assert ended.finish() == 2
    assert "Traceback" not in ended.text()
