"""`PASSERELLE_TRACING=otlp` as a process: spans arrive by OTLP, and a collector that is away holds nobody up."""

from __future__ import annotations

import http.server
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.operations.conftest import Deployment


class Collector(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receive)
        self.received: list[ExportTraceServiceRequest] = []


class Receive(http.server.BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has it so
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_they_arrive_at_the_latest_when_it_stops(deployment: Deployment, collector: Collector) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    served = deployment.start(1, PASSERELLE_TRACING="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert deployment.ask("/rest/v1/notes")[0] == 200
    served.process.send_signal(signal.SIGTERM)
    assert served.finish(15) == 0
    [resource] = [part for request in collector.received for part in request.resource_spans]
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"] == "passerelle"
    names = [span.name for scope in resource.scope_spans for span in scope.spans]
    assert names[-1] == "GET /rest/v1/{relation}"
    assert "SELECT" in names


def test_a_collector_that_is_away(deployment: Deployment) -> None:
    served = deployment.start(1, PASSERELLE_TRACING="otlp", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    for _ in range(20):
        started = time.monotonic()
        assert deployment.ask("/rest/v1/notes?id=eq.1")[0] == 200
        assert time.monotonic() - started < 1
    started = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    assert served.finish(20) == 0
    assert time.monotonic() - started < 10


def test_without_the_extra_it_says_what_to_do(deployment: Deployment) -> None:
    (deployment.directory / "opentelemetry.py").write_text("raise ModuleNotFoundError(name='opentelemetry')\n")
    environment = {
        "PASSERELLE_DATABASE_URL": deployment.dsn,
        "PASSERELLE_TRACING": "otlp",
        "PASSERELLE_PORT": str(deployment.port),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(deployment.directory), *sys.path])),
    }
    served = deployment.spawn("serve", environment=environment)
    assert served.finish(15) == 1
    assert "pip install 'passerelle[otel]'" in served.text()
    assert "Traceback" not in served.text()
