"""What EXPLAIN says: the cost, and which of the columns that a request names make it high.

A plan also shows policies, and tables behind views. Nothing of it leaves but what the request itself names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from gateway.catalog import Name
from gateway.rest.costs.costing import Named

PlanNode = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Costed:
    """`details` and `hint` say in words why a read is dear and what would help; None if nothing can be named."""

    cost: float
    details: str | None = None
    hint: str | None = None


def read_plan_json(plan: bytes, named: Sequence[Named] = ()) -> Costed:
    """The plan of a read as `EXPLAIN (FORMAT JSON, VERBOSE)` answers it."""
    root = cast("PlanNode", orjson.loads(plan)[0]["Plan"])
    cost = float(root["Total Cost"])
    nodes = sorted(_walk(root), key=_own_cost, reverse=True)
    scans = [node for node in nodes if node["Node Type"] == "Seq Scan"]
    for scan in (scan for scan in scans if "Filter" in scan):
        found = next((n for n in named if not n.orders and _mentions(scan["Filter"], n.column)), None)
        if found is not None:
            return _missing_index(cost, found, scan)
    for sort in (node for node in nodes if node["Node Type"] == "Sort"):
        keys = " ".join(cast("list[str]", sort["Sort Key"]))
        found = next((n for n in named if n.orders and _mentions(keys, n.column)), None)
        if found is not None:
            details = f"The order by '{found.column}' sorts about {int(sort['Plan Rows'])} rows."
            return Costed(cost, details, f"This might help: CREATE INDEX ON {found.relation} {found.index}")
    if scans and "Filter" not in scans[0]:
        return Costed(cost, "It reads a whole table.", "Add a filter, or a limit.")
    return Costed(cost, hint="Ask for less: add a filter or a limit, embed less.")


def _missing_index(cost: float, found: Named, scan: PlanNode) -> Costed:
    name = Name(str(scan.get("Schema", "")), str(scan["Relation Name"]))
    details = f"The filter on '{found.column}' finds no index that would spare reading all rows."
    table = str(name) if name == found.relation else f"the table behind {found.relation}"
    return Costed(cost, details, f"This might help: CREATE INDEX ON {table} {found.index}")


def _walk(root: PlanNode) -> Iterator[PlanNode]:
    pending = [root]
    while pending:
        node = pending.pop()
        pending.extend(cast("list[PlanNode]", node.get("Plans", [])))
        yield node


def _own_cost(node: PlanNode) -> float:
    """Of what a node does itself; what its inputs cost is theirs."""
    inputs = sum(float(child["Total Cost"]) for child in cast("list[PlanNode]", node.get("Plans", [])))
    return float(node["Total Cost"]) - inputs


def _mentions(text: str, column: str) -> bool:
    quoted = '"' + column.replace('"', '""') + '"'
    return quoted in text or re.search(rf"(?<![\w\"$]){re.escape(column)}(?![\w\"$])", text) is not None
