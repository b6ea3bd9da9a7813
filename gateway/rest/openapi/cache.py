"""Rendered documents, shared by all callers who may see the same."""

from __future__ import annotations

from collections import OrderedDict

from gateway.catalog import Catalog

Key = tuple[str, bytes | None]
"""A schema, and what is visible of it; None is everything."""


class DocumentCache:
    """Documents of one catalog snapshot; a new one empties it. At most `limit` bytes, keys included; the least
    recently used leave first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._catalog: Catalog | None = None
        self._bodies: OrderedDict[Key, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        return self._size

    def get(self, catalog: Catalog, key: Key) -> bytes | None:
        if catalog is not self._catalog or key not in self._bodies:
            return None
        self._bodies.move_to_end(key)
        return self._bodies[key]

    def put(self, catalog: Catalog, key: Key, body: bytes) -> None:
        if catalog is not self._catalog:
            self._bodies.clear()
            self._catalog, self._size = catalog, 0
        if key in self._bodies:
            return
        self._bodies[key] = body
        self._size += _weight(key, body)
        while self._size > self._limit:
            self._size -= _weight(*self._bodies.popitem(last=False))


def _weight(key: Key, body: bytes) -> int:
    return len(body) + len(key[1] or b"")
