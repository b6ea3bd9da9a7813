"""`passerelle serve`: one process, or several that share the port (SO_REUSEPORT) under a parent."""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gateway.commands.console import fail, fail_settings
from gateway.commands.supervisor import Supervisor
from gateway.settings import Settings, SettingsError

if TYPE_CHECKING:
    from gateway.telemetry import Place

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - private below it

RESTARTED_BY_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that the parent passes on to its workers."""


def run_serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end. Ends with exit code 1 when it cannot start."""
    if settings.workers == 1:
        serve(settings, ready=lambda: announce(settings))
        return
    importlib.import_module("gateway.process")  # before the fork: workers start quickly and share its memory
    with _private_directory() as directory:

        def worker(number: int, ready: Callable[[], None]) -> None:
            from gateway.telemetry import Place

            serve(settings, ready=ready, place=Place(number, settings.workers, directory))

        Supervisor(settings.workers, worker, ready=lambda: announce(settings), forward=RESTARTED_BY_SIGNALS).run()


@contextmanager
def _private_directory() -> Generator[Path]:
    """For the sockets between workers. A container with a read-only file system still has shared memory."""
    try:
        directory = tempfile.mkdtemp(prefix="passerelle-")
    except OSError:
        directory = tempfile.mkdtemp(prefix="passerelle-", dir=_SHARED_MEMORY)
    try:
        yield Path(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def serve(settings: Settings, *, ready: Callable[[], None], place: Place | None = None) -> None:
    """Run the gateway in this process; a port that cannot be had is said in words."""
    from gateway.process import run

    try:
        run(settings, place=place, ready=ready)
    except SettingsError as error:
        fail_settings(error.problems)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise
        fail(f"cannot listen on {address(settings)}: {os.strerror(error.errno)}. Choose another with --port or --host.")


def announce(settings: Settings) -> None:
    """Say where the API is."""
    workers = f" with {settings.workers} workers" if settings.workers > 1 else ""
    typer.echo(f"Listening on {address(settings)}{workers}", err=True)


def address(settings: Settings) -> str:
    """Where the API listens, as a URL where it has one."""
    if settings.unix_socket is not None:
        return f"unix:{settings.unix_socket}"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"
