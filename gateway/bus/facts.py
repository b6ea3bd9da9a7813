"""What all instances agree on: short texts by name, remembered under the lease.

Redis keeps the facts, and each instance remembers those it has asked for. A change is told to everybody, and it is
complete when no instance can remember anything else: each has confirmed it, or its lease has run out, or it began a new
epoch and so forgot everything. Whoever looks at what it remembers afterwards, under a live lease, sees the change.

Changes are set and published by one script, so all instances hear them in one order, the one who told it too. What is
learned from an answer never replaces what was heard, and nothing learned in one epoch counts in the next.

A *notice* is told in the same way and kept by nobody: whoever listens hears it before the change is complete, or
begins a new epoch, in which it must not trust what it heard in the last one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from gateway.bus.errors import BusError, BusUnavailable, Reason
from gateway.bus.events import Event, Message
from gateway.bus.lease import Lease
from gateway.bus.terms import Members, Terms, outstanding

_log = logging.getLogger(__name__)

_MOST: Final = 100_000
_LOOK: Final = 0.2
"""Seconds without a confirmation after which it is asked who still holds a lease."""

Tell = Callable[[str, Mapping[str, str]], Awaitable[Members]]
Learn = Callable[[Mapping[str, str]], Awaitable[Sequence[str]]]
Confirm = Callable[[str, str], Awaitable[None]]


class _Change:
    """Facts that are told together."""

    __slots__ = ("facts", "heard", "notices", "number", "progress", "task", "waiting")

    def __init__(self, number: int) -> None:
        self.number = number
        self.facts: dict[str, str] = {}
        self.notices: list[str] = []
        self.heard: set[str] = set()
        self.progress = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.waiting: list[asyncio.Future[None]] = []

    def done(self, task: asyncio.Task[None]) -> None:
        """Tell those who wait for it; there may be nobody left."""
        failure = BusUnavailable(Reason.STOPPED) if task.cancelled() else task.exception()
        for future in self.waiting:
            if future.done():  # cancelled
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)


class Facts:
    """See the module. `announcements` and `confirmations` are the channels that this instance must hear."""

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        instance: str,
        lease: Lease,
        terms: Terms,
        tell: Tell,
        learn: Learn,
        confirm: Confirm,
        members: Callable[[], Awaitable[Members]],
    ) -> None:
        self._instance = instance
        self._lease = lease
        self._terms = terms
        self._ask_to_tell = tell
        self._ask_to_learn = learn
        self._confirm = confirm
        self._members = members
        self._known: dict[str, str] = {}
        self._epoch: int | None = None
        self._version = 0
        self._numbers = 0
        self._open: _Change | None = None
        self._told: dict[int, _Change] = {}
        self._sending = asyncio.Lock()
        self._owed: dict[str, list[int]] = {}
        self._confirming: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[str], None]] = []
        self.changes = 0
        self.confirmations = 0

    @property
    def version(self) -> int | None:
        """A number that is another one whenever anything that is remembered may have changed; None without a live
        lease. While it is the same, what `known` answered still holds."""
        return self._version if self._current() is not None else None

    def known(self, names: Sequence[str]) -> tuple[str, ...] | None:
        """The facts, as of now; None without a live lease, or if one of them is not remembered."""
        if self._current() is None:
            return None
        try:
            return tuple([self._known[name] for name in names])
        except KeyError:
            return None

    async def learn(self, candidates: Mapping[str, str]) -> None:
        """Ask for facts, to remember them. Those that nobody knows become what is given here. Raises BusError."""
        epoch = self._current()
        if epoch is None:
            raise BusUnavailable(Reason.CONNECTING, details="there is no lease")
        values = await self._ask_to_learn(candidates)
        if self._current() != epoch:
            return
        for name, value in zip(candidates, values, strict=True):
            self._known.setdefault(name, value)

    def listen(self, hear: Callable[[str], None]) -> None:
        """Call `hear` with each notice, this instance's own too. It must be quick, and must not fail."""
        self._listeners.append(hear)

    async def tell(self, facts: Mapping[str, str], notices: Sequence[str] = ()) -> None:
        """Change facts everywhere. Returns when no instance remembers others, and all have heard the notices or begun a
        new epoch; raises BusError if that is not certain.

        Changes that are told while another one is being sent travel together. One that is under way goes on if
        whoever waits for it is cancelled.
        """
        change = self._open
        if change is None:
            self._numbers += 1
            change = self._open = self._told[self._numbers] = _Change(self._numbers)
            change.task = asyncio.create_task(self._carry_out(change), name="redis facts change")
            change.task.add_done_callback(change.done)
        change.facts.update(facts)
        change.notices.extend(notices)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        change.waiting.append(future)
        await future

    async def stop(self) -> None:
        """End what is under way."""
        tasks = [change.task for change in self._told.values() if change.task is not None]
        if self._confirming is not None:
            tasks.append(self._confirming)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def hear_change(self, event: Event) -> None:
        """Somebody has told facts."""
        if not isinstance(event, Message):
            return
        message: dict[str, Any] = orjson.loads(event.payload)
        facts: dict[str, str] = message["facts"]
        self._current()
        # Also without a live lease: it may be renewed while the server still counts it, and then the epoch goes on.
        self._known.update(facts)
        self._version += bool(facts)
        self.changes += 1
        for notice in message.get("notices", ()):
            for hear in self._listeners:
                hear(notice)
        teller, number = message["by"], message["number"]
        if teller == self._instance:
            self._heard(number, self._instance)
            return
        self._owed.setdefault(teller, []).append(number)
        if self._confirming is None or self._confirming.done():
            self._confirming = asyncio.create_task(self._confirm_all(), name="redis facts confirmation")

    def hear_confirmation(self, event: Event) -> None:
        """Another instance has heard what this one told."""
        if isinstance(event, Message):
            message: dict[str, Any] = orjson.loads(event.payload)
            for number in message["numbers"]:
                self._heard(number, message["by"])

    def _heard(self, number: int, instance: str) -> None:
        change = self._told.get(number)
        if change is not None:
            self.confirmations += 1
            change.heard.add(instance)
            change.progress.set()

    async def _carry_out(self, change: _Change) -> None:
        try:
            async with asyncio.timeout(3 * self._terms.term):
                async with self._sending:
                    self._open = None
                    message: dict[str, Any] = {
                        "by": self._instance,
                        "number": change.number,
                        "facts": change.facts,
                    }
                    if change.notices:
                        message["notices"] = change.notices
                    seen = await self._ask_to_tell(orjson.dumps(message).decode(), change.facts)
                await self._wait(change, seen)
        except TimeoutError:
            raise BusUnavailable(Reason.TIMEOUT, details="an instance neither confirms nor loses its lease") from None
        finally:
            if self._open is change:
                self._open = None
            del self._told[change.number]

    async def _wait(self, change: _Change, seen: Members) -> None:
        loop = asyncio.get_running_loop()
        settled = loop.time() + seen.unsettled
        left = self._left(change, seen, seen)
        while left:
            change.progress.clear()
            now: Members | None = None
            try:
                async with asyncio.timeout(_LOOK):
                    await change.progress.wait()
            except TimeoutError:
                now = await self._members()
                settled = max(settled, loop.time() + now.unsettled)
            left = self._left(change, seen, now or seen) & left
        # Holders that the server has forgotten cannot confirm; their leases run out.
        if settled > loop.time():
            await asyncio.sleep(settled - loop.time())

    def _left(self, change: _Change, seen: Members, now: Members) -> frozenset[str]:
        left = outstanding(seen, change.heard, now)
        own, epoch = seen.holdings.get(self._instance), self._lease.epoch
        # A lease that is not live now may be renewed and its epoch go on; another epoch has forgotten everything.
        if own is not None and epoch is not None and epoch != own.epoch:
            return left - {self._instance}
        return left

    async def _confirm_all(self) -> None:
        while self._owed:
            teller, numbers = self._owed.popitem()
            try:
                await self._confirm(teller, orjson.dumps({"by": self._instance, "numbers": numbers}).decode())
            except BusError:
                # Nobody shall wait for a confirmation that may never come: a new epoch says the same.
                self._lease.renounce()

    def _current(self) -> int | None:
        """The epoch of what is remembered; what there was of another one is forgotten."""
        epoch = self._lease.epoch
        if epoch is not None and (epoch != self._epoch or len(self._known) > _MOST):
            self._known.clear()
            self._epoch = epoch
            self._version += 1
        return epoch
