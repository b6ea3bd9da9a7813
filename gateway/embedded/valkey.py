"""A Valkey server of our own, for `passerelle dev` and the tests."""

from __future__ import annotations

import secrets
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from gateway.embedded.account import Account, socket_directory, write_private
from gateway.embedded.binaries import find_valkey
from gateway.embedded.errors import EmbeddedServerError
from gateway.embedded.process import ServerProcess, end_leftovers
from gateway.embedded.server import EmbeddedServer

_SOCKET_NAME = "valkey.sock"


class EmbeddedValkey(EmbeddedServer):
    """A Valkey server in `directory` that ends with this process.

    It listens on a Unix socket and, unless `port` is None, on TCP at 127.0.0.1 (0: any free port), and asks for a
    password. With `durability` it keeps an append-only file, else nothing. `program` is another server program.

    Files: `valkey.conf` (mode 0600, holds the password), `password` (0600), `log`, `lock`, the append-only files.
    """

    patience = 15.0

    def __init__(
        self, directory: Path, *, port: int | None = 0, durability: bool = True, program: Path | None = None
    ) -> None:
        super().__init__(directory, port)
        self._durability = durability
        self._explicit = program

    @property
    def url(self) -> str:
        """The URL over the Unix socket, password included."""
        return f"unix://:{quote(self._password, safe='')}@{quote(str(self._socket))}?db=0"

    @property
    def tcp_url(self) -> str:
        """The URL over TCP, password included."""
        if self._tcp_port is None:
            raise EmbeddedServerError("This server does not listen on TCP.")
        return f"redis://:{quote(self._password, safe='')}@127.0.0.1:{self._tcp_port}/0"

    @property
    def _socket(self) -> Path:
        return self._sockets / _SOCKET_NAME

    def _start(self, home: Path, account: Account, timeout: float) -> None:
        program = find_valkey(account, self._explicit)
        end_leftovers(home / "pid", home, program.name.removesuffix("-server"), signal.SIGTERM)
        self._sockets = socket_directory(home, account, _SOCKET_NAME)
        self._password = _keep_password(home / "password", account)
        self._tcp_port = self._choose_port()
        configuration = home / "valkey.conf"
        write_private(configuration, self._configuration(home), account)
        self._server = ServerProcess(
            [program, configuration], account=account, directory=home, log=home / "log", stop_signal=signal.SIGTERM
        )
        self._server.wait_until(self._answers, timeout=timeout)

    def _configuration(self, home: Path) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self._tcp_port or 0}",
            f"unixsocket {_quoted(self._socket)}",
            "unixsocketperm 700",
            f"requirepass {self._password}",
            f"dir {_quoted(home)}",
            f"pidfile {_quoted(home / 'pid')}",
            "daemonize no",
            'save ""',
            f"appendonly {'yes' if self._durability else 'no'}",
            "appendfsync everysec",
        ]
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(str(self._socket))
                client.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (chunk := client.recv(256)):  # noqa: PLR2004 - one line a command
                    answer += chunk
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")


def _keep_password(file: Path, account: Account) -> str:
    if not file.exists():
        write_private(file, secrets.token_urlsafe(24) + "\n", account)
    return file.read_text().strip()


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
