"""The cache: memory, then Redis, then whoever computes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from gateway.bus import Bus, steady
from gateway.cache.coherence import Coherence
from gateway.cache.definitions import Definitions
from gateway.cache.flights import Flights
from gateway.cache.memory import Entry, Memory
from gateway.cache.question import Question
from gateway.cache.report import CacheReport, ShapeReport
from gateway.cache.shapes import Shapes
from gateway.cache.shared import Shared
from gateway.cache.status import Served, Source
from gateway.cache.worth import Shape
from gateway.errors import GatewayError

Value = TypeVar("Value")

_AWAY = frozenset({503, 504})
_SERVER_FAULT = 500
_UNDECIDED: Final = 5.0
"""Seconds after which nothing is expected any more of an answer that is not decided yet."""


@dataclass(frozen=True, slots=True)
class Codec(Generic[Value]):
    """What the cache must know about its values. `decode` answers None for what it cannot read; `storable` says
    whether a value may be kept at all, `size` how many bytes it takes."""

    encode: Callable[[Value], bytes]
    decode: Callable[[bytes], Value | None]
    size: Callable[[Value], int]
    storable: Callable[[Value], bool]


class Cache(Generic[Value]):
    """Answers to questions. `look` is the quick way, `answer` the whole one.

    An entry is served only while its stamps are the facts of the moment (see `coherence`), in both tiers.
    """

    def __init__(
        self,
        bus: Bus,
        coherence: Coherence,
        definitions: Definitions,
        codec: Codec[Value],
        *,
        memory: int,
        largest: int,
        clock: Callable[[], float] = steady,
    ) -> None:
        """`memory` bounds the tier in the process, `largest` one entry, in bytes."""
        self.coherence = coherence
        self.shapes = Shapes()
        self._definitions = definitions
        self._codec = codec
        self._clock = clock
        self._memory: Memory[Value] = Memory(memory, largest)
        self._shared = Shared(bus, largest)
        self._flights: Flights[tuple[Value, Served]] = Flights()
        self._counts = dict.fromkeys(Source, 0)
        self._hits = 0

    def look(self, question: Question) -> tuple[Value, Served] | None:
        """The answer if it is in memory and still holds."""
        version = self.coherence.version
        if version is None:
            return None
        entry = self._memory.get(question.key)
        if entry is None or not self._holds(entry, question, version):
            return None
        left = question.ttl - (self._clock() - entry.stored)
        if left <= 0:
            return None
        shape = question.shape
        shape.memory.note(hit=True)
        self._hits += 1
        return entry.value, Served(Source.MEMORY, left, False, False, shape.sharing)

    async def answer(
        self, question: Question, compute: Callable[[], Awaitable[Value]], *, fresh: bool = False
    ) -> tuple[Value, Served]:
        """The answer, from wherever it can be had first. Raises what `compute` raises. `fresh` does not look for one
        that was kept, but keeps what is computed."""
        if not fresh:
            found = self.look(question)
            if found is not None:
                return found
        try:
            return await self._answer(question, compute, fresh=fresh)
        except GatewayError as error:
            stale = self._stale(question) if error.status in _AWAY else None
            if stale is None:
                raise
            return stale

    async def _answer(
        self, question: Question, compute: Callable[[], Awaitable[Value]], *, fresh: bool
    ) -> tuple[Value, Served]:
        shape = question.shape
        self.shapes.note(shape)
        stamps = None
        if self.coherence.version is not None:  # or nothing could have been found, which is no fault of the shape
            shape.memory.note(hit=False)
            # What memory has no room for, Redis may have.
            if shape.memory.is_worth(shape.seconds) or shape.shared.pays(shape.seconds):
                stamps = await self.coherence.stamps(question.facts)
        if stamps is None:
            value = await self._compute(question, compute)
            why = "off" if self.coherence.version is None else "cheap"
            return value, self._served(Source.BYPASS, question, why=why)

        mine = False

        async def fly() -> tuple[Value, Served]:
            nonlocal mine
            mine = True
            return await self._fetch(question, stamps, compute, fresh=fresh)

        try:
            (value, served), shared = await self._flights.share((question.key, question.owner, fresh), stamps, fly)
        except GatewayError as error:
            if mine or error.status >= _SERVER_FAULT:
                raise
            # Whoever asked first may have wished for what was refused, such as a limit of rows.
            return await self._compute(question, compute), self._served(Source.MISS, question)
        return value, served._replace(collapsed=True) if shared else served

    async def _fetch(
        self, question: Question, stamps: tuple[str, ...], compute: Callable[[], Awaitable[Value]], *, fresh: bool
    ) -> tuple[Value, Served]:
        """From Redis or computed, and kept."""
        shape, name = question.shape, question.digest()
        worth = shape.shared.is_worth(shape.seconds)
        if worth and not fresh:
            found = await self._fetch_shared(question, name)
            if found is not None:
                return found
        known = self._memory.get(question.key) is not None
        stored = self._clock()
        value = await self._compute(question, compute)
        source = Source.REQUEST if fresh else Source.CHANGED if known else Source.MISS
        if not self._codec.storable(value):
            return value, self._served(source, question)
        if self._awaits_decision(question, stamps):
            self._definitions.lost(shape.seconds)
            return value, self._served(source, question)
        entry = self._entry(question, value, stamps, stored, decided=False)
        kept = self._memory.put(question.key, entry)
        if kept or worth:
            self._definitions.ask(question.definitions, lambda same: self._decide(question, entry, worth, same=same))
        return value, self._served(source, question, question.ttl, stored=kept or worth)

    def _awaits_decision(self, question: Question, stamps: tuple[str, ...]) -> bool:
        """Whether an answer as good as this one waits to be decided. Whoever put their own in its place would begin
        that wait anew, and where many ask, it would never end."""
        entry = self._memory.get(question.key)
        if entry is None or entry.decided or entry.stamps != stamps:
            return False
        return self._clock() - entry.stored < min(_UNDECIDED, question.ttl)

    def _decide(self, question: Question, entry: Entry[Value], worth: bool, *, same: bool) -> None:
        """It is known what definitions an answer was computed under: everybody may have it, or nobody."""
        if not same:
            self._memory.drop(question.key, entry)
            return
        entry.decided = True
        left = question.ttl - (self._clock() - entry.stored)
        if worth and left > 0:
            self._shared.put(question.digest(), self._codec.encode(entry.value), entry.stamps, left)

    async def _fetch_shared(self, question: Question, name: str) -> tuple[Value, Served] | None:
        tier = question.shape.shared
        began = self._clock()
        kept = await self._shared.get(name)
        tier.took(self._clock() - began)
        # Compared with the facts of now, after it has arrived.
        value = None
        if kept is not None and kept.age < question.ttl and kept.stamps == self.coherence.known(question.facts):
            value = self._codec.decode(kept.body)
        tier.note(hit=value is not None)
        if kept is None or value is None:
            return None
        stored = self._clock() - kept.age
        self._memory.put(question.key, self._entry(question, value, kept.stamps, stored, decided=True))
        return value, self._served(Source.REDIS, question, question.ttl - kept.age)

    def _entry(
        self, question: Question, value: Value, stamps: tuple[str, ...], stored: float, *, decided: bool
    ) -> Entry[Value]:
        return Entry(value, stamps, stored, self._codec.size(value) + question.weight, decided)

    async def _compute(self, question: Question, compute: Callable[[], Awaitable[Value]]) -> Value:
        began = self._clock()
        value = await compute()
        question.shape.took(self._clock() - began)
        return value

    def refuse(self, shape: Shape, why: str) -> Served:
        """A question that must go past the cache; `why` is one word."""
        self.shapes.note(shape)
        shape.refused += 1
        self._counts[Source.BYPASS] += 1
        return Served(Source.BYPASS, why=why)

    def _holds(self, entry: Entry[Value], question: Question, version: int) -> bool:
        if not entry.decided:
            return False
        if entry.version == version:
            return True
        if entry.stamps != self.coherence.known(question.facts):
            return False
        entry.version = version
        return True

    def _stale(self, question: Question) -> tuple[Value, Served] | None:
        """An answer that may be out of date, where the policy file prefers that to none."""
        if not question.stale_if_error:
            return None
        entry = self._memory.get(question.key)
        if entry is None or not entry.decided:
            return None
        left = question.ttl - (self._clock() - entry.stored)
        if left + question.stale_if_error <= 0:
            return None
        return entry.value, self._served(Source.STALE, question, left)

    def _served(
        self,
        source: Source,
        question: Question,
        ttl: float | None = None,
        *,
        stored: bool = False,
        why: str | None = None,
    ) -> Served:
        self._counts[source] += 1
        return Served(source, ttl, stored, sharing=question.shape.sharing, why=why)

    async def start(self) -> None:
        """Begin to watch the database; nothing is served before that has succeeded."""
        self._definitions.start()
        await self.coherence.start()

    async def stop(self) -> None:
        """Finish what was committed, and end the rest."""
        await self._definitions.stop()
        await self.coherence.stop()
        await self._shared.stop()

    @property
    def unsettled(self) -> int:
        """How many answers not everybody can have yet who may: they wait for a look, or are on their way to Redis."""
        return self._definitions.undecided + self._shared.writing

    def report(self) -> CacheReport:
        """How it does now."""
        counts = self.coherence.counts
        return CacheReport(
            off=self.coherence.off,
            entries=len(self._memory),
            bytes=self._memory.bytes,
            evictions=self._memory.evictions,
            hits={source.name.lower(): count for source, count in self._counts.items()} | {"memory": self._hits},
            changes_told=counts.told,
            changes_heard=self.coherence.heard,
            changes_found=counts.found,
            breaks=self.coherence.breaks,
            resets=counts.resets,
            shapes=tuple(
                ShapeReport(
                    shape.name,
                    shape.detail,
                    shape.memory.hits,
                    shape.shared.hits,
                    shape.computed,
                    shape.refused,
                    shape.seconds,
                    shape.memory.pays(shape.seconds),
                    shape.shared.pays(shape.seconds),
                )
                for shape in self.shapes
            ),
        )
