"""How long each stage of a request took (W3C Server Timing; PostgREST docs: "Server-Timing Header")."""

from __future__ import annotations

import time


class Stages:
    """Durations by stage, in the order they were marked. Does nothing unless enabled."""

    __slots__ = ("_durations", "_last", "enabled")

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._durations: list[tuple[str, float]] = []
        self._last = time.perf_counter() if enabled else 0.0

    def mark(self, stage: str) -> None:
        """The stage that began with the last mark is over."""
        if self.enabled:
            now = time.perf_counter()
            self._durations.append((stage, now - self._last))
            self._last = now

    def header(self, last: str) -> str:
        """The header's value, in milliseconds; `last` names the stage that ends now."""
        self.mark(last)
        return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in self._durations)


UNTIMED = Stages(enabled=False)
"""For all requests whose stages nobody asked for."""
