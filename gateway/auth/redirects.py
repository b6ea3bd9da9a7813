"""Where a browser may be sent with tokens in its luggage: to the site, or to what the team has listed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.auth.globs import Glob
from gateway.auth.weburl import DEFAULT_PORTS, UnsafeUrl, WebUrl, encoded, ip_host, is_loopback_address, read_url

_PATTERN: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.+)")
_OPEN_END: Final = re.compile(r"\*{2,}$")
_PORT: Final = re.compile(r":([0-9]{1,5}|\*|)$")
_HOST_PATTERN: Final = re.compile(r"[a-z0-9*-]+(?:\.[a-z0-9*-]+)*")
_LOCAL_NAMES: Final = frozenset({"localhost", "test", "internal", "local"})
_FIXED_LABELS: Final = 2
_FLOW_ID: Final = "sb_flow_id"
_LOGGED: Final = 200


class PatternRefused(ValueError):
    """An entry of the allow-list that is none, or that would allow other people's hosts."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A URL that was not followed, cut to 200 characters, and why: for the log, since the caller sees only the site."""

    candidate: str
    reason: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to send the browser. `refused` are the better candidates that were not allowed."""

    url: WebUrl
    refused: tuple[Refusal, ...] = ()


class Redirects:
    """The allow-list.

    Allowed are URLs of the site's own origin, of loopback addresses (RFC 8252, 7.3: apps that listen for a moment on a
    port of their own), and those that match a pattern. A pattern is a URL with `*` (any text without `.` and `/`), `**`
    (any text) and `?` (one character); it is compared without the fragment. In a host `*` and `**` may stand left of at
    least two labels that are written out; they never match an address or go beyond the host.
    """

    def __init__(self, site_url: str, patterns: Iterable[str] = (), *, loopback: bool = True) -> None:
        """Raises PatternRefused, also for a site that is not on the web."""
        try:
            self.site = read_url(site_url)
        except UnsafeUrl as error:
            raise PatternRefused(f"the site's URL {site_url!r} cannot be used: {error}") from error
        if not self.site.is_web:
            raise PatternRefused(f"the site's URL {site_url!r} is neither http nor https")
        self._patterns = [_read_pattern(pattern) for pattern in patterns]
        self._loopback = loopback

    def choose(self, candidates: Iterable[str | None]) -> Destination:
        """The first candidate that is allowed, else the site. Candidates that are empty do not count."""
        refused: list[Refusal] = []
        for candidate in candidates:
            if not candidate:
                continue
            try:
                return Destination(self.allowed(candidate), tuple(refused))
            except UnsafeUrl as error:
                refused.append(Refusal(candidate[:_LOGGED], str(error)))
        return Destination(self.site, tuple(refused))

    def allowed(self, candidate: str) -> WebUrl:
        """Raises UnsafeUrl, whose text says why."""
        url = read_url(candidate)
        if url.is_web and (self._is_of_site(url) or (self._loopback and is_loopback_address(url.host))):
            return url
        if any(pattern.matches(url) for pattern in self._patterns):
            return url
        raise UnsafeUrl("it matches neither the site's URL nor the allow-list")

    def _is_of_site(self, url: WebUrl) -> bool:
        same_port = url.port == self.site.port or _is_local(url.host)
        return same_port and (url.scheme, url.host) == (self.site.scheme, self.site.host)


@dataclass(frozen=True, slots=True)
class _AppPattern:
    scheme: str
    rest: Glob

    def matches(self, url: WebUrl) -> bool:
        return url.scheme == self.scheme and self.rest.matches(url.path + _without_flow_id(url.query))


@dataclass(frozen=True, slots=True)
class _WebPattern:
    scheme: str
    host: str | Glob
    port: int | None
    any_port: bool
    rest: Glob

    def matches(self, url: WebUrl) -> bool:
        return (
            url.scheme == self.scheme
            and (self.any_port or url.port == self.port)
            and self._has_host(url.host)
            and self.rest.matches((url.path or "/") + _without_flow_id(url.query))
        )

    def _has_host(self, host: str) -> bool:
        if isinstance(self.host, str):
            return host == self.host
        return ip_host(host) is None and self.host.matches(host)


def _read_pattern(text: str) -> _AppPattern | _WebPattern:
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise PatternRefused(f"{text!r} has no scheme")
    if "#" in text:
        raise PatternRefused(f"{text!r} has a fragment, which is never compared")
    scheme = found[1].lower()
    try:
        rest = encoded(found[2])
        read_url(f"{scheme}://x.invalid")
        if scheme not in DEFAULT_PORTS:
            return _AppPattern(scheme, Glob(rest))
        return _read_web_pattern(scheme, rest)
    except UnsafeUrl as error:
        raise PatternRefused(f"{text!r} cannot be allowed: {error}") from error


def _read_web_pattern(scheme: str, text: str) -> _WebPattern:
    """`**` at the end of a host begins the path, or the port of this machine: otherwise `https://x.example**` would
    allow `https://x.example.evil.example`."""
    if not text.startswith("//"):
        raise UnsafeUrl(f"{scheme}: is not followed by //")
    authority, slash, rest = text[2:].partition("/")
    authority, question, query = authority.partition("?")
    rest = question + query + slash + rest
    if question and "=" not in query:
        raise UnsafeUrl("? cannot stand in a host")
    opened = _OPEN_END.search(authority)
    if opened is not None:
        authority, rest = authority[: opened.start()], f"**{rest}"
    elif not rest.startswith("/"):
        rest = f"/{rest}"
    ported = _PORT.search(authority)
    host = _read_host(scheme, authority if ported is None else authority[: ported.start()])
    if ported is not None and not ported[1] and opened is None:
        raise UnsafeUrl("its port is empty")
    if ported is None:
        return _WebPattern(scheme, host, None, opened is not None and _is_local(host), Glob(rest))
    if ported[1] in {"", "*"}:
        return _WebPattern(scheme, host, None, any_port=True, rest=Glob(rest))
    return _WebPattern(scheme, host, read_url(f"{scheme}://x{ported[0]}").port, any_port=False, rest=Glob(rest))


def _read_host(scheme: str, pattern: str) -> str | Glob:
    if "*" not in pattern:
        return read_url(f"{scheme}://{pattern}").host
    pattern = pattern.lower()
    if not _HOST_PATTERN.fullmatch(pattern):
        raise UnsafeUrl("its host is not a name")
    labels = pattern.split(".")
    fixed = labels[-1:] if labels[-1] in _LOCAL_NAMES else labels[-_FIXED_LABELS:]
    if any("*" in label for label in fixed):
        raise UnsafeUrl("its host may be anybody's: the last two labels must be written out")
    return Glob(pattern)


def _is_local(host: str | Glob) -> bool:
    return isinstance(host, str) and (host == "localhost" or is_loopback_address(host))


def _without_flow_id(query: str) -> str:
    """auth-js may add its own parameter to what the team has listed."""
    if _FLOW_ID not in query:
        return query
    kept = [pair for pair in query[1:].split("&") if pair.partition("=")[0] != _FLOW_ID]
    return "?" + "&".join(kept) if kept else ""
