"""Redis for the rest of the gateway."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, cast

from gateway.bus.cluster import Cluster
from gateway.bus.connection import Argument, pack
from gateway.bus.entries import FIELD, Page, range_from, read_page
from gateway.bus.errors import ScriptMissing
from gateway.bus.events import Event, Overflow
from gateway.bus.facts import Facts
from gateway.bus.health import BusHealth, HearingStatus, LeaseStatus, StateWatch
from gateway.bus.keys import Keys, by_slot, one_slot
from gateway.bus.lease import Lease
from gateway.bus.script import Script, load_script
from gateway.bus.sentinels import Sentinels
from gateway.bus.standalone import Standalone
from gateway.bus.subscriber import Listener, Subscriber
from gateway.bus.subscription import Stream, Subscription
from gateway.bus.terms import MOST_INSTANCES, TERMS, Members, Terms, read_members, steady
from gateway.bus.topology import Topology
from gateway.redisurl import Address, Shape, parse_url

_LEASES: Final = "leases"
_FACTS: Final = "facts"
_CHANGES: Final = "changes"
_CONFIRMATIONS: Final = "confirmations"
_LEASE_SCRIPT: Final = load_script("gateway.bus.lua", "registry", "lease")
_FACTS_SCRIPT: Final = load_script("gateway.bus.lua", "registry", "facts")


def open_bus(
    url: str,
    *,
    prefix: str = "passerelle:",
    terms: Terms = TERMS,
    clock: Callable[[], float] = steady,
) -> Bus:
    """The bus for a Redis URL (docs/redis.md), not started yet. RedisUrlError when the URL or the prefix is unfit."""
    return Bus(parse_url(url), Keys(prefix), terms=terms, clock=clock)


class Bus:
    """Commands, scripts, messages, streams, leases and facts. Whatever fails raises a BusError.

    Names are given without the prefix. While there is no connection calls fail at once, and tasks of the bus try to
    connect; nothing is queued and nothing is sent twice. A call that fails with `uncertain` may have run.
    """

    def __init__(self, address: Address, keys: Keys, *, terms: Terms, clock: Callable[[], float]) -> None:
        self.instance: Final = secrets.token_hex(8)
        """The name of this instance among the members."""
        self._keys = keys
        self._terms = terms
        self._registry = keys.anchored(_LEASES)
        self._clustered = address.shape is Shape.CLUSTER
        self._watch = StateWatch()
        self._topology = _topology(address, self._changed, anchor_key=self._registry)
        self._call = self._topology.call
        self.lease: Final = Lease(self._hold, self._release, terms=terms, clock=clock)
        """This instance's lease."""
        self._subscriber = Subscriber(
            self._topology,
            on_connected=lambda: self.lease.hearing(True),
            on_lost=lambda: self.lease.hearing(False),
        )
        self.facts: Final = Facts(
            self.instance, self.lease, terms, self._tell, self._learn, self._confirm, self.members
        )
        """What all instances agree on."""
        # Before the start: whoever holds a lease hears them.
        self._changes = keys.anchored(_CHANGES)
        self._hear(self._changes, self.facts.hear_change)
        self._hear(self._confirmations(self.instance), self.facts.hear_confirmation)

    async def start(self, *, patience: float = 0.0) -> bool:
        """Begin to connect; returns whether the lease was live, and so all was up, within `patience` seconds."""
        self._topology.start()
        self._subscriber.start()
        self.lease.start()
        try:
            async with asyncio.timeout(patience):
                await self.lease.granted()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Give back the lease and close all connections. Calls under way fail, subscriptions hear Lost."""
        await self.facts.stop()
        await self.lease.stop()
        await self._subscriber.stop()
        await self._topology.stop()

    async def __aenter__(self) -> Self:
        await self.start(patience=self._topology.address.timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def get(self, name: str) -> bytes | None:
        """The value, if there is one."""
        key = self._keys.key(name)
        return cast("bytes | None", await self._call(pack("GET", key), key))

    async def mget(self, names: Sequence[str]) -> list[bytes | None]:
        """The values, in the order of the names. In a cluster they are not of one moment."""
        if not names:
            return []
        keys = [self._keys.key(name) for name in names]
        values: list[bytes | None] = [None] * len(keys)
        for group, found in await self._spread("MGET", keys):
            for position, value in zip(group, found, strict=True):
                values[position] = value
        return values

    async def set(self, name: str, value: bytes | str, *, ttl: float | None, only_new: bool = False) -> bool:
        """Set a value that lasts `ttl` seconds (None: until it is deleted). With `only_new` only if there is none.
        Returns whether it was set."""
        key = self._keys.key(name)
        command: list[Argument] = ["SET", key, value]
        if ttl is not None:
            command += ("PX", max(1, round(ttl * 1000)))
        if only_new:
            command.append("NX")
        return await self._call(pack(*command), key) is not None

    async def delete(self, *names: str) -> int:
        """Delete what there is; returns how much that was."""
        if not names:
            return 0
        return sum([count for _, count in await self._spread("DEL", [self._keys.key(name) for name in names])])

    async def run(self, script: Script, *, keys: Sequence[str], args: Sequence[Argument] = ()) -> Any:
        """Run a script; returns what it returns, text as bytes. Keys must share a slot, see `Script`."""
        return await self._run(script, [self._keys.key(name) for name in keys], args)

    async def publish(self, channel: str, payload: bytes | str) -> None:
        """Send to whoever is subscribed now."""
        await self._call(pack("PUBLISH", self._keys.key(channel), payload))

    def subscribe(self, *channels: str, size: int = 1000, overflow: Overflow = Overflow.DROP_ALL) -> Stream:
        """Hear channels through a queue of at most `size` messages."""
        return Stream(self._subscriber, self._named(channels), size=size, overflow=overflow)

    def listen(self, *channels: str, hear: Callable[[Event], None]) -> Subscription:
        """Hear channels through a function, called on the event loop for each event: it must be quick."""
        return Subscription(self._subscriber, self._named(channels), hear)

    async def append(self, stream: str, payload: bytes | str, *, keep: int) -> str:
        """Append to a stream, which keeps at least the last `keep` entries and not many more; returns the id."""
        key = self._keys.key(stream)
        packed = pack("XADD", key, "MAXLEN", "~", keep, "*", FIELD, payload)
        return cast("bytes", await self._call(packed, key)).decode()

    async def read(self, stream: str, *, after: str | None, limit: int = 100) -> Page:
        """The entries behind the id `after` (None: all there are), at most `limit`."""
        key = self._keys.key(stream)
        first, count = range_from(after, limit)
        return read_page(await self._call(pack("XRANGE", key, first, "+", "COUNT", count), key), after)

    async def members(self) -> Members:
        """Which instances hold a lease now, this one included."""
        return read_members(await self._lease("members"))

    @property
    def health(self) -> BusHealth:
        """How it is now."""
        nodes = self._topology.status()
        problem = self._topology.problem
        trips = [node.round_trip for node in nodes if node.round_trip is not None]
        subscriber, lease = self._subscriber, self.lease
        return BusHealth(
            state=self._watch.state,
            reason=problem.why if problem else None,
            details=problem.details if problem else None,
            since=self._watch.since,
            round_trip=max(trips, default=None),
            nodes=nodes,
            hearing=HearingStatus(
                subscriber.up, subscriber.reason, subscriber.channels, subscriber.messages, subscriber.losses
            ),
            lease=LeaseStatus(lease.epoch, lease.problem, lease.renewals, lease.interruptions),
        )

    async def ping(self) -> float:
        """Seconds of a round trip to the anchor."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self._call(pack("PING"))
        return loop.time() - began

    def _changed(self) -> None:
        self._watch.look(self._topology)

    def _named(self, channels: Sequence[str]) -> dict[str, str]:
        return {self._keys.key(channel): channel for channel in channels}

    async def _spread(self, verb: str, keys: list[str]) -> list[tuple[list[int], Any]]:
        """Run a command of many keys, in a cluster once for each slot; the replies with the positions of their keys."""
        if not self._clustered:
            return [(list(range(len(keys))), await self._call(pack(verb, *keys), keys[0]))]
        groups = by_slot(keys)
        replies = await asyncio.gather(
            *(self._call(pack(verb, *(keys[at] for at in group)), keys[group[0]]) for group in groups),
            return_exceptions=True,
        )
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return list(zip(groups, replies, strict=True))

    async def _run(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        if not keys or not one_slot(keys):
            raise ValueError(f"the script {script.name} needs keys that share a hash tag")
        try:
            return await self._call(pack("EVALSHA", script.digest, len(keys), *keys, *args), keys[0])
        except ScriptMissing:
            return await self._call(pack("EVAL", script.text, len(keys), *keys, *args), keys[0])

    async def _lease(self, verb: str, *args: Argument) -> Any:
        return await self._run(_LEASE_SCRIPT, [self._registry], [verb, *self._milliseconds, *args])

    @property
    def _milliseconds(self) -> tuple[int, int]:
        return round(self._terms.term * 1000), round(self._terms.grace * 1000)

    async def _hold(self, epoch: int, fresh: bool) -> int:
        verdict, _ = await self._lease("hold", self.instance, epoch, int(fresh), MOST_INSTANCES)
        return int(verdict)

    async def _release(self, epoch: int) -> None:
        await self._lease("release", self.instance, epoch)

    async def _facts(self, verb: str, *args: Argument) -> Any:
        keys = [self._registry, self._keys.anchored(_FACTS)]
        return await self._run(_FACTS_SCRIPT, keys, [verb, *self._milliseconds, *args])

    async def _tell(self, message: str, facts: Mapping[str, str]) -> Members:
        pairs = [text for pair in facts.items() for text in pair]
        return read_members(await self._facts("tell", self._changes, message, *pairs))

    async def _learn(self, candidates: Mapping[str, str]) -> list[str]:
        pairs = [text for pair in candidates.items() for text in pair]
        return [value.decode() for value in await self._facts("learn", *pairs)]

    async def _confirm(self, instance: str, message: str) -> None:
        await self._call(pack("PUBLISH", self._confirmations(instance), message))

    def _confirmations(self, instance: str) -> str:
        return self._keys.anchored(f"{_CONFIRMATIONS}:{instance}")

    def _hear(self, channel: str, hear: Callable[[Event], None]) -> None:
        self._subscriber.add(Listener({channel: channel}, hear))


def _topology(address: Address, changed: Callable[[], None], *, anchor_key: str) -> Topology:
    if address.shape is Shape.CLUSTER:
        return Cluster(address, changed, anchor_key=anchor_key)
    if address.shape is Shape.SENTINEL:
        return Sentinels(address, changed)
    return Standalone(address, changed)
