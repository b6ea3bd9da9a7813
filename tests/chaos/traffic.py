"""Readers and writers: they ask at random, keep the registers, and have every answer judged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import asyncpg
import orjson

from tests.chaos.changes import Change, Serials, choose, show_all
from tests.chaos.checking import Read, is_right, staleness
from tests.chaos.history import Register, Version
from tests.chaos.model import IDENTITIES, SERVICE, VISIBILITIES, Folder, Identity, Rules, State
from tests.chaos.queries import Malformed, Query, Seen, queries
from tests.chaos.stories import IMPOSSIBLE, Violation, tell
from tests.chaos.tally import Tally
from tests.chaos.wire import Ask, Asked, Reply, Unanswered
from tests.serving import token

PREFIX: Final = "/rest/v1"
PATIENCE: Final = 20.0
"""How long an answer may take, in seconds: longer than any fault lasts."""
REMEMBERED: Final = 60.0
"""How long states are kept that no read may show any more, so that a story can name them."""
_REFUSED: Final = (401, 403)
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
"""Answers that say nothing. After one to a write nobody knows whether it happened."""

now = time.monotonic


@dataclass(slots=True)
class Scene:
    """What all readers and writers share.

    `bound`: for how many seconds reads may be behind a write that no gateway acknowledged. `kinds`: names of queries,
    if not all. `popular`: what most reads ask. `writing`: whether anybody writes now, with how much `haste`, and `through`
    which instance, if not all. `over`: writers shall end.
    """

    folders: Mapping[int, Register[State]]
    rules: Register[Rules]
    bound: float
    tally: Tally
    kinds: frozenset[str] = frozenset()
    locks: Mapping[int, asyncio.Lock] = field(init=False)
    tokens: Mapping[Identity, str | None] = field(init=False)
    fences: dict[int, int] = field(init=False)
    serials: Serials = field(default_factory=Serials)
    popular: list[tuple[Query, Identity]] = field(default_factory=list)
    writing: asyncio.Event = field(default_factory=asyncio.Event)
    haste: float = 1.0
    through: int | None = None
    over: bool = False

    def __post_init__(self) -> None:
        self.locks = {number: asyncio.Lock() for number in self.folders}
        self.tokens = {who: _token(who) for who in IDENTITIES}
        self.fences = dict.fromkeys(self.folders, 0)

    def someone(self, rng: Random) -> tuple[Query, Identity]:
        """A question at random, and who asks it."""
        made = [kind(rng) for kind in queries(tuple(self.folders))] if self.kinds else []
        wanted = [query for query in made if query.name in self.kinds]
        query = rng.choice(wanted or [rng.choice(queries(tuple(self.folders)))(rng)])
        return query, rng.choice(IDENTITIES)

    def change_season(self, rng: Random, popular: int, through: Sequence[int | None]) -> None:
        """Most reads are of a few questions, or a cache would have nothing to do. Writes come in bursts: in the calm
        after them, what a cache has missed shows for longer. Often they come through one instance: others that are cut
        off then hear nothing, and do not notice it by a write of their own."""
        self.popular = [self.someone(rng) for _ in range(popular)]
        self.haste = rng.choice((0.5, 1.0, 5.0))
        self.through = rng.choice(through)
        if rng.random() < 0.35:
            self.writing.clear()
        else:
            self.writing.set()


def _token(who: Identity) -> str | None:
    if who.role == "anon":
        return None
    claims = {"org": who.org, "session_id": who.session, "sub": who.sub}
    return token(who.role, **{name: value for name, value in claims.items() if value is not None})


class Reader:
    """Reads through one instance, named in stories."""

    def __init__(self, scene: Scene, ask: Ask, instance: str, rng: Random) -> None:
        self._scene = scene
        self._ask = ask
        self._instance = instance
        self._rng = rng
        self._tags: dict[tuple[str, Identity], tuple[str, Seen]] = {}

    async def run(self) -> None:
        while True:
            popular = self._rng.random() < 0.85
            query, who = self._rng.choice(self._scene.popular) if popular else self._scene.someone(self._rng)
            await self.read(query, who)

    async def read(self, query: Query, who: Identity) -> None:
        """One read, judged."""
        tally, headers = self._scene.tally, []
        if query.prefer:
            headers.append(("Prefer", query.prefer))
        if self._rng.random() < 0.02:
            headers.append(("Cache-Control", "no-cache"))
        known = self._tags.get((query.path + query.prefer, who))
        if known is not None and self._rng.random() < 0.3:
            headers.append(("If-None-Match", known[0]))
        asked = Asked(query.method, PREFIX + query.path, self._scene.tokens[who], tuple(headers))
        began = now()
        try:
            reply = await self._ask(asked, PATIENCE)
        except Unanswered as failure:
            tally.failed[str(failure)[:60]] += 1
            await asyncio.sleep(0.05)
            return
        ended = now()
        if reply.status in _BUSY:
            tally.failed[_failure(reply)] += 1
            await asyncio.sleep(0.02)
            return
        cache = reply.header("Cache-Status")
        tally.reads += 1
        tally.kinds[query.name] += 1
        tally.caches[summary(cache)] += 1
        tally.slowest_read = max(tally.slowest_read, ended - began)
        source = f"by instance {self._instance}: {reply.status}, Cache-Status {cache}"
        try:
            seen = self._seen(query, who, reply, known)
        except (Malformed, LookupError, TypeError, ValueError) as error:
            words = reply.body[:500].decode(errors="replace")
            tally.violated(Violation(IMPOSSIBLE, f"{query.path} as {who.name}, {source}: {error!r}: {words}"))
            return
        self._judge(Read(query, who, began, ended, seen, source))

    def _seen(self, query: Query, who: Identity, reply: Reply, known: tuple[str, Seen] | None) -> Seen:
        """Raises when the answer is none that the query can have."""
        if reply.status == 304:
            if known is None:
                raise Malformed("304 without If-None-Match")
            self._scene.tally.not_modified += 1
            return known[1]
        if reply.status in _REFUSED and orjson.loads(reply.body)["code"] == "42501":
            return Seen(refused=True)
        if reply.status in _REFUSED and query.method == "HEAD":
            return Seen(refused=True)
        if reply.status not in (200, 206):
            raise Malformed(f"status {reply.status}")
        rows = None if query.method == "HEAD" else orjson.loads(reply.body)
        total = None
        if "count=exact" in query.prefer:
            total = int((reply.header("Content-Range") or "").rpartition("/")[2])
        seen = query.read(rows, total)
        if tag := reply.header("ETag"):
            if len(self._tags) > 2000:
                self._tags.clear()
            self._tags[query.path + query.prefer, who] = (tag, seen)
        return seen

    def _judge(self, read: Read) -> None:
        scene = self._scene
        if is_right(read, scene.folders, scene.rules):
            scene.tally.stalest = max(scene.tally.stalest, staleness(read, scene.folders, scene.rules))
        else:
            scene.tally.violated(tell(read, scene.folders, scene.rules))


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
        except Unanswered as failure:
            await self._resolve(change, versions, str(failure)[:60])
            return
        if reply.status in (200, 201, 204) and _affected(reply) in (None, change.rows):
            ended = now()
            for version in versions.values():
                Register.settle(version, ended)
            scene.tally.writes[change.name] += 1
            scene.tally.slowest_write = max(scene.tally.slowest_write, ended - began)
        else:
            if reply.status not in _BUSY:
                words = f"{change} was answered {reply.status} {reply.head!r} {reply.body!r}"
                scene.tally.violated(Violation("refused write", words))
            await self._resolve(change, versions, _failure(reply))
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


def _failure(reply: Reply) -> str:
    return f"{reply.status} {reply.header('Proxy-Status') or ''}".strip()


def summary(cache: str | None) -> str:
    """A Cache-Status without what differs each time: whether it was a hit, and of which tier, or why not."""
    if cache is None:
        return "none"
    words = [word.strip() for word in cache.split(";")[1:]]
    return "; ".join(word for word in words if not word.startswith(("ttl", "key"))) or "none"


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
