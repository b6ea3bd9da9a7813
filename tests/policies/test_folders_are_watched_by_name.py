"""Whatever way files come to have their names, they take effect: renamed folders, links led elsewhere, databases that
come back."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from gateway.policies import watching
from gateway.policies.watching import PolicyWatch
from tests.policies.conftest import TODOS, TODOS_FILE

PAUSE = 0.5


def named(name: str) -> str:
    return TODOS_FILE.replace("name: own", f"name: {name}")


class Watched:
    """A folder `policies` in `base` that is watched; `connect` may be replaced."""

    def __init__(self, base: Path, dsn: str, owner: asyncpg.Connection) -> None:
        self.base = base
        self.folder = base / "policies"
        self.dsn = dsn
        self.owner = owner
        self.connect: Callable[[], Awaitable[asyncpg.Connection]] = self.connected
        self.watch = PolicyWatch(self.folder, self._connect)

    async def _connect(self) -> asyncpg.Connection:
        return await self.connect()

    async def connected(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn, statement_cache_size=0)

    async def names(self) -> list[str]:
        return [row[0] for row in await self.owner.fetch("select polname::text from pg_policy order by 1")]

    async def becomes(self, *names: str, within: float = 10.0) -> None:
        deadline = time.monotonic() + within
        while await self.names() != list(names):
            assert time.monotonic() < deadline, await self.names()
            await asyncio.sleep(0.02)


@pytest.fixture
async def watched(
    policy_database: str, owner: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Watched]:
    monkeypatch.setattr(watching, "_PAUSE", PAUSE)
    await owner.execute(TODOS)
    it = Watched(tmp_path, policy_database, owner)
    yield it
    await it.watch.stop()


def plain(base: Path) -> None:
    (base / "policies").mkdir()
    (base / "policies/todos.yaml").write_text(named("own"))


def nested(base: Path) -> None:
    (base / "policies/sub").mkdir(parents=True)
    (base / "policies/sub/todos.yaml").write_text(named("own"))


def linked(base: Path) -> None:
    (base / "one").mkdir()
    (base / "one/todos.yaml").write_text(named("own"))
    (base / "policies").symlink_to("one")


def mounted(base: Path) -> None:
    """As Kubernetes mounts a ConfigMap."""
    (base / "policies/..one").mkdir(parents=True)
    (base / "policies/..one/todos.yaml").write_text(named("own"))
    (base / "policies/..data").symlink_to("..one")
    (base / "policies/todos.yaml").symlink_to("..data/todos.yaml")


async def removed_and_made_again(base: Path) -> None:
    shutil.rmtree(base / "policies")
    await asyncio.sleep(0.5)
    (base / "policies").mkdir()
    (base / "policies/todos.yaml").write_text(named("new"))


async def another_folder_takes_the_name(base: Path) -> None:
    (base / "two").mkdir()
    (base / "two/todos.yaml").write_text(named("new"))
    (base / "policies").rename(base / "old")
    (base / "two").rename(base / "policies")


async def the_link_leads_elsewhere(base: Path) -> None:
    (base / "two").mkdir()
    (base / "two/todos.yaml").write_text(named("new"))
    (base / "link").symlink_to("two")
    (base / "link").rename(base / "policies")


async def the_mount_is_switched(base: Path) -> None:
    (base / "policies/..two").mkdir()
    (base / "policies/..two/todos.yaml").write_text(named("new"))
    await asyncio.sleep(0.5)
    (base / "policies/..next").symlink_to("..two")
    (base / "policies/..next").rename(base / "policies/..data")


async def a_folder_is_moved_in(base: Path) -> None:
    (base / "two").mkdir()
    (base / "two/todos.yaml").write_text(named("new"))
    (base / "policies/sub").rename(base / "old")
    (base / "two").rename(base / "policies/sub")


WAYS = [
    (plain, removed_and_made_again),
    (plain, another_folder_takes_the_name),
    (linked, the_link_leads_elsewhere),
    (mounted, the_mount_is_switched),
    (nested, a_folder_is_moved_in),
]


@pytest.mark.parametrize(("made", "changed"), WAYS, ids=[changed.__name__ for _, changed in WAYS])
async def test_ways_to_save(
    watched: Watched, made: Callable[[Path], None], changed: Callable[[Path], Awaitable[None]]
) -> None:
    made(watched.base)
    await watched.watch.start()
    await watched.becomes("own")
    await asyncio.sleep(0.3)
    await changed(watched.base)
    await watched.becomes("new")
    next(watched.folder.rglob("todos.yaml")).write_text(named("newer"))
    await watched.becomes("newer")


async def test_a_database_that_comes_back(watched: Watched) -> None:
    """The file was saved while it was away: nobody has to save it again, and its absence is said once."""
    plain(watched.base)
    await watched.watch.start()

    attempts, thrice = itertools.count(1), asyncio.Event()

    async def refused() -> asyncpg.Connection:
        if next(attempts) == 3:
            thrice.set()
        raise ConnectionRefusedError("nobody there")

    watched.connect = refused
    with capture_logs() as logged:
        (watched.folder / "todos.yaml").write_text(named("new"))
        await asyncio.wait_for(thrice.wait(), 20)
        watched.connect = watched.connected
        await watched.becomes("new")
    assert [entry["reason"] for entry in logged if entry["log_level"] == "error"] == ["nobody there"]


async def test_a_file_saved_while_the_watch_starts(watched: Watched) -> None:
    plain(watched.base)
    await watched.watch.start()
    (watched.folder / "todos.yaml").write_text(named("new"))
    await watched.becomes("new")


async def test_a_fault_does_not_end_the_watch(watched: Watched) -> None:
    plain(watched.base)
    await watched.watch.start()

    called = asyncio.Event()

    async def faulty() -> asyncpg.Connection:
        called.set()
        raise ValueError("a fault of ours")

    watched.connect = faulty
    (watched.folder / "todos.yaml").write_text(named("new"))
    await asyncio.wait_for(called.wait(), 6.0)
    watched.connect = watched.connected
    (watched.folder / "todos.yaml").write_text(named("newer"))
    await watched.becomes("newer")


async def test_stopping_does_not_wait_for_locks(watched: Watched) -> None:
    plain(watched.base)
    await watched.watch.start()
    other = await watched.connected()
    await other.execute("begin; lock table todos in access exclusive mode")
    (watched.folder / "todos.yaml").write_text(named("new"))
    waiting = "select count(*) from pg_locks where not granted and relation = 'todos'::regclass"
    for _ in range(200):
        if await watched.owner.fetchval(waiting):
            break
        await asyncio.sleep(0.02)
    started = time.monotonic()
    await watched.watch.stop()
    assert time.monotonic() - started < 1.0
    await other.close()
    await asyncio.sleep(0.2)
    assert await watched.names() == ["own"]
