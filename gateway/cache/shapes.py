"""The shapes that were asked for lately."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator

from gateway.cache.worth import Shape

_MOST = 2000


class Shapes:
    """By key; the least recently used leave first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._shapes: OrderedDict[Hashable, Shape] = OrderedDict()

    def __iter__(self) -> Iterator[Shape]:
        return iter(tuple(self._shapes.values()))

    def get(self, key: Hashable, make: Callable[[], Shape]) -> Shape:
        """The shape; made if it is not known."""
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = make()
            if len(self._shapes) > self._most:
                self._shapes.popitem(last=False)
        else:
            self._shapes.move_to_end(key)
        return shape
