"""What the shapes have in common: calls go in, and one server is the *anchor*."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from gateway.bus.backoff import Backoff
from gateway.bus.errors import BusUnavailable
from gateway.bus.node import NodeStatus
from gateway.redisurl import Address, Place

BACKOFF: Final = Backoff()

Changed = Callable[[], None]


class Topology(Protocol):
    """The servers behind a URL."""

    address: Address

    @property
    def problem(self) -> BusUnavailable | None:
        """Why not all calls can be expected to work; None if they can, for every key."""
        ...

    def start(self) -> None: ...

    async def stop(self) -> None: ...

    def call(self, packed: bytes, key: str | None = None) -> Awaitable[Any]:
        """Send a command about `key` (None: to the anchor) and await the reply. Raises BusError only.

        Calls about one key arrive in the order they were made, unless a connection is lost in between.
        """
        ...

    async def anchor(self) -> Place:
        """Where the server is on which the bus's own keys live, and where messages are published.

        In a cluster any node would do for messages, but then one is lost without a trace whenever two nodes lose sight
        of each other; publishers and subscribers meet on the same node instead.
        """
        ...

    def status(self) -> tuple[NodeStatus, ...]:
        """Each server."""
        ...
