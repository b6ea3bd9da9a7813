"""The parent of `serve --workers N`, with workers that crash on purpose."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command import clean_environment

SCRIPT = """
import os, signal, sys, time
from pathlib import Path
import typer
from gateway.commands.supervisor import Supervisor

home, behaviour = Path(sys.argv[1]), sys.argv[2]

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # whole lines, also when output is unbuffered

def work(number, ready):
    say("start", number, os.getpid())
    def stop(*_):
        if behaviour == "drain":
            time.sleep(0.3)
        say("drained", number)
        raise SystemExit(0)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, lambda *_: say("usr1", number))
    if behaviour == "fail":
        raise RuntimeError("cannot work")
    if behaviour == "exit":
        raise typer.Exit(1)
    ready()
    if behaviour == "crash" and number == 0:
        raise RuntimeError("crashing")
    while True:
        time.sleep(0.05)

try:
    Supervisor(2, work, ready=lambda: say("all ready"), forward=(signal.SIGUSR1,)).run()
except typer.Exit as end:
    sys.exit(end.exit_code)
say("supervisor done")
"""


class Family:
    def __init__(self, home: Path, behaviour: str) -> None:
        self._output = home / "output"
        with self._output.open("ab") as output:
            self.parent = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, str(home), behaviour],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
            )

    def lines(self, word: str) -> list[list[str]]:
        return [line.split() for line in self._output.read_text().splitlines() if line.startswith(word)]

    def text(self) -> str:
        return self._output.read_text()

    def wait(self, condition: Callable[[], object], within: float = 15.0) -> None:
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(self.text())
            time.sleep(0.02)

    def pids(self) -> list[int]:
        return [int(line[2]) for line in self.lines("start")]


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Callable[[str], Family]]:
    made: list[Family] = []

    def make(behaviour: str) -> Family:
        made.append(Family(tmp_path, behaviour))
        return made[-1]

    yield make
    for one in made:
        if one.parent.poll() is None:
            one.parent.kill()
            one.parent.wait()


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_every_worker(family: Callable[[str], Family], number: signal.Signals) -> None:
    found = family("drain")
    found.wait(lambda: found.lines("all ready"))
    found.parent.send_signal(number)
    assert found.parent.wait(10) == 0
    assert sorted(line[1] for line in found.lines("drained")) == ["0", "1"], found.text()
    assert found.lines("supervisor done")


def test_ctrl_c_reaches_the_workers_through_the_parent_only(family: Callable[[str], Family]) -> None:
    found = family("steady")
    found.wait(lambda: found.lines("all ready"))
    for pid in found.pids():
        subprocess.run(["kill", "-INT", str(pid)], check=True)
    time.sleep(0.3)
    assert len(found.pids()) == 2
    assert all(running(pid) for pid in found.pids())


def test_a_killed_worker_is_replaced(family: Callable[[str], Family]) -> None:
    found = family("steady")
    found.wait(lambda: found.lines("all ready"))
    victim, survivor = found.pids()
    subprocess.run(["kill", "-KILL", str(victim)], check=True)
    found.wait(lambda: len(found.pids()) == 3)
    assert "ended (signal SIGKILL); starting again in 0.2 s" in found.text()
    assert running(survivor)
    assert running(found.pids()[2])


def test_a_worker_that_keeps_crashing_is_restarted_ever_later(family: Callable[[str], Family]) -> None:
    found = family("crash")
    found.wait(lambda: found.text().count("starting again in") >= 3)
    pauses = [line[-2] for line in found.lines("worker 0 ended")][:3]
    assert pauses == ["0.2", "0.4", "0.8"]
    assert len([line for line in found.lines("start") if line[1] == "1"]) == 1


@pytest.mark.parametrize("behaviour", ["fail", "exit"])
def test_what_never_worked_is_given_up(family: Callable[[str], Family], behaviour: str) -> None:
    found = family(behaviour)
    assert found.parent.wait(10) == 1
    assert "could not start (exit code 1); giving up" in found.text()
    assert not any(running(pid) for pid in found.pids())


def test_signals_are_passed_on(family: Callable[[str], Family]) -> None:
    found = family("steady")
    found.wait(lambda: found.lines("all ready"))
    found.parent.send_signal(signal.SIGUSR1)
    found.wait(lambda: len(found.lines("usr1")) == 2)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_die_with_a_killed_parent(family: Callable[[str], Family]) -> None:
    found = family("steady")
    found.wait(lambda: found.lines("all ready"))
    found.parent.kill()
    found.parent.wait()
    found.wait(lambda: not any(running(pid) for pid in found.pids()), within=5)
