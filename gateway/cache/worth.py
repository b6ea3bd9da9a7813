"""Whether an answer is worth keeping: measured for each shape of question.

To look into memory and to keep what was not there costs some of the processor's time, to look into Redis a round trip,
and both are lost if nothing is found. So a tier is asked only while what it saves, the time of the database times the
share of questions it answers, exceeds what it costs. A shape that is not worth it is tried again now and then, since
habits change.

The time of the database is the least that was seen lately: what is more was spent waiting for others. Otherwise a busy
process would believe that everything is worth keeping, which makes it busier.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

_WEIGHT: Final = 0.05
"""Of the newest measurement in an average."""
_TRIAL: Final = 50
"""Questions after which a tier is judged."""
_REST: Final = 1000
"""Questions that go past a tier before it is tried again."""
_LATELY: Final = 20
"""Answers of the database in each of the two spans whose least time counts."""
_MISS: Final = 100e-6
"""Seconds that a question which memory cannot answer takes longer."""


@dataclass(slots=True)
class Tier:
    """How a tier does for one shape. `share` is the part of its questions that it answered lately, `cost` what asking
    it takes, in seconds."""

    cost: float
    share: float = 1.0
    asked: int = 0
    hits: int = 0
    trial: int = _TRIAL
    rest: int = 0

    def is_worth(self, saved: float) -> bool:
        """Whether to ask now, if an answer saves so many seconds. Counts down trials and rests."""
        if self.trial > 0:
            self.trial -= 1
            return True
        if self.pays(saved):
            return True
        self.rest += 1
        if self.rest >= _REST:
            self.rest, self.trial = 0, _TRIAL
        return False

    def pays(self, saved: float) -> bool:
        return saved * self.share > self.cost

    def note(self, *, hit: bool) -> None:
        self.asked += 1
        self.hits += hit
        self.share += _WEIGHT * (hit - self.share)

    def took(self, seconds: float) -> None:
        self.cost += _WEIGHT * (seconds - self.cost)


class Shape:
    """What is known about all questions of one shape. `name` is for people; `sharing` says who shares answers, `detail`
    the same in full, or why nobody does. `refused` are those that went past the cache for that reason, or for one of
    their own."""

    __slots__ = ("_former", "_least", "computed", "detail", "memory", "name", "refused", "shared", "sharing")

    def __init__(self, name: str, sharing: str, detail: str) -> None:
        self.name = name
        self.sharing = sharing
        self.detail = detail
        self.refused = 0
        self.memory = Tier(cost=_MISS)
        self.shared = Tier(cost=300e-6)
        self.computed = 0
        self._least = self._former = inf

    @property
    def seconds(self) -> float:
        """What the database takes, 0 if that is not known yet."""
        least = min(self._least, self._former)
        return least if least < inf else 0.0

    def took(self, seconds: float) -> None:
        """The database answered in so many seconds."""
        self._least = min(self._least, seconds)
        self.computed += 1
        if self.computed % _LATELY == 0:
            self._former, self._least = self._least, inf
