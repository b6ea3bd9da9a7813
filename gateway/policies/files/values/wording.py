"""What files say, as it may stand in a message: short, on one line, and without power over a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import Final

_LONGEST: Final = 80
_LOOKED_AT: Final = 500


def shown(text: str) -> str:
    """The text's beginning, in backquotes."""
    begin = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return "`" + "".join(character if character.isprintable() else "·" for character in begin) + "`"


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or nothing."""
    near = difflib.get_close_matches(name[:_LONGEST], islice(known, _LOOKED_AT), n=1)
    return f"did you mean {shown(near[0])}?" if near else ""
