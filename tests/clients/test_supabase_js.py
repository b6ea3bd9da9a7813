"""The unmodified JavaScript client: runs the files of tests/js with Node, each against a gateway of its own."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.clients.reference import HubLib

DIRECTORY = Path(__file__).parents[1] / "js"
PACKAGES = DIRECTORY / "node_modules"
LOCK = DIRECTORY / "package-lock.json"
SUITES = sorted(path.name for path in DIRECTORY.glob("*.test.mjs"))


@pytest.fixture(scope="session")
async def node() -> str:
    """The command `node`, when it is there and the packages of the lock file are installed."""
    command, npm = shutil.which("node"), shutil.which("npm")
    if command is None:
        pytest.skip("Node is not installed: the tests with supabase-js (tests/js) did not run")
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of several test processes installs
        if not _installed():
            assert npm is not None, "Node is there without npm, so the packages of tests/js cannot be installed"
            status, output = await _run(npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
            assert status == 0, f"npm ci failed in tests/js:\n{output}"
    return command


@pytest.mark.parametrize("suite", SUITES)
async def test_supabase_js(suite: str, node: str, hublib: HubLib) -> None:
    given = {
        "url": hublib.url,
        "keys": dict(hublib.keys),
        "people": dict(hublib.people),
        "tokens": dict(hublib.tokens),
        "database": hublib.database(),
    }
    status, output = await _run(
        node, "--test", "--test-reporter=spec", suite, environment={"PASSERELLE_TEST": json.dumps(given)}
    )
    failures = output.partition("failing tests:")[2] or output
    assert status == 0, f"{suite} failed\n{failures}"
    counted = {name: int(count) for name, count in re.findall(r"^\S (\w+) (\d+)$", output, re.MULTILINE)}
    assert counted["pass"] == counted["tests"] > 5, f"{suite} did not run as a whole\n{output}"


def test_there_are_suites() -> None:
    assert SUITES, "no test files in tests/js"


def _installed() -> bool:
    """Whether node_modules holds what the lock file names; npm keeps a lock file of its own there."""
    try:
        present = json.loads((PACKAGES / ".package-lock.json").read_text())["packages"]
    except FileNotFoundError:
        return False
    wanted = json.loads(LOCK.read_text())["packages"]
    return all(present.get(path, {}).get("version") == entry["version"] for path, entry in wanted.items() if path)


async def _run(*command: str, environment: dict[str, str] | None = None) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=DIRECTORY,
        env={**os.environ, **(environment or {}), "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return process.returncode, output.decode(errors="replace")
