"""The condition of a policy, read as far as lints need it. Pure.

What is not understood counts as depending on the row, so a lint is silent rather than guessing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from gateway.policies.expressions.clauses import Clause
from gateway.policies.lints.leaf import Leaf, Openness
from gateway.policies.lints.reading import Reading, Table, tree


@dataclass(frozen=True, eq=False)
class Condition:
    """The text with its boolean structure; `tree` is None for what is not understood."""

    reading: Reading
    tree: Clause | None
    _known: dict[int, Leaf] = field(default_factory=dict[int, Leaf])

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Those outside of subqueries."""
        return tuple(self._leaves(self.tree)) if self.tree else ()

    @cached_property
    def openness(self) -> Openness:
        """Whom it lets through whatever the row is."""
        return self._openness(self.tree) if self.tree else Openness.DEPENDS

    def everywhere(self, test: Callable[[Leaf], bool]) -> bool:
        """Whether every way through the condition passes a leaf for which `test` holds."""
        return self.tree is None or self._everywhere(self.tree, test)

    def branches(self) -> Iterator[tuple[Leaf, ...]]:
        """The alternatives of the outermost OR: the leaves that must hold together in each, nested ORs left out."""
        if self.tree is not None:
            for part in self.tree.parts if self.tree.kind == "or" else (self.tree,):
                parts = part.parts if part.kind == "and" else (part,)
                yield tuple(self._leaf(each) for each in parts if each.kind in ("leaf", "not"))

    def inner(self) -> Iterator[Leaf]:
        """The leaves of conditions inside subqueries."""
        return self._inner(self.tree) if self.tree else iter(())

    def _inner(self, clause: Clause) -> Iterator[Leaf]:
        for part in clause.parts:
            yield from self._inner(part)
        for part in clause.inner:
            yield from self._leaves(part)
            yield from self._inner(part)

    def _leaves(self, clause: Clause) -> Iterator[Leaf]:
        if clause.kind in ("leaf", "not"):
            yield self._leaf(clause)
        else:
            for part in clause.parts:
                yield from self._leaves(part)

    def _leaf(self, clause: Clause) -> Leaf:
        known = self._known.get(clause.start)
        if known is None:
            negated = clause.kind == "not"
            inside = clause.parts[0] if negated else clause
            known = Leaf(self.reading, self._starts[inside.start], self._ends[inside.end], negated)
            self._known[clause.start] = known
        return known

    @cached_property
    def _starts(self) -> dict[int, int]:
        return {token.start: index for index, token in enumerate(self.reading.found.tokens)}

    @cached_property
    def _ends(self) -> dict[int, int]:
        return {token.end: index + 1 for index, token in enumerate(self.reading.found.tokens)}

    def _openness(self, clause: Clause) -> Openness:
        if clause.kind == "or":
            return max(map(self._openness, clause.parts))
        if clause.kind == "and":
            return min(map(self._openness, clause.parts))
        return self._leaf(clause).openness

    def _everywhere(self, clause: Clause, test: Callable[[Leaf], bool]) -> bool:
        if clause.kind == "or":
            return all(self._everywhere(part, test) for part in clause.parts)
        if clause.kind == "and":
            return any(self._everywhere(part, test) for part in clause.parts)
        leaf = self._leaf(clause)
        return leaf.openness is Openness.NEVER or test(leaf)


@lru_cache(maxsize=8192)
def condition(text: str, table: Table) -> Condition:
    """The same object for the same arguments: a text is read once, however many lints ask."""
    return Condition(Reading(text, table), tree(text))
