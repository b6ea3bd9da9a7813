"""Puts load on servers, in a process of its own, and sees what it cost them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.servers import Server

_WARM_UP = 1.0
_LIFETIME = re.compile(r"; ttl=-?\d+")


@dataclass(frozen=True, slots=True)
class Driven:
    """`cpu` is what the servers took per request, in µs; times are in milliseconds. `answered` counts the requests of
    the warm-up, too; `errors` are answers that were no success. `statuses` counts answers by the label of their request
    and by their Cache-Status without the lifetime, which is empty for those that had none."""

    per_second: float
    p50: float
    p99: float
    cpu: float
    answered: int
    errors: int = 0
    first_error: str = ""
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)

    def share(self, pattern: str, label: str = "") -> float:
        """The part of the answers whose Cache-Status matches, among those to requests with the label."""
        all_ = [(status, count) for (own, status), count in self.statuses.items() if own == label]
        matching = sum(count for status, count in all_ if re.search(pattern, status))
        return matching / max(1, sum(count for _, count in all_))


def drive(
    servers: Sequence[Server],
    requests: Sequence[str],
    *,
    seconds: float,
    connections: int,
    warm_up: float = _WARM_UP,
    head: bool = False,
    apart: bool = False,
    labels: Sequence[str] = (),
) -> Driven:
    """Connections are spread over `servers`. With `apart` each connection repeats a part of `requests` that is its own.
    `labels` are those of the requests. Ends the program if a server does not answer."""
    job = {
        "host": "127.0.0.1",
        "ports": [server.port for server in servers],
        "requests": list(requests),
        "labels": list(labels),
        "head": head,
        "apart": apart,
        "seconds": seconds,
        "warm_up": warm_up,
        "connections": connections,
    }
    before = sum(server.cpu_seconds() for server in servers)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(job), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{servers[0].name}, {requests[0].partition(chr(13))[0]}: {done.stderr}")
    result = json.loads(done.stdout)
    spent = sum(server.cpu_seconds() for server in servers) - before
    statuses: Counter[tuple[str, str]] = Counter()
    for label, status, count in result["statuses"]:
        statuses[label, _LIFETIME.sub("", status or "")] += count
    return Driven(
        result["per_second"],
        result["p50_ms"],
        result["p99_ms"],
        spent / result["answered"] * 1e6,
        result["answered"],
        result["errors"],
        result["first_error"],
        statuses,
    )
