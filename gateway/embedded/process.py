"""Server processes that end with the process that started them."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypedDict

from gateway.embedded.account import Account, remove_directory
from gateway.embedded.errors import AlreadyRunning, EmbeddedServerError

ENVIRONMENT: Final = {"PATH": os.defpath, "LANG": "C.UTF-8"}
"""The servers' whole environment: variables such as PGOPTIONS must not reach them."""

_LOOPBACK = "127.0.0.1"
_POLL = 0.003
_PR_SET_PDEATHSIG = 1
_WATCHDOG = (
    "import os,sys\nsys.stdin.buffer.read()\ntry: os.kill(int(sys.argv[1]), int(sys.argv[2]))\nexcept OSError: pass"
)


class DirectoryLock:
    """An exclusive lock on a server's directory, held until `release` or the end of this process."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; `AlreadyRunning` when another process has it."""
        if self._descriptor is not None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise AlreadyRunning(
                f"{self._path.parent} is in use by process {holder or '(unknown)'}. Stop that one first."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def remove_server(directory: Path) -> None:
    """Delete the directory of a stopped server. AlreadyRunning when a live process owns it."""
    if not directory.exists():
        return
    lock = DirectoryLock(directory.resolve())
    try:
        lock.acquire()
        remove_directory(directory)
    except OSError as error:
        raise EmbeddedServerError(f"{directory} cannot be deleted: {error.strerror} ({error.filename}).") from error
    finally:
        lock.release()


class ServerProcess:
    """A running server. It receives `stop_signal` when this process dies, however it dies."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        account: Account,
        directory: Path,
        log: Path,
        stop_signal: signal.Signals,
    ) -> None:
        self.stop_signal = stop_signal
        self._log = log
        by_kernel = sys.platform == "linux" and threading.current_thread() is threading.main_thread()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=directory,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a terminal's Ctrl-C is for the parent, which then stops the server in order
                preexec_fn=die_with_parent(stop_signal) if by_kernel else None,  # noqa: PLW1509
                **as_account(account),
            )
        # The kernel ties the death signal to the *thread* that forked, hence the watchdog for other threads.
        self._watchdog = None if by_kernel else _start_watchdog(self._process.pid, stop_signal)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Return when `ready()`; EmbeddedServerError with the end of the log if the server ends or stays silent."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise EmbeddedServerError(f"The server ended while starting:\n{tail(self._log)}")
            if time.monotonic() > deadline:
                self.stop()
                raise EmbeddedServerError(f"The server was not ready after {timeout:g} s:\n{tail(self._log)}")
            time.sleep(_POLL)

    def stop(self, *, patience: float = 10.0) -> None:
        """End the server in order; after `patience` seconds each, with harsher signals."""
        for harder in (self.stop_signal, signal.SIGQUIT, signal.SIGKILL):
            if not self.running:
                break
            self._process.send_signal(harder)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.communicate()
            self._watchdog = None


class Credentials(TypedDict):
    """The arguments of `subprocess.Popen` that choose an account."""

    user: int | None
    group: int | None
    extra_groups: Sequence[int] | None


def as_account(account: Account) -> Credentials:
    """How `subprocess.Popen` runs a program as the account."""
    if not account.switched:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.uid, "group": account.gid, "extra_groups": ()}


def end_leftovers(pid_file: Path, directory: Path, name: str, stop_signal: signal.Signals) -> None:
    """End servers called `name` that a crashed parent left running in `directory`, then drop their stale `pid_file`.

    Call it with the directory's lock held: whatever still runs there has lost its parent. A process that merely reuses
    the number in the pid file is left alone.
    """
    for harder, patience in ((stop_signal, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience
        recorded = _recorded_pid(pid_file)
        if recorded is not None and _works_in(recorded, directory, name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(recorded, harder)
        while remaining := _processes_in(directory, name, recorded):
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL)
        if not remaining:
            pid_file.unlink(missing_ok=True)
            return
    raise EmbeddedServerError(f"A server of an earlier run is still alive in {directory} and does not end.")


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server could listen on loopback's `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child runs first: from then on Linux sends it `number` when the thread that forked it ends.

    Call this before the fork. In a child that drops privileges it runs after that, which would clear the request.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def request() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return request


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:])


def _start_watchdog(pid: int, number: signal.Signals) -> subprocess.Popen[bytes]:
    """A process that waits for the end of its standard input, which is the end of this process."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WATCHDOG, str(pid), str(int(number))],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env=ENVIRONMENT,
    )


def _recorded_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text(errors="replace").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _processes_in(directory: Path, name: str, recorded: int | None) -> list[int]:
    if sys.platform != "linux":
        return [recorded] if recorded is not None and _works_in(recorded, directory, name) else []
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _works_in(int(entry), directory, name)]


def _works_in(pid: int, directory: Path, name: str) -> bool:
    """Whether process `pid` is a live server called `name` working in `directory`."""
    if sys.platform == "linux":
        try:
            process = Path("/proc", str(pid))
            return name in (process / "exe").readlink().name and (process / "cwd").readlink() == directory
        except OSError:
            return False
    listed = subprocess.run(
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    ).stdout
    return name in listed and str(directory) in listed
