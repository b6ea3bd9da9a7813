"""What files say that PostgreSQL does not enforce, as JSON for the gateway's other rooms: cache, limits, realtime."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gateway.policies.model import CacheRule, FunctionRules, Limits, TableRules
from gateway.policies.plan.compiled import Compiled


def rules_document(compiled: Compiled) -> dict[str, Any]:
    """`{"tables": {name: …}, "functions": {signature: …}}`; times are seconds, and what is not said is left out."""
    tables = {str(table.relation.name): _table(table.rules) for table in compiled.tables}
    functions = {each.function.signature: _function(each.rules) for each in compiled.functions if each.rules}
    return {"tables": _present(tables), "functions": _present(functions)}


def _table(rules: TableRules) -> dict[str, Any]:
    return _present({"realtime": sorted(rules.realtime), "cache": _cache(rules.cache), "limits": _limits(rules.limits)})


def _function(rules: FunctionRules) -> dict[str, Any]:
    reads = rules.reads
    return _present({
        "cache": _cache(rules.cache),
        "limits": _limits(rules.limits),
        # An empty annotation says a lot: it depends on nothing.
        **({"reads": {
            "tables": sorted(map(str, reads.tables)),
            "claims": sorted(reads.claims),
            **({"clock": _seconds(reads.clock)} if reads.clock is not None else {}),
        }} if reads is not None else {}),
    })  # fmt: skip


def _cache(rule: CacheRule | None) -> dict[str, Any]:
    if rule is None:
        return {}
    return _present(
        {
            "ttl": _seconds(rule.ttl),
            "stale_if_error": _seconds(rule.stale_if_error),
            "clock": _seconds(rule.clock),
            "alias": list(rule.alias),
        }
    )


def _limits(limits: Limits) -> dict[str, Any]:
    rate = limits.requests
    requests = {"count": rate.count, "per": _seconds(rate.per)} if rate is not None else None
    return _present({"max_rows": limits.max_rows, "requests": requests})


def _seconds(duration: timedelta | None) -> float | None:
    return duration.total_seconds() if duration is not None else None


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, [])}
