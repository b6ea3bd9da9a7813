"""OpenTelemetry spans: one for a request, one for each of its round trips, and nothing anybody sent in any of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gateway.telemetry.traced_database import operation
from gateway.telemetry.tracing import Tracing
from tests.operations.conftest import SETTINGS, Watch
from tests.serving import Served, start_gateway, token

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Traced:
    def __init__(self, served: Served, exporter: InMemorySpanExporter) -> None:
        self.served = served
        self._exporter = exporter

    def spans(self) -> list[ReadableSpan]:
        """Those that ended since the last call; the request's is the last."""
        found = list(self._exporter.get_finished_spans())
        self._exporter.clear()
        return found


Trace = Callable[..., Awaitable[Traced]]


@pytest_asyncio.fixture
async def traced(dsn: str) -> AsyncIterator[Trace]:
    running: list[Served] = []

    async def start(**settings: Any) -> Traced:
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        served = await start_gateway(dsn, parts={"tracing": Tracing(provider)}, **{**SETTINGS, **settings})
        running.append(served)
        return Traced(served, exporter)

    yield start
    for served in running:
        await served.client.close()
        await served.gateway.stop()


def names(spans: list[ReadableSpan]) -> list[str]:
    return [span.name for span in spans]


async def test_a_request_and_its_statements(traced: Trace) -> None:
    one = await traced()
    answer = await one.served.get("/notes?id=eq.1", traceparent=f"00-{TRACE}-{PARENT}-01")
    assert answer.status == 200
    *statements, request = one.spans()
    assert request.name == "GET /rest/v1/{relation}"
    assert request.kind is SpanKind.SERVER
    assert request.parent is not None
    assert format(request.context.trace_id, "032x") == TRACE
    assert format(request.parent.span_id, "016x") == PARENT
    attributes = dict(request.attributes or {})
    assert attributes.pop("passerelle.request_id")
    assert attributes == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.route": "/rest/v1/{relation}",
        "http.response.status_code": 200,
        "passerelle.role": "operations_anon",
        "passerelle.round_trips": 1,
    }
    assert names(statements)[-1] == "SELECT"
    for span in statements:
        assert span.kind is SpanKind.CLIENT
        assert span.parent is not None
        assert span.parent.span_id == request.context.span_id
        assert dict(span.attributes or {}) == {"db.system.name": "postgresql", "db.operation.name": span.name}


async def test_a_known_statement_is_one_round_trip(traced: Trace) -> None:
    one = await traced(pool_size=1)
    await one.served.get("/notes?id=eq.1")
    one.spans()
    await one.served.get("/notes?id=eq.2")
    assert names(one.spans()) == ["SELECT", "GET /rest/v1/{relation}"]


async def test_a_transaction(traced: Trace) -> None:
    one = await traced(pool_size=1)
    await one.served.get("/rpc/opaque")
    one.spans()
    await one.served.get("/rpc/opaque")
    assert names(one.spans()) == ["SELECT", "COMMIT", "GET /rest/v1/rpc/{function}"]


async def test_nobody_elses_parent(traced: Trace) -> None:
    one = await traced()
    for sent in ("", "nonsense", f"00-{'0' * 32}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01"):
        await one.served.get("/notes", traceparent=sent)
        assert one.spans()[-1].parent is None


async def test_failures_and_refusals(traced: Trace) -> None:
    one = await traced()
    assert (await one.served.get("/notes?id=eq.not_a_number_but_a_secret")).status == 400
    *statements, request = one.spans()
    assert request.status.status_code is StatusCode.UNSET
    assert (request.attributes or {})["http.response.status_code"] == 400
    assert statements[-1].status.status_code is StatusCode.ERROR
    assert (statements[-1].attributes or {})["db.response.status_code"] == "22P02"
    assert (await one.served.get("/notes", bearer="bad.token.here")).status == 401
    [refused] = one.spans()
    assert refused.name == "GET"
    async with one.served.client.request("PROPFIND", one.served.url + "/rest/v1/notes") as answer:
        assert answer.status == 405
    assert one.spans()[-1].name == "_OTHER"


async def test_what_was_sent_stays_out(traced: Trace) -> None:
    one = await traced()
    bearer = token("operations_anon", sub="personal")
    await one.served.get("/notes?body=eq.needle&select=needle:body", bearer=bearer, X_Needle="needle")
    async with one.served.client.post(f"{one.served.url}/rest/v1/notes", json={"id": "needle"}) as answer:
        assert answer.status >= 400
    for span in one.spans():
        told = f"{span.name} {dict(span.attributes or {})} {span.events} {span.status.description}"
        assert "needle" not in told
        assert bearer not in told
        assert not span.events


async def test_probes_and_loads_make_no_traces_of_their_own(traced: Trace) -> None:
    one = await traced()
    await one.served.gateway.database.ping()
    await one.served.gateway.reload()
    assert one.spans() == []


async def test_off_means_not_even_imported(watch: Watch, dsn: str) -> None:
    """The driver of Redis imports OpenTelemetry's metrics where they are installed; traces are ours."""
    served = await watch(dsn)
    assert type(served.gateway.database).__name__ == "Database"
    ours = ("gateway.telemetry.tracing", "opentelemetry.exporter", "opentelemetry.sdk.trace")
    code = f"import gateway.process, sys; print([name for name in sys.modules if name.startswith({ours})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("", "SET"),
        ("COMMIT", "COMMIT"),
        ("select 1", "SELECT"),
        ('WITH "x" AS (INSERT INTO t DEFAULT VALUES RETURNING 1) SELECT 1', "INSERT"),
        ("WITH x AS (SELECT 1) SELECT 1", "SELECT"),
        ("EXPLAIN (FORMAT json) SELECT 1", "EXPLAIN"),
        ("needle", "OTHER"),
        ("123", "OTHER"),
    ],
)
def test_operations_are_a_closed_set(sql: str, name: str) -> None:
    assert operation(sql) == name
