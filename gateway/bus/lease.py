"""An instance's own lease: whether it may trust what it remembers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from math import inf
from typing import Final

from gateway.bus.errors import BusError
from gateway.bus.tasks import end
from gateway.bus.terms import Terms

_log = logging.getLogger(__name__)

_HELD, _INTERRUPTED = 1, 0
_FAREWELL: Final = 0.5

Hold = Callable[[int, bool], Awaitable[int]]
"""Asks the server for the lease of an epoch; the flag says that the epoch is new. The answer is lease.lua's verdict."""


class Lease:
    """Kept alive by a task of its own, while this instance also hears every channel.

    `epoch` is a number while the lease is live, else None. It is compared with the clock each time, so it is None at
    once after a pause of the process, however long ago the last renewal was due. What was remembered under one epoch
    may be trusted while `epoch` is that number: since then this instance was counted by every reader of the members,
    and missed no message. A new epoch begins whenever that was not so.
    """

    def __init__(
        self,
        hold: Hold,
        release: Callable[[int], Awaitable[object]],
        *,
        terms: Terms,
        clock: Callable[[], float],
    ) -> None:
        self._hold = hold
        self._release = release
        self._terms = terms
        self._clock = clock
        self._epoch = 0
        self._deadline = -inf
        self._hearing = False
        self._fresh = True
        self._owed = False
        self._changed = asyncio.Event()
        self._granted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.problem: str | None = None
        self.renewals = 0
        self.interruptions = 0

    @property
    def live(self) -> bool:
        """Whether this instance may trust what it remembers, now."""
        return self._clock() < self._deadline

    @property
    def epoch(self) -> int | None:
        """The epoch if the lease is live."""
        return self._epoch if self._clock() < self._deadline else None

    async def granted(self) -> None:
        """Return when the lease is live."""
        while not self.live:
            self._granted.clear()
            await self._granted.wait()

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name="redis lease")

    async def stop(self) -> None:
        """Give the lease back, if the server can be told."""
        await end(self._task)
        self._task = None
        self.renounce()
        await self._give_back()

    def renounce(self) -> None:
        """End the epoch now. For whoever missed something; what was remembered is then worth nothing."""
        if not self._fresh:
            self.interruptions += 1
        self._deadline = -inf
        self._fresh = True
        self._changed.set()

    def hearing(self, hears: bool) -> None:
        """Tell whether this instance hears every channel."""
        self._hearing = hears
        self.renounce()

    async def _keep(self) -> None:
        while True:
            self._changed.clear()
            if self._hearing:
                await self._renew()
            else:
                await self._give_back()  # so that nobody waits for what this instance would never hear
            pause = self._terms.renewal * (0.8 + 0.4 * random.random()) if self._hearing else None  # noqa: S311
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    async def _give_back(self) -> None:
        if not self._owed:
            return
        self._owed = False
        with contextlib.suppress(BusError, TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._release(self._epoch)

    async def _renew(self) -> None:
        if self._fresh:
            self._epoch += 1
            self._fresh = False
            fresh = True
        else:
            fresh = self._deadline == -inf  # nobody has confirmed this epoch yet
        epoch, asked = self._epoch, self._clock()
        self._owed = True
        try:
            async with asyncio.timeout(self._terms.term - self._terms.grace):  # after that the answer is worth nothing
                verdict = await self._hold(epoch, fresh)
        except Exception as error:  # noqa: BLE001 - whatever it is, this task goes on; the lease runs out by itself
            self.problem = str(error.details or error) if isinstance(error, BusError) else type(error).__name__
            _log.debug("the lease was not renewed", exc_info=error)
            return
        self.problem = None
        if self._fresh or epoch != self._epoch:
            return  # renounced while the server was asked
        if verdict == _HELD:
            self._deadline = self._terms.deadline(asked)
            self.renewals += 1
            self._granted.set()
        elif verdict == _INTERRUPTED:
            _log.info("the lease was interrupted; a new epoch begins")
            self.renounce()
        else:
            self.problem = "too many instances"
            _log.warning("too many instances hold leases; this one goes without")
