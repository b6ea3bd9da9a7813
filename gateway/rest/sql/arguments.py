"""A statement and where its parameters come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text with `$n` parameters. Each source is a slot (an index into the request's values) or a text that
    belongs to the shape. Statements of equal shape have equal texts, so PostgreSQL's prepared statement is reused."""

    text: str
    sources: tuple[int | str, ...]
    identical: bool = False
    """The parameters are exactly the request's values, in order."""

    def bind(self, values: Sequence[str]) -> Sequence[str]:
        """The parameters for one request."""
        if self.identical:
            return values
        return [values[source] if isinstance(source, int) else source for source in self.sources]


class Arguments:
    """Hands out parameter numbers while a statement is written. The only way a value can enter SQL."""

    def __init__(self) -> None:
        self._sources: list[int | str] = []
        self._slots: dict[int, str] = {}

    def slot(self, slot: int) -> str:
        """The placeholder of a request value."""
        if slot not in self._slots:
            self._slots[slot] = self._add(slot)
        return self._slots[slot]

    def text(self, text: str) -> str:
        """A placeholder for a text known when the statement is written."""
        return self._add(text)

    def _add(self, source: int | str) -> str:
        self._sources.append(source)
        return f"${len(self._sources)}"

    def statement(self, text: str, slots: int) -> Statement:
        """The finished statement; `slots` is how many values a request of this shape has."""
        return Statement(text, tuple(self._sources), self._sources == list(range(slots)))
