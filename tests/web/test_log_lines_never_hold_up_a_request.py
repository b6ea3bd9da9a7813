"""`LineWriter`: lines come out whole and in order; a reader that is slow, gone or deaf costs lines, never time."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import pytest

from gateway.web import JsonAccessLog, LineWriter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    with suppress(OSError):
        os.close(reader)
    for thread in threading.enumerate():
        if thread.name == "log-writer":
            thread.join(5)  # or it would go on to write to whatever gets the number of this descriptor next
    with suppress(OSError):
        os.close(writer)


def read_lines(descriptor: int, count: int) -> list[bytes]:
    received = b""
    while received.count(b"\n") < count:
        received += os.read(descriptor, 65536)
    return received.splitlines()


def test_lines_arrive_in_order(pipe: tuple[int, int]) -> None:
    lines = LineWriter(pipe[1])
    expected = [b"line %d %s" % (number, b"x" * (number % 900)) for number in range(2000)]
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.extend(read_lines(pipe[0], 2000)))
    reader.start()
    for line in expected:
        lines.write(line + b"\n")
    lines.close()
    reader.join(10)
    assert found == expected
    assert lines.dropped == 0


def test_lines_of_several_processes_do_not_mix(pipe: tuple[int, int]) -> None:
    count, length = 400, 700
    children: list[int] = []
    for letter in (b"a", b"b", b"c"):
        pid = os.fork()
        if pid == 0:
            lines = LineWriter(pipe[1], limit=count)
            for _ in range(count):
                lines.write(letter * length + b"\n")
            lines.close()
            os._exit(0)
        children.append(pid)
    found = read_lines(pipe[0], 3 * count)
    for pid in children:
        os.waitpid(pid, 0)
    assert len(found) == 3 * count
    assert all(len(line) == length and len(set(line)) == 1 for line in found)


def test_a_reader_that_does_not_read_costs_lines_not_time(pipe: tuple[int, int]) -> None:
    lines = LineWriter(pipe[1], limit=100)
    line = b"x" * 1000 + b"\n"
    longest = 0.0
    for _ in range(3):
        for _ in range(1000):
            started = time.perf_counter()
            lines.write(line)
            longest = max(longest, time.perf_counter() - started)
        time.sleep(0.15)
    assert lines.dropped >= 3000 - 2 * 100 - 65536 // 1000 - 100
    assert longest < 0.1
    started = time.perf_counter()
    lines.close()
    assert time.perf_counter() - started < 3


def test_a_reader_that_left(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    lines = LineWriter(pipe[1])
    for _ in range(5):
        lines.write(b"x\n")
    lines.close()
    assert lines.dropped == 5


def test_a_descriptor_made_non_blocking(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    lines = LineWriter(pipe[1])
    for number in range(300):
        lines.write(b"%d %s\n" % (number, b"x" * 990))
    time.sleep(0.4)  # the pipe holds 64 kB
    found = read_lines(pipe[0], 300)
    lines.close()
    assert [int(line.split()[0]) for line in found] == list(range(300))
    assert lines.dropped == 0


def test_the_thread_starts_with_the_first_line_and_ends(pipe: tuple[int, int]) -> None:
    def threads() -> int:
        return sum(thread.name == "log-writer" for thread in threading.enumerate())

    before = threads()
    lines = LineWriter(pipe[1])
    assert threads() == before
    lines.write(b"x\n")
    assert threads() == before + 1
    lines.close()
    assert threads() == before
    LineWriter(pipe[1]).close()


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "é", "\ud800", None, "", "x" * 500])
def test_names_are_escaped(name: str | None) -> None:
    out = io.BytesIO()
    log = JsonAccessLog(out.write, "info", clock=lambda: 1_700_000_000.9996)
    request = SimpleNamespace(id="i", trace_id=None, method="GET", route=None, role=name, round_trips=0)
    log.record(request, 200, 0.00123, "/rest/v1", 5)  # type: ignore[arg-type]
    line = json.loads(out.getvalue())
    assert line["role"] == (name if name is None else name.encode(errors="replace").decode())
    assert line["timestamp"] == "2023-11-14T22:13:20.999Z"
    assert (line["ms"], line["bytes"], line["route"]) == (1.23, 5, "/rest/v1")


def test_names_do_not_pile_up() -> None:
    log = JsonAccessLog(lambda line: None, "info")
    for number in range(5000):
        request = SimpleNamespace(id="i", trace_id="t", method="GET", route="/", role=f"role {number}", round_trips=0)
        log.record(request, 200, 0.1, None, 0)  # type: ignore[arg-type]
    assert len(log._names) <= 1000
