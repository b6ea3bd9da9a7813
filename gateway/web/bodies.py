"""How much memory the bodies of all requests may take together. Pure."""

from __future__ import annotations


class BodyBudget:
    """Bytes of bodies that are held at the same time. For one thread.

    A single body always fits, whatever the limit: how large one may be is another setting's business.
    """

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    def take(self, size: int, *, already: int) -> bool:
        """Hold `size` more bytes for somebody who holds `already`, unless there is no room."""
        others = self.held - already
        if others > 0 and self.held + size > self.limit:
            return False
        self.held += size
        return True

    def give(self, size: int) -> None:
        self.held -= size
