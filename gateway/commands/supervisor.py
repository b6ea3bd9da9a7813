"""A parent process that keeps its workers running."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final, NoReturn

import typer

from gateway.embedded.process import die_with_parent

Work = Callable[[int, Callable[[], None]], None]
"""What a worker does, given its number and what to call when it is ready. It must end on SIGTERM."""

_READY: Final = 255
"""The byte a ready worker sends; smaller ones are signal numbers."""

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
_STEADY: Final = 10.0
"""A worker that lived this many seconds is restarted at once, without the pause of repeated crashes."""

_MOMENT: Final = 0.01
_DRAIN: Final = 30.0
"""Seconds that workers get to end their requests before they are killed."""


@dataclass(slots=True)
class _Worker:
    number: int
    pid: int | None = None
    started: float = 0.0
    pause: float = 0.0
    restart_at: float = 0.0


class Supervisor:
    """Runs `count` processes of `work`. `ready` is called once all have said to be ready; `forward` are signals
    passed on to the workers; SIGTERM and SIGINT let the workers end in order, a second one kills them.

    A crashed worker is started again, after a pause that doubles up to 10 s unless it had lived for a while. If one
    ends before any has ever been ready, what is wrong will stay wrong, and the supervisor gives up.
    """

    def __init__(
        self, count: int, work: Work, *, ready: Callable[[], None], forward: Sequence[signal.Signals] = ()
    ) -> None:
        self._work = work
        self._announce = ready
        self._forward = tuple(forward)
        self._workers = [_Worker(number) for number in range(count)]
        self._ready = 0
        self._stopping = False
        self._given_up = 0  # the exit code of a worker that could not start

    def run(self) -> None:
        """Supervise until told to stop and every worker has ended; `typer.Exit` with the code of the worker that
        could not start, when it gave up."""
        wake, notify = os.pipe()
        os.set_blocking(notify, False)
        signal.set_wakeup_fd(notify)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, *self._forward):
            signal.signal(number, _leave_it_to_the_pipe)
        try:
            while not self._stopping:
                self._start_due(wake, notify)
                self._wait(wake)
                self._collect()
        finally:
            self._drain(wake)
        if self._given_up:
            raise typer.Exit(self._given_up)

    def _start_due(self, wake: int, notify: int) -> None:
        for worker in self._workers:
            if worker.pid is None and time.monotonic() >= worker.restart_at:
                worker.started = time.monotonic()
                follow = die_with_parent(signal.SIGTERM)
                worker.pid = os.fork()
                if worker.pid == 0:
                    os.close(wake)
                    self._become(worker.number, notify, follow)

    def _become(self, number: int, notify: int, follow: Callable[[], None]) -> NoReturn:
        """Turn the forked child into a worker; never returns into the parent's code."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for handled in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, *self._forward):
                signal.signal(handled, signal.SIG_DFL)
            _follow_parent(follow)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches all; the parent decides
            self._work(number, lambda: _say_ready(notify))
            code = 0
        except (typer.Exit, SystemExit) as end:
            code = end.exit_code if isinstance(end, typer.Exit) else 1
        except BaseException:  # noqa: BLE001 - the last stop of this process
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _wait(self, wake: int) -> None:
        """Until something is sent or a restart is due."""
        due = min((worker.restart_at for worker in self._workers if worker.pid is None), default=None)
        timeout = None if due is None else max(0.0, due - time.monotonic())
        if not select.select([wake], [], [], timeout)[0]:
            return
        for byte in os.read(wake, 256):
            if byte == _READY:
                self._ready += 1
                if self._ready == len(self._workers):
                    self._announce()
            elif byte in (signal.SIGTERM, signal.SIGINT):
                self._stopping = True
            elif byte in self._forward:
                self._signal(signal.Signals(byte))

    def _collect(self) -> None:
        for worker in self._workers:
            if worker.pid is None:
                continue
            ended, status = os.waitpid(worker.pid, os.WNOHANG)
            if ended:
                worker.pid = None
                if not self._stopping:
                    self._plan_restart(worker, os.waitstatus_to_exitcode(status))

    def _plan_restart(self, worker: _Worker, code: int) -> None:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        if self._ready == 0 and code > 0:
            typer.echo(f"worker {worker.number} could not start ({how}); giving up", err=True)
            self._stopping, self._given_up = True, code
            return
        lived = time.monotonic() - worker.started
        worker.pause = 0.0 if lived > _STEADY else min(max(_FIRST_PAUSE, worker.pause * 2), _LONGEST_PAUSE)
        worker.restart_at = time.monotonic() + worker.pause
        typer.echo(f"worker {worker.number} ended ({how}); starting again in {worker.pause:g} s", err=True)

    def _signal(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, number)

    def _drain(self, wake: int) -> None:
        self._stopping = True
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + _DRAIN
        while any(worker.pid is not None for worker in self._workers):
            if time.monotonic() > deadline or self._urged(wake):
                self._signal(signal.SIGKILL)
            self._collect()

    def _urged(self, wake: int) -> bool:
        """Wait a moment for a signal to end at once."""
        if not select.select([wake], [], [], _MOMENT)[0]:
            return False
        return any(byte in (signal.SIGTERM, signal.SIGINT) for byte in os.read(wake, 256))


def _leave_it_to_the_pipe(number: int, frame: FrameType | None) -> None:
    """Signals are handled in the supervisor's loop, which reads their numbers from the wake-up pipe."""


def _say_ready(notify: int) -> None:
    with contextlib.suppress(OSError):
        os.write(notify, bytes([_READY]))


def _follow_parent(follow: Callable[[], None]) -> None:
    """Make this worker end when its parent is killed."""
    if sys.platform == "linux":
        follow()
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
