"""Redis URLs and key prefixes, as settings have them and the bus uses them. Pure.

It stands below both: settings know no room, and a room's import (here: of redis-py) would slow down every command.

redis://[[user]:password@]host[:port][/db][?options]
rediss://…                                                    the same over TLS
unix://[[user]:password@]/path/to/socket[?db=0&options]
sentinel://[[user]:password@]host[:port],host…/service[?db=0&options]
cluster://[[user]:password@]host[:port],host…[?options]
rediss+sentinel://…, rediss+cluster://…                       the same over TLS
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import unquote


class RedisUrlError(ValueError):
    """A Redis URL or a prefix cannot be used. The text says what is wrong and what is expected, and never repeats any
    part of a URL that could be a password."""


class Shape(Enum):
    """How the servers are arranged."""

    STANDALONE = "standalone"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one server listens: `host` and `port`, or the `path` of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        return self.path or (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}")


@dataclass(frozen=True, slots=True)
class Tls:
    """How TLS is spoken: files in PEM; `verify` False accepts any certificate."""

    verify: bool = True
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL says. `timeout` is in seconds, `connections` the number of connections to each server."""

    shape: Shape
    places: tuple[Place, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    database: int = 0
    service: str = ""
    sentinel_user: str = ""
    sentinel_password: str = field(default="", repr=False)
    tls: Tls | None = None
    timeout: float = 1.0
    connections: int = 2


SCHEMES: Final = (
    "redis",
    "rediss",
    "unix",
    "sentinel",
    "redis+sentinel",
    "rediss+sentinel",
    "cluster",
    "redis+cluster",
    "rediss+cluster",
)
_PORT, _SENTINEL_PORT, _MOST_PORT = 6379, 26379, 65535
_MOST_DATABASE = 1_000_000
_MOST_CONNECTIONS = 64
_SHORTEST, _LONGEST = 0.05, 60.0
_SENTINEL_OPTIONS = ("sentinel_user", "sentinel_password")
_TLS_OPTIONS = ("verify", "ca", "cert", "key")
_COMMON_OPTIONS = ("db", "timeout", "connections")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?\]")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNFIT = re.compile(r"[{}\s*?\[\]\\\x00-\x1f\x7f]")


