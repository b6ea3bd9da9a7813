"""Where clients reach the API."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_ANY_HOST = frozenset({"*", "*4", "!4", "*6", "!6"})


@dataclass(frozen=True, slots=True)
class Server:
    """`host` carries a port; `base_path` begins with a slash."""

    scheme: str
    host: str
    base_path: str


def own_server(host: str, port: int, prefix: str) -> Server:
    """The gateway itself. The special hosts of PostgREST's `server-host` stand for all addresses."""
    shown = "0.0.0.0" if host in _ANY_HOST else host  # noqa: S104 - shown, not bound
    return Server("http", f"{_bracketed(shown)}:{port}", prefix or "/")


class ProxyUriError(ValueError):
    """The setting is no such URI; the message shows it."""


def proxy_server(uri: str) -> Server:
    """What `openapi-server-proxy-uri` names: an absolute http or https URI with neither user nor query.

    Its path is taken as it is, so it has to be the public path of this very API. Raises ProxyUriError."""
    message = f"malformed proxy URI {uri!r}, expected e.g. https://example.com:8443/basePath"
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise ProxyUriError(message) from None
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _PORTS or not host or parts.query or "@" in parts.netloc or port == 0:
        raise ProxyUriError(message)
    return Server(scheme, f"{_bracketed(host)}:{port or _PORTS[scheme]}", parts.path or "/")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
