"""The tier in the process: entries by key, the least recently used leave first, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")

_OVERHEAD = 1000
"""Bytes that an entry takes besides its value and the texts of its key: stamps, and the dictionary's own."""


@dataclass(slots=True, eq=False)
class Entry(Generic[Value]):
    """An answer, and the facts as they were before it was computed. `stored` is when, by the steady clock. Nobody may
    have it until it is `decided` that it is valid under its key. `version` is that of the facts when the stamps were
    last found to be theirs."""

    value: Value
    stamps: tuple[str, ...]
    stored: float
    size: int
    decided: bool
    version: int | None = None


class Memory(Generic[Value]):
    """At most `limit` bytes; what is larger than `largest` is not kept."""

    def __init__(self, limit: int, largest: int) -> None:
        self._limit = limit
        self._largest = min(largest, limit)
        self._entries: OrderedDict[Hashable, Entry[Value]] = OrderedDict()
        self.bytes = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> Entry[Value] | None:
        """The entry, whether it still holds or not."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Hashable, entry: Entry[Value]) -> bool:
        """Keep an entry in the place of another; returns whether it is small enough."""
        entry.size += _OVERHEAD
        if entry.size > self._largest:
            return False
        before = self._entries.pop(key, None)
        if before is not None:
            self.bytes -= before.size
        self._entries[key] = entry
        self.bytes += entry.size
        while self.bytes > self._limit:
            _, oldest = self._entries.popitem(last=False)
            self.bytes -= oldest.size
            self.evictions += 1
        return True

    def drop(self, key: Hashable, entry: Entry[Value]) -> None:
        """Forget this entry, if it is still there."""
        if self._entries.get(key) is entry:
            del self._entries[key]
            self.bytes -= entry.size

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.bytes = 0
