"""A master that Sentinels watch over."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable
from typing import Any, Final

from gateway.bus.connection import Connection, ask_master, make_sentinel, open_connection
from gateway.bus.errors import BusUnavailable, Reason
from gateway.bus.node import Node, NodeStatus
from gateway.bus.tasks import end
from gateway.bus.topology import BACKOFF, Changed
from gateway.redisurl import Address, Place

_log = logging.getLogger(__name__)

_INTERVAL: Final = 1.0


class Sentinels:
    """A Topology of the current master. Each new connection asks for it, and so does a task once a second.

    When it is another one, connections to the former master are dropped: it may answer for a while yet.
    """

    def __init__(self, address: Address, changed: Changed) -> None:
        self.address = address
        self._sentinel = make_sentinel(address)
        self._master: Place | None = None
        self._asking: asyncio.Task[Place] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._node = Node(
            self._open,
            name=f"the master of {address.service}",
            lanes=address.connections,
            timeout=address.timeout,
            changed=changed,
            backoff=BACKOFF,
        )

    @property
    def problem(self) -> BusUnavailable | None:
        return self._node.problem

    def start(self) -> None:
        self._node.start()
        self._watcher = asyncio.create_task(self._watch(), name="redis sentinels")

    async def stop(self) -> None:
        await end(self._watcher)
        await end(self._asking)
        await self._node.stop()
        await self._sentinel.aclose()

    def call(self, packed: bytes, key: str | None = None) -> Awaitable[Any]:
        return self._node.lane(key).submit(packed)

    async def anchor(self) -> Place:
        return self._master or await self._ask()

    def status(self) -> tuple[NodeStatus, ...]:
        return (self._node.status(),)

    async def _open(self) -> Connection:
        return await open_connection(self.address, await self._ask())

    async def _ask(self) -> Place:
        """Where the master is. Those who ask at the same time share one question."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(ask_master(self._sentinel, self.address), name="redis sentinel query")
            self._asking.add_done_callback(_retrieve)
        master = await asyncio.shield(self._asking)
        if master != self._master:
            former, self._master = self._master, master
            if former is not None:
                _log.warning("the Sentinels name %s instead of %s as master", master, former)
                self._node.give_up(Reason.MOVED)
        return master

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL * (0.75 + random.random() / 2))  # noqa: S311 - only to spread instances
            try:
                await self._ask()
            except BusUnavailable as error:
                # The connections there are stay good: only nobody would notice a switch.
                _log.debug("no Sentinel answers: %s", error.message)


def _retrieve(task: asyncio.Task[Place]) -> None:
    if not task.cancelled():
        task.exception()
