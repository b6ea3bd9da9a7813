"""Names that a team knows kept answers by, with places for values: `profile:{id}`. They change nothing; they are shown.

`{id}` is the value that a request gives to `id`: of a filter `id=eq.…`, or of an argument of a function; `{limit}` the
limit, `{sub}` the caller's id. `{type=tag}` stands for nothing and demands that value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST: Final = 200
"""Characters of an alias."""
_FORM: Final = re.compile(r"\{([^{}=]+)(?:=([^{}]*))?\}|([^{}]+)")


class NotAnAlias(ValueError):
    """The text is no alias; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """Text as it is (`name` None), the value of `name`, or the demand that `name` has the value `text`."""

    name: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias that was read."""

    parts: tuple[Part, ...]

    def fill(self, values: Mapping[str, str]) -> str | None:
        """With the values in their places; None if one is missing, or is not the one that is demanded."""
        filled: list[str] = []
        for part in self.parts:
            value = part.text if part.name is None else values.get(part.name)
            if value is None or (part.name is not None and part.text is not None and value != part.text):
                return None
            if part.name is None or part.text is None:
                filled.append(value)
        return "".join(filled)


def read_alias(text: str) -> Alias:
    """Raises NotAnAlias."""
    if not text or len(text) > MOST or not text.isprintable():
        raise NotAnAlias(f"an alias has 1 to {MOST} characters that can be seen")
    parts: list[Part] = []
    at = 0
    while at < len(text):
        match = _FORM.match(text, at)
        if match is None:
            raise NotAnAlias("write `{name}` for a value, `{name=value}` to demand one")
        name, wanted, plain = match.groups()
        parts.append(Part(name, wanted if plain is None else plain))
        at = match.end()
    return Alias(tuple(parts))
