"""`passerelle dev`: everything on one machine, with the sample application, for trying and developing."""

from __future__ import annotations

import asyncio
import importlib
import os
import secrets
import shlex
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer

from gateway.commands.console import fail, fail_settings, warn
from gateway.commands.keys import Keys, env_text, new_keys
from gateway.commands.serve import serve
from gateway.embedded import (
    AlreadyRunning,
    EmbeddedPostgres,
    EmbeddedServerError,
    EmbeddedValkey,
    free_port,
    port_is_free,
    remove_server,
)
from gateway.paths import policies_directory, schema_directory
from gateway.settings import Settings, SettingsError, load_settings

POSTGRES_PORT: Final = 54322
VALKEY_PORT: Final = 54379

_LOGIN_ROLE: Final = "authenticator"
_AUTH_ROLE: Final = "passerelle_auth"
_PLACEHOLDER: Final = "postgresql://"
_STARTING: Final = "Starting PostgreSQL and Valkey …"


def run_dev(*, data_dir: Path | None, port: int | None, reset: bool) -> None:
    """Run until Ctrl-C. A second one in the same directory is refused."""
    begun = time.monotonic()
    wanted = _settings({"data_dir": data_dir, "port": port, "database_url": _PLACEHOLDER})
    try:
        if reset:
            _reset(wanted.data_dir)
        typer.echo(_STARTING)
        imports = threading.Thread(target=importlib.import_module, args=("gateway.app",))  # while the servers start
        imports.start()
        with _servers(wanted) as (postgres, valkey):
            imports.join()
            admin_port = _free_ports(wanted)
            keys = _kept_keys(wanted.data_dir / "keys.env")
            policies = wanted.policies_dir or policies_directory() / "hublib"
            token = wanted.admin_token or secrets.token_urlsafe(24)
            options = {
                "data_dir": data_dir,
                "port": port,
                "admin_port": admin_port,
                "admin_token": token,
                "policies_dir": policies,
            }
            settings = _settings({**options, **_prepared(postgres, valkey, keys)})
            write_environment(wanted.data_dir / "dev.env", settings)
            serve(settings, ready=lambda: typer.echo(_banner(settings, keys, postgres, time.monotonic() - begun)))
            typer.echo("Stopping …")
    except AlreadyRunning:
        fail(
            f"another `passerelle dev` is running in {wanted.data_dir}. Stop it first, or use --data-dir and --port "
            "for a second one."
        )
    except EmbeddedServerError as error:
        fail(str(error))
    except KeyboardInterrupt:
        typer.echo("Stopped.")


def _settings(options: dict[str, Any]) -> Settings:
    try:
        return load_settings(options=options, defaults={"log_format": "console"}, warn=warn)
    except SettingsError as error:
        fail_settings(error.problems)


def _free_ports(settings: Settings) -> int | str:
    """Refuse a port that is taken; another one will do for the admin port. Returns that, or ``off``."""
    if not port_is_free(settings.port):
        fail(f"port {settings.port} is taken by another program. Choose one with --port.")
    if settings.admin_port is None:
        return "off"
    if port_is_free(settings.admin_port):
        return settings.admin_port
    other = free_port()
    warn(f"port {settings.admin_port} is taken; the admin port is {other}")
    return other


def _reset(directory: Path) -> None:
    """Delete the data, but only if no live `dev` uses it."""
    for name in ("postgres", "valkey"):
        remove_server(directory / name)
    for name in ("keys.env", "dev.env"):
        (directory / name).unlink(missing_ok=True)


@contextmanager
def _servers(settings: Settings) -> Generator[tuple[EmbeddedPostgres, EmbeddedValkey]]:
    def port(preferred: int) -> int:
        return preferred if port_is_free(preferred) else 0

    directory = settings.data_dir
    postgres = EmbeddedPostgres(directory / "postgres", port=port(POSTGRES_PORT), programs=settings.postgres_bin)
    with postgres, EmbeddedValkey(directory / "valkey", port=port(VALKEY_PORT)) as valkey:
        yield postgres, valkey


