"""What a subscription tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from gateway.bus.errors import Reason


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `channel` is the name it was subscribed by."""

    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """The server has confirmed every channel: what is published from now on arrives, or a Gap tells that it did not."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection was lost; nothing arrives until Connected."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Gap:
    """Here messages may be missing: the connection was lost in between (directly after Connected), or, if `dropped` is
    not 0, at least so many were dropped because nobody took them in time."""

    dropped: int = 0


Event: TypeAlias = Message | Connected | Lost | Gap


class Overflow(Enum):
    """What a full queue of messages does with one more. Either way a Gap stands where messages were dropped."""

    DROP_OLDEST = "drop_oldest"
    """Drops the oldest message: for those who want the latest."""
    DROP_ALL = "drop_all"
    """Drops all messages: for those who must begin anew after a gap anyway."""
