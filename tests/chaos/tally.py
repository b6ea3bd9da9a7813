"""What happened: counts, and the violations with their stories."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.stories import Violation

_KEPT = 20
"""How many stories of each kind are kept."""


@dataclass(slots=True)
class Tally:
    """`caches`: reads by what Cache-Status said. `failed`: reads without a usable answer, by why. `faults`: how often
    each was made. `stalest`: the longest that a right read was behind what no gateway had acknowledged, in seconds."""

    seconds: float = 0.0
    reads: int = 0
    not_modified: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    caches: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    out_of_band: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    stalest: float = 0.0
    slowest_read: float = 0.0
    slowest_write: float = 0.0
    found: Counter[str] = field(default_factory=Counter)
    stories: list[Violation] = field(default_factory=list)

    def violated(self, violation: Violation) -> None:
        self.found[violation.kind] += 1
        if self.found[violation.kind] <= _KEPT:
            self.stories.append(violation)

    @property
    def hits(self) -> int:
        return sum(number for words, number in self.caches.items() if words.startswith("hit"))

    def told(self) -> str:
        """The report."""
        lines = [violation.kind + ": " + violation.story for violation in self.stories]
        share = 100 * self.hits / self.reads if self.reads else 0.0
        lines += [
            f"{self.reads} reads checked in {self.seconds:.0f} s, {self.reads / max(self.seconds, 0.001):.0f}/s",
            f"  {self.hits} from a cache ({share:.1f} %), {self.not_modified} not modified",
            f"  the slowest in {self.slowest_read:.2f} s",
            f"  kinds: {_counts(self.kinds)}",
            f"  Cache-Status: {_counts(self.caches)}",
            f"  without an answer: {_counts(self.failed)}",
            f"{self.writes.total()} writes acknowledged, the slowest in {self.slowest_write:.2f} s",
            f"  kinds: {_counts(self.writes)}",
            f"  with an unknown outcome: {_counts(self.unknown)}",
            f"  out of band: {self.out_of_band}; the stalest read after one by {self.stalest * 1000:.0f} ms",
            f"rules changed: {_counts(self.rules)}",
            f"faults: {_counts(self.faults)}",
            f"violations: {_counts(self.found)}",
        ]
        return "\n".join(lines)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counter.most_common()) or "none"
