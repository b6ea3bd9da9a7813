"""Bugs that the checker must find: each switches off one of the things that keep the cache coherent."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def stamps() -> None:
    """Entries are served without a look at their tables' present tokens."""
    raise NotImplementedError


def lease() -> None:
    """The memory is trusted without a lease."""
    raise NotImplementedError


def touches() -> None:
    """What the database recorded of a transaction's tables is not read."""
    raise NotImplementedError


PLANTS: Mapping[str, Callable[[], None]] = {"stamps": stamps, "lease": lease, "touches": touches}
