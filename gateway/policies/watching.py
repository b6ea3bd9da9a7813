"""Applies policy files whenever they are saved. A bad file changes nothing, and is said in words."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import asyncpg
import structlog
from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType]

from gateway.policies.files import read_set
from gateway.policies.plan import Application, ApplyError, Interrupted, Plan, apply, lines, summary
from gateway.policies.problems import PolicyError

_DEBOUNCE: Final = 100
"""Milliseconds without another change after which a save counts as finished: editors write in several steps."""
_PAUSE: Final = 2.0
"""Seconds between looks at the folder when nothing was heard of it, and between attempts when the database failed."""
_SAID: Final = 10
"""Changes that are logged one by one; the audit table has all."""
_SUFFIXES: Final = (".yaml", ".yml")

logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it counts changes aloud

_Look = tuple[tuple[int, int], frozenset[tuple[str, int, int, int]]]
"""Which folder it is, and its files: name, inode, size and time of the last change."""


class PolicyWatch:
    """Watches one folder for one database."""

    def __init__(self, folder: Path, connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]) -> None:
        """`connect` opens a connection as the owner; it is closed after each apply."""
        self._folder = folder
        self._connect = connect
        self._log = structlog.get_logger("gateway.policies")
        self._task: asyncio.Task[None] | None = None
        self._seen: _Look | None = None
        self._failed = ""

    async def start(self) -> None:
        """Apply what is there, then watch. A fault is logged, and not raised: the policies in force hold."""
        self._seen = await asyncio.to_thread(_look, self._folder)
        await self._apply()
        self._task = asyncio.create_task(self._run(), name="policy watch")

    async def stop(self) -> None:
        """An apply that is running is undone, so that nobody waits for its locks."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except OSError as error:
                self._log.error("the policy files cannot be watched", folder=str(self._folder), reason=str(error))
            await asyncio.sleep(_PAUSE)
            await self._apply_if_changed()

    async def _follow(self) -> None:
        """Applies what changes in the folder, until another folder has its name."""
        folder = self._seen[0] if self._seen is not None else None
        if folder is None:
            return
        # Every event makes us look, whatever it is about: folders are renamed and links led elsewhere. So does silence:
        # nothing is heard of a folder that was replaced, or from some network file systems.
        heard = awatch(
            self._folder,
            watch_filter=None,
            debounce=_DEBOUNCE * 8,
            step=_DEBOUNCE,
            rust_timeout=int(_PAUSE * 1000),
            yield_on_timeout=True,
        )
        async for _ in heard:
            await self._apply_if_changed()
            if self._seen is None or self._seen[0] != folder:
                return

    async def _apply_if_changed(self) -> None:
        seen = await asyncio.to_thread(_look, self._folder)
        if seen != self._seen or self._failed:
            self._seen = seen
            await self._apply()

    async def _apply(self) -> None:
        failed = ""
        try:
            policy_set = await asyncio.to_thread(read_set, self._folder)
            connection = await self._connect()
            try:
                plan = await apply(connection, Application(policy_set, "saved file"))
            finally:
                await connection.close()
        except PolicyError as error:
            for problem in error.problems:
                said = {"fix": problem.fix} if problem.fix else {}
                self._log.error("a policy file is wrong; the old policies hold", problem=str(problem), **said)
        except (Interrupted, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            failed = str(error) or type(error).__name__
            if failed != self._failed:
                self._log.error("the policy files were not applied; it is tried again", reason=failed)
        except ApplyError as error:
            self._log.error("the policy files were not applied; the old policies hold", reason=str(error))
        except Exception as error:  # noqa: BLE001 - or saving would have no effect from then on
            self._log.exception("the policy files were not applied; the old policies hold", reason=str(error))
        else:
            self._say(plan)
        self._failed = failed

    def _say(self, plan: Plan) -> None:
        said = lines(plan.changes)
        for line in said[:_SAID]:
            self._log.info("policy applied", change=line)
        if said:
            self._log.info("the policy files are in force", plan=plan.digest, summary=summary(plan.changes))


def _look(folder: Path) -> _Look | None:
    """What can be told of the folder without reading its files; None where there is none."""
    try:
        root = folder.stat()
        found: set[tuple[str, int, int, int]] = set()
        for place, _, names in os.walk(folder):
            for path in (Path(place, name) for name in names if name.lower().endswith(_SUFFIXES)):
                found.add((str(path), *_state(path)))
    except OSError:
        return None
    return (root.st_dev, root.st_ino), frozenset(found)


def _state(path: Path) -> tuple[int, int, int]:
    try:
        state = path.stat()
    except OSError:  # a link that leads nowhere, or a file that is just going
        return 0, 0, 0
    return state.st_ino, state.st_size, state.st_mtime_ns
