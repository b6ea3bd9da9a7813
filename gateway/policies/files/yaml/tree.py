"""What a YAML document consists of: nodes with the offsets where they stand in their file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "null", "boolean", "integer", "float"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """`style` is empty for a plain scalar, else its first character. It stands at `start` up to `end`."""

    value: str
    kind: Kind
    style: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys are text and differ from each other."""

    entries: tuple[tuple[Scalar, Node], ...]
    start: int


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that a problem was reported for already: whoever meets it has nothing to add."""

    start: int


Node = Scalar | Sequence | Mapping | Broken
