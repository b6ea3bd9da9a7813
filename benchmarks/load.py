"""A closed-loop HTTP load generator: each connection sends its next request when the answer is there.

Runs in a process of its own (`python -m benchmarks.load`), reads a job from standard input and prints the result,
both as JSON. It does as little as possible per request, so that the server is what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

import uvloop

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"Content-Length:"


@dataclass(slots=True)
class Tally:
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    first_error: str = ""


class Connection(asyncio.Protocol):
    """One keep-alive connection. `requests` are complete requests as bytes; `head` answers have no body."""

    def __init__(self, requests: list[bytes], start: int, tally: Tally, *, head: bool) -> None:
        self._requests = requests
        self._next = start
        self._tally = tally
        self._head = head
        self._buffer = b""
        self._sent = 0.0
        self._stopped = False
        self._transport: asyncio.Transport | None = None
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def stop(self) -> None:
        self._stopped = True

    def _send(self) -> None:
        self._next = (self._next + 1) % len(self._requests)
        self._sent = time.perf_counter()
        self._transport.write(self._requests[self._next])

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        end = buffer.find(_END_OF_HEAD)
        if end < 0 or (not self._head and buffer[9:12] != b"204" and len(buffer) < end + 4 + _length(buffer[:end])):
            self._buffer = buffer
            return
        self._buffer = b""
        if buffer[9:10] == b"2":
            self._tally.latencies.append(time.perf_counter() - self._sent)
        else:
            self._tally.errors += 1
            self._tally.first_error = self._tally.first_error or buffer[:400].decode("latin-1")
        if self._stopped:
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


def _length(head: bytes) -> int:
    at = head.find(_LENGTH)
    if at < 0:
        raise ValueError("an answer without Content-Length")
    end = head.find(b"\r\n", at)
    return int(head[at + len(_LENGTH) : end if end >= 0 else None])


async def _run(job: dict) -> dict:
    requests = [text.encode() for text in job["requests"]]
    await _phase(job, requests, job["warm_up"])
    started = time.perf_counter()
    tally = await _phase(job, requests, job["seconds"])
    seconds = time.perf_counter() - started
    latencies = sorted(tally.latencies)
    count = len(latencies)
    if not count:
        raise SystemExit(f"no answer was a success; the first: {tally.first_error}")
    return {
        "requests": count,
        "per_second": count / seconds,
        "p50_ms": latencies[count // 2] * 1000,
        "p99_ms": latencies[min(count - 1, count * 99 // 100)] * 1000,
        "errors": tally.errors,
        "first_error": tally.first_error,
    }


async def _phase(job: dict, requests: list[bytes], seconds: float) -> Tally:
    loop = asyncio.get_running_loop()
    tally = Tally()
    connections = []
    for number in range(job["connections"]):
        start = number * len(requests) // job["connections"]
        _, connection = await loop.create_connection(
            lambda start=start: Connection(requests, start, tally, head=job["head"]), job["host"], job["port"]
        )
        connections.append(connection)
    await asyncio.sleep(seconds)
    for connection in connections:
        connection.stop()
    await asyncio.wait_for(asyncio.gather(*(connection.closed for connection in connections)), 30)
    return tally


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_run(json.load(sys.stdin)))))
