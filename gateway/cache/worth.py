"""Whether an answer is worth keeping: measured for each shape of question.

A look into memory costs microseconds, one into Redis a round trip, and both are lost if nothing is found. So a tier is
asked only while what it saves, the time of the database times the share of questions it answers, exceeds what it costs.
A shape that is not worth it is tried again now and then, since habits change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_WEIGHT: Final = 0.05
"""Of the newest measurement in an average."""
_TRIAL: Final = 50
"""Questions after which a tier is judged."""
_REST: Final = 1000
"""Questions that go past a tier before it is tried again."""


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

    __slots__ = ("computed", "detail", "memory", "name", "refused", "seconds", "shared", "sharing")

    def __init__(self, name: str, sharing: str, detail: str) -> None:
        self.name = name
        self.sharing = sharing
        self.detail = detail
        self.refused = 0
        self.memory = Tier(cost=30e-6)
        self.shared = Tier(cost=300e-6)
        self.computed = 0
        self.seconds = 0.0

    def took(self, seconds: float) -> None:
        """The database answered in so many seconds."""
        self.computed += 1
        if self.computed == 1:
            self.seconds = seconds
        else:
            self.seconds += _WEIGHT * (seconds - self.seconds)
