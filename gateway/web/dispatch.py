"""From a request to its answer: preflights, the surface, errors, and the headers that every answer has."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from aiohttp import web

from gateway.errors import GatewayError
from gateway.web.access_log import CLIENT_GONE, AccessLog
from gateway.web.cors import CorsPolicy, add_cors_headers, is_preflight, preflight_headers
from gateway.web.errors import (
    ErrorRenderer,
    InternalError,
    RouteUnknown,
    reading_error,
)
from gateway.web.failure_log import FailureLog
from gateway.web.meter import RequestMeter
from gateway.web.mounts import Mounts, Surface
from gateway.web.request import Request
from gateway.web.response import BytesResponse, sent_bytes

_UNAVAILABLE = 503
_BODY_NOT_READ = (408, 413)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Answers every request, whatever a surface does.

    Preflights are answered here, before any authentication. `GatewayError`s are rendered by the surface they come
    from, anything unexpected becomes a 500 that tells only the request's id. Cancellation (the client went away)
    passes through. `render_error` speaks where no surface is mounted. `trace_header` names a request header that
    every answer repeats, empty if it was not sent. Answers that a surface has begun to send itself (streams,
    WebSockets) get none of these headers.
    """

    mounts: Mounts
    cors: CorsPolicy
    render_error: ErrorRenderer
    access_log: AccessLog
    failure_log: FailureLog
    trace_header: str | None = None
    meter: RequestMeter = field(default_factory=RequestMeter)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, Request)
        started = time.perf_counter()
        surface = self.mounts.find(request.target)
        meter = self.meter
        meter.running += 1
        try:
            if surface is None:
                response = self._without_surface(request)
            elif request.method == "OPTIONS" and is_preflight(request.method, request.headers):
                response = self._preflight(request)
            else:
                response = await surface.handle(request)
        except asyncio.CancelledError:
            self._note(request, None, started, surface)
            raise
        except Exception as failure:  # noqa: BLE001 - the last place that can answer
            render = surface.render_error if surface else self.render_error
            response = render(self._as_error(failure, request), request)
            if response.status in _BODY_NOT_READ or isinstance(failure, web.HTTPServiceUnavailable):
                response.force_close()
        finally:
            meter.running -= 1
            request.forget_body()
        if not response.prepared:
            self._complete(request, response)
        self._note(request, response, started, surface)
        return response

    def refuse(self, failure: BaseException, request: Request) -> web.StreamResponse:
        """The answer to what never became a request: `failure` is a `GatewayError` of the HTTP parser, or a fault.

        Its headers are unknown, so is its origin; where every origin is allowed the answer says so, for a browser
        to show more than a network failure."""
        started = time.perf_counter()
        response = self.render_error(self._as_error(failure, request), request)
        if not self.cors.allowed_origins:
            response.headers["Access-Control-Allow-Origin"] = "*"
        self._note(request, response, started, None)
        return response

    def _note(
        self, request: Request, response: web.StreamResponse | None, started: float, surface: Surface | None
    ) -> None:
        """Measure and log; without a response the client has gone."""
        seconds = time.perf_counter() - started
        status = CLIENT_GONE if response is None else response.status
        prefix = None if surface is None else surface.prefix
        self.meter.observe(prefix, request.route, request.method, status, seconds)
        if status >= self.access_log.lowest_status:
            self.access_log.record(request, status, seconds, prefix, sent_bytes(request, response))

    def _without_surface(self, request: Request) -> web.StreamResponse:
        if is_preflight(request.method, request.headers):
            return self._preflight(request)
        raise RouteUnknown

    def _preflight(self, request: Request) -> web.StreamResponse:
        headers = request.headers
        answer = preflight_headers(self.cors, headers["Origin"], headers.get("Access-Control-Request-Headers"))
        return BytesResponse(200, answer)

    def _complete(self, request: Request, response: web.StreamResponse) -> None:
        headers = response.headers
        sent = request.headers
        origin = sent.get("Origin")
        if origin is not None or request.method == "OPTIONS":
            add_cors_headers(self.cors, request.method, origin, headers)
        if request.answer_headers is not None:
            headers.update(request.answer_headers)
        if self.trace_header is not None:
            headers[self.trace_header] = sent.get(self.trace_header, "")
        if response.status == _UNAVAILABLE:
            headers.setdefault("Retry-After", "1")

    def _as_error(self, failure: BaseException, request: Request) -> GatewayError:
        if isinstance(failure, GatewayError):
            return failure
        unreadable = reading_error(failure, request.client_max_size)
        if unreadable is not None:
            return unreadable
        if isinstance(failure, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            raise failure
        self.failure_log.record(request, failure)
        return InternalError(request.id)
