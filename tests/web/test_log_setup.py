"""`configure_logging`: JSON lines or a console, one level for the gateway and for its libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from gateway.web import level_name

PROGRAM = """
import logging, sys, structlog
from gateway.web import configure_logging
configure_logging(sys.argv[1], sys.argv[2])
structlog.get_logger("gateway").info("from the gateway", count=1, nothing=None, odd={1: object})
token = "a secret that is" + " a local variable"
try:
    raise ValueError("the cause")
except ValueError:
    structlog.get_logger().error("broken", exc_info=True)
logging.getLogger("library").info("from %s", "a library")
logging.getLogger("library").error("library broken", extra={"detail": 5})
"""


def run(level: str, log_format: str) -> str:
    """In a process of its own, because logging is the process's."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, level, log_format], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("log_format", ["json", "auto"])
def test_json_lines(log_format: str) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in run("info", log_format).splitlines()]
    assert [line["event"] for line in lines] == ["from the gateway", "broken", "from a library", "library broken"]
    assert lines[0]["count"] == 1
    assert "nothing" not in lines[0]
    assert "the cause" in lines[1]["exception"]
    assert lines[3]["detail"] == 5
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in lines)


def test_levels_filter_both_worlds() -> None:
    assert [json.loads(line)["event"] for line in run("error", "json").splitlines()] == ["broken", "library broken"]
    assert run("crit", "json") == ""


def test_console() -> None:
    shown = run("info", "console")
    assert "from the gateway" in shown
    assert "the cause" in shown
    assert "a secret that is a local variable" not in shown
    assert not shown.startswith("{")


@pytest.mark.parametrize(
    ("level", "name"), [("warn", "warning"), ("warning", "warning"), ("crit", "critical"), ("info", "info")]
)
def test_level_names(level: str, name: str) -> None:
    assert level_name(level) == name
