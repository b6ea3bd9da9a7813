"""Named predicates: `$name` in an expression becomes `(text)`, whose place is where the predicate stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.policies.files.codes import Code
from gateway.policies.files.values.expressions import LONGEST, Use, parts
from gateway.policies.files.values.nodes import Reading
from gateway.policies.files.values.wording import shown
from gateway.policies.model import Expression
from gateway.policies.problems import Place

DEEPEST: Final = 50
"""Predicates that use each other."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """`expression` is None if it was refused already."""

    name: str
    expression: Expression | None
    place: Place


@dataclass(frozen=True, slots=True)
class Visible:
    """The predicates that hold in a file. `whole` is false if some are missing because a file could not be read."""

    predicates: Mapping[str, Predicate]
    whole: bool


class _Expanded(NamedTuple):
    """An expression without `$name`s, None if it cannot be had, and how many predicates were in each other in it."""

    expression: Expression | None
    depth: int = 0


class Predicates:
    """Puts predicates into expressions. A predicate means what it means in its own file, wherever it is used."""

    def __init__(self, visible: Mapping[str, Visible], readings: Mapping[str, Reading]) -> None:
        """Both by file."""
        self._visible = visible
        self._readings = readings
        self._expanded: dict[Place, _Expanded] = {}

    def put_into(self, expression: Expression | None, file: str) -> Expression | None:
        """The expression of a file without any `$name`; None if it cannot be had, which is noted."""
        return None if expression is None else self._put(expression, file, ()).expression

    def check(self) -> None:
        """Notes what is wrong with predicates, used or not."""
        for file, visible in self._visible.items():
            for predicate in visible.predicates.values():
                if predicate.place.file == file:
                    self._expand(predicate, ())

    def _expand(self, predicate: Predicate, path: tuple[Predicate, ...]) -> _Expanded:
        found = self._expanded.get(predicate.place)
        if found is None:
            found = _Expanded(None)
            if predicate.expression is not None:
                found = self._put(predicate.expression, predicate.place.file, (*path, predicate))
            self._expanded[predicate.place] = found = found._replace(depth=found.depth + 1)
        return found

    def _put(self, expression: Expression, file: str, path: tuple[Predicate, ...]) -> _Expanded:
        if "$" not in expression.text:
            return _Expanded(expression)
        built = _Builder()
        done = depth = 0
        complete = True
        for use in uses(expression):
            at = expression.place(use.start)
            inner = self._used(use, at, file, path)
            complete = complete and inner.expression is not None
            if inner.expression is not None and built.length <= LONGEST:
                built.add(expression, done, use.start)
                built.put(inner.expression, at)
            done, depth = use.end, max(depth, inner.depth)
        built.add(expression, done, len(expression.text))
        if built.length > LONGEST:
            message = f"with its predicates put in, the expression has more than {LONGEST} characters"
            self._readings[file].refuse(Code.TOO_LONG, expression.place(), message, "say it in a function")
            complete = False
        whole = Expression(built.text, expression.text, tuple(built.segments)) if complete else None
        return _Expanded(whole, depth)

    def _used(self, use: Use, at: Place, file: str, path: tuple[Predicate, ...]) -> _Expanded:
        visible, reading = self._visible[file], self._readings[file]
        predicate = visible.predicates.get(use.name)
        nothing = _Expanded(None)
        if predicate is None:
            if visible.whole:
                fix = reading.near(use.name, visible.predicates) or "define it under `predicates`, or include its file"
                reading.refuse(Code.UNKNOWN_PREDICATE, at, f"there is no predicate {shown(use.name)} here", fix)
            return nothing
        if predicate in path:
            names = " → ".join(f"${each.name}" for each in (*path[path.index(predicate) :], predicate))
            reading.refuse(Code.PREDICATE_CYCLE, at, f"a predicate uses itself: {names}", "write one of them out")
            return nothing
        found = self._expand(predicate, path) if len(path) < DEEPEST else self._expanded.get(predicate.place)
        if found is None or (found.expression is not None and len(path) + found.depth > DEEPEST):
            message = f"more than {DEEPEST} predicates use each other"
            reading.refuse(Code.TOO_LONG, at, message, "write some of them out")
            return nothing
        return found


def uses(expression: Expression) -> Iterator[Use]:
    """Each `$name` of an expression that `expression_problem` has nothing against, in order."""
    if "$" in expression.text:
        yield from (part for part in parts(expression.text) if isinstance(part, Use))


class _Builder:
    """A text put together from others, with where its parts come from."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.segments: list[tuple[int, Place]] = []
        self.length = 0

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def add(self, expression: Expression, start: int, end: int) -> None:
        """A part of another text."""
        if start == end:
            return
        shift = self.length - start
        self._append(expression.text[start:end], expression.place(start))
        self.segments += [(offset + shift, place) for offset, place in expression.segments if start < offset < end]

    def put(self, expression: Expression, at: Place) -> None:
        """All of another text in parentheses, which stand where its name does."""
        self._append("(", at)
        self.add(expression, 0, len(expression.text))
        self._append(")", at)

    def _append(self, text: str, place: Place) -> None:
        self.segments.append((self.length, place))
        self._texts.append(text)
        self.length += len(text)
