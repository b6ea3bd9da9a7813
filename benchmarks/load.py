"""A closed-loop HTTP load generator: each connection sends its next request when the answer is there.

Runs in a process of its own (`python -m benchmarks.load`), reads a job from standard input and prints the result,
both as JSON. One thread on raw sockets: it does as little as possible per request, so that the server is measured.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"Content-Length:"
_CACHE_STATUS = b"Cache-Status: "
_PATIENCE = 30.0


@dataclass(slots=True)
class Tally:
    """`statuses` counts answers by the label of the request and by their Cache-Status, None for those without."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[tuple[str, bytes | None], int] = field(default_factory=dict)
    errors: int = 0
    first_error: str = ""


class Connection:
    """One keep-alive connection. `requests` are complete requests as bytes, each with its label; answers to HEAD have
    no body."""

    __slots__ = ("_buffer", "_head", "_label", "_next", "_requests", "_sent", "socket")

    def __init__(self, address: tuple[str, int], requests: list[tuple[bytes, str]], start: int, *, head: bool) -> None:
        self.socket = socket.create_connection(address, timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._next = start
        self._head = head
        self._buffer = b""
        self._label = ""
        self._sent = 0.0

    def send(self) -> None:
        self._next = (self._next + 1) % len(self._requests)
        request, self._label = self._requests[self._next]
        self._sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self, tally: Tally) -> bool:
        """Read what is there; whether the answer is complete."""
        data = self.socket.recv(262_144)
        if not data:
            raise SystemExit("the server closed a connection")
        buffer = self._buffer + data if self._buffer else data
        end = buffer.find(_END_OF_HEAD)
        if end < 0 or len(buffer) < end + 4 + self._body(buffer, end):
            self._buffer = buffer
            return False
        self._buffer = b""
        if buffer[9:10] == b"2":
            tally.latencies.append(time.perf_counter() - self._sent)
            status = self._label, self._cache_status(buffer, end)
            tally.statuses[status] = tally.statuses.get(status, 0) + 1
        else:
            tally.errors += 1
            tally.first_error = tally.first_error or buffer[:400].decode("latin-1")
        return True

    def _cache_status(self, buffer: bytes, end: int) -> bytes | None:
        at = buffer.find(_CACHE_STATUS, 0, end)
        return buffer[at + len(_CACHE_STATUS) : buffer.find(b"\r\n", at)] if at >= 0 else None

    def _body(self, buffer: bytes, end: int) -> int:
        if self._head or buffer[9:12] == b"204":
            return 0
        at = buffer.find(_LENGTH, 0, end)
        if at < 0:
            raise SystemExit("an answer without Content-Length")
        line = buffer.find(b"\r\n", at)
        return int(buffer[at + len(_LENGTH) : line])


def run(job: dict) -> dict:
    """Warm up, then measure. Connections begin at different places of `requests`; with `apart` none leaves its part."""
    texts = [text.encode() for text in job["requests"]]
    requests = list(zip(texts, job["labels"] or [""] * len(texts), strict=True))
    count, ports = job["connections"], job["ports"]
    connections = []
    for number in range(count):
        begin, end = number * len(requests) // count, (number + 1) * len(requests) // count
        own, start = (requests[begin:end], 0) if job["apart"] else (requests, begin)
        connections.append(Connection((job["host"], ports[number % len(ports)]), own, start, head=job["head"]))
    before = _phase(connections, job["warm_up"])
    started = time.perf_counter()
    tally = _phase(connections, job["seconds"])
    seconds = time.perf_counter() - started
    latencies = sorted(tally.latencies)
    answered = len(latencies)
    if not answered:
        raise SystemExit(f"no answer was a success; the first: {tally.first_error}")
    return {
        "answered": answered + tally.errors + len(before.latencies) + before.errors,
        "per_second": answered / seconds,
        "p50_ms": latencies[answered // 2] * 1000,
        "p99_ms": latencies[min(answered - 1, answered * 99 // 100)] * 1000,
        "errors": tally.errors,
        "first_error": tally.first_error,
        "statuses": [
            (label, status and status.decode("latin-1"), count) for (label, status), count in tally.statuses.items()
        ],
    }


def _phase(connections: list[Connection], seconds: float) -> Tally:
    tally = Tally()
    waiting = len(connections)
    until = time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        while waiting:
            ready = selector.select(_PATIENCE)
            if not ready:
                raise SystemExit("the server does not answer")
            for key, _ in ready:
                if not key.data.receive(tally):
                    continue
                if time.perf_counter() < until:
                    key.data.send()
                else:
                    waiting -= 1
    return tally


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
