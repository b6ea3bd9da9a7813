"""What names become in Redis. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from redis.crc import key_slot

from gateway.redisurl import RedisUrlError, check_prefix

VERSION: Final = "v1"
"""Changes when what is kept under the keys changes its form; the old keys are then simply not found."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys and channels of one deployment: prefix, version, name.

    The prefix may be empty. It may not hold braces, which would decide the slot of every key in a cluster.
    """

    prefix: str = "passerelle:"
    _start: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            check_prefix(self.prefix)
        except RedisUrlError as error:
            raise RedisUrlError(f"the key prefix {error}") from None
        object.__setattr__(self, "_start", f"{self.prefix}{VERSION}:")

    def key(self, name: str) -> str:
        """The key of `name`. In a cluster only what stands between the first braces of a name decides the slot."""
        return self._start + name

    def anchored(self, name: str) -> str:
        """The key of something of the bus itself; all of these live on one server, the *anchor*."""
        return f"{self._start}bus:{{{self.prefix}bus}}:{name}"


def slot(key: str) -> int:
    """The cluster slot of a key, 0 to 16383."""
    return key_slot(key.encode())


def one_slot(keys: Sequence[str]) -> bool:
    """Whether a script may use these keys together in a cluster."""
    return len(keys) < 2 or len({slot(key) for key in keys}) == 1  # noqa: PLR2004 - one key is always in one slot


def by_slot(keys: Iterable[str]) -> list[list[int]]:
    """The positions of keys that can travel together, a list for each slot, in order of appearance."""
    groups: dict[int, list[int]] = {}
    for position, key in enumerate(keys):
        groups.setdefault(slot(key), []).append(position)
    return list(groups.values())
