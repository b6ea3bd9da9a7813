"""SIGTERM to the process: who was being served gets the answer, newcomers are refused, nobody waits for ever."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.operations.conftest import Deployment, children, of

SLOW = 1.5


class Slow(threading.Thread):
    """A request for something that takes its time."""

    def __init__(self, port: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self.outcome: tuple[int, bytes] | None = None
        self.connection_header: str | None = None
        self._port, self._seconds = port, seconds

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        body = json.dumps({"seconds": self._seconds})
        try:
            connection.request("POST", "/rest/v1/rpc/slow", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            self.connection_header = answer.getheader("Connection")
            self.outcome = (answer.status, answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.outcome = (0, str(error).encode())


def begin(deployment: Deployment, seconds: float) -> Slow:
    slow = Slow(deployment.port, seconds)
    slow.start()
    deadline = time.monotonic() + 10
    while of(deployment.scrape(), "passerelle_requests_running") < 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return slow


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return True
    return False


def eventually_refused(port: int) -> None:
    deadline = time.monotonic() + 1
    while not refused(port):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_being_served_gets_the_answer(deployment: Deployment, workers: int, number: signal.Signals) -> None:
    served = deployment.start(workers)
    idle = socket.create_connection(("127.0.0.1", deployment.port))
    idle.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in idle.recv(4096)
    slow = begin(deployment, SLOW)
    started = time.monotonic()
    served.process.send_signal(number)
    eventually_refused(deployment.port)
    idle.settimeout(1)
    assert idle.recv(4096) == b"", "an idle connection is closed"
    assert slow.outcome is None
    slow.join(10)
    assert slow.outcome == (200, b'"slept"')
    assert slow.connection_header == "close"
    assert served.finish() == 0
    assert time.monotonic() - started < SLOW + 3
    assert "Traceback" not in served.text()


def test_all_processes_told_at_once(deployment: Deployment) -> None:
    """As systemd does it: the workers hear it twice, once more from their parent, and still end in order."""
    served = deployment.start(2)
    slow = begin(deployment, SLOW)
    for pid in [*children(served), served.process.pid]:
        os.kill(pid, signal.SIGTERM)
    slow.join(10)
    assert slow.outcome == (200, b'"slept"')
    assert served.finish() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_signal_ends_at_once(deployment: Deployment, workers: int) -> None:
    served = deployment.start(workers)
    slow = begin(deployment, 30)
    served.process.send_signal(signal.SIGTERM)
    eventually_refused(deployment.port)
    pids = children(served)
    started = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    code = served.finish(5)
    assert time.monotonic() - started < 1
    assert code == (128 + signal.SIGTERM if workers == 1 else 0)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    slow.join(5)
    assert slow.outcome is not None
    assert slow.outcome[0] == 0


def test_a_request_that_does_not_end_is_cut_off(deployment: Deployment) -> None:
    served = deployment.start(1)
    slow = begin(deployment, 60)
    started = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    assert served.finish(20) == 0
    assert 4 < time.monotonic() - started < 15
    slow.join(5)
    assert slow.outcome is not None
    assert slow.outcome[0] == 0
