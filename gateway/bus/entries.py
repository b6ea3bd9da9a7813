"""Streams: messages that stay for a while. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

FIELD: Final = b"d"
START: Final = "-"


@dataclass(frozen=True, slots=True)
class Entry:
    """`id` is the server's: later entries have greater ones."""

    id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in order. `complete`: nothing that followed the id which was asked for is missing in front of them."""

    entries: tuple[Entry, ...]
    complete: bool


def range_from(after: str | None, limit: int) -> tuple[str, int]:
    """First id and count for XRANGE. The entry `after` itself is asked for, too: only its presence proves that nothing
    behind it was trimmed."""
    return (START, limit) if after is None else (after, limit + 1)


def read_page(reply: list[Any], after: str | None) -> Page:
    """The reply to XRANGE from `range_from`."""
    entries = [Entry(identifier.decode(), _payload(fields)) for identifier, fields in reply]
    if after is None:
        return Page(tuple(entries), complete=True)
    if entries and entries[0].id == after:
        return Page(tuple(entries[1:]), complete=True)
    return Page(tuple(entries), complete=False)


def _payload(fields: list[bytes]) -> bytes:
    return next((fields[at + 1] for at in range(0, len(fields), 2) if fields[at] == FIELD), b"")
