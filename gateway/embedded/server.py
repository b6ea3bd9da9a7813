"""What the servers of our own have in common: a directory that is theirs alone, a socket, a port, a password."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from gateway.embedded.account import Account, drop_socket_directory, open_directory
from gateway.embedded.errors import EmbeddedServerError
from gateway.embedded.process import DirectoryLock, ServerProcess, free_port, port_is_free


class EmbeddedServer(ABC):
    """A server in `directory` that ends with this process. `port` as the servers say it: None, 0, or a certain one."""

    patience: ClassVar[float]
    """Seconds that a start may take."""

    def __init__(self, directory: Path, port: int | None) -> None:
        self._wanted = directory
        self._wanted_port = port
        self._server: ServerProcess | None = None
        self._lock: DirectoryLock | None = None
        self._sockets = Path()
        self._tcp_port: int | None = None
        self._password = ""

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.running

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._server is None:
            raise EmbeddedServerError("The server was not started.")
        return self._server.pid

    @property
    def password(self) -> str:
        """The password of its superuser."""
        return self._password

    @property
    def port(self) -> int | None:
        """The TCP port on 127.0.0.1, or None."""
        return self._tcp_port

    def start(self, *, timeout: float | None = None) -> Self:
        """Start the server, or start it again if it crashed; returns when it answers, within `timeout` seconds.

        Raises AlreadyRunning when another live process owns the directory, EmbeddedServerError otherwise.
        """
        if self.running:
            return self
        home, account = open_directory(self._wanted)
        self._lock = self._lock or DirectoryLock(home)
        self._lock.acquire()
        try:
            self._start(home, account, self.patience if timeout is None else timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server; nothing that it acknowledged is lost."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        drop_socket_directory(self._sockets)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _start(self, home: Path, account: Account, timeout: float) -> None:
        """Start the process in the directory, which is locked, and wait until it answers."""

    def _choose_port(self) -> int | None:
        if self._wanted_port is None:
            return None
        if self._wanted_port == 0:
            return self._tcp_port or free_port()  # a restart keeps the address
        if not port_is_free(self._wanted_port):
            raise EmbeddedServerError(f"Port {self._wanted_port} on 127.0.0.1 is taken by another program.")
        return self._wanted_port
