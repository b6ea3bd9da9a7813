"""What a thing may be at a moment: a line of states, each with the times between which it may be the present one.

All times are seconds of one monotonic clock, that of the process which sends the requests and hears the answers. So
`settled` is never earlier than the truth, and a read is never blamed for what it could not know.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")

NEVER = math.inf


@dataclass(slots=True, eq=False)
class Version(Generic[S]):
    """A state, and the write that made it.

    `invoked`: before this moment nobody can have seen it. `settled`: reads that begin after this moment may not see
    anything older; `NEVER` while nobody has promised that. `committed`: for writes that no gateway acknowledged, when
    the database was known to have it; how old their readers' answers are is measured from here.
    """

    state: S
    invoked: float
    settled: float = NEVER
    committed: float | None = None


class Register(Generic[S]):
    """The states of one thing in their order. There is one writer at a time, so the order is known.

    Only the last write may be under way. How it ends is said by `settle` (it happened, and from then on nothing older
    may be seen), `happened` (it did, but nobody promised that readers know) or `undone` (it did not).
    """

    def __init__(self, state: S, now: float) -> None:
        self.versions: list[Version[S]] = [Version(state, now, now)]

    @property
    def newest(self) -> S:
        return self.versions[-1].state

    def invoke(self, state: S, now: float) -> Version[S]:
        """A write to `state` begins."""
        version = Version(state, now)
        self.versions.append(version)
        return version

    def settle(self, version: Version[S], now: float) -> None:
        """The gateway acknowledged it. That says nothing of older writes which no gateway acknowledged: they may have
        changed another table, so answers that depend on that one alone may be older still, for as long as before."""
        earlier = self.versions[: self.versions.index(version)]
        version.settled = max(now, *(each.settled for each in earlier if each.settled != NEVER))

    @staticmethod
    def happened(version: Version[S], now: float, bound: float) -> None:
        """The database has it, without the gateway's word: what is older may be seen for `bound` seconds."""
        version.committed = now
        version.settled = now + bound

    def undone(self, version: Version[S]) -> None:
        """It did not happen and never will."""
        self.versions.remove(version)

    def possible(self, moment: float) -> Iterator[Version[S]]:
        """The states that may be the present one, the newest first: all that a write was invoked for by then, back to
        the last one that had settled."""
        return self.possible_within(moment, moment)

    def possible_within(self, began: float, ended: float) -> Iterator[Version[S]]:
        """The same, at some moment of these."""
        for version in reversed(self.versions):
            if version.invoked <= ended:
                yield version
            if version.settled < began:
                return

    def invoked_within(self, began: float, ended: float) -> Iterator[float]:
        """The moments at which a further state became possible."""
        for version in reversed(self.versions):
            if version.invoked <= began:
                return
            if version.invoked <= ended:
                yield version.invoked

    def after(self, version: Version[S]) -> list[Version[S]]:
        """What came later."""
        return self.versions[self.versions.index(version) + 1 :]

    def forget(self, before: float) -> None:
        """Drop what no read that began after `before` may see."""
        for number in range(len(self.versions) - 1, 0, -1):
            if self.versions[number].settled < before:
                del self.versions[:number]
                return
