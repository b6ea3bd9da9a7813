"""Texts that the cache's commands show. Pure."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))
_KILO: Final = 1024


def visible(text: str) -> str:
    """Without power over a terminal: names come from a database, values from whoever asked."""
    return "".join(character if character.isprintable() else "·" for character in text)


def duration(seconds: float) -> str:
    """In the largest unit that needs no fraction."""
    for length, unit in _UNITS:
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def size(count: float) -> str:
    """Bytes, with three digits."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < _KILO:
            return f"{count:.3g} {unit}" if unit != "bytes" else f"{count:.0f} bytes"
        count /= _KILO
    return f"{count:.3g} GiB"
