"""Which node of a cluster has which keys. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from gateway.redisurl import Place

SLOTS: Final = 16384


@dataclass(frozen=True, slots=True)
class SlotRange:
    """Slots `first` to `last`, both included, and the primary that has them."""

    first: int
    last: int
    primary: Place


def read_slots(reply: list[Any], asked: Place) -> tuple[SlotRange, ...]:
    """The reply to CLUSTER SLOTS of the node at `asked`. A node that does not know its own address leaves it empty."""
    return tuple(
        SlotRange(int(first), int(last), Place(_text(primary[0]) or asked.host, int(primary[1])))
        for first, last, primary, *_ in reply
    )


def owners(ranges: tuple[SlotRange, ...]) -> list[Place | None]:
    """The primary of each slot."""
    table: list[Place | None] = [None] * SLOTS
    for part in ranges:
        table[part.first : part.last + 1] = [part.primary] * (part.last + 1 - part.first)
    return table


def _text(value: Any) -> str:
    text = value.decode() if isinstance(value, bytes) else str(value or "")
    return "" if text == "?" else text  # what a node without a known endpoint says
