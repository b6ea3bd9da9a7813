"""`docs/operations.md` against the code."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gateway.telemetry import METRICS
from gateway.web import BUCKETS, JsonAccessLog

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")


def rows(first: str) -> list[list[str]]:
    """The cells of the table whose header begins with `first`."""
    _, _, rest = PAGE.partition(f"| {first} |")
    table = rest.split("\n\n")[0].splitlines()[2:]
    assert table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_the_metrics() -> None:
    written = [(name, kind, labels, meaning) for name, kind, labels, meaning in rows("name")]
    assert written == [
        (f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.help)
        for metric in METRICS
    ]
    for name in re.findall(r"`((?:passerelle|pgrst|process)_\w+)", PAGE):
        assert name.removesuffix("_count") in {metric.name for metric in METRICS}, name
    assert (BUCKETS[0], BUCKETS[-1]) == (0.0005, 10.0)
    assert "from 0.5 ms to 10 s" in PAGE


def test_names_are_as_prometheus_wants_them() -> None:
    for metric in METRICS:
        assert re.fullmatch(r"(passerelle|pgrst|process)_[a-z_]+", metric.name)
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert metric.kind != "histogram" or metric.name.endswith("_seconds")
        assert metric.help.endswith(".")


def test_the_fields_of_the_log() -> None:
    request: Any = SimpleNamespace(id="i", trace_id="t", method="GET", route="/r", role="r", round_trips=1)
    out = io.BytesIO()
    JsonAccessLog(out.write, "info").record(request, 200, 0.1, None, 1)
    logged = set(json.loads(out.getvalue())) - {"event"}
    assert logged == {name for row in rows("field") for name in re.findall(r"`(\w+)`", row[0])}


def test_the_paths_of_the_admin_port() -> None:
    code = (Path(__file__).parents[2] / "gateway" / "web" / "admin.py").read_text("utf-8")
    assert set(re.findall(r'case "(/\w+)"', code)) == {row[0].strip("`").split()[1] for row in rows("path")}
