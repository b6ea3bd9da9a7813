"""Writers: they change folders, keep the registers, and find out what became of writes that nobody answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

import asyncpg
import orjson

from tests.chaos.changes import Change, choose, show_all
from tests.chaos.history import Register, Version
from tests.chaos.model import IDENTITIES, SERVICE, VISIBILITIES, Folder, Identity, State
from tests.chaos.reading import Reader
from tests.chaos.scene import BUSY, PATIENCE, PREFIX, Scene, failure, now
from tests.chaos.stories import Violation
from tests.chaos.wire import Ask, Asked, Reply, Unanswered

REMEMBERED: Final = 60.0
"""How long states are kept that no read may show any more, so that a story can name them."""


class Writer:
    """Changes one folder at a time, or a few by one statement; through any instance, or behind their backs."""

    def __init__(
        self,
        scene: Scene,
        asks: Sequence[Ask],
        readers: Sequence[Reader],
        direct: asyncpg.Pool,
        rng: Random,
        pause: float,
    ) -> None:
        self._scene = scene
        self._asks = asks
        self._readers = readers
        self._direct = direct
        self._rng = rng
        self._pause = pause

    async def run(self) -> None:
        """Until the scene is over, so that no write is left unfinished."""
        while not self._scene.over:
            await asyncio.sleep(self._rng.expovariate(self._scene.haste / self._pause))
            await self._scene.writing.wait()
            number = self._rng.choice(list(self._scene.folders))
            several = self._rng.random() < 0.05
            async with contextlib.AsyncExitStack() as held:
                chosen = sorted(self._rng.sample(list(self._scene.folders), 3)) if several else [number]
                for each in chosen:
                    await held.enter_async_context(self._scene.locks[each])
                change = self._choose(chosen)
                if change is None:
                    continue
                await (self._write_directly if self._rng.random() < 0.05 else self._write)(change)
            if self._rng.random() < 0.5:  # whoever has written looks at it at once, somewhere else
                await self._look(chosen[0])

    def _choose(self, chosen: list[int]) -> Change | None:
        states = {number: self._scene.folders[number].newest for number in chosen}
        if len(chosen) == 1:
            return choose(self._rng, chosen[0], states[chosen[0]], self._scene.serials)
        present = {number: folder for number, folder in states.items() if folder is not None}
        return show_all(present, self._rng.choice(VISIBILITIES)) if present else None

    async def _look(self, number: int) -> None:
        asked = [self._scene.someone(self._rng) for _ in range(5)] + self._scene.popular
        query, who = self._rng.choice([each for each in asked if number in each[0].folders] or asked)
        await self._rng.choice(self._readers).read(query, who)

    async def _write(self, change: Change) -> None:
        """Through a gateway."""
        scene = self._scene
        fences = json.dumps({str(number): scene.fences[number] for number in change.after})
        asked = Asked(
            *(change.method, PREFIX + change.path, scene.tokens[self._writer(change)]),
            (("Prefer", "return=minimal, count=exact"), ("X-Fence", fences)),
            b"" if change.body is None else orjson.dumps(change.body),
        )
        began = now()
        versions = self._invoke(change)
        ask = self._rng.choice(self._asks) if scene.through is None else self._asks[scene.through]
        try:
            reply = await ask(asked, PATIENCE)
        except Unanswered as lost:
            await self._resolve(change, versions, str(lost)[:60])
            return
        if reply.status in (200, 201, 204) and _affected(reply) in (None, change.rows):
            ended = now()
            for number, version in versions.items():
                scene.folders[number].settle(version, ended)
            scene.tally.writes[change.name] += 1
            scene.tally.slowest_write = max(scene.tally.slowest_write, ended - began)
        else:
            if reply.status not in BUSY:
                words = f"{change} was answered {reply.status} {reply.head!r} {reply.body!r}"
                scene.tally.violated(Violation("refused write", words))
            await self._resolve(change, versions, failure(reply))
        self._forget(change)

    def _writer(self, change: Change) -> Identity:
        """The owner before the change, who may do most things, or the service. Asked before `_invoke`."""
        states = [(self._scene.folders[number].newest, after) for number, after in change.after.items()]
        owner = next(folder.owner for pair in states for folder in pair if folder is not None)
        if not change.for_owner or self._rng.random() < 0.3:
            return SERVICE
        return next(who for who in IDENTITIES if who.sub == owner)

    def _invoke(self, change: Change) -> dict[int, Version[State]]:
        began = now()
        return {number: self._scene.folders[number].invoke(state, began) for number, state in change.after.items()}

    async def _resolve(self, change: Change, versions: Mapping[int, Version[State]], why: str) -> None:
        """After an unknown outcome: see to it that it is known. Nothing of it can happen any more afterwards."""
        self._scene.tally.unknown[why] += 1
        found = await raise_fences(self._direct, list(change.after))
        for number, version in versions.items():
            self._scene.fences[number] += 1
            register = self._scene.folders[number]
            if found[number] == _facts(version.state):
                Register.happened(version, now(), self._scene.bound)
            else:
                register.undone(version)
                if found[number] != _facts(register.newest):
                    words = f"folder {number} is {found[number]}, neither {version.state} nor {register.newest}"
                    self._scene.tally.violated(Violation("lost write", words))

    async def _write_directly(self, change: Change) -> None:
        versions = self._invoke(change)
        while True:
            try:
                await self._direct.execute(change.sql, *change.values)
                break
            except asyncpg.DeadlockDetectedError:  # with what applies policies
                continue
        ended = now()
        for version in versions.values():
            Register.happened(version, ended, self._scene.bound)
        self._scene.tally.out_of_band += 1

    def _forget(self, change: Change) -> None:
        for number in change.after:
            self._scene.folders[number].forget(now() - REMEMBERED)


def _affected(reply: Reply) -> int | None:
    words = (reply.header("Content-Range") or "").rpartition("/")[2]
    return int(words) if words.isdecimal() else None


def _facts(state: State) -> tuple[object, ...] | None:
    return None if state is None else state.facts()


async def raise_fences(direct: asyncpg.Pool, numbers: Sequence[int]) -> dict[int, tuple[object, ...] | None]:
    """Wait for the writes of these folders that are under way, and refuse later ones that were sent before. Returns
    what is there, as `Folder.facts`."""
    while True:
        try:
            await direct.execute("update chaos.fences set number = number + 1 where folder = any ($1)", list(numbers))
            break
        except asyncpg.DeadlockDetectedError:
            continue
    return await read_folders(direct, numbers)


async def read_folders(direct: asyncpg.Pool, numbers: Sequence[int]) -> dict[int, tuple[object, ...] | None]:
    """What the database has, as `Folder.facts`."""
    found: list[Any] = await direct.fetch(
        "select f.*, s.notes as counted, s.changes,"
        " array(select row(n.id, n.version) from public.notes n where n.folder = f.id order by n.id) as notes,"
        " array(select h.member::text from public.shares h where h.folder = f.id) as members"
        " from public.folders f join public.folder_stats s on s.folder = f.id where f.id = any ($1)",
        list(numbers),
    )
    facts: dict[int, tuple[object, ...] | None] = dict.fromkeys(numbers)
    for row in found:
        notes = tuple((note[0], note[1]) for note in row["notes"])
        assert len(notes) == row["counted"]
        columns = (row["id"], str(row["owner"]), row["org"], row["visibility"], row["version"])
        folder = Folder(*columns, notes, frozenset(row["members"]), row["changes"])
        facts[row["id"]] = folder.facts()
    return facts
