"""OpenTelemetry spans, made by hand where a request begins and ends. Imported only where tracing is on (extra `otel`).

Attributes follow the semantic conventions for HTTP servers. Neither paths nor queries, headers, bodies or error texts
enter a span: those may hold tokens and personal data.
"""

from __future__ import annotations

import asyncio
from importlib import metadata
from typing import Final

from aiohttp import web
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.telemetry.traced_database import TracedDatabase
from gateway.web import METHODS, Application, Request

_NAME: Final = "passerelle"
_SERVER_ERROR: Final = 500
_UNKNOWN_METHOD: Final = "_OTHER"
_CLOSE_TIMEOUT: Final = 5.0


class Tracing:
    """Spans go to `provider`, which it owns: `close` ends it."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(_NAME, metadata.version(_NAME))

    def application(self, inner: Application) -> Application:
        """`inner` with a span for each request."""
        return _TracedApplication(inner, self._tracer)

    def database(self) -> type[TracedDatabase]:
        """A database with a span for each round trip that belongs to a request."""
        return TracedDatabase.by(self._tracer)

    async def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        ending = asyncio.get_running_loop().run_in_executor(None, self._provider.shutdown)
        await asyncio.wait([ending], timeout=_CLOSE_TIMEOUT)


def export_by_otlp() -> Tracing:
    """Spans by OTLP over HTTP. The collector's address, headers, sampling and further attributes come from the
    environment, as OpenTelemetry defines it (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER` …)."""
    own = Resource.create({"service.name": _NAME, "service.version": metadata.version(_NAME)})
    provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()))
    # Its queue is bounded (OTEL_BSP_MAX_QUEUE_SIZE); while the collector is away the oldest spans are dropped.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


class _TracedApplication:
    def __init__(self, inner: Application, tracer: trace.Tracer) -> None:
        self._inner = inner
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, Request)
        method = request.method if request.method in METHODS else _UNKNOWN_METHOD
        with self._tracer.start_as_current_span(
            method,
            self._propagator.extract(request.headers),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "url.scheme": "http"},
            record_exception=False,  # its text may quote the request
            set_status_on_exception=False,
        ) as span:
            request.traced = format(span.get_span_context().trace_id, "032x")
            try:
                response = await self._inner(request)
            except BaseException as failure:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", type(failure).__name__)
                raise
            finally:
                _describe(span, request, method)
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= _SERVER_ERROR:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", str(response.status))
            return response

    def refuse(self, failure: BaseException, request: Request) -> web.StreamResponse:
        return self._inner.refuse(failure, request)


def _describe(span: Span, request: Request, method: str) -> None:
    """What is known only after the request was read."""
    span.set_attribute("passerelle.request_id", request.id)
    span.set_attribute("passerelle.round_trips", request.round_trips)
    if request.route is not None:
        span.update_name(f"{method} {request.route}")
        span.set_attribute("http.route", request.route)
    if request.role is not None:
        span.set_attribute("passerelle.role", request.role)
