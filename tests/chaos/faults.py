"""What goes wrong. Each fault is made, lasts a while, and is put right again, also when the run ends in its midst."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final

from tests.bus.servers import Server
from tests.chaos.stores import Store, restart
from tests.chaos.tally import Tally
from tests.chaos.world import CHECKER, Instance, World

Fault = Callable[[World, Random], Awaitable[None]]

_BACKENDS: Final = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    f"where datname = current_database() and application_name <> '{CHECKER}' and backend_type = 'client backend' "
    "and pid <> pg_backend_pid() and application_name not like 'passerelle policies%'"
)
_LISTENING: Final = " and (query ilike '%listen%' or query ilike '%passerelle.%')"


def _store(world: World) -> Store:
    assert world.store is not None
    return world.store


async def _master(world: World, rng: Random) -> Server:
    return rng.choice(await asyncio.to_thread(_store(world).masters))


async def redis_paused(world: World, rng: Random) -> None:
    server = await _master(world, rng)
    server.pause()
    try:
        await asyncio.sleep(rng.choice((rng.uniform(0.05, 1), rng.uniform(3, 6))))
    finally:
        server.resume()


async def redis_killed(world: World, rng: Random) -> None:
    """It comes back empty."""
    server = await _master(world, rng)
    await asyncio.to_thread(restart, server, save=False, away=rng.choice((0.0, rng.uniform(0.5, 4))))


async def redis_restored(world: World, rng: Random) -> None:
    """It comes back with what it had a while before."""
    server = await _master(world, rng)
    await asyncio.to_thread(restart, server, save=True, away=rng.uniform(0.2, 3))


async def redis_emptied(world: World, rng: Random) -> None:
    for server in await asyncio.to_thread(_store(world).masters):
        await asyncio.to_thread(server.ask, "FLUSHALL")


async def redis_evicting(world: World, rng: Random) -> None:
    """Too little memory for what there is, or room for a little more."""
    servers = await asyncio.to_thread(_store(world).masters)
    spare = rng.choice((-50_000, 20_000, 200_000))
    try:
        for server in servers:
            used = (await asyncio.to_thread(server.ask, "INFO", "memory"))["used_memory"]
            await asyncio.to_thread(server.ask, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            await asyncio.to_thread(server.ask, "CONFIG", "SET", "maxmemory", used + spare)
        await asyncio.sleep(rng.uniform(2, 6))
    finally:
        for server in servers:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(server.ask, "CONFIG", "SET", "maxmemory", 0)


async def lagging_failover(world: World, rng: Random) -> None:
    """The replica that takes over has missed some seconds."""
    master = await asyncio.to_thread(_store(world).lag)
    await asyncio.sleep(rng.uniform(0.3, 2))
    elsewhere = await asyncio.to_thread(_store(world).fail_over, master)
    for instance in world.instances:
        for announced, port in elsewhere.items():
            _line(instance, "map", announced, port)
        _line(instance, "drop")
    await asyncio.sleep(rng.uniform(0, 3))


def _line(instance: Instance, *words: object) -> None:
    assert instance.line is not None
    instance.line.say(*words)


def _on_the_line(begin: str, end: str) -> Fault:
    async def fault(world: World, rng: Random) -> None:
        instance = rng.choice(world.instances)
        _line(instance, *begin.split())
        try:
            await asyncio.sleep(rng.choice((rng.uniform(0.1, 1), rng.uniform(2, 6))))
        finally:
            _line(instance, *end.split())

    return fault


async def line_reset(world: World, rng: Random) -> None:
    _line(rng.choice(world.instances), "drop")


async def instance_paused(world: World, rng: Random) -> None:
    instance = rng.choice(world.instances)
    instance.pause()
    try:
        await asyncio.sleep(rng.choice((rng.uniform(0.1, 1.5), rng.uniform(1, 8))))
    finally:
        instance.resume()


async def instance_killed(world: World, rng: Random) -> None:
    await rng.choice(world.instances).restart(rng.uniform(0, 1.5))


async def backends_ended(world: World, rng: Random) -> None:
    """All connections of the instances to PostgreSQL, or one."""
    await world.direct.execute(_BACKENDS + rng.choice(("", " and random() < 0.2")))


async def listeners_ended(world: World, rng: Random) -> None:
    """Those that relay, poll or listen."""
    await world.direct.execute(_BACKENDS + _LISTENING)


ABOUT_INSTANCES: Final[Mapping[str, Fault]] = {
    "instance paused": instance_paused,
    "instance killed": instance_killed,
    "backends ended": backends_ended,
    "listeners ended": listeners_ended,
}
ABOUT_REDIS: Final[Mapping[str, Fault]] = {
    "redis paused": redis_paused,
    "redis killed": redis_killed,
    "redis restored": redis_restored,
    "redis emptied": redis_emptied,
    "redis evicting": redis_evicting,
    "lagging failover": lagging_failover,
    "line frozen": _on_the_line("freeze", "thaw"),
    "line cut": _on_the_line("cut", "mend"),
    "line slow": _on_the_line("delay 0.15", "delay 0"),
    "line reset": line_reset,
}
FAULTS: Final = {**ABOUT_INSTANCES, **ABOUT_REDIS}


async def make_faults(
    world: World, chosen: Mapping[str, Fault], rng: Random, tally: Tally, pause: float, *, repair: bool
) -> None:
    """One of them after the other, with about `pause` seconds in between, until cancelled."""
    while True:
        await asyncio.sleep(rng.expovariate(1 / pause))
        name = rng.choice(sorted(chosen))
        tally.faults[name] += 1
        try:
            await chosen[name](world, rng)
        finally:
            if repair:
                await asyncio.shield(asyncio.to_thread(_store(world).repair))
