"""One server at a fixed address."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from gateway.bus.connection import Connection, open_connection
from gateway.bus.errors import BusUnavailable
from gateway.bus.node import Node, NodeStatus
from gateway.bus.topology import BACKOFF, Changed
from gateway.redisurl import Address, Place


class Standalone:
    """A Topology of one server. A name may come to mean another server: each new connection looks it up."""

    def __init__(self, address: Address, changed: Changed) -> None:
        self.address = address
        self._node = Node(
            self._open,
            name=str(address.places[0]),
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

    async def stop(self) -> None:
        await self._node.stop()

    def call(self, packed: bytes, key: str | None = None) -> Awaitable[Any]:
        return self._node.lane(key).submit(packed)

    async def anchor(self) -> Place:
        return self.address.places[0]

    def status(self) -> tuple[NodeStatus, ...]:
        return (self._node.status(),)

    async def _open(self) -> Connection:
        return await open_connection(self.address, self.address.places[0])
