"""`passerelle serve` as the checker runs it: `python -m tests.chaos.served serve`.

The same command, but that connections to Redis go through a `line` (`CHAOS_LINE`, a port), and that a bug can be
planted first (`PASSERELLE_TEST_PLANT`, a name of `planted.PLANTS`).
"""

from __future__ import annotations

import asyncio
import os
from typing import Any


def through(line: int) -> None:
    """Lead what redis-py opens through the line."""
    open_connection = asyncio.open_connection

    async def redirected(host: Any = None, port: Any = None, **options: Any) -> Any:
        reader, writer = await open_connection("127.0.0.1", line, **options)
        writer.write(f"{host}:{port}\n".encode())
        return reader, writer

    asyncio.open_connection = redirected  # type: ignore[assignment]


def main() -> None:
    if line := os.environ.get("CHAOS_LINE"):
        through(int(line))
    if plant := os.environ.get("PASSERELLE_TEST_PLANT"):
        from tests.chaos.planted import PLANTS

        PLANTS[plant]()
    from gateway.cli import main as command

    command()


if __name__ == "__main__":
    main()
