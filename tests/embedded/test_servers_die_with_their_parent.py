"""However the parent ends, no server is left behind, and the next start finds its data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from gateway.embedded import EmbeddedPostgres, EmbeddedValkey, remove_directory
from tests.embedded.conftest import copy_cluster

PARENT = """
import sys, threading, time
from pathlib import Path
from gateway.embedded import EmbeddedPostgres, EmbeddedValkey
servers = []
def start():
    servers.append(EmbeddedPostgres(Path(sys.argv[1]) / "postgres", durability=False).start())
    servers.append(EmbeddedValkey(Path(sys.argv[1]) / "valkey").start())
if sys.argv[2] == "thread":
    worker = threading.Thread(target=start)
    worker.start()
    worker.join()
else:
    start()
print(*(server.pid for server in servers), flush=True)
if sys.argv[3] == "wait":
    time.sleep(60)
elif sys.argv[3] == "crash":
    raise SystemExit("gone without a word to the servers")
"""


@pytest.fixture
def ready_home(home: Path, made_cluster: Path) -> Path:
    """Of a parent that has run before."""
    copy_cluster(made_cluster, home / "postgres")
    return home


@pytest.fixture
def home(server_directory: Path) -> Iterator[Path]:
    directory = server_directory / "parents"
    directory.mkdir()
    yield directory
    for name in ("postgres", "valkey"):
        remove_directory(directory / name)
    directory.rmdir()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def parent(home: Path, thread: str, end: str) -> tuple[subprocess.Popen[str], list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(home), thread, end],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


def gone(pids: list[int], within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while any(alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("thread", ["main", "thread"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_parent_killed(ready_home: Path, thread: str, number: signal.Signals) -> None:
    process, pids = parent(ready_home, thread, "wait")
    assert len(pids) == 2
    time.sleep(0.2)
    assert all(alive(pid) for pid in pids), "a server must outlive the thread that started it"
    process.send_signal(number)
    process.wait()
    assert gone(pids)


@pytest.mark.parametrize("end", ["crash", "return"])
def test_parent_ends_without_stopping_them(ready_home: Path, end: str) -> None:
    process, pids = parent(ready_home, "main", end)
    process.wait()
    assert len(pids) == 2
    assert gone(pids)


async def test_data_survives_the_parents_kill(ready_home: Path) -> None:
    process, pids = parent(ready_home, "main", "wait")
    with pytest.raises(Exception, match="in use by process"):
        EmbeddedPostgres(ready_home / "postgres").start()
    process.kill()
    process.wait()
    with EmbeddedPostgres(ready_home / "postgres") as postgres, EmbeddedValkey(ready_home / "valkey") as valkey:
        assert {postgres.pid, valkey.pid}.isdisjoint(pids)
        connection = await asyncpg.connect(postgres.dsn())
        await connection.execute("create table kept as select 1 as one")
        await connection.close()
        os.kill(postgres.pid, signal.SIGKILL)
        os.kill(valkey.pid, signal.SIGKILL)
        port = postgres.port
        assert gone([postgres.pid, valkey.pid]) or not (postgres.running or valkey.running)
        postgres.start()
        valkey.start()
        assert postgres.port == port
        connection = await asyncpg.connect(postgres.dsn())
        assert await connection.fetchval("select one from kept") == 1
        await connection.close()


@pytest.mark.parametrize("after", [0.1, 0.15, 0.2, 0.3, 0.4])
async def test_killed_at_any_moment_of_the_first_start(home: Path, after: float) -> None:
    """Also while initdb runs, which cleans up after itself in its own time."""
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(home), "main", "wait"], stdout=subprocess.DEVNULL)
    time.sleep(after)
    process.kill()
    process.wait()
    with EmbeddedPostgres(home / "postgres") as postgres:
        connection = await asyncpg.connect(postgres.dsn())
        assert await connection.fetchval("select 1") == 1
        await connection.close()
