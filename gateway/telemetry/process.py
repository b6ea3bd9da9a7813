"""What this process uses, under the names that Prometheus's own clients give it."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.telemetry.exposition import Reading

_PROC: Final = Path("/proc/self")
_START_FIELD: Final = 19
"""Of `/proc/self/stat` after the name in parentheses: ticks since boot at which the process started (proc(5))."""


def process_readings() -> Iterator[Reading]:
    """Processor time and limits anywhere; memory, descriptors and start where `/proc` is Linux's."""
    times = os.times()
    yield Reading("process_cpu_seconds_total", (), times.user + times.system)
    yield Reading("process_max_fds", (), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    try:
        pages = int((_PROC / "statm").read_text().split()[1])
        ticks = int((_PROC / "stat").read_text().rpartition(")")[2].split()[_START_FIELD])
        descriptors = len(os.listdir(_PROC / "fd"))
    except (OSError, IndexError, ValueError):
        return
    yield Reading("process_resident_memory_bytes", (), pages * os.sysconf("SC_PAGE_SIZE"))
    yield Reading("process_open_fds", (), descriptors)
    running = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    yield Reading("process_start_time_seconds", (), round(time.time() - running, 2))
