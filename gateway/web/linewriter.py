"""Log lines written by a thread of their own, so that a slow reader of the log never holds up a request."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from typing import Final

_INTERVAL: Final = 0.1
_PATIENCE: Final = 1.0
_ATOMIC: Final = getattr(select, "PIPE_BUF", 512)
"""Bytes that a pipe takes in one piece (POSIX, `write`): lines of several processes never mix."""


class LineWriter:
    """Writes lines to a file descriptor, about every 100 ms, in whole lines of at most PIPE_BUF bytes at a time.

    At most `limit` lines wait. Overflow policy: while that many wait, newer lines are dropped and counted in `dropped`,
    as are lines that cannot be written. The thread starts with the first line, so after any fork.
    """

    def __init__(self, descriptor: int, *, limit: int = 10_000) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._lines: deque[bytes] = deque()
        self._pending = False
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def write(self, line: bytes) -> None:
        """Have `line` written soon; it ends with a line feed. Never waits."""
        lines = self._lines
        if len(lines) >= self._limit:
            self.dropped += 1
            return
        lines.append(line)
        if not self._pending:
            self._pending = True
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write what waits, within a second, and stop."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._closing.wait(_INTERVAL)  # lines that come meanwhile share a system call
            self._wake.clear()
            self._pending = False
            self._write_all()
            if self._closing.is_set() and not self._lines:
                return

    def _write_all(self) -> None:
        lines = self._lines
        portion: list[bytes] = []
        size = 0
        while lines:
            line = lines.popleft()
            if portion and size + len(line) > _ATOMIC:
                self._write(portion)
                portion, size = [], 0
            portion.append(line)
            size += len(line)
        if portion:
            self._write(portion)

    def _write(self, portion: list[bytes]) -> None:
        data = b"".join(portion)
        try:
            while data:
                data = data[self._write_some(data) :]
        except OSError:
            self.dropped += len(portion)

    def _write_some(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:  # whoever shares the descriptor made it non-blocking
            select.select([], [self._descriptor], [], _PATIENCE)
            return 0
