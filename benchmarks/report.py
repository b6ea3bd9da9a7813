"""The table of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """Latencies in milliseconds (pgbench tells only the mean, shown as p50), CPU in µs per request, memory in MiB."""

    scenario: str
    server: str
    per_second: float
    p50: float
    p99: float | None
    cpu: float | None
    resident: float | None


_HEADER = ("what", "who", "requests/s", "of textbook", "of pgbench", "p50 ms", "p99 ms", "CPU µs", "RSS MiB")


def table(measured: Sequence[Measurement]) -> str:
    """Markdown."""
    rows: list[tuple[str, ...]] = [_HEADER]
    for each in measured:
        same = {other.server: other.per_second for other in measured if other.scenario == each.scenario}
        rows.append(
            (
                each.scenario,
                each.server,
                f"{each.per_second:,.0f}",
                _ratio(each.per_second, same.get("textbook")),
                _ratio(each.per_second, same.get("pgbench")),
                f"{each.p50:.2f}",
                _number(each.p99, ".2f"),
                _number(each.cpu, ".0f"),
                _number(each.resident, ".0f"),
            )
        )
    return markdown(rows)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table; the first row is its header."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in padded]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _ratio(rate: float, base: float | None) -> str:
    return f"{rate / base:.2f}" if base else ""


def _number(value: float | None, form: str) -> str:
    return format(value, form) if value is not None else ""
