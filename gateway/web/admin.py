"""The admin port: is this process up, is it ready, what does it know (PostgREST docs: "Admin Server")."""

from __future__ import annotations

import asyncio
import enum
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

from gateway.errors import GatewayError
from gateway.web.errors import JSON, InternalError, MethodNotAllowed, PostgrestErrors, reading_error
from gateway.web.failure_log import FailureLog
from gateway.web.request import Request, raw_path_and_query
from gateway.web.response import BytesResponse

_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Readiness(enum.Enum):
    """PENDING: loading or reconnecting, try again. FAILED: it will not recover by itself."""

    READY = 200
    PENDING = 503
    FAILED = 500


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether requests should come here and, if there is a Redis, how that and the cache are (JSON values): they may
    come without."""

    readiness: Readiness
    redis: Mapping[str, Any] | None = None
    cache: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AdminSources:
    """Where the admin port's answers come from.

    `live` says whether the API's sockets accept. `condition` may ask the database, and other workers. `metrics` gives
    Prometheus's text format. `schema_cache` gives JSON, or None while there is no catalog.
    `config` gives the settings in force, without secrets. `reload` reads configuration and catalog again and
    returns when that is done.
    """

    live: Callable[[], bool]
    condition: Callable[[], Awaitable[Condition]]
    metrics: Callable[[], Awaitable[bytes]]
    schema_cache: Callable[[], bytes | None]
    config: Callable[[], Mapping[str, Any]]
    reload: Callable[[], Awaitable[None]]


AdminRoute = Callable[[bytes], Awaitable[Any]]
"""Takes the request's body, and gives the answer's JSON values."""


class AdminTokenRefused(GatewayError):
    """401: a protected path without the admin token."""

    def __init__(self, *, configured: bool) -> None:
        hint = (
            "Send the header `Authorization: Bearer <admin token>`."
            if configured
            else "Set PASSERELLE_ADMIN_TOKEN to use this path."
        )
        super().__init__(
            401,
            "admin_token_required",
            "This path needs the admin token",
            hint=hint,
            headers={"WWW-Authenticate": "Bearer"},
        )


@dataclass(frozen=True, slots=True)
class AdminApplication:
    """Serves `/live`, `/ready`, `/metrics`, `/schema_cache`, `/config`, `POST /reload` and `routes`; anything else is
    an empty 404.

    `/config` and `/reload` always need `token`, and so does everything in `routes` (path, then method);
    `/schema_cache` needs it once there is one.
    """

    sources: AdminSources
    failure_log: FailureLog
    token: str | None = field(default=None, repr=False)
    routes: Mapping[str, Mapping[str, AdminRoute]] = field(default_factory=dict[str, Mapping[str, AdminRoute]])

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, Request)
        try:
            return await self._answer(request)
        except asyncio.CancelledError:
            raise
        except Exception as failure:  # noqa: BLE001 - the last place that can answer
            return self.refuse(failure, request)
        finally:
            request.forget_body()

    def refuse(self, failure: BaseException, request: Request) -> web.StreamResponse:
        error = failure if isinstance(failure, GatewayError) else reading_error(failure, request.client_max_size)
        if error is None:
            self.failure_log.record(request, failure)
            error = InternalError(request.id)
        return PostgrestErrors()(error, request)

    async def _answer(self, request: Request) -> web.StreamResponse:
        path, _ = raw_path_and_query(request)
        match path:
            case "/live":
                return self._live(request)
            case "/ready":
                return await self._ready(request)
            case "/metrics":
                return await self._metrics(request)
            case "/schema_cache":
                return self._schema_cache(request)
            case "/config":
                return self._config(request)
            case "/reload":
                return await self._reload(request)
            case _ if path in self.routes:
                return await self._routed(request, self.routes[path])
            case _:
                return BytesResponse(404)

    def _live(self, request: Request) -> web.StreamResponse:
        _allow(request, "GET, HEAD")
        return BytesResponse(200 if self.sources.live() else 500)

    async def _ready(self, request: Request) -> web.StreamResponse:
        _allow(request, "GET, HEAD")
        condition = await self.sources.condition() if self.sources.live() else Condition(Readiness.FAILED)
        readiness = condition.readiness
        headers = {"Retry-After": "1"} if readiness is Readiness.PENDING else {}
        parts = {"redis": condition.redis, "cache": condition.cache}
        known = {name: dict(part) for name, part in parts.items() if part is not None}
        if not known:
            return BytesResponse(readiness.value, headers)
        told = {"status": readiness.name.lower(), **known}
        return BytesResponse(readiness.value, {**headers, "Content-Type": JSON}, orjson.dumps(told))

    async def _metrics(self, request: Request) -> web.StreamResponse:
        _allow(request, "GET, HEAD")
        return BytesResponse(200, {"Content-Type": _METRICS}, await self.sources.metrics())

    def _schema_cache(self, request: Request) -> web.StreamResponse:
        _allow(request, "GET, HEAD")
        if self.token is not None:
            self._authorize(request)
        return BytesResponse(200, {"Content-Type": JSON}, self.sources.schema_cache() or b"")

    def _config(self, request: Request) -> web.StreamResponse:
        _allow(request, "GET, HEAD")
        self._authorize(request)
        return BytesResponse(200, {"Content-Type": JSON}, orjson.dumps(dict(self.sources.config()), default=str))

    async def _reload(self, request: Request) -> web.StreamResponse:
        _allow(request, "POST")
        self._authorize(request)
        await self.sources.reload()
        return BytesResponse(200, {"Content-Type": JSON}, b'{"status":"reloaded"}')

    async def _routed(self, request: Request, methods: Mapping[str, AdminRoute]) -> web.StreamResponse:
        _allow(request, ", ".join(methods))
        self._authorize(request)
        answer = await methods[request.method](await request.read())
        return BytesResponse(200, {"Content-Type": JSON}, orjson.dumps(answer, default=str))

    def _authorize(self, request: Request) -> None:
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        sent = credentials.strip().encode(errors="surrogateescape")
        if self.token is None or scheme.lower() != "bearer" or not hmac.compare_digest(sent, self.token.encode()):
            raise AdminTokenRefused(configured=self.token is not None)


def _allow(request: Request, methods: str) -> None:
    if request.method not in methods.split(", "):
        raise MethodNotAllowed(request.method, methods)
