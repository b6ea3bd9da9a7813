"""Which surface answers a path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from aiohttp import web

from gateway.web.errors import ErrorRenderer
from gateway.web.request import Request
from gateway.web.response import BytesResponse

_HEALTHY: Final = b'{"status":"ok"}'


class Surface(Protocol):
    """An HTTP API mounted under a path prefix.

    `prefix` has no trailing slash; the empty prefix takes whatever nobody else does. `handle` may raise any
    `GatewayError`, which `render_error` turns into the surface's own shape; it is also asked for errors that arise
    outside of `handle`, and must not fail.
    """

    @property
    def prefix(self) -> str: ...

    @property
    def render_error(self) -> ErrorRenderer: ...

    async def handle(self, request: Request) -> web.StreamResponse: ...


class Mounts:
    """Surfaces by prefix; the longest match wins, and a prefix matches whole path segments only."""

    __slots__ = ("_by_length",)

    def __init__(self, surfaces: Iterable[Surface]) -> None:
        """Raises ValueError for a malformed or repeated prefix."""
        ordered = sorted(surfaces, key=lambda surface: len(surface.prefix), reverse=True)
        prefixes = [surface.prefix for surface in ordered]
        for prefix in prefixes:
            if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
                raise ValueError(f"a mount's prefix is empty or like /rest/v1, not {prefix!r}")
        if len(set(prefixes)) != len(prefixes):
            raise ValueError("two surfaces are mounted at the same prefix")
        self._by_length = tuple(
            (prefix, len(prefix), surface) for prefix, surface in zip(prefixes, ordered, strict=True)
        )

    def find(self, target: str) -> Surface | None:
        """The surface for a raw request target (path and query)."""
        for prefix, length, surface in self._by_length:
            if target.startswith(prefix) and (not prefix or target[length : length + 1] in ("", "/", "?")):
                return surface
        return None


class Health:
    """`/health`: the process answers. Whether it can serve is the admin port's `/ready`."""

    prefix = "/health"

    def __init__(self, render_error: ErrorRenderer) -> None:
        self.render_error = render_error

    async def handle(self, request: Request) -> web.StreamResponse:
        return BytesResponse(200, {"Content-Type": "application/json; charset=utf-8"}, _HEALTHY)
