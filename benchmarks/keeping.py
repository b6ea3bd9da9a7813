"""Databases and gateways that keep answers."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from benchmarks.servers import Server
from gateway.policies import Application, apply_set, read_set
from gateway.policies.plan import Loss

_PATIENCE = 20.0


async def apply_files(dsn: str, folder: Path) -> None:
    """Make a database enforce policy files. `dsn` is its owner's."""
    connection = await asyncpg.connect(dsn)
    try:
        await apply_set(connection, Application(read_set(folder), "benchmarks", allow=list(Loss)))
        await connection.execute("analyze")
    finally:
        await connection.close()


def wait_for_hits(server: Server, path: str, headers: Mapping[str, str]) -> None:
    """Return when the gateway answers a read from its cache: that takes a lease, and a look at the database."""
    deadline, status = time.monotonic() + _PATIENCE, None
    while time.monotonic() < deadline:
        status = fetch(server, path, headers)[1]
        if status is not None and "hit" in status:
            return
        time.sleep(0.1)
    raise SystemExit(f"{server.name} does not answer {path} from its cache; it says {status}")


def fetch(server: Server, path: str, headers: Mapping[str, str]) -> tuple[bytes, str | None]:
    """Body and Cache-Status of an answer. Ends the program if it is no success."""
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return answer.read(), answer.headers.get("Cache-Status")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{server.name}, {path}: {error.code} {error.read()[:400]!r}") from None
