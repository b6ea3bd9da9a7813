"""One run: the world is made, asked, broken and judged for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from tests.chaos.faults import ABOUT_INSTANCES, ABOUT_REDIS, make_faults
from tests.chaos.history import Register
from tests.chaos.model import Rules
from tests.chaos.reading import Reader
from tests.chaos.scene import PATIENCE, Scene
from tests.chaos.stories import Violation
from tests.chaos.tally import Tally
from tests.chaos.wire import Ask, Client
from tests.chaos.world import World
from tests.chaos.writing import Writer, read_folders


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does. It ends after `seconds` or `reads`. `pause`: seconds between a writer's writes. `bound`: for how
    long reads may be behind writes out of band; `rules_bound`: behind changed policies. `faults`: names of `FAULTS`.
    `rules`: whether policies and a function change, every `rules_pause` seconds
    or so. `kinds`: names of queries, if not all. `through`: which instances writes go
    to, None for all; one of these holds for a while. `settings`: further variables for the instances. `between`: what
    stands between the checker and an instance (`naive.py`)."""

    seed: int = 1
    seconds: float = 30.0
    reads: int | None = None
    instances: int = 3
    readers: int = 8
    writers: int = 3
    pause: float = 0.15
    folders: int = 16
    popular: int = 12
    bound: float = 8.0
    rules_bound: float = 2.5
    faults: frozenset[str] = frozenset()
    fault_pause: float = 3.0
    rules: bool = True
    rules_pause: float = 6.0
    kinds: frozenset[str] = frozenset()
    through: tuple[int | None, ...] = (None, 0)
    settings: Mapping[str, str] = field(default_factory=dict)
    between: Callable[[Ask], Ask] | None = None
    enough_violations: int = 50
    progress: Callable[[Tally], None] | None = None


async def run(world: World, plan: Plan) -> Tally:
    """`world` has its servers, and no instances yet. Stops the instances, whatever happens."""
    rng = Random(plan.seed)
    tally = Tally()
    try:
        folders, rules = await world.install(rng, plan.folders)
        await world.serve(plan.instances, **plan.settings)
        scene = Scene(folders, rules, plan.bound, tally, plan.kinds)
        await _traffic(world, plan, scene, rng)
        await _compare(world, scene)
    finally:
        await world.stop()
    return tally


async def _traffic(world: World, plan: Plan, scene: Scene, rng: Random) -> None:
    """Everything at once, until it is enough. An error of the checker itself ends the run."""
    began = time.monotonic()
    between = plan.between or (lambda ask: ask)
    ports = [lambda instance=instance: instance.port for instance in world.instances]
    readers = [
        Reader(scene, between(Client(ports[number % plan.instances])), str(number % plan.instances + 1), _fork(rng))
        for number in range(plan.readers * plan.instances)
    ]
    writers: list[Writer] = []
    for _ in range(plan.writers):
        asks = [between(Client(port)) for port in ports]
        lookers = [Reader(scene, ask, str(number), _fork(rng)) for number, ask in enumerate(asks, start=1)]
        writers.append(Writer(scene, asks, lookers, world.direct, _fork(rng), plan.pause))
    scene.change_season(rng, plan.popular, plan.through)
    troubles = [_seasons(scene, plan, _fork(rng))]
    if plan.rules:
        troubles.append(_legislate(world, scene, plan, _fork(rng)))
    for about, repair in ((ABOUT_INSTANCES, False), (ABOUT_REDIS, True)):
        chosen = {name: fault for name, fault in about.items() if name in plan.faults}
        if chosen:
            troubles.append(make_faults(world, chosen, _fork(rng), scene.tally, plan.fault_pause, repair=repair))
    reading, writing, trouble = (
        [asyncio.create_task(job) for job in jobs]
        for jobs in ([reader.run() for reader in readers], [writer.run() for writer in writers], troubles)
    )
    try:
        while not _enough(plan, scene.tally, time.monotonic() - began):
            await asyncio.wait([*reading, *writing, *trouble], timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            scene.tally.seconds = time.monotonic() - began
            for task in (*reading, *writing, *trouble):
                if task.done():
                    task.result()
            if plan.progress is not None:
                plan.progress(scene.tally)
    finally:
        await _end(trouble)
        scene.over = True
        scene.writing.set()
        await asyncio.wait(writing, timeout=3 * PATIENCE)
        await _end([*writing, *reading])


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _fork(rng: Random) -> Random:
    return Random(rng.getrandbits(64))


def _enough(plan: Plan, tally: Tally, seconds: float) -> bool:
    if tally.found.total() >= plan.enough_violations:
        return True
    return tally.reads >= plan.reads if plan.reads is not None else seconds >= plan.seconds


async def _seasons(scene: Scene, plan: Plan, rng: Random) -> None:
    while True:
        await asyncio.sleep(rng.uniform(0.3, 3))
        scene.change_season(rng, plan.popular, plan.through)


async def _legislate(world: World, scene: Scene, plan: Plan, rng: Random) -> None:
    """Change the rules: by the command, or behind everybody's back."""
    while True:
        await asyncio.sleep(plan.rules_pause * rng.uniform(0.5, 1.5))
        now: Rules = scene.rules.newest
        by_command = rng.random() < 0.5
        rules = replace(now, strict=not now.strict) if by_command else replace(now, sign=-now.sign)
        version = scene.rules.invoke(rules, time.monotonic())
        if by_command:
            while not await world.apply(rules):  # what is in force is unknown until one succeeds
                continue
        else:
            await world.replace_function(rules)
        Register.happened(version, time.monotonic(), plan.rules_bound)
        scene.tally.rules["policies" if by_command else "function"] += 1


async def _compare(world: World, scene: Scene) -> None:
    """At the end the database must be as the checker knows it, or acknowledged writes were lost."""
    found = await read_folders(world.direct, list(scene.folders))
    for number, register in scene.folders.items():
        known = None if register.newest is None else register.newest.facts()
        if found[number] != known:
            scene.tally.violated(Violation("lost write", f"folder {number} is {found[number]}, and should be {known}"))
