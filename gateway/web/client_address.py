"""From which address a request came, when proxies stand between. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import islice
from typing import Final, Protocol

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

X_FORWARDED_FOR: Final = "X-Forwarded-For"
FORWARDED: Final = "Forwarded"

_MOST_HOPS: Final = 32
_LONGEST: Final = 64
_LONGEST_ELEMENT: Final = 512
_WITH_PORT: Final = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
_FOR: Final = re.compile(r'(?:^|;)\s*for=(?:"([^"\\]*)"|([^\s;,"]*))\s*(?=;|$)', re.IGNORECASE)


class Headers(Protocol):
    """What this file needs of a request's headers."""

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which peers may say for whom they speak, and in which header: `X-Forwarded-For` or `Forwarded` (RFC 7239). Never
    both, for a proxy that writes one lets the other through as the client sent it. `unix` are peers on a Unix socket.
    """

    networks: tuple[IpNetwork, ...] = ()
    unix: bool = False
    header: str = X_FORWARDED_FOR

    def client(self, peer: str | None, headers: Headers) -> IpAddress | None:
        """The address that a request came from. `peer` is the other end of the connection, empty on a Unix socket.

        If that is a trusted proxy, it is the address that it names; if that is one too, the one named before, and so
        on: the rightmost in the header that is not trusted, within 32 hops. Where an entry is no address, whoever wrote
        it stands. None for a Unix socket whose peer is not trusted or names nobody.
        """
        found = read_address(peer) if peer else None
        if not self._trusts(found):
            return found
        for hop in islice(_hops(headers.getall(self.header, ())), _MOST_HOPS):
            if not hop:
                continue  # RFC 9110, 5.6.1: empty elements do not count
            named = read_address(_node(hop) if self.header == FORWARDED else hop)
            if named is None:
                return found
            found = named
            if not self._trusts(found):
                return found
        return found

    def _trusts(self, peer: IpAddress | None) -> bool:
        if peer is None:
            return self.unix
        return any(peer in network for network in self.networks)


def read_address(text: str) -> IpAddress | None:
    """An address, perhaps with a port (`192.0.2.1:80`, `[2001:db8::1]:80`) or a zone, which is dropped. An IPv4 address
    in IPv6's clothes (`::ffff:192.0.2.1`) is that IPv4 address. None for anything else."""
    return _read(text.strip()) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _read(text: str) -> IpAddress | None:
    with_port = _WITH_PORT.fullmatch(text)
    if with_port is not None:
        text = with_port[1] or with_port[2]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _hops(lines: Sequence[str]) -> Iterator[str]:
    """The entries of a list header from the last to the first; a long list is not taken apart beyond what is used."""
    for line in reversed(lines):
        end = len(line)
        while end >= 0:
            comma = line.rfind(",", 0, end)
            yield line[comma + 1 : end].strip()
            end = comma


def _node(element: str) -> str:
    """The `for` of an element of `Forwarded`, empty if there is none, or more than one."""
    found = _FOR.findall(element) if len(element) <= _LONGEST_ELEMENT else []
    return "".join(found[0]) if len(found) == 1 else ""