def _prepared(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, keys: Keys) -> dict[str, Any]:
    """Bring the database up to date, and return the settings that lead to it."""
    password = secrets.token_urlsafe(24)
    asyncio.run(_prepare_database(postgres.dsn(), password))
    url = postgres.dsn(user=_LOGIN_ROLE, password=password)
    return {
        "database_url": url,
        "direct_url": url,
        "owner_url": postgres.dsn(),
        "auth_url": postgres.dsn(user=_AUTH_ROLE, password=password),
        "auth_confirm_email": False,  # there is nobody to read mails
        "redis_url": valkey.url,
        "jwt_secret": keys.jwt_secret,
        "anon_key": keys.anon_key,
        "service_key": keys.service_key,
        "publishable_keys": keys.publishable_key,
        "secret_keys": keys.secret_key,
        "watch_policies": True,
    }


async def _prepare_database(owner_dsn: str, password: str) -> None:
    import asyncpg

    from gateway.migrations import MigrationError, migrate

    try:
        for name in ("gateway", "hublib"):
            await migrate(f"{owner_dsn}&synchronous_commit=off", schema_directory() / name)
    except MigrationError as error:
        fail(str(error), "To start over with empty data: passerelle dev --reset")
    connection = await asyncpg.connect(owner_dsn)
    try:
        # ALTER ROLE takes no parameters, so the server quotes the password.
        for role in (_LOGIN_ROLE, _AUTH_ROLE):
            await connection.execute(
                await connection.fetchval(
                    "select format('alter role %I password %L', $1::text, $2::text)", role, password
                )
            )
    finally:
        await connection.close()


def _kept_keys(file: Path) -> Keys:
    """The keys of this directory, made on the first start, so that clients keep working after a restart."""
    if not file.exists():
        _write_private(file, env_text(new_keys()))
    try:
        return Keys.from_env(file.read_text())
    except ValueError as error:
        fail(f"{file}: {error}. Restore it, or delete it to get new keys.")


def write_environment(file: Path, settings: Settings) -> None:
    """Save what other commands need to reach the servers of this `dev`, to be sourced by a shell."""
    urls = {
        "PASSERELLE_DATABASE_URL": settings.database_url,
        "PASSERELLE_OWNER_URL": settings.owner_url,
        "PASSERELLE_REDIS_URL": settings.redis_url,
    }
    lines = [f"{name}={shlex.quote(url.get_secret_value())}" for name, url in urls.items() if url is not None]
    if settings.policies_dir is not None:
        lines.append(f"PASSERELLE_POLICIES_DIR={shlex.quote(str(settings.policies_dir.resolve()))}")
    if settings.admin_token is not None:
        port = settings.admin_port if settings.admin_port is not None else "off"
        lines += (
            f"PASSERELLE_ADMIN_HOST={shlex.quote(settings.admin_host)}",
            f"PASSERELLE_ADMIN_PORT={port}",
            f"PASSERELLE_ADMIN_TOKEN={shlex.quote(settings.admin_token.get_secret_value())}",
        )
    _write_private(file, "\n".join(lines) + "\n")


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(text)


def _banner(settings: Settings, keys: Keys, postgres: EmbeddedPostgres, seconds: float) -> str:
    url = f"http://{settings.host}:{settings.port}"
    return f"""
Passerelle is ready ({seconds:.1f} s).

  API URL      {url}
  anon key     {keys.anon_key}
  service key  {keys.service_key}
  database     {postgres.dsn(tcp=True)}
  policies     {settings.policies_dir} (saved files take effect at once)

The service key passes row security: keep it on servers. Try a request:

  curl '{url}/rest/v1/resources?select=id,title&order=created_at.desc&limit=3' \\
    -H 'apikey: {keys.anon_key}'

Ctrl-C stops everything; the data stays in {settings.data_dir}/.
"""
