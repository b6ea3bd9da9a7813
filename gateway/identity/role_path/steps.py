"""The hops of a compiled path, whichever syntax it was written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

Test = Callable[[Any], bool]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a path answers where the document has nothing; JSON null is a value."""


@dataclass(frozen=True, slots=True)
class Step:
    """One hop: from a value to the values it leads to, in document order."""

    reach: Callable[[Any], Iterable[Any]]


def walk(steps: tuple[Step, ...], document: Any) -> Any:
    """The first value the steps lead to, or `MISSING`."""
    values: list[Any] = [document]
    for step in steps:
        values = [reached for value in values for reached in step.reach(value)]
    return values[0] if values else MISSING


def member(name: str) -> Step:
    def reach(value: Any) -> Iterable[Any]:
        members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        return (members[name],) if name in members else ()

    return Step(reach)


def element(index: int) -> Step:
    def reach(value: Any) -> Iterable[Any]:
        items = cast("list[Any]", value) if isinstance(value, list) else []
        return (items[index],) if -len(items) <= index < len(items) else ()

    return Step(reach)


def children_where(test: Test) -> Step:
    return Step(lambda value: [child for child in children(value) if test(child)])


def union(selectors: tuple[Step, ...]) -> Step:
    return Step(lambda value: [reached for selector in selectors for reached in selector.reach(value)])


def children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def descendants(value: Any) -> Iterable[Any]:
    """The value and everything below it, without recursion: a token chooses its own depth."""
    pending, found = [value], list[Any]()
    while pending:
        node = pending.pop()
        found.append(node)
        pending.extend(reversed(list(children(node))))
    return found


def equal(left: Any, right: Any) -> bool:
    """JSON equality: true is not 1, although Python says so."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)
