"""What the servers behind a URL say about themselves, for people. Connections of its own: a bus would take a lease,
and writers would wait for an instance that answers nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError

from gateway.bus.cluster import ask_slots
from gateway.bus.connection import (
    Connection,
    ask_master,
    close,
    make_sentinel,
    open_connection,
    pack,
    receive,
    send,
)
from gateway.bus.errors import (
    REPLIES,
    BusError,
    BusUnavailable,
    Redirected,
    SlotMigrating,
    connection_error,
    reply_error,
)
from gateway.bus.keys import Keys
from gateway.bus.rights import Refusals, probes, read_refusals
from gateway.bus.slots import owners, read_slots
from gateway.redisurl import Address, Place, Shape

_PINGS: Final = 5


@dataclass(frozen=True, slots=True)
class ServerReport:
    """`version` is the product's own, `compatible` the Redis version whose commands it has; `round_trip` in seconds.

    `memory_limit` is in bytes, 0 for none; `eviction` is `maxmemory-policy`. `replicas_demanded`: it stops writing
    when too few replicas hear it (`min-replicas-to-write`). `refused`: why it did
    not do what was tried, other than for want of rights.
    """

    name: str
    product: str
    version: str
    compatible: tuple[int, ...]
    role: str
    clustered: bool
    memory_limit: int
    eviction: str
    replicas_demanded: bool
    round_trip: float
    rights: Refusals
    refused: str | None


async def inspect(address: Address, prefix: str) -> tuple[ServerReport, ...]:
    """One report for each server that a bus would send calls to. Writes, and deletes, keys of its own for a moment.

    BusUnavailable if one of them cannot be used.
    """
    keys = Keys(prefix)
    return tuple([await _inspect(address, place, keys) for place in await _places(address)])


async def _places(address: Address) -> list[Place]:
    if address.shape is Shape.SENTINEL:
        sentinel = make_sentinel(address)
        try:
            return [await ask_master(sentinel, address)]
        finally:
            await sentinel.aclose()
    if address.shape is Shape.CLUSTER:
        return await _primaries(address)
    return list(address.places)


async def _primaries(address: Address) -> list[Place]:
    problem: BusUnavailable | None = None
    for place in address.places:
        try:
            table = owners(read_slots(await ask_slots(address, place), place))
        except BusError as error:
            problem = connection_error(error)
        else:
            return list(dict.fromkeys(owner for owner in table if owner is not None))
    assert problem is not None
    raise problem


async def _inspect(address: Address, place: Place, keys: Keys) -> ServerReport:
    connection = await open_connection(address, place, master=False)
    try:
        async with asyncio.timeout(address.timeout * 2):
            (info,) = await _ask(connection, pack("INFO"))
            if isinstance(info, BusError):
                raise info
            facts = read_info(info)
            round_trip = min([await _round_trip(connection) for _ in range(_PINGS)])
            commands = probes(keys, secrets.token_hex(8), clustered=facts.get("cluster_enabled") == "1")
            replies = await _ask(connection, *(pack(*command) for command in commands))
    except (TimeoutError, RedisError, OSError, BusError) as error:
        raise connection_error(error) from None
    finally:
        close(connection)
    return _report(str(place), facts, round_trip, replies, read_refusals(commands, replies))


async def _ask(connection: Connection, *packed: bytes) -> list[Any]:
    """Replies in order; one that is an error is a BusError in its place."""
    await send(connection, *packed)
    replies: list[Any] = []
    for _ in packed:
        try:
            replies.append(await receive(connection))
        except REPLIES as error:
            replies.append(reply_error(error))
    return replies


async def _round_trip(connection: Connection) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await _ask(connection, pack("PING"))
    return loop.time() - began


def read_info(text: bytes) -> dict[str, str]:
    """The answer of INFO as a mapping."""
    lines = (line.partition(":") for line in text.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def _report(
    name: str, facts: Mapping[str, str], round_trip: float, replies: list[Any], rights: Refusals
) -> ServerReport:
    product = "Valkey" if "valkey_version" in facts else "Redis"
    compatible = facts.get("redis_version", "0")
    elsewhere = Redirected, SlotMigrating
    unable = [reply for reply in replies if isinstance(reply, BusUnavailable) and not isinstance(reply, elsewhere)]
    return ServerReport(
        name=name,
        product=product,
        version=facts.get("valkey_version", compatible),
        compatible=tuple(int(part) for part in compatible.split(".") if part.isdigit()),
        role=facts.get("role", "unknown"),
        clustered=facts.get("cluster_enabled") == "1",
        memory_limit=int(facts.get("maxmemory", "0")),
        eviction=facts.get("maxmemory_policy", "unknown"),
        replicas_demanded="min_slaves_good_slaves" in facts,
        round_trip=round_trip,
        rights=rights,
        refused=unable[0].message if unable else None,
    )
