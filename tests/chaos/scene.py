"""What readers and writers share: what there is, what they ask now, and what they found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.chaos.changes import Serials
from tests.chaos.history import Register
from tests.chaos.model import IDENTITIES, Identity, Rules, State
from tests.chaos.queries import Query, queries
from tests.chaos.tally import Tally
from tests.chaos.wire import Reply
from tests.serving import token

PREFIX: Final = "/rest/v1"
PATIENCE: Final = 20.0
"""How long an answer may take, in seconds: longer than any fault lasts."""
BUSY: Final = frozenset({429, 500, 502, 503, 504})
"""Answers that say nothing. After one to a write nobody knows whether it happened."""

now = time.monotonic


@dataclass(slots=True)
class Scene:
    """What all readers and writers share.

    `bound`: for how many seconds reads may be behind a write that no gateway acknowledged. `kinds`: names of queries,
    if not all. `popular`: what most reads ask. `writing`: whether anybody writes now, with how much `haste`, and
    `through` which instance, if not all. `over`: writers shall end.
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


def failure(reply: Reply) -> str:
    """Which kind of failure it is."""
    return f"{reply.status} {reply.header('Proxy-Status') or ''}".strip()
