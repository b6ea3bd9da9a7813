"""`passerelle dev` as a newcomer uses it."""

from __future__ import annotations

import json
import re
import shlex
import signal
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.embedded import free_port, remove_directory
from tests.cli.command import Command, Spawn


@pytest.fixture
def home(server_directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    directory = server_directory / f"dev-{request.node.name}"
    directory.mkdir()
    yield directory
    for server in ("postgres", "valkey"):
        remove_directory(directory / ".passerelle" / server)


def start(spawn: Spawn, home: Path, port: int, *more: str) -> Command:
    return spawn("dev", "--port", str(port), *more, cwd=home)


def server_pids(home: Path) -> list[int]:
    """The servers that work below `home`."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if (entry / "exe").readlink().name in ("postgres", "valkey-server"):
                found += [int(entry.name)] if (entry / "cwd").readlink().is_relative_to(home) else []
        except OSError:
            continue
    return found


def paste(text: str) -> str:
    """What the person pastes: the curl command of the greeting."""
    match = re.search(r"^  curl .*\\\n.*$", text, re.MULTILINE)
    assert match
    arguments = shlex.split(match[0].replace("\\\n", " "))
    return subprocess.run([*arguments, "--silent", "--fail"], capture_output=True, text=True, check=True).stdout


def test_start_request_stop_and_start_again(spawn: Spawn, home: Path, port: int) -> None:
    first = start(spawn, home, port)
    text = first.wait_for("Ctrl-C stops everything")
    assert f"http://127.0.0.1:{port}" in text
    assert paste(text).count('"title"') == 3
    keys = (home / ".passerelle" / "keys.env").read_text()
    for name in ("keys.env", "dev.env"):
        assert stat.S_IMODE((home / ".passerelle" / name).stat().st_mode) == 0o600

    second = start(spawn, home, port)
    assert second.finish() == 1
    assert "another `passerelle dev` is running in .passerelle" in second.text()

    reset = start(spawn, home, port, "--reset")
    assert reset.finish() == 1
    assert paste(text)

    assert len(server_pids(home)) >= 2
    first.process.send_signal(signal.SIGINT)
    assert first.finish() == 0
    assert "Traceback" not in first.text()
    assert server_pids(home) == []

    again = start(spawn, home, port)
    assert paste(again.wait_for("Ctrl-C stops everything"))
    assert (home / ".passerelle" / "keys.env").read_text() == keys
    again.process.kill()
    again.finish()
    deadline = time.monotonic() + 5
    while server_pids(home):
        assert time.monotonic() < deadline, "servers outlive a killed dev"
        time.sleep(0.02)

    fresh = start(spawn, home, port, "--reset")
    fresh.wait_for("Ctrl-C stops everything")
    assert (home / ".passerelle" / "keys.env").read_text() != keys
    fresh.process.send_signal(signal.SIGTERM)
    assert fresh.finish() == 0


def test_its_environment_file_serves_other_commands(spawn: Spawn, home: Path, port: int) -> None:
    command = start(spawn, home, port)
    command.wait_for("Ctrl-C stops everything")
    lines = "".join((home / ".passerelle" / name).read_text() for name in ("dev.env", "keys.env"))
    pairs = (line.partition("=") for line in shlex.split(lines, comments=True))
    doctor = spawn("doctor", environment={name: value for name, _, value in pairs})
    assert doctor.finish() == 0, doctor.text()
    assert re.search(r"ok +Valkey \S+ at \S+ answers as master", doctor.text())


def test_the_cache_is_found_from_its_directory(spawn: Spawn, home: Path, port: int) -> None:
    admin = {"PASSERELLE_ADMIN_PORT": str(free_port())}
    spawn("dev", "--port", str(port), cwd=home, environment=admin).wait_for("Ctrl-C stops everything")
    for arguments, words in {
        ("stats",): "  hit rate  ",
        ("explain", "/rest/v1/profiles?id=eq.4f"): "Known as: cache:profile:4f",
        ("flush",): "Everything was flushed; the only instance has confirmed it.",
    }.items():
        command = spawn("cache", *arguments, cwd=home)
        assert (command.finish(), words in command.text()) == (0, True), command.text()


def test_redis_is_up(spawn: Spawn, home: Path, port: int) -> None:
    admin = free_port()
    command = spawn("dev", "--port", str(port), cwd=home, environment={"PASSERELLE_ADMIN_PORT": str(admin)})
    command.wait_for("Ctrl-C stops everything")
    deadline = time.monotonic() + 10
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/ready", timeout=5) as answer:
            redis = json.loads(answer.read())["redis"]
        if (redis["state"], redis["lease"]) == ("up", "live"):
            break
        assert time.monotonic() < deadline, redis
        time.sleep(0.05)
    command.process.send_signal(signal.SIGINT)
    assert command.finish() == 0
    assert "no connection to Redis" not in command.text()
    assert "no longer hear Redis" not in command.text()


def test_a_taken_port(spawn: Spawn, home: Path, port: int) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        command = start(spawn, home, port)
        assert command.finish() == 1
    assert f"port {port} is taken" in command.text()
    assert "Traceback" not in command.text()
    assert server_pids(home) == []
