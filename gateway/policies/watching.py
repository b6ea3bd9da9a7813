"""Applies policy files whenever they are saved. A bad file changes nothing, and is said in words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import asyncpg
import structlog
from watchfiles import Change, awatch  # pyright: ignore[reportUnknownVariableType]

from gateway.policies.files import read_set
from gateway.policies.plan import Application, ApplyError, Plan, apply, lines, summary
from gateway.policies.problems import PolicyError

_DEBOUNCE: Final = 100
"""Milliseconds without another change after which a save counts as finished: editors write in several steps."""
_PAUSE: Final = 1.0
_SAID: Final = 10
"""Changes that are logged one by one; the audit table has all."""
_SUFFIXES: Final = (".yaml", ".yml")


logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it counts changes aloud


class PolicyWatch:
    """Watches one folder for one database."""

    def __init__(self, folder: Path, connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]) -> None:
        """`connect` opens a connection as the owner; it is closed after each apply."""
        self._folder = folder
        self._connect = connect
        self._log = structlog.get_logger("gateway.policies")
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Apply what is there, then watch. A fault is logged, and not raised: the policies in force hold."""
        await self._apply()
        self._task = asyncio.create_task(self._run(), name="policy watch")

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                # The folder, not its files: editors and mounted configurations replace files.
                async for _ in awatch(
                    self._folder, debounce=_DEBOUNCE * 8, step=_DEBOUNCE, stop_event=self._stopping, watch_filter=_ours
                ):
                    await self._apply()
            except OSError as error:
                self._log.error("the policy files cannot be watched", folder=str(self._folder), reason=str(error))
                await asyncio.sleep(_PAUSE)

    async def _apply(self) -> None:
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
        except (ApplyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            self._log.error("the policy files were not applied; the old policies hold", reason=str(error))
        else:
            self._say(plan)

    def _say(self, plan: Plan) -> None:
        said = lines(plan.changes)
        for line in said[:_SAID]:
            self._log.info("policy applied", change=line)
        if said:
            self._log.info("the policy files are in force", plan=plan.digest, summary=summary(plan.changes))


def _ours(_: Change, path: str) -> bool:
    return path.lower().endswith(_SUFFIXES)
