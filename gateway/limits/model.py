"""What is limited, for whom, and what came of it. Values only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final, NamedTuple, NewType

from gateway.rates import Rate

Subject = NewType("Subject", str)
"""Who is limited. A part of a key of Redis, so it holds nothing that could end its hash tag: only letters, digits,
`.`, `:`, `/` and `-`. Make one with the functions below; those of different kinds never meet."""

NOWHERE: Final = Subject("local")
"""Callers without an address: those of a Unix socket that no proxy vouches for."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NETWORK_BITS: Final = 64
_SECOND: Final = 1_000_000


def user(sub: str) -> Subject:
    """A signed-in user, by the token's `sub`: a UUID as it is, any other text by its digest."""
    return Subject(sub) if _UUID.fullmatch(sub) else digested("user", sub)


def address(ip: IPv4Address | IPv6Address | None) -> Subject:
    """An address; IPv6 by its /64, of which one person has all 2^64."""
    if ip is None:
        return NOWHERE
    if isinstance(ip, IPv4Address):
        return Subject(str(ip))
    return Subject(str(IPv6Network((int(ip) >> _NETWORK_BITS << _NETWORK_BITS, _NETWORK_BITS))))


def digested(kind: str, *texts: str) -> Subject:
    """Anybody else, by any texts; `kind` is a plain word. For instance a key's claims, or an address and an account."""
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b" % (len(encoded), encoded))
    return Subject(f"{kind}-{digest.hexdigest()[:32]}")


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate and the name that it has in keys and headers, the same for every subject. `kind` is from a closed set, for
    metrics. `unit` is what it counts."""

    name: str
    rate: Rate
    kind: str
    unit: str = "requests"


class Demand(NamedTuple):
    """So many units, at least one, of a limit."""

    limit: Limit
    units: int = 1


class Standing(NamedTuple):
    """How a subject stands with a limit after a check. `remaining` units may be taken at once, one more after `wait`
    microseconds; `refused` says that this limit had too few for what was asked."""

    limit: Limit
    remaining: int
    wait: int
    refused: bool = False


class Verdict(NamedTuple):
    """Whether all that was asked was taken; if not, nothing was.

    `retry_after`: in so many whole seconds it would be, if nothing else is taken until then; None if it was taken, or
    never can be, because it is more than the whole burst of a limit. `local`: this instance alone counted.
    """

    allowed: bool
    standings: Sequence[Standing]
    retry_after: int | None = None
    local: bool = False


def verdict(demands: Sequence[Demand], taken: bool, ahead: Sequence[int], *, local: bool) -> Verdict:
    """From what the algorithm answers: whether the units were taken, and how far each TAT is ahead then."""
    standings: list[Standing] = []
    longest = 0
    possible = True
    for (limit, units), lead in zip(demands, ahead, strict=True):
        rate = limit.rate
        remaining = max(0, (rate.capacity - lead) // rate.interval)
        wait = max(0, lead + rate.interval * (remaining + 1) - rate.capacity) if remaining < rate.burst else 0
        refused = not taken and remaining < units
        if refused:
            longest = max(longest, lead + rate.interval * units - rate.capacity)
            possible = possible and units <= rate.burst
        standings.append(Standing(limit, remaining, wait, refused))
    retry_after = whole_seconds(longest) if not taken and possible else None
    return Verdict(taken, standings, retry_after, local)


def whole_seconds(microseconds: int) -> int:
    """Rounded up: a client that waits so long comes late enough."""
    return -(-microseconds // _SECOND)
