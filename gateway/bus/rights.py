"""Which rights the bus needs of its user, tried one by one. Pure.

`docs/redis.md` has the same list as ACL rules; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.bus.connection import Argument
from gateway.bus.errors import BusRefused
from gateway.bus.keys import Keys

Command = tuple[Argument, ...]

_MOMENT: Final = 1000
_COMMAND: Final = re.compile(r"permissions to run the '([\w|-]+)'")


@dataclass(frozen=True, slots=True)
class Refusals:
    """What an ACL does not allow: commands by name, keys or channels with the prefix, and what else it said."""

    commands: tuple[str, ...] = ()
    keys: bool = False
    channels: bool = False
    other: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.commands or self.keys or self.channels or self.other)


def probes(keys: Keys, mark: str, *, clustered: bool) -> list[Command]:
    """Every command of the bus, on keys of its own that are gone afterwards. `mark` tells apart who does it together.

    A cluster's node answers those about other nodes' keys by sending elsewhere, after it has looked at the rights.
    """
    text, table, stream, channel = (keys.key(f"doctor:{mark}:{{{mark}}}:{kind}") for kind in "vhsc")
    return [
        ("GET", text),
        ("MGET", text),
        ("SET", text, "", "PX", _MOMENT),
        ("EVAL", "return 0", 1, text),
        ("EVALSHA", "0" * 40, 1, text),
        ("TIME",),
        ("HSET", table, "f", ""),
        ("HGET", table, "f"),
        ("HMGET", table, "f"),
        ("HGETALL", table),
        ("HDEL", table, "f"),
        ("XADD", stream, "*", "f", ""),
        ("XRANGE", stream, "-", "+"),
        ("DEL", text, table, stream),
        ("PUBLISH", channel, ""),
        *([("ASKING",)] if clustered else ()),
        ("SUBSCRIBE", channel),
        ("UNSUBSCRIBE", channel),
    ]


def read_refusals(commands: Sequence[Command], replies: Sequence[Any]) -> Refusals:
    """What was refused for want of a right, from the replies to the probes."""
    refused: list[str] = []
    other: list[str] = []
    keys = channels = False
    for command, reply in zip(commands, replies, strict=True):
        text = str(reply.details) if isinstance(reply, BusRefused) else ""
        if "permission" not in text:  # redis-py cuts off the code NOPERM
            continue
        if _COMMAND.search(text):
            refused.append(str(command[0]).lower())
        elif "channel" in text:
            channels = True
        elif "key" in text:
            keys = True
        else:
            other.append(text)
    return Refusals(tuple(refused), keys, channels, tuple(dict.fromkeys(other)))
