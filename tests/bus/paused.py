"""A process with a lease that a test pauses: tells its lease every millisecond, from a thread of its own."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

from gateway.bus import open_bus
from tests.bus.conftest import HASTY


def tell(read: object, stop: threading.Event) -> None:
    while not stop.is_set():
        print(f"{time.monotonic():.6f} {read()}", flush=True)  # type: ignore[operator]
        time.sleep(0.001)


async def main(url: str) -> None:
    bus = open_bus(url, terms=HASTY)
    await bus.start(patience=5)
    stop = threading.Event()
    thread = threading.Thread(target=tell, args=(lambda: bus.lease.epoch, stop))
    thread.start()
    # Time passes while it is paused, so it counts the turns of its loop instead.
    for _ in range(60):
        await asyncio.sleep(0.01)
    stop.set()
    thread.join()
    await bus.stop()


asyncio.run(main(sys.argv[1]))
