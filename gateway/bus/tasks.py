"""Tasks end when their owner says so."""

from __future__ import annotations

import asyncio
from typing import Any, Final

_AGAIN: Final = 0.5


async def end(task: asyncio.Task[Any] | None) -> None:
    """Cancel a task and wait until it has ended. It is told again: until Python 3.12 `asyncio.wait_for`, which redis-py
    uses, forgets a cancellation that comes together with its result."""
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=_AGAIN)
