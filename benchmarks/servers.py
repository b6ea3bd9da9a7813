"""The servers that are compared, each a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.world import SECRET, World

_START = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """`prefix` goes before a scenario's path; the textbook's paths are numbers."""

    name: str
    port: int
    pid: int
    prefix: str = "/rest/v1"
    numbered: bool = False

    def path(self, scenario: Scenario, item: int) -> str:
        if self.numbered:
            return f"/{SCENARIOS.index(scenario)}" + (f"?id={item}" if "{id}" in scenario.path else "")
        return self.prefix + scenario.path.format(id=item)

    def cpu_seconds(self) -> float:
        """User and system time of the process so far (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mib(self) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


def family_cpu_seconds(pid: int) -> float:
    """User and system time of a process and of its children so far, those that ended too (Linux)."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if stat.parent.name == str(pid):
            ticks += sum(int(field) for field in fields[11:15])
        elif fields[1] == str(pid):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


@contextmanager
def textbook(world: World, *loop: str) -> Iterator[Server]:
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.textbook", str(port), world.dsn, SECRET, *loop]
    with _process(command, {}, port) as pid:
        yield Server(" + ".join(["textbook", *loop]), port, pid, numbered=True)


@contextmanager
def gateway(
    world: World, name: str = "passerelle", settings: Mapping[str, str] | None = None, module: str = "gateway"
) -> Iterator[Server]:
    """`settings` are further environment variables; `module` is what is run."""
    port = _free_port()
    environment = {
        "PASSERELLE_DATABASE_URL": world.dsn,
        "PASSERELLE_JWT_SECRET": SECRET,
        "PASSERELLE_PORT": str(port),
        "PASSERELLE_ADMIN_PORT": "off",
        "PASSERELLE_LOG_LEVEL": "warn",
        **(settings or {}),
    }
    with _process([sys.executable, "-m", module, "serve"], environment, port) as pid:
        yield Server(name, port, pid)


@contextmanager
def constant(body: Path) -> Iterator[Server]:
    """Answers every GET with the bytes of a file."""
    port = _free_port()
    with _process([sys.executable, "-m", "benchmarks.constant", str(port), str(body)], {}, port) as pid:
        yield Server("constant answer", port, pid)


@contextmanager
def postgrest(world: World, program: str) -> Iterator[Server]:
    port = _free_port()
    environment = {
        "PGRST_DB_URI": world.dsn,
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_JWT_SECRET": SECRET,
        "PGRST_SERVER_PORT": str(port),
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_LOG_LEVEL": "crit",
        "PGRST_DB_AGGREGATES_ENABLED": "true",
    }
    with _process([program], environment, port) as pid:
        yield Server("postgrest", port, pid, prefix="")


@contextmanager
def _process(command: list[str], environment: dict[str, str], port: int) -> Iterator[int]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PASSERELLE_", "PGRST_"))}
    process = subprocess.Popen(command, env={**inherited, **environment}, stdout=subprocess.DEVNULL)
    try:
        _wait_until_open(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{process.args} does not listen")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
