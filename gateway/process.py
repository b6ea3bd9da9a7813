"""The gateway as a process: its log, its event loop, its signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gateway.app import Gateway, ServerRefused
from gateway.settings import Settings
from gateway.telemetry import Place
from gateway.web import LineWriter, configure_logging

if TYPE_CHECKING:
    from gateway.telemetry.tracing import Tracing

_SIGNALLED: Final = 128
"""What shells add to a signal's number to make it an exit code."""


def run(settings: Settings, *, place: Place | None = None, ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, which let running requests end; a second one ends at once. Blocks.

    `ready` is called once requests are answered. One of several workers, which has a `place`, shares its ports and
    leaves haste to its parent: service managers send the first signal to all processes, and then the parent does too.
    """
    as_json = configure_logging(settings.log_level, settings.log_format)
    lines = LineWriter(sys.stderr.fileno()) if as_json else None
    gateway = Gateway(settings, lines=lines, place=place, tracing=_tracing(settings))
    try:
        from uvloop import run as run_loop  # noqa: PLC0415 - the extra `fast` may not be installed
    except ModuleNotFoundError:
        from asyncio import run as run_loop  # noqa: PLC0415
    run_loop(_serve(gateway, ready, hasty=place is None))


def _tracing(settings: Settings) -> Tracing | None:
    if settings.tracing == "off":
        return None
    try:
        from gateway.telemetry.tracing import export_by_otlp  # noqa: PLC0415 - the extra `otel` may not be installed
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise SystemExit("Tracing needs the extra `otel`: pip install 'passerelle[otel]'") from None
    return export_by_otlp()


async def _serve(gateway: Gateway, ready: Callable[[], None] | None, *, hasty: bool) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop(number: int) -> None:
        if hasty and stopping.is_set():
            os._exit(_SIGNALLED + number)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    loop.add_signal_handler(signal.SIGUSR1, gateway.request_reload)
    try:
        await gateway.start()
        if ready is not None:
            ready()
        await stopping.wait()
    except ServerRefused as refusal:
        raise SystemExit(str(refusal)) from None
    finally:
        await gateway.stop()
