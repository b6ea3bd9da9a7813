"""Running the command as a user does: as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Spawn = Callable[..., "Command"]


class Command:
    """A running `passerelle`; its output so far is in `text()`."""

    def __init__(self, *arguments: str, cwd: Path, environment: dict[str, str]) -> None:
        self._output = cwd / f"output-{time.monotonic_ns()}"
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway", *arguments],
                cwd=cwd,
                env={**clean_environment(), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._output.read_text("utf-8", "replace")

    def wait_for(self, words: str, within: float = 30.0) -> str:
        deadline = time.monotonic() + within
        while words not in self.text():
            if self.process.poll() is not None and words not in self.text():
                pytest.fail(f"ended with {self.process.returncode}:\n{self.text()}")
            if time.monotonic() > deadline:
                pytest.fail(f"no {words!r} in:\n{self.text()}")
            time.sleep(0.02)
        return self.text()

    def finish(self, within: float = 30.0) -> int:
        return self.process.wait(within)


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of the person who runs the tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PASSERELLE_", "PGRST_", "PG"))}
    return {**ours, "NO_COLOR": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
