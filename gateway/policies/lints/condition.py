"""The condition of a policy, read as far as lints need it. Pure.

What is not understood counts as depending on the row, so a lint is silent rather than guessing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from gateway.policies.expressions.clauses import Clause
from gateway.policies.lints.leaf import Leaf, Openness
from gateway.policies.lints.reading import About, Reading, tree


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A condition with NOT moved inwards to the leaves. `leaf` is set where there are no `parts`."""

    kind: Literal["or", "and", "leaf"]
    parts: tuple[Part, ...] = ()
    leaf: Leaf | None = None

    @property
    def leaves(self) -> Iterator[Leaf]:
        if self.leaf is not None:
            yield self.leaf
        for part in self.parts:
            yield from part.leaves

    @property
    def openness(self) -> Openness:
        if self.leaf is not None:
            return self.leaf.openness
        return (max if self.kind == "or" else min)(part.openness for part in self.parts)

    def everywhere(self, test: Callable[[Leaf], bool]) -> bool:
        """Whether every way through passes a leaf for which `test` holds, or that nobody passes."""
        if self.leaf is not None:
            return self.leaf.openness is Openness.NEVER or test(self.leaf)
        return (all if self.kind == "or" else any)(part.everywhere(test) for part in self.parts)


@dataclass(frozen=True, eq=False)
class Condition:
    """A whole condition; `tree` is None if it is not understood."""

    reading: Reading
    tree: Clause | None

    @cached_property
    def _root(self) -> Part | None:
        return self._part(self.tree, negated=False) if self.tree is not None else None

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Those outside of subqueries."""
        return tuple(self._root.leaves) if self._root is not None else ()

    @cached_property
    def openness(self) -> Openness:
        """Whom it lets through whatever the row is."""
        return self._root.openness if self._root is not None else Openness.DEPENDS

    def everywhere(self, test: Callable[[Leaf], bool]) -> bool:
        """Whether every way through the condition passes a leaf for which `test` holds."""
        return self._root is None or self._root.everywhere(test)

    def branches(self) -> Iterator[tuple[Leaf, ...]]:
        """The alternatives of the outermost OR: the leaves that must hold together in each, nested ORs left out."""
        if self._root is not None:
            for part in self._root.parts if self._root.kind == "or" else (self._root,):
                together = part.parts if part.kind == "and" else (part,)
                yield tuple(each.leaf for each in together if each.leaf is not None)

    def inner(self) -> Iterator[Leaf]:
        """The leaves of conditions inside subqueries."""
        return self._inner(self.tree) if self.tree is not None else iter(())

    def _inner(self, clause: Clause) -> Iterator[Leaf]:
        for part in clause.parts:
            yield from self._inner(part)
        for condition in clause.inner:
            yield from self._part(condition, negated=False).leaves
            yield from self._inner(condition)

    def _part(self, clause: Clause, *, negated: bool) -> Part:
        if clause.kind == "not":
            return self._part(clause.parts[0], negated=not negated)
        if clause.kind == "leaf":
            leaf = Leaf(self.reading, self._starts[clause.start], self._ends[clause.end], negated)
            return Part("leaf", leaf=leaf)
        parts = tuple(self._part(part, negated=negated) for part in clause.parts)
        return Part("or" if (clause.kind == "or") != negated else "and", parts)

    @cached_property
    def _starts(self) -> dict[int, int]:
        return {token.start: index for index, token in enumerate(self.reading.found.tokens)}

    @cached_property
    def _ends(self) -> dict[int, int]:
        return {token.end: index + 1 for index, token in enumerate(self.reading.found.tokens)}


@lru_cache(maxsize=8192)
def condition(text: str, about: About) -> Condition:
    """The same object for the same arguments: a text is read once, however many lints ask."""
    return Condition(Reading(text, about), tree(text))
