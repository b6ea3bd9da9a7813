"""URLs that every parser takes apart in the same way. Pure.

Servers, browsers and apps disagree about backslashes, control characters, userinfo, numbers for hosts and dots of other
scripts; open redirects live there. What is read here has none of these, so that the host that was checked is the host
that a browser goes to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote

LONGEST: Final = 2048

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_HOST: Final = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]*\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|%(?:[01][0-9A-Fa-f]|7[Ff])")
_DOT_SEGMENT: Final = re.compile(r"(?:^|/)(?:\.|%2[eE]){1,2}(?=/|$)")
_HIGHEST_PORT: Final = 65535
_STAYS: Final = "!#$%&'()*+,-./:;=?@[]_~"
_NEVER: Final = frozenset(
    {
        "about",
        "blob",
        "chrome",
        "content",
        "data",
        "file",
        "filesystem",
        "ftp",
        "intent",
        "jar",
        "javascript",
        "livescript",
        "mailto",
        "mhtml",
        "res",
        "resource",
        "sms",
        "tel",
        "vbscript",
        "view-source",
        "ws",
        "wss",
    }
)
_LOOPBACK_6: Final = IPv6Address("::1")


class UnsafeUrl(ValueError):
    """Not a URL that a browser may be sent to; the text says why."""


@dataclass(frozen=True, slots=True)
class WebUrl:
    """A URL in parts: ASCII only, scheme and host in lower case. `port` is None for the scheme's own.

    Of a scheme other than http and https `host` is empty and `path` holds all up to the query, as an app will read it.
    `path`, `query` and `fragment` are as they came, the latter two with `?` and `#`, but characters that may not stand
    in a URL are percent-encoded.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str = ""
    fragment: str = ""

    @property
    def is_web(self) -> bool:
        return self.scheme in DEFAULT_PORTS

    @property
    def origin(self) -> tuple[str, str, int | None]:
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        if not self.is_web:
            return f"{self.scheme}:{self.path}{self.query}{self.fragment}"
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}{self.query}{self.fragment}"


def read_url(text: str) -> WebUrl:
    """Raises UnsafeUrl."""
    if len(text) > LONGEST:
        raise UnsafeUrl(f"it is longer than {LONGEST} characters")
    if _CONTROL.search(text):
        raise UnsafeUrl("it holds a backslash or a control character")
    found = _URL.fullmatch(text)
    if found is None:
        raise UnsafeUrl("it is not an absolute URL")
    scheme = found[1].lower()
    if scheme in _NEVER:
        raise UnsafeUrl(f"the scheme {scheme} is never allowed")
    path, query, fragment = encoded(found[4]), encoded(found[5] or ""), encoded(found[6] or "")
    if scheme not in DEFAULT_PORTS:
        return WebUrl(scheme, "", None, (found[2] or "") + encoded(found[3]) + path, query, fragment)
    if found[2] is None:
        raise UnsafeUrl(f"{scheme}: is not followed by //")
    if _DOT_SEGMENT.search(path):
        raise UnsafeUrl("its path has dots for segments")
    host, port = _host_and_port(found[3])
    return WebUrl(scheme, host, None if port == DEFAULT_PORTS[scheme] else port, path, query, fragment)


def encoded(part: str) -> str:
    """What may not stand in a URL percent-encoded, `%` itself untouched. Raises UnsafeUrl."""
    try:
        return quote(part, safe=_STAYS)
    except UnicodeEncodeError:
        raise UnsafeUrl("it is not valid text") from None


def is_loopback_address(host: str) -> bool:
    """Whether `host` of a `WebUrl` is an address of this machine; names such as `localhost` are no addresses."""
    address = ip_host(host)
    return address.is_loopback if isinstance(address, IPv4Address) else address == _LOOPBACK_6


def ip_host(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` of a `WebUrl` is, if it is none but a name."""
    if host.startswith("["):
        return IPv6Address(host[1:-1])
    return IPv4Address(host) if _NUMBER.fullmatch(host.rpartition(".")[2]) else None


def _host_and_port(authority: str) -> tuple[str, int | None]:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise UnsafeUrl("its host is empty or not plain ASCII, or it names a user")
    host, port = found[1].lower(), int(found[2]) if found[2] else None
    if port is not None and not 0 < port <= _HIGHEST_PORT:
        raise UnsafeUrl("its port is none")
    try:
        if host.startswith("["):
            return f"[{IPv6Address(host[1:-1]).compressed}]", port
        if _NUMBER.fullmatch(host.rpartition(".")[2]):  # which is how browsers recognise an address (WHATWG URL)
            return str(IPv4Address(host)), port
    except AddressValueError:
        raise UnsafeUrl("its host is a number, or an address in an unusual form") from None
    if not _HOST.fullmatch(host):
        raise UnsafeUrl("its host is not a name")
    return host, port
