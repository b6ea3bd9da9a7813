"""Fixtures for running the command."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command, Spawn


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Start `passerelle` with arguments; `cwd` and `environment` are optional. Whatever still runs is killed."""
    running: list[Command] = []

    def start(*arguments: str, cwd: Path = tmp_path, environment: dict[str, str] | None = None) -> Command:
        command = Command(*arguments, cwd=cwd, environment=environment or {})
        running.append(command)
        return command

    yield start
    for command in running:
        if command.process.poll() is None:
            command.process.kill()
            command.process.wait()


@pytest.fixture
def port() -> int:
    """A free port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
