"""A Redis Cluster: which node has which slot, and going after what moved.

redis-py's cluster client is not used: it sends ASKING and the command it is for over two pooled connections, so an
answer depends on luck while a slot migrates, and one caller's timeout closes the connections of all others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Sequence
from typing import Any, Final

from redis.exceptions import RedisError

from gateway.bus.connection import close, open_connection, pack, receive, send
from gateway.bus.errors import BusError, BusUnavailable, Reason, Redirected, SlotMigrating, connection_error
from gateway.bus.keys import slot
from gateway.bus.node import Node, NodeStatus
from gateway.bus.slots import owners, read_slots
from gateway.bus.tasks import end
from gateway.bus.topology import BACKOFF, Changed
from gateway.redisurl import Address, Place

_log = logging.getLogger(__name__)

_REDIRECTIONS: Final = 8
_MIGRATION_PAUSE: Final = 0.02
_INTERVAL: Final = 10.0
_SOON: Final = 0.25
_POLLING: Final = 3  # failures whose pause suits waiting for a failover
_ASKING: Final = pack("ASKING")
_SLOTS: Final = pack("CLUSTER", "SLOTS")


class Cluster:
    """A Topology of all primaries; replicas are not read.

    The slots are read again when a node sends a call elsewhere, when a node is lost, and every 10 s. `anchor_key`
    decides which primary is the anchor.
    """

    def __init__(self, address: Address, changed: Changed, *, anchor_key: str) -> None:
        self.address = address
        self._changed = changed
        self._anchor_slot = slot(anchor_key)
        self._owners: list[Place | None] = owners(())
        self._nodes: dict[Place, Node] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._stale = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._problem: BusUnavailable = BusUnavailable(Reason.CONNECTING)

    @property
    def problem(self) -> BusUnavailable | None:
        if None in self._owners:
            return self._problem
        return next((node.problem for node in self._nodes.values() if not node.up), None)

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep(), name="redis cluster slots")

    async def stop(self) -> None:
        await end(self._keeper)
        for node in self._nodes.values():
            await node.stop()
        if self._leaving:
            await asyncio.wait(self._leaving)
        self._nodes, self._owners = {}, owners(())
        self._problem = BusUnavailable(Reason.STOPPED)

    async def call(self, packed: bytes, key: str | None = None) -> Any:
        number = self._anchor_slot if key is None else slot(key)
        place, asking = self._owner(number), False
        for _ in range(_REDIRECTIONS):
            lane = self._node(place).lane(key)
            try:
                # ASKING holds for the next command of the connection, so both leave as one.
                return await (lane.submit(_ASKING + packed, silent=1) if asking else lane.submit(packed))
            except Redirected as error:
                place, asking = Place(error.host or place.host, error.port), error.ask
                if not asking:
                    self._owners[number] = place
                    self._stale.set()
                await self._connected(place)
            except SlotMigrating:
                await asyncio.sleep(_MIGRATION_PAUSE)
            except BusUnavailable as error:
                if error.why is not Reason.BUSY:
                    self._stale.set()
                raise
        raise BusUnavailable(Reason.CLUSTER_DOWN, details="redirected too often", retry_after=0.1)

    async def anchor(self) -> Place:
        return self._owner(self._anchor_slot)

    def status(self) -> tuple[NodeStatus, ...]:
        return tuple(node.status() for node in self._nodes.values())

    def _owner(self, number: int) -> Place:
        place = self._owners[number]
        if place is None:
            self._stale.set()
            raise BusUnavailable(
                self._problem.why, details=self._problem.details, retry_after=self._problem.retry_after
            )
        return place

    def _node(self, place: Place) -> Node:
        node = self._nodes.get(place)
        if node is None:
            node = self._nodes[place] = Node(
                lambda: open_connection(self.address, place),
                name=str(place),
                lanes=self.address.connections,
                timeout=self.address.timeout,
                changed=self._node_changed,
                backoff=BACKOFF,
            )
            node.start()
        return node

    async def _connected(self, place: Place) -> None:
        """Wait until a node that a call was sent on to has a connection; it may be new."""
        await self._node(place).until_up(self.address.timeout)

    def _node_changed(self) -> None:
        if self.problem:
            self._stale.set()
        self._changed()

    async def _keep(self) -> None:
        failures = 0
        while True:
            self._stale.clear()
            try:
                await self._read()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, this task goes on
                failures += 1
                if isinstance(error, BusUnavailable):
                    self._problem = error
                    _log.debug("the slots of the Redis cluster cannot be read: %s", error.message)
                else:
                    _log.exception("reading the slots of the Redis cluster failed unexpectedly")
                self._changed()
            if failures or self.problem:
                await asyncio.sleep(BACKOFF.pause(max(_POLLING, failures), random.random()))  # noqa: S311
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_INTERVAL):
                    await self._stale.wait()
            await asyncio.sleep(_SOON * random.random())  # noqa: S311 - all instances see a failover at once

    async def _read(self) -> None:
        """Ask one node after the other, those that work first, which slots are whose."""
        known = sorted(self._nodes, key=lambda place: not self._nodes[place].up)
        problem = BusUnavailable(Reason.CONNECTING)
        for place in dict.fromkeys((*known, *self.address.places)):
            try:
                reply = await self._ask(place)
            except BusError as error:
                problem = connection_error(error)
                continue
            table = owners(read_slots(reply, place))
            if None not in table:
                self._adopt(table)
                return
            problem = BusUnavailable(Reason.CLUSTER_DOWN, details="not all slots are covered")
        raise problem

    async def _ask(self, place: Place) -> list[Any]:
        node = self._nodes.get(place)
        if node is not None and node.up:
            return await node.lane().submit(_SLOTS)
        return await ask_slots(self.address, place)

    def _adopt(self, table: Sequence[Place | None]) -> None:
        self._owners = list(table)
        primaries = {place for place in table if place is not None}
        for place in primaries:
            self._node(place)
        for place in self._nodes.keys() - primaries:
            task = asyncio.create_task(self._nodes.pop(place).stop(Reason.MOVED), name=f"redis {place} leaves")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        self._changed()


async def ask_slots(address: Address, place: Place) -> list[Any]:
    """The reply to CLUSTER SLOTS of one node, over a connection for that. BusUnavailable if it gives none."""
    connection = await open_connection(address, place, master=False)
    try:
        async with asyncio.timeout(address.timeout):
            await send(connection, _SLOTS)
            return await receive(connection)
    except (TimeoutError, RedisError, OSError) as error:
        raise connection_error(error) from None
    finally:
        close(connection)
