"""Bugs that the checker must find: each switches off one of the things that keep the cache right, in this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any


class _Whatever(tuple[str, ...]):
    """Stamps that equal all others."""

    __slots__ = ()
    __hash__ = tuple.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def stamps() -> None:
    """Entries are served without comparing their stamps, in both tiers."""
    from gateway.cache.memory import Memory
    from gateway.cache.shared import Kept, Shared

    put, get = Memory.put, Shared.get

    def keep(self: Any, key: Any, entry: Any) -> bool:
        entry.stamps = _Whatever(entry.stamps)
        return put(self, key, entry)

    async def fetch(self: Any, name: str) -> Kept | None:
        kept = await get(self, name)
        return None if kept is None else replace(kept, stamps=_Whatever(kept.stamps))

    Memory.put, Shared.get = keep, fetch  # type: ignore[method-assign]


def lease() -> None:
    """The memory is trusted without a lease, and outlives it, also while nobody can be asked who holds one."""
    from gateway.bus import BusError
    from gateway.bus.lease import Lease
    from gateway.cache import Coherence

    look = Coherence._look_at_members

    async def overlook(self: Any) -> bool:
        try:
            return await look(self)
        except BusError:
            return False

    Coherence._look_at_members = overlook  # type: ignore[method-assign]
    Lease.epoch = property(lambda self: 1)  # type: ignore[assignment,method-assign]
    Lease.live = property(lambda self: True)  # type: ignore[assignment,method-assign]


def touches() -> None:
    """What the database recorded of a transaction's tables is taken, and thrown away."""
    from gateway.database import transaction

    transaction.read_taken = lambda text, token: []  # type: ignore[assignment]


def fill() -> None:
    """Answers are stamped when they are there, not before they are computed."""
    from gateway.cache import Cache

    fetch = Cache._fetch

    async def late(self: Any, question: Any, stamps: Any, compute: Callable[[], Awaitable[Any]], *, fresh: bool) -> Any:
        value = await compute()

        async def computed() -> Any:
            return value

        return await fetch(self, question, self.coherence.known(question.facts) or stamps, computed, fresh=fresh)

    Cache._fetch = late  # type: ignore[method-assign]


def flights() -> None:
    """Whoever asks joins whoever asks the same, even if a write was acknowledged in between."""
    from gateway.cache.flights import Flights

    share = Flights.share

    async def careless(self: Any, key: Any, stamps: Any, compute: Any) -> Any:
        return await share(self, key, (), compute)

    Flights.share = careless  # type: ignore[method-assign]


def claims() -> None:
    """Everybody of a role shares all entries."""
    from gateway.rest import caching

    caching.claims_read = lambda claims, names: ()  # type: ignore[assignment]


def definitions() -> None:
    """Answers are shared before it is known what definitions they were computed under."""
    from gateway.cache import Definitions

    Definitions.ask = lambda self, definitions, decided: decided(True)  # type: ignore[method-assign]


PLANTS: Mapping[str, Callable[[], None]] = {
    plant.__name__: plant for plant in (stamps, lease, touches, fill, flights, claims, definitions)
}
