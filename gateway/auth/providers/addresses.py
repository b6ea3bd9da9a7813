"""Which addresses may be called when somebody else chose the name. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_LOW_32: Final = 0xFFFF_FFFF
_LOCAL: Final = tuple(
    map(IPv6Network, ("64:ff9b:1::/48", "100::/64", "2001::/23", "fc00::/7", "fe80::/10", "fec0::/10"))
)


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open internet: not private, loopback, link-local (where clouds keep their
    credentials), multicast or reserved, nor an IPv6 address that leads to such an IPv4 one."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if any(address in network for network in _LOCAL):
            return False
        inner = _inner(address)
        if inner is not None:
            return _fit(inner)
    return _fit(address)


def _fit(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & _LOW_32)
    return None
