"""`passerelle cache stats`: how the cache of a running gateway does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import typer

from gateway.commands.cache.port import AdminPort, ask
from gateway.commands.cache.words import size, visible

_HEAD: Final = ("memory", "redis", "computed", "refused", "db ms", "pays")
_RIGHT: Final = 5
"""Columns of numbers."""


@dataclass(slots=True)
class Row:
    """One shape, of all workers. `seconds` is their average; `memory` and `redis` count the workers to whom the tier
    is worth asking, of `workers`."""

    name: str
    sharing: str
    memory_hits: int = 0
    redis_hits: int = 0
    computed: int = 0
    refused: int = 0
    seconds: float = 0.0
    memory: int = 0
    redis: int = 0
    workers: int = 0

    @property
    def asked(self) -> int:
        return self.memory_hits + self.redis_hits + self.computed + self.refused

    def add(self, shape: Mapping[str, Any]) -> None:
        computed = self.computed + shape["computed"]
        if computed:
            self.seconds = (self.seconds * self.computed + shape["seconds"] * shape["computed"]) / computed
        self.computed = computed
        self.memory_hits += shape["memory_hits"]
        self.redis_hits += shape["redis_hits"]
        self.refused += shape["refused"]
        self.memory += shape["memory_pays"]
        self.redis += shape["redis_pays"]
        self.workers += 1


def run_stats(admin: AdminPort, *, most: int, as_json: bool) -> None:
    """Show the totals, and the `most` shapes that are asked for most."""
    told = ask(admin, "GET", "/cache")
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    workers: list[dict[str, Any]] = told["workers"]
    rows = rows_of(workers)
    for line in (*totals(workers), *table(rows[:most])):
        typer.echo(visible(line))
    if len(rows) > most:
        typer.echo(f"… and {len(rows) - most} more shapes (--top)")


def rows_of(workers: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Those that are asked for most come first."""
    rows: dict[tuple[str, str], Row] = {}
    for worker in workers:
        for shape in worker.get("shapes", ()):
            key = shape["name"], shape["sharing"]
            rows.setdefault(key, Row(*key)).add(shape)
    return sorted(rows.values(), key=lambda row: (-row.asked, row.name))


def totals(workers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The lines above the table."""
    for worker in workers:
        who = "Cache" if worker["worker"] is None else f"Worker {worker['worker']}"
        why = "" if worker["state"] == "on" else f", {worker['reason'] or 'no answer'}: {worker['details']}"
        yield f"{who}: {worker['state']}{why}"
    known = [worker for worker in workers if "reads" in worker]
    reads: Counter[str] = Counter()
    changes: Counter[str] = Counter()
    for worker in known:
        reads.update(worker["reads"])
        changes.update(worker["changes"])
    hits = reads["memory"] + reads["redis"]
    looked = hits + reads["miss"] + reads["changed"]
    yield f"  hit rate  {_share(hits, looked)} of what may be kept, {_share(hits, reads.total())} of all reads"
    yield "  reads     " + ", ".join(f"{count} {name}" for name, count in reads.items())
    kept, taken = sum(each["entries"] for each in known), sum(each["bytes"] for each in known)
    yield f"  kept      {kept} answers, {size(taken)}; {sum(each['evictions'] for each in known)} evicted"
    breaks, resets = sum(each["breaks"] for each in known), sum(each["resets"] for each in known)
    counted = ", ".join(f"{count} {name}" for name, count in changes.items())
    yield f"  changes   {counted}; resets: {resets}, breaks: {breaks}"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Numbers first, as names and reasons may be long; who shares a shape's answers stands below its name."""
    if not rows:
        return
    cells = [_HEAD, *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
    yield ""
    for row, texts in zip((None, *rows), cells, strict=True):
        parts = [
            text.rjust(width) if column < _RIGHT else text.ljust(width)
            for column, (text, width) in enumerate(zip(texts, widths, strict=True))
        ]
        numbers = "  ".join(parts)
        yield f"{numbers}  {row.name if row is not None else 'what, and who shares it'}"
        if row is not None:
            yield f"{' ' * len(numbers)}    {row.sharing}"


def _cells(row: Row) -> tuple[str, ...]:
    milliseconds = f"{row.seconds * 1000:.2f}" if row.computed else "-"
    pays = [_tier("memory", row.memory, row), _tier("redis", row.redis, row)] if row.computed else []
    told = ", ".join(filter(None, pays)) or ("nothing" if row.computed else "-")
    counts = (row.memory_hits, row.redis_hits, row.computed, row.refused)
    return (*map(str, counts), milliseconds, told)


def _tier(name: str, count: int, row: Row) -> str:
    if not count:
        return ""
    return name if count == row.workers else f"{name} ({count} of {row.workers})"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
