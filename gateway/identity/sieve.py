"""A bounded cache with SIEVE eviction (Zhang et al., NSDI 2024)."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class _Node(Generic[K, V]):
    __slots__ = ("key", "newer", "older", "value", "visited")

    def __init__(self, key: K, value: V, older: _Node[K, V] | None) -> None:
        self.key = key
        self.value = value
        self.visited = False
        self.older = older
        self.newer: _Node[K, V] | None = None


class Sieve(Generic[K, V]):
    """At most `capacity` entries; a hit only marks its entry, nothing is moved.

    When full, a hand walks from the oldest entry to newer ones, unmarking as it goes, and evicts the first entry
    that was not read since the hand last passed. `evictions` counts those; explicit removals are not counted.
    A capacity of 0 keeps nothing.
    """

    __slots__ = ("_hand", "_newest", "_nodes", "_oldest", "capacity", "evictions")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.evictions = 0
        self._nodes: dict[K, _Node[K, V]] = {}
        self._oldest: _Node[K, V] | None = None
        self._newest: _Node[K, V] | None = None
        self._hand: _Node[K, V] | None = None

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, key: K) -> V | None:
        node = self._nodes.get(key)
        if node is None:
            return None
        node.visited = True
        return node.value

    def put(self, key: K, value: V) -> None:
        if self.capacity <= 0:
            return
        known = self._nodes.get(key)
        if known is not None:
            known.value = value
            return
        if len(self._nodes) >= self.capacity:
            self._evict()
        node = _Node(key, value, older=self._newest)
        if self._newest is None:
            self._oldest = node
        else:
            self._newest.newer = node
        self._newest = node
        self._nodes[key] = node

    def remove(self, key: K) -> None:
        node = self._nodes.pop(key, None)
        if node is not None:
            self._unlink(node)

    def clear(self) -> None:
        self._nodes.clear()
        self._oldest = self._newest = self._hand = None

    def _evict(self) -> None:
        node = self._hand or self._oldest
        while node is not None and node.visited:
            node.visited = False
            node = node.newer or self._oldest
        if node is not None:
            self._hand = node
            self._unlink(node)
            del self._nodes[node.key]
            self.evictions += 1

    def _unlink(self, node: _Node[K, V]) -> None:
        if self._hand is node:
            self._hand = node.newer
        if node.older is None:
            self._oldest = node.newer
        else:
            node.older.newer = node.newer
        if node.newer is None:
            self._newest = node.older
        else:
            node.newer.older = node.older
