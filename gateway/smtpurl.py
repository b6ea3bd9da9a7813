"""SMTP URLs, as settings have them and the auth surface uses them. Pure.

It stands below both, as `redisurl` does.

smtp://[user:password@]host[:587][?options]      TLS by STARTTLS, always: without it nothing is sent
starttls://…                                     the same
smtps://[user:password@]host[:465][?options]     TLS from the first byte
smtp://host:25?tls=none                          no TLS: for a relay on the same machine or network

There is no "TLS if the server offers it": whoever sits between could take the offer away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import unquote


class SmtpUrlError(ValueError):
    """An SMTP URL cannot be used. The text says why, and never repeats any part that could be a password."""


class Security(Enum):
    """How a connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """What a URL says. `ca` is a file of certificates in PEM that alone are trusted; `timeout` is in seconds and holds
    for each step of a delivery."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca: str | None = None
    timeout: float = 10.0


_SCHEMES: Final = {"smtp": Security.STARTTLS, "starttls": Security.STARTTLS, "smtps": Security.TLS}
_PORTS: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_OPTIONS: Final = ("tls", "verify", "ca", "timeout")
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]")
_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MOST_PORT: Final = 65535
_SHORTEST, _LONGEST = 0.1, 60.0


def parse_smtp_url(url: str) -> SmtpServer:
    """The server that `url` says; SmtpUrlError when it says none."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise SmtpUrlError("is not an SMTP URL: it must begin with smtp://, smtps:// or starttls://")
    if "#" in rest:
        raise SmtpUrlError("contains a '#'; write %23 if it is part of the password")
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    if path or "@" in query:
        raise SmtpUrlError("has a '/' or '?' in its password or a path; percent-encode them (%2F, %3F)")
    credentials, _, place = authority.rpartition("@")
    options = _parse_options(query)
    security = _security(scheme.lower(), options.get("tls"))
    host, port = _host_and_port(place, security)
    user, password = _credentials(credentials)
    if security is Security.NONE and {"verify", "ca"} & options.keys():
        raise SmtpUrlError("has options for TLS, and tls=none")
    return SmtpServer(
        host,
        port,
        security,
        user,
        password,
        verify=_yes_or_no(options.get("verify", "yes")),
        ca=options.get("ca"),
        timeout=_seconds(options.get("timeout", "10")),
    )


def _security(scheme: str, tls: str | None) -> Security:
    security = _SCHEMES[scheme]
    if tls not in {None, "required", "none"}:
        raise SmtpUrlError("has an unknown value for tls; expected required or none")
    if tls != "none":
        return security
    if scheme != "smtp":
        raise SmtpUrlError(f"says tls=none, which contradicts {scheme}://")
    return Security.NONE


def _credentials(text: str) -> tuple[str, str]:
    if _PERCENT.search(text):
        raise SmtpUrlError("has a '%' in its user or password that begins no escape; write it as %25")
    user, colon, password = text.partition(":")
    if bool(user) != bool(password):
        raise SmtpUrlError(f"has a {'password without a user' if colon and password else 'user without a password'}")
    user, password = unquote(user), unquote(password)
    if _CONTROL.search(user + password):
        raise SmtpUrlError("has control characters in its user or password")
    return user, password


def _host_and_port(text: str, security: Security) -> tuple[str, int]:
    host, colon, port = (text, "", "") if text.endswith("]") else text.rpartition(":")
    if not colon:
        host, port = text, str(_PORTS[security])
    if not _HOST.fullmatch(host):
        raise SmtpUrlError("names no host; expected a name, an IPv4 address or an IPv6 address in brackets")
    if not (port.isascii() and port.isdigit() and len(port) <= len(str(_MOST_PORT)) and 0 < int(port) <= _MOST_PORT):
        raise SmtpUrlError("has a port that is none; expected a number from 1 to 65535")
    return host.strip("[]"), int(port)


def _parse_options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name not in _OPTIONS:
            raise SmtpUrlError(f"has an unknown option; known are {', '.join(_OPTIONS)}")
        if name in options:
            raise SmtpUrlError(f"has the option {name} twice")
        options[name] = unquote(value)
    return options


def _yes_or_no(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise SmtpUrlError("has an unknown value for verify; expected yes or no")
    return text == "yes"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _SHORTEST <= seconds <= _LONGEST:
        raise SmtpUrlError(f"has an unknown value for timeout; expected {_SHORTEST:g} to {_LONGEST:g} seconds")
    return seconds