def parse_url(url: str) -> Address:
    """The address that `url` says; RedisUrlError when it says none."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise RedisUrlError(
            f"is not a Redis URL: it must begin with one of {_listed(f'{name}://' for name in SCHEMES)}"
        )
    scheme = scheme.lower()
    shape = _shape(scheme)
    if "#" in rest:
        raise RedisUrlError("contains a '#'; write %23 if it is part of the password")
    before, _, query = rest.partition("?")
    authority, slash, path = before.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    if "@" in query or (scheme != "unix" and "@" in path):
        raise RedisUrlError("has a '/' or '?' in its password; percent-encode them (%2F, %3F)")
    user, password = _credentials(credentials) if at else ("", "")
    options = _options(query, scheme)
    if scheme == "unix":
        places, database = (_socket(hosts, slash + path),), ""
    else:
        places = _places(hosts, shape)
        database = "" if shape is Shape.SENTINEL else path.removesuffix("/")
    return Address(
        shape=shape,
        places=places,
        user=user,
        password=password,
        database=_database(database, options, shape),
        service=_service(path) if shape is Shape.SENTINEL else "",
        sentinel_user=options.get("sentinel_user", ""),
        sentinel_password=options.get("sentinel_password", ""),
        tls=_tls(options) if scheme.startswith("rediss") else None,
        timeout=_seconds(options.get("timeout", "1")),
        connections=_whole("connections", options.get("connections", "2"), 1, _MOST_CONNECTIONS),
    )


def check_prefix(prefix: str) -> None:
    """Raises RedisUrlError for a prefix of keys that would decide their slot in a cluster, or mean a pattern."""
    if _UNFIT.search(prefix):
        raise RedisUrlError("may not contain braces, brackets, spaces, '*', '?' or backslashes")


def _shape(scheme: str) -> Shape:
    last = scheme.rpartition("+")[2]
    return Shape(last) if last in {"sentinel", "cluster"} else Shape.STANDALONE


def _credentials(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if _PERCENT.search(text):
        raise RedisUrlError("has a '%' in its user or password that begins no escape; write it as %25")
    return unquote(user), unquote(password)


def _socket(host: str, path: str) -> Place:
    # `unix://name` would otherwise be taken for a host.
    if host or len(path.rstrip("/")) < 2:  # noqa: PLR2004 - a slash and something
        raise RedisUrlError("needs the absolute path of a socket: unix:///run/redis.sock")
    return Place(path=unquote(path))


def _places(text: str, shape: Shape) -> tuple[Place, ...]:
    entries = text.split(",")
    if shape is Shape.STANDALONE and len(entries) > 1:
        raise RedisUrlError("names several hosts; use sentinel:// or cluster:// for that")
    port = _SENTINEL_PORT if shape is Shape.SENTINEL else _PORT
    return tuple(dict.fromkeys(_place(entry, port) for entry in entries))


def _place(text: str, default_port: int) -> Place:
    host, port = (text, "") if text.endswith("]") else _split_port(text)
    if not host:
        raise RedisUrlError("names no host; expected host:port")
    if not _HOST.fullmatch(host):
        raise RedisUrlError("has a host that is none; expected a name, an IPv4 address or an IPv6 address in brackets")
    return Place(host.strip("[]"), _whole("port", port, 1, _MOST_PORT) if port else default_port)


def _split_port(text: str) -> tuple[str, str]:
    host, colon, port = text.rpartition(":")
    return (host, port) if colon else (text, "")


def _service(path: str) -> str:
    service = unquote(path.removesuffix("/"))
    if not service or "/" in service:
        raise RedisUrlError("needs the name of the service that the Sentinels watch: sentinel://host:26379/mymaster")
    return service


def _database(path: str, options: dict[str, str], shape: Shape) -> int:
    if path and "db" in options:
        raise RedisUrlError("says the database twice, in the path and as db=")
    number = _whole("db", path or options.get("db", "0"), 0, _MOST_DATABASE)
    if number and shape is Shape.CLUSTER:
        raise RedisUrlError("names a database; a cluster has only database 0")
    return number


def _options(query: str, scheme: str) -> dict[str, str]:
    allowed = [*_COMMON_OPTIONS]
    allowed += _SENTINEL_OPTIONS if scheme.endswith("sentinel") else ()
    allowed += _TLS_OPTIONS if scheme.startswith("rediss") else ()
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name not in allowed:
            raise RedisUrlError(_unknown(name, allowed, scheme))
        if name in options:
            raise RedisUrlError(f"has the option {name} twice")
        options[name] = unquote(value)
    return options


def _unknown(name: str, allowed: list[str], scheme: str) -> str:
    if name in _TLS_OPTIONS:
        return f"has the option {name}, which needs TLS: rediss:// (or rediss+sentinel://, rediss+cluster://)"
    if name in _SENTINEL_OPTIONS:
        return f"has the option {name}, which only sentinel:// knows"
    close = difflib.get_close_matches(name, allowed, 1)
    # The name itself is not repeated: behind a '?' that belongs to a password, it would be a part of that.
    return f"has an unknown option; {scheme}:// knows {_listed(allowed)}" + (f" (meant {close[0]}?)" if close else "")


def _tls(options: dict[str, str]) -> Tls:
    verify = options.get("verify", "yes")
    if verify not in {"yes", "no"}:
        raise RedisUrlError("has the option verify with another value than yes or no")
    if "key" in options and "cert" not in options:
        raise RedisUrlError("has the option key without cert")
    return Tls(verify == "yes", options.get("ca"), options.get("cert"), options.get("key"))


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not _SHORTEST <= value <= _LONGEST:
        raise RedisUrlError(f"has a timeout that is no number of seconds from {_SHORTEST:g} to {_LONGEST:g}")
    return value


def _whole(name: str, text: str, least: int, most: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1  # noqa: PLR2004
    if not least <= value <= most:
        raise RedisUrlError(f"has a {name} that is no whole number from {least} to {most}")
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
