"""A PostgreSQL cluster of our own, for `passerelle dev` and the tests."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from urllib.parse import quote, urlencode

from gateway.embedded.account import (
    Account,
    own,
    socket_directory,
    write_private,
)
from gateway.embedded.binaries import PostgresPrograms, find_postgres
from gateway.embedded.errors import EmbeddedServerError
from gateway.embedded.process import (
    ENVIRONMENT,
    ServerProcess,
    as_account,
    die_with_parent,
    end_leftovers,
    tail,
)
from gateway.embedded.server import EmbeddedServer

SUPERUSER = "postgres"

_STAGING = "data.new-"
_SOCKET_ONLY_PORT = 5432
_FIRST_WITH_CONTROL_PATH = 18
_THROWAWAY: dict[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedPostgres(EmbeddedServer):
    """A cluster in `directory`, created on first start, that ends with this process.

    It listens on a Unix socket and, unless `port` is None, on TCP at 127.0.0.1 (0: any free port). `durability=False`
    trades safety against crashes of the machine for speed and trusts local sockets; for tests. `programs` is a
    directory with other PostgreSQL programs. `settings` are further server settings.

    Files: `data/` (the cluster), `password` (of the superuser `postgres`, mode 0600), `log`, `lock`.
    """

    patience = 30.0

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = 0,
        durability: bool = True,
        max_connections: int = 200,
        programs: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(directory, port)
        self._durability = durability
        self._explicit = programs
        self._settings = {
            "max_connections": str(max_connections),
            **({} if durability else _THROWAWAY),
            **(settings or {}),
        }

    @property
    def socket_directory(self) -> Path:
        return self._sockets

    def dsn(
        self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None, *, tcp: bool = False
    ) -> str:
        """A connection string: over the Unix socket, or `tcp`. The superuser's password is filled in."""
        secret = self._password if password is None and user == SUPERUSER else password
        login = quote(user, safe="") + (f":{quote(secret, safe='')}" if secret is not None else "")
        name = quote(database, safe="")
        if not tcp:
            where = urlencode({"host": str(self._sockets), "port": self._socket_port})
            return f"postgresql://{login}@/{name}?{where}"
        if self._tcp_port is None:
            raise EmbeddedServerError("This cluster does not listen on TCP.")
        return f"postgresql://{login}@127.0.0.1:{self._tcp_port}/{name}"

    @property
    def _socket_port(self) -> int:
        return self._tcp_port or _SOCKET_ONLY_PORT

    def _start(self, home: Path, account: Account, timeout: float) -> None:
        programs = find_postgres(account, self._explicit)
        data = home / "data"
        if not (data / "PG_VERSION").exists():
            self._create(home, account, programs)
        for interrupted in home.glob(f"{_STAGING}*"):
            shutil.rmtree(interrupted, ignore_errors=True)
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != str(programs.major):
            raise EmbeddedServerError(
                f"{data} was made by PostgreSQL {made_by}, but the programs in {programs.directory} are "
                f"version {programs.major}. Use those of {made_by}, or delete the data (passerelle dev --reset)."
            )
        self._password = (home / "password").read_text().strip()
        end_leftovers(data / "postmaster.pid", data, "postgres", signal.SIGINT)
        self._sockets = socket_directory(home, account, ".s.PGSQL.65535.lock")
        self._tcp_port = self._choose_port()
        self._server = ServerProcess(
            self._command(home, account, programs),
            account=account,
            directory=data,
            log=home / "log",
            stop_signal=signal.SIGINT,
        )
        self._server.wait_until(lambda: self._accepts(data), timeout=timeout)

    def _create(self, home: Path, account: Account, programs: PostgresPrograms) -> None:
        """Run initdb beside the final place and rename: an interrupted one leaves no half cluster.

        Its place has a new name each time, since programs of an interrupted one may still be at work for a moment.
        """
        password, staging = home / "password", Path(tempfile.mkdtemp(prefix=_STAGING, dir=home))
        own(staging, account)
        write_private(password, secrets.token_urlsafe(24) + "\n", account)
        result = subprocess.run(
            [
                *(programs.directory / "initdb", "--pgdata", staging, "--username", SUPERUSER),
                *("--pwfile", password, "--encoding", "UTF8", *_locale(programs)),
                *("--auth-host", "scram-sha-256", "--auth-local", "scram-sha-256" if self._durability else "trust"),
                *("--no-instructions", *(() if self._durability else ("--no-sync",))),
            ],
            cwd=home,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=die_with_parent(signal.SIGKILL) if sys.platform == "linux" else None,
            **as_account(account),
        )
        if result.returncode != 0:
            raise EmbeddedServerError(f"initdb failed:\n{(result.stderr or result.stdout).strip()}")
        staging.rename(home / "data")

    def _command(self, home: Path, account: Account, programs: PostgresPrograms) -> list[str | Path]:
        settings = {
            "listen_addresses": "127.0.0.1" if self._tcp_port is not None else "",
            "port": str(self._socket_port),
            "unix_socket_directories": '"' + str(self._sockets).replace('"', '""') + '"',
            "timezone": "UTC",
            "log_timezone": "UTC",
            **_stand_ins(home, account, programs),
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [programs.directory / "postgres", "-D", home / "data", *options]

    def _accepts(self, data: Path) -> bool:
        """PostgreSQL writes its state on the eighth line of postmaster.pid."""
        try:
            lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        except OSError:
            return False
        return lines[7:8] != [] and lines[7].strip() == "ready" and lines[0] == str(self.pid)


def read_log(directory: Path, lines: int = 12) -> str:
    """The last lines of an embedded server's log."""
    return tail(directory / "log", lines)


def _locale(programs: PostgresPrograms) -> tuple[str, ...]:
    if sys.platform == "linux":
        return ("--locale", "C.UTF-8")
    if programs.major >= _FIRST_WITH_CONTROL_PATH:  # macOS knows no C.UTF-8, newer servers bring their own
        return ("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
    return ("--locale", "C")


def _stand_ins(home: Path, account: Account, programs: PostgresPrograms) -> dict[str, str]:
    """Offer the SQL stand-ins for extensions that the server lacks; real ones come first in the path."""
    if programs.major < _FIRST_WITH_CONTROL_PATH:
        return {}
    shipped = resources.files("gateway.embedded").joinpath("extensions")
    sha1 = shipped.joinpath("sha1.sql").read_text()
    share = home / "share"
    extensions = share / "extension"
    extensions.mkdir(parents=True, exist_ok=True)
    for source in shipped.iterdir():
        name, separator, _ = source.name.partition("--")
        if separator:
            prefix = sha1.replace("@stand_in@", name.replace("-", "_"))
            (extensions / source.name).write_text(prefix + source.read_text())
        elif source.name.endswith(".control"):
            (extensions / source.name).write_text(source.read_text())
    for path in (share, extensions, *extensions.iterdir()):
        own(path, account)
    return {"extension_control_path": f"$system:{share}"}
