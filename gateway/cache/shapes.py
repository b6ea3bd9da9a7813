"""The shapes that were asked for lately."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from gateway.cache.worth import Shape

_MOST = 2000


class Shapes:
    """At most `most`; the one that was noted first leaves first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._shapes: OrderedDict[Shape, None] = OrderedDict()

    def __iter__(self) -> Iterator[Shape]:
        return iter(tuple(self._shapes))

    def note(self, shape: Shape) -> None:
        """It is asked for."""
        if shape not in self._shapes:
            self._shapes[shape] = None
            if len(self._shapes) > self._most:
                self._shapes.popitem(last=False)
