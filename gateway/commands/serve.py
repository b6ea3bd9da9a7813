"""`passerelle serve`: one process, or several that share the port (SO_REUSEPORT) under a parent."""

from __future__ import annotations

import errno
import importlib
import os
import signal
from collections.abc import Callable

import typer

from gateway.commands.console import fail
from gateway.commands.supervisor import Supervisor
from gateway.settings import Settings

RESTARTED_BY_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that the parent passes on to its workers."""


def run_serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then let running requests end. Ends with exit code 1 when it cannot start."""
    if settings.workers == 1:
        serve(settings, ready=lambda: announce(settings))
        return
    importlib.import_module("gateway.app")  # before the fork: workers start quickly and share its memory

    def worker(number: int, ready: Callable[[], None]) -> None:
        # The admin port belongs to one process; the workers are alike, so the first one speaks for them.
        own = settings if number == 0 else settings.model_copy(update={"admin_port": None})
        serve(own, reuse_port=True, ready=ready)

    Supervisor(settings.workers, worker, ready=lambda: announce(settings), forward=RESTARTED_BY_SIGNALS).run()


def serve(settings: Settings, *, ready: Callable[[], None], reuse_port: bool = False) -> None:
    """Run the gateway in this process; a port that cannot be had is said in words."""
    from gateway.app import run

    try:
        run(settings, reuse_port=reuse_port, ready=ready)
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
