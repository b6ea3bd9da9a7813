"""Readers: they ask at random, and have every answer judged."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

import orjson

from tests.chaos.checking import Read, is_right, staleness
from tests.chaos.model import Identity
from tests.chaos.queries import Malformed, Query, Seen
from tests.chaos.scene import BUSY, PATIENCE, PREFIX, Scene, failure, now
from tests.chaos.stories import IMPOSSIBLE, Violation, tell
from tests.chaos.wire import Ask, Asked, Reply, Unanswered

_REFUSED: Final = (401, 403)


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
        except Unanswered as lost:
            tally.failed[str(lost)[:60]] += 1
            await asyncio.sleep(0.05)
            return
        ended = now()
        if reply.status in BUSY:
            tally.failed[failure(reply)] += 1
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


def summary(cache: str | None) -> str:
    """A Cache-Status without what differs each time: whether it was a hit, and of which tier, or why not."""
    if cache is None:
        return "none"
    words = [word.strip() for word in cache.split(";")[1:]]
    return "; ".join(word for word in words if not word.startswith(("ttl", "key"))) or "none"
